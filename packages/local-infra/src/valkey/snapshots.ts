import net from 'node:net';

const commandTimeoutMs = 30_000;

/**
 * Writes a snapshot when something changed since the last one, by the ordinary commands.
 *
 * Valkey's own background saving and append-only file need fork(), which WebAssembly has not; SAVE blocks the server
 * for its time (about 50 ms for 20,000 hashes). Rejects when the server does not answer or cannot write.
 */
export async function saveIfChanged(port: number): Promise<void> {
  const persistence = await command(port, 'INFO persistence');
  const changes = /rdb_changes_since_last_save:(\d+)/.exec(persistence)?.[1];
  if (changes !== undefined && changes !== '0') await command(port, 'SAVE');
}

/** Turns off the save points of the default configuration: each would try to fork, fail, and then refuse writes. */
export async function disableSavePoints(port: number): Promise<void> {
  await command(port, 'CONFIG SET save ""');
}

/** Sends one inline command and resolves with its whole reply. */
function command(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`${line}\r\n`));
    let reply = '';
    const settle = (finish: () => void): void => {
      socket.destroy();
      finish();
    };
    socket.setTimeout(commandTimeoutMs, () => settle(() => reject(new Error(`${line}: no reply`))));
    socket.on('error', (error) => settle(() => reject(error)));
    socket.on('close', () => reject(new Error(`${line}: connection closed`)));
    socket.on('data', (bytes) => {
      reply += bytes.toString('utf8');
      if (reply.startsWith('-') && reply.endsWith('\r\n')) settle(() => reject(new Error(`${line}: ${reply.trim()}`)));
      else if (isComplete(reply)) settle(() => resolve(reply));
    });
  });
}

/** A status line, or a bulk string whose announced size has arrived. */
function isComplete(reply: string): boolean {
  const bulk = /^\$(\d+)\r\n/.exec(reply);
  if (bulk === null) return reply.startsWith('+') && reply.endsWith('\r\n');
  return Buffer.byteLength(reply) >= bulk[0].length + Number(bulk[1]) + 2;
}
