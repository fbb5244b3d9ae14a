import { UserError } from '../checkout.mjs';
import { print, step } from '../progress.mjs';
import { bubblewrap } from './bubblewrap.mjs';
import { go } from './go.mjs';
import { rust } from './rust.mjs';
import { ToolchainFolder } from './toolchain-folder.mjs';

const known = { go, rust, bubblewrap };
const usage = `npm run toolchains -- list | add <name> | remove <name>, where a name is ${Object.keys(known).join(', ')}`;

/**
 * Does what the command line asks for.
 *
 * @param {readonly string[]} args
 * @param {{ home: string, env: Record<string, string | undefined>, signal: AbortSignal, platform?: string }} context `home` is TORII_HOME;
 *   `platform` as in `linux-x64`
 * @throws {UserError} with one line to act on
 */
export async function runCommand(args, context) {
  const [command, name, ...rest] = args;
  const folder = new ToolchainFolder(context.home);
  if (command === 'list' && name === undefined) return list(folder);
  const toolchain = Object.hasOwn(known, name ?? '') ? known[name] : undefined;
  if (!['add', 'remove'].includes(command) || rest.length > 0) throw new UserError(usage);
  if (toolchain === undefined) throw new UserError(`${name ?? 'nothing'} is not a toolchain: ${usage}`);
  if (command === 'remove') return remove(folder, name);
  await add(folder, name, toolchain, context);
}

function list(folder) {
  for (const [name, { title }] of Object.entries(known)) {
    const installed = folder.read(name);
    print(installed === undefined ? `${name.padEnd(12)}not added: ${title}` : `${name.padEnd(12)}${installed.version} in ${folder.pathOf(name)}`);
  }
}

function remove(folder, name) {
  const wasThere = folder.remove(name);
  print(wasThere ? `${name} removed` : `${name} was not there`);
}

async function add(folder, name, toolchain, { env, signal, platform = `${process.platform}-${process.arch}` }) {
  const installed = folder.read(name);
  if (installed !== undefined && toolchain.version !== undefined && installed.version === toolchain.version) {
    print(`${name} ${installed.version} is there already: ${folder.pathOf(name)}`);
    return;
  }
  toolchain.check({ platform, env });
  const description = await step(name, (say) => folder.fill(name, (to) => toolchain.install({ ...to, env, platform, signal, say })));
  print(`${name} ${description.version} is in ${folder.pathOf(name)}: builders find it within a minute`);
}
