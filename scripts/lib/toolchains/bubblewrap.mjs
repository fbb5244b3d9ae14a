import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../checkout.mjs';
import { runProgram } from '../progress.mjs';

const versionTimeoutMs = 10_000;
const installBy =
  'install it by the package manager, such as dnf install bubblewrap, apk add bubblewrap or pacman -S bubblewrap; builders find it on the PATH';

/** The sandbox of native compilers, from the distribution's own package, without touching the system. */
export const bubblewrap = {
  title: 'the sandbox that native compilers run in',

  check({ platform }) {
    if (!platform.startsWith('linux-')) throw new UserError(`bubblewrap needs Linux: build Go and Rust on a Linux machine, or in a container`);
    for (const program of ['apt-get', 'dpkg-deb']) {
      if (spawnSync(program, ['--version'], { stdio: 'ignore', timeout: versionTimeoutMs }).error !== undefined) {
        throw new UserError(`only Debian's packages can be fetched here, and there is no ${program}: ${installBy}`);
      }
    }
  },

  async install({ folder, downloads, say }) {
    const lists = path.join(downloads, 'lists');
    const cache = path.join(downloads, 'cache');
    mkdirSync(path.join(lists, 'partial'), { recursive: true });
    mkdirSync(path.join(cache, 'archives', 'partial'), { recursive: true });
    const places = { 'Dir::State::lists': lists, 'Dir::Cache': cache, 'Debug::NoLocking': 'true' };
    // apt checks the signature of the lists by the system's keys, and the package by the lists.
    const strictness = { 'Acquire::AllowInsecureRepositories': 'false', 'APT::Get::AllowUnauthenticated': 'false' };
    const options = Object.entries({ ...places, ...strictness }).flatMap(([name, value]) => ['--option', `${name}=${value}`]);
    const env = { LC_ALL: 'C.UTF-8' };

    say('reading the lists of packages');
    await runProgram('bubblewrap', ['apt-get', ...options, 'update'], { env, say, explain: explainApt });
    say('fetching the package');
    const fetched = path.join(downloads, 'packages');
    mkdirSync(fetched, { recursive: true });
    const script = 'cd "$1" && shift && exec apt-get "$@"';
    await runProgram('bubblewrap', ['sh', '-c', script, 'sh', fetched, ...options, 'download', 'bubblewrap'], { env, say, explain: explainApt });
    const archive = readdirSync(fetched).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new UserError(`apt-get has fetched nothing: ${installBy}`);
    await runProgram('bubblewrap', ['dpkg-deb', '--extract', path.join(fetched, archive), folder]);

    const bin = path.join('usr', 'bin');
    const output = await runProgram('bubblewrap', [path.join(folder, bin, 'bwrap'), '--version'], { explain: explainLoading });
    return { version: output.trim().split(' ').at(-1), bin };
  },
};

function explainApt(output) {
  const found = output.split('\n').find((line) => /^(E:|Err:)/.test(line));
  return found === undefined ? undefined : `apt-get cannot fetch the package (${found.trim()}): check the network, or ${installBy}`;
}

function explainLoading(output) {
  const library = /lib[\w.-]+\.so[\w.]*/.exec(output)?.[0];
  return library === undefined ? undefined : `bubblewrap needs ${library}, which is not on this machine: ${installBy}`;
}
