import { type ChildProcess, spawn } from 'node:child_process';

/** Waits for its standard input to end; `bye` means that the server was stopped in good order. */
const script = `
read -r word
[ "$word" = bye ] && exit
kill -s "$2" "$1" 2>/dev/null
tries=0
while kill -0 "$1" 2>/dev/null && [ $tries -lt 10 ]; do sleep 1; tries=$((tries + 1)); done
kill -s KILL "$1" 2>/dev/null
`;

/**
 * Ends a process when ours is gone, even by kill -9: a shell holds the other end of a pipe that closes with us.
 *
 * For programs that know nothing of their parent; works alike on Linux and macOS. The guard itself ends with the
 * returned function, which must be called as soon as the process has ended, before its id can belong to another.
 */
export function guardProcess(pid: number, signal: NodeJS.Signals): () => void {
  const shell: ChildProcess = spawn('/bin/sh', ['-c', script, 'sh', String(pid), signal.replace('SIG', '')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Its own process group, so that Ctrl-C and a killed group leave it to do its work.
    detached: true,
  });
  shell.unref();
  shell.on('error', () => {});
  shell.stdin?.on('error', () => {});
  return () => shell.stdin?.end('bye\n');
}
