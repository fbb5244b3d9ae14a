import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../checkout.mjs';
import { runProgram } from '../progress.mjs';
import { download } from './download.mjs';
import { readZip } from './zip-archive.mjs';

const version = '1.26.11';
const defaultProxy = 'https://proxy.golang.org';
const archiveMaxBytes = 200 * 1024 * 1024;
const zipLimits = { filesMax: 30_000, totalMaxBytes: 1024 * 1024 * 1024 };
const advice = 'check the network, or set GOPROXY to a module proxy that can be reached';
/** Programs, of which the archive does not keep that they are. */
const programPattern = /^(bin|pkg\/tool\/[^/]+)\/[^/]+$/;

/**
 * The archives by platform, each with the hash that the public checksum database has for it: sum.golang.org,
 * `golang.org/toolchain v0.0.1-go<version>.<platform>`.
 */
const archives = {
  'linux-x64': { platform: 'linux-amd64', hash: 'h1:KyINmJ/FQdKRmDYGuTAAXkumyeR2DyUlSNHZj7XaLFg=' },
};

/** Go as the module proxies serve it: whoever can fetch modules can fetch this. */
export const go = {
  title: 'the Go compiler, for functions in Go',
  version,

  check({ platform }) {
    if (archives[platform] === undefined) {
      throw new UserError(
        `there is no known archive of Go for ${platform}: install Go 1.24 or newer from https://go.dev/dl, builders find it on the PATH`,
      );
    }
  },

  async install({ folder, downloads, env, platform, signal, say }) {
    const { platform: name, hash } = archives[platform];
    const module = `golang.org/toolchain@v0.0.1-go${version}.${name}`;
    const file = path.join(downloads, `go${version}.${name}.zip`);
    const url = `${proxyOf(env)}/${module.replace('@', '/@v/')}.zip`;
    await download({ url, file, maxBytes: archiveMaxBytes, advice, signal, say });
    say('unpacking');
    unpack(file, { folder, prefix: `${module}/`, hash });
    await runProgram('go', [path.join(folder, 'bin', 'go'), 'version'], { env: { GOTOOLCHAIN: 'local' } });
    return { version, bin: 'bin' };
  },
};

/** The first proxy that GOPROXY names. */
function proxyOf(env) {
  const first = (env.GOPROXY ?? '').split(/[,|]/).find((part) => part !== '' && part !== 'direct');
  if (first === 'off') throw new UserError('GOPROXY is off: set it to a module proxy, or unset it');
  const proxy = first ?? defaultProxy;
  if (!/^https?:\/\//.test(proxy)) throw new UserError('GOPROXY does not begin with https:// or http://: set it to a module proxy, or unset it');
  return proxy.replace(/\/+$/, '');
}

/**
 * Unpacks a module's archive and compares its hash on the way, as `golang.org/x/mod/sumdb/dirhash` makes it: over the sorted
 * lines of each file's sha256 and name.
 *
 * @throws {UserError} when the hash is another; then nothing of it may be used
 */
export function unpack(file, { folder, prefix, hash }) {
  const lines = new Map();
  try {
    for (const { name, content } of readZip(readFileSync(file), zipLimits)) {
      lines.set(name, `${createHash('sha256').update(content).digest('hex')}  ${name}\n`);
      write(folder, placeOf(name, prefix), content);
    }
  } catch (error) {
    rmSync(file);
    throw new UserError(`${file} cannot be unpacked (${error.message}) and is removed: try again`);
  }
  const names = [...lines.keys()].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const sum = createHash('sha256');
  for (const name of names) sum.update(lines.get(name));
  if (`h1:${sum.digest('base64')}` === hash) return;
  rmSync(file);
  throw new UserError(`${file} was not what it must be (its hash differs) and is removed: try again, or look into who answers as GOPROXY`);
}

/** Module archives may hold no file of this name, so it is in them under another. */
function placeOf(name, prefix) {
  const inner = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  if (inner === '' || inner.includes('\\') || inner.split('/').some((part) => ['', '.', '..'].includes(part)))
    throw new Error(`a file is named ${name}`);
  return inner.replace(/(^|\/)_go\.mod$/, '$1go.mod');
}

function write(folder, inner, content) {
  const target = path.join(folder, inner);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, content, { flag: 'wx' });
  if (programPattern.test(inner)) chmodSync(target, 0o755);
}
