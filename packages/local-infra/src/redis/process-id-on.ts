import net from 'node:net';

const timeoutMs = 1_000;

/** The process id of the Redis that answers on this port of 127.0.0.1, once it has loaded its data; never throws. */
export function processIdOn(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('INFO server\r\n'));
    let reply = '';
    const settle = (answer: number | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => settle(undefined));
    socket.on('data', (bytes) => {
      reply += bytes.toString('utf8');
      const found = /^process_id:(\d+)\r/m.exec(reply)?.[1];
      if (found !== undefined) settle(Number(found));
      else if (reply.startsWith('-')) settle(undefined);
    });
    socket.once('error', () => settle(undefined));
    socket.once('close', () => settle(undefined));
  });
}
