import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import { StringDecoder } from 'node:string_decoder';

const fileMaxBytes = 64 * 1024 * 1024;
const lineMaxLength = 64 * 1024;
const levelNames = { 40: 'warning', 50: 'error', 60: 'fatal' };

/**
 * Takes what an app prints: everything goes to a file, lines to `onLine`.
 *
 * A run begins a new file and keeps the one before as `<file>.previous`; so does a file of more than 64 MiB.
 */
export class AppLog {
  constructor(file, onLine) {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    this.file = file;
    this.onLine = onLine;
    this.rotate();
  }

  /** @param {import('node:stream').Readable} stream */
  follow(stream) {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    stream.on('data', (bytes) => {
      this.write(bytes);
      const lines = (rest + decoder.write(bytes)).split('\n');
      // Cut, so that a program that never ends its line cannot fill our memory.
      rest = lines.pop().slice(0, lineMaxLength);
      for (const line of lines) this.onLine(line);
    });
  }

  write(bytes) {
    writeSync(this.fd, bytes);
    this.size += bytes.length;
    if (this.size > fileMaxBytes) this.rotate();
  }

  rotate() {
    if (this.fd !== undefined) closeSync(this.fd);
    if (existsSync(this.file)) renameSync(this.file, `${this.file}.previous`);
    this.fd = openSync(this.file, 'a', 0o600);
    this.size = fstatSync(this.fd).size;
  }
}

/**
 * What of a log line deserves the terminal: warnings and errors, short, and whatever is not a log line at all.
 *
 * @returns {{ text: string | undefined, entry: Record<string, unknown> | undefined }}
 */
export function readLine(line) {
  if (line.trim() === '') return { text: undefined, entry: undefined };
  // Most lines are access lines; those are told by their level without parsing them.
  if (/^\{"level":[1-3]0,/.test(line) && !line.includes(' ready"')) return { text: undefined, entry: undefined };
  const entry = parse(line);
  if (entry === undefined) return { text: line, entry };
  const level = levelNames[entry.level];
  if (level === undefined) return { text: undefined, entry };
  const error = entry.err?.message;
  return { text: `${level}: ${entry.msg ?? ''}${error === undefined ? '' : ` (${error})`}`, entry };
}

function parse(line) {
  try {
    const value = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
