// What proxying costs: the same kilobyte from a server behind the smallest proxy on Node, behind nginx where it is installed,
// and behind a Torii node with none, one and three request transformers. Rounds are interleaved; compare within one run only.
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { runEngine } from './lib/engine-run.mjs';
import { startProxyCases } from './lib/proxy-cases.mjs';
import { engineTable } from './lib/tables.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '16' },
    threads: { type: 'string', default: '1' },
    rate: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const { only, ...numbers } = values;
const settings = Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, Number(text)]));
const { cases } = await runEngine({ ...settings, only }, startProxyCases);
console.log(`Node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), load generator and upstream on the same machine`);
console.log(`${settings.rounds} rounds of ${settings.seconds} s, ${settings.connections} connections, ${settings.threads} data thread(s)\n`);
console.log(engineTable(cases));
