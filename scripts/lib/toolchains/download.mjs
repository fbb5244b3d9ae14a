import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../checkout.mjs';

const silenceTimeoutMs = 30_000;
const megabyte = 1024 * 1024;

/**
 * Fetches a file, going on where an earlier try was cut off.
 *
 * @param {{ url: string, file: string, maxBytes: number, advice: string, signal: AbortSignal, say: (text: string) => void }} request `advice`
 *   is what to do when the address cannot be reached
 * @throws {UserError} when it cannot be had
 */
export async function download({ url, file, maxBytes, advice, signal, say }) {
  if (existsSync(file)) return;
  const part = `${file}.part`;
  const { host, pathname } = new URL(url);
  const name = pathname.split('/').at(-1);
  const have = sizeOf(part);
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(new Error('no answer')), silenceTimeoutMs);
  try {
    const headers = have === 0 ? {} : { range: `bytes=${have}-` };
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, silence.signal]) });
    // The range begins past the end: the part is whole already, or of another file, which its hash will tell.
    if (response.status !== 416) {
      if (!response.ok || response.body === null) throw new Error(`${response.status} for ${name}`);
      const isContinued = response.status === 206;
      let received = isContinued ? have : 0;
      const total = received + Number(response.headers.get('content-length') ?? 0);
      await pipeline(
        response.body,
        async function* (chunks) {
          for await (const chunk of chunks) {
            clearTimeout(timer);
            timer = setTimeout(() => silence.abort(new Error('no answer')), silenceTimeoutMs);
            received += chunk.length;
            if (received > maxBytes) throw new Error(`${name} is larger than ${megabytes(maxBytes)} MB`);
            say(`${name}: ${megabytes(received)} of ${megabytes(total)} MB`);
            yield chunk;
          }
        },
        createWriteStream(part, { flags: isContinued ? 'a' : 'w' }),
      );
    }
    renameSync(part, file);
  } catch (error) {
    throw new UserError(`${host} does not give it (${reasonOf(error)}): ${advice}`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Throws away a file that is not what it must be.
 *
 * @throws {UserError} when its sha256 is another
 */
export async function verifySha256(file, sha256) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  if (hash.digest('hex') === sha256) return;
  rmSync(file);
  throw new UserError(`${file} was not what it must be (its sha256 differs) and is removed: try again, or look into who answers for that address`);
}

function sizeOf(file) {
  return existsSync(file) ? statSync(file).size : 0;
}

function megabytes(bytes) {
  return Math.round(bytes / megabyte);
}

function reasonOf(error) {
  return error.cause?.code ?? error.cause?.message ?? error.message;
}
