const MiB = 1024 * 1024;
/** For what is to be cut by its time: so much to compute, and in all. */
const strict = { cpuMs: 50, wallMs: 500 };
/** For what ends by itself, or by another limit. */
const enough = { cpuMs: 5_000, wallMs: 10_000 };
const many = { hostCallsMax: 10_000_000 };

const cut = 'plugin.deadline_exceeded';
const limit = 'plugin.limit_exceeded';
const trapped = 'plugin.trapped';
const failed = 'plugin.failed';
const memory = 'plugin.memory_exceeded';
/** What they answer is nothing a gateway could send. */
const badOutput = 'plugin.bad_output';

/** Guests of the test kit by the group they are shown in: the guest's file, its export, the error that a call is answered with. */
export const hostileCases = {
  'endless loops, calls, exceptions': all('endless', cut, {}, [
    ...['loop', 'nestedLoops', 'branchTable', 'callTree', 'calls', 'indirectCalls', 'tailCalls', 'tailCallsInTurn', 'tailCallsByTable'],
    ...['exceptions', 'exceptionsOfCallees', 'catchesItsEnd'],
  ]),
  'bulk operations for ever': all('endless', cut, {}, ['fill', 'copy', 'init', 'tableFill', 'tableCopy', 'tableInit', 'growByNothing']),
  'storms of host calls': [
    ...all('host-storm', cut, many, ['kernel', 'allocAndFree', 'log', 'logCatching', 'kernelLogCatching', 'mapCatching', 'configCatching']),
    ...all('host-storm', limit, { ...enough, ...many }, ['vars']),
  ],
  'memory and table bombs': [
    ...all('memory-bombs', memory, enough, ['growAndAbort', 'growFastAndAbort']),
    ...all('memory-bombs', cut, {}, ['growAbsurdlyForEver']),
    ...all('memory-bombs', badOutput, enough, [
      'growAndAnswer',
      'growAbsurdly',
      'growTable',
      'growTableAbsurdly',
      'tinyBlocks',
      'blocksUntilRefused',
    ]),
  ],
  recursion: all('recursion', trapped, { ...enough, ...many }, [
    ...['direct', 'byTable', 'wide', 'callingLog', 'callingConfig', 'callingMap', 'callingKernel', 'callingWasi', 'again', 'againCallingLog'],
  ]),
  outputs: [
    ...all('outputs', trapped, enough, ['outputThenTrap']),
    ...all('outputs', cut, {}, ['outputThenLoop']),
    ...all('outputs', failed, enough, ['outputThenExit', 'outputThenFail', 'outputThenError', 'errorThenOutput']),
    ...all('outputs', limit, { ...enough, responseMaxBytes: 10 * MiB }, ['huge']),
    ...all('answers', badOutput, enough, ['headerBreaks', 'cookieInjection', 'nestedArrays', 'nestedBody', 'nearlyJson']),
  ],
  'WASI for ever': all('wasi-abuse', cut, {}, [
    ...['sleep', 'sleepManyTimes', 'napForEver', 'pollForEver', 'randomForEver', 'clocksForEver'],
    ...['writeByTheGigabyte', 'writeLinesForEver', 'writeManyPiecesForEver'],
  ]),
  'WASI in vain': [
    ...all('wasi-abuse', badOutput, enough, [
      'pollTenThousand',
      'pollOverItself',
      'pollOutside',
      'writeManyPieces',
      'writeOutside',
      'everythingOutside',
    ]),
    ...all('wasi-abuse', limit, enough, ['randomByTheGigabyte', 'randomEverything']),
    ...all('wasi-abuse', failed, enough, ['exitAndAnswer']),
  ],
};

/** Guests that never begin: a configuration with one of them is refused. */
export const neverBeginning = ['start-loop', 'start-trap', 'initialize-loop', 'initialize-sleep', 'initialize-storm'];

/** Modules of which there is too much, as the test kit names them. */
export const tooLarge = [
  'tenThousandImports',
  'fiftyMegabytesOfCode',
  'fiftyThousandLocals',
  'millionBranches',
  'nestedBlocks',
  'hugeTable',
  'hugeMemory',
];

function all(guest, code, limits, functionNames) {
  return functionNames.map((functionName) => ({ guest, functionName, code, limits: { ...strict, ...limits } }));
}
