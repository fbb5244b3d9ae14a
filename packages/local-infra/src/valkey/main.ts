/**
 * The process around the embedded Valkey: `node main.js <port> <data directory>`.
 *
 * Sends its parent `listening`, saves a snapshot every five seconds when something changed, and once more before it ends:
 * on SIGTERM, SIGINT, or when the process that started it is gone. A crash loses the last five seconds at most.
 */
import process from 'node:process';
import { EmbeddedValkey } from './embedded-valkey.js';
import { disableSavePoints, saveIfChanged } from './snapshots.js';

const saveIntervalMs = 5_000;
/** A full disk or a stuck save must not keep the process alive for ever. */
const exitTimeoutMs = 10_000;

const [portText, dataDir] = process.argv.slice(2);
if (portText === undefined || dataDir === undefined) {
  console.error('usage: main.js <port> <data directory>');
  process.exit(2);
}
const port = Number(portText);

let isStopping = false;
const save = (): Promise<void> => saveIfChanged(port).catch((error: Error) => console.error(`snapshot failed: ${error.message}`));
const stop = (): void => {
  if (isStopping) return;
  isStopping = true;
  setTimeout(() => process.exit(1), exitTimeoutMs);
  void save().then(() => process.exit(0));
};
for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(event, stop);

await EmbeddedValkey.start(port, dataDir);
await disableSavePoints(port);
setInterval(() => void save(), saveIntervalMs);
process.send?.('listening');
