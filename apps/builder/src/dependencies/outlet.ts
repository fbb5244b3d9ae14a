import { access, chmod, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import { BuildError } from '@torii/contracts';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { SandboxResult, SandboxRun } from '../sandbox/sandbox-run.js';
import { openAllowListProxy } from './allow-list-proxy.js';
import { makeOutletFolder, removeAbandonedOutlets } from './outlet-folder.js';
import type { Door, OutletJob } from './outlet-job.js';

export interface OutletOptions {
  readonly sandbox: Sandbox;
  /** `host:port`, exactly; nothing else is reachable. */
  readonly allowed: readonly string[];
  /** Told of each place that was asked for and refused, and of what went wrong. */
  readonly onRefused: (place: string, why: string) => void;
}

/** For programs that fetch dependencies: a sandbox with one way out, and the proxy that they have to use for it. */
export interface Outlet {
  readonly sandbox: Sandbox;
  /** For HTTP_PROXY and HTTPS_PROXY. */
  readonly proxyUrl: string;
}

// It is the built file also when tests run the sources.
const isSource = import.meta.url.includes('/builder/src/');
const program = fileURLToPath(new URL(`${isSource ? '../../dist/dependencies' : '.'}/outlet.worker.js`, import.meta.url));
/** By which Node knows what kind of file the program is. */
const manifest = fileURLToPath(new URL('../../package.json', import.meta.url));
const proxyAddress = '127.0.0.1';
const proxyPort = 3128;
/** Programs have other uses for all the codes that are better known. */
const noLoopbackExitCode = 119;
const hostsFile = '/etc/hosts';
/** What the program that opens the outlet takes itself. */
const own = { processes: 24, openFiles: 256, memoryBytes: 128 * 1024 * 1024 };

/** Once for each builder: what others left that were killed. */
let tidied: Promise<void> | undefined;

/**
 * Runs `work` with an outlet that is closed after it.
 *
 * What runs in the sandbox is in a network of its own, in which nothing but the proxy can be reached: a program that takes
 * another way finds nobody there, neither the machine that it runs on, nor the networks around it, nor the metadata of a
 * cloud. Some programs use no proxy for addresses of their own machine, which a registry may have: it is found under the
 * same address and port inside. Where nothing confines programs, as the operator has said, they have the proxy's address and
 * the network of the machine.
 */
export async function withOutlet<Result>(options: OutletOptions, work: (outlet: Outlet) => Promise<Result>): Promise<Result> {
  const { sandbox, allowed, onRefused } = options;
  const { kind } = await sandbox.detect();
  if (kind === 'none') {
    const proxy = await openAllowListProxy({ allowed, onRefused });
    return work({ sandbox, proxyUrl: proxy.url }).finally(() => proxy.close());
  }
  tidied ??= removeAbandonedOutlets();
  await tidied;
  const { folder, socketPath } = await makeOutletFolder();
  try {
    const proxy = await openAllowListProxy({ allowed, onRefused, socketPath });
    try {
      // Somebody else inside; outside, nobody else gets into the folder.
      await chmod(socketPath, 0o666);
      const doors = doorsTo(allowed);
      const proxyUrl = `http://${proxyAddress}:${doors[0].port}`;
      return await work({ sandbox: new SandboxWithOutlet(sandbox, socketPath, doors), proxyUrl });
    } finally {
      await proxy.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The first is that to the proxy. */
function doorsTo(allowed: readonly string[]): readonly [Door, ...Door[]] {
  const tunnels = allowed.flatMap((place): Door[] => {
    const colon = place.lastIndexOf(':');
    const host = place.slice(0, colon).replace(/^\[|\]$/g, '');
    const address = host === 'localhost' ? proxyAddress : host;
    const isOfThisMachine = address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
    return isOfThisMachine ? [{ address, port: Number(place.slice(colon + 1)), place }] : [];
  });
  let port = proxyPort;
  while (tunnels.some((door) => door.port === port)) port += 1;
  return [{ address: proxyAddress, port }, ...tunnels];
}

class SandboxWithOutlet implements Sandbox {
  constructor(
    private readonly sandbox: Sandbox,
    private readonly socketPath: string,
    private readonly doors: readonly Door[],
  ) {}

  detect(): ReturnType<Sandbox['detect']> {
    return this.sandbox.detect();
  }

  async run(run: SandboxRun): Promise<SandboxResult> {
    const { command, args, readOnly, limits } = run;
    const { socketPath, doors } = this;
    const job: OutletJob = { socketPath, doors, command, args, noLoopbackExitCode };
    const { memoryMaxBytes } = limits;
    const result = await this.sandbox.run({
      ...run,
      command: process.execPath,
      args: [program, JSON.stringify(job)],
      readOnly: [...readOnly, process.execPath, program, manifest, socketPath, ...(await existing(hostsFile))],
      limits: {
        ...limits,
        processesMax: limits.processesMax + own.processes,
        openFilesMax: limits.openFilesMax + own.openFiles,
        ...(memoryMaxBytes === undefined ? {} : { memoryMaxBytes: memoryMaxBytes + own.memoryBytes }),
      },
    });
    if (result.exitCode === noLoopbackExitCode) {
      throw new BuildError(
        'build.sandbox_unavailable',
        'Dependencies cannot be fetched, because the sandbox here has no loopback network: install bubblewrap, or iproute2, on the builder',
      );
    }
    return result;
  }
}

/** Where a name such as localhost is looked up. */
function existing(file: string): Promise<string[]> {
  return access(file).then(
    () => [file],
    () => [],
  );
}
