import type { Logger } from '@torii/service-kit';
import type { CallObserver, ObservedLogLevel } from '../call-observer.js';

export type GuestLogLevel = ObservedLogLevel;

/** The call whose log it is. */
export interface LoggingCall {
  readonly log: Logger;
  readonly observer: CallObserver | undefined;
  /** Since it began. */
  readonly elapsedMs: number;
}

/** A line keeps its first bytes; the rest is cut. */
const lineMaxBytes = 1024;
const linesPerCallMax = 100;

const decoder = new TextDecoder();

/** What one instance logs: cut, cleaned of control characters, and limited in lines per call. */
export class GuestLog {
  private readonly fields: Readonly<Record<string, string>>;
  private call: LoggingCall | undefined;
  /** Who is told of lines too. */
  private observer: CallObserver | undefined;
  private linesMax = linesPerCallMax;
  private lines = 0;
  private partial: number[] = [];

  constructor(fields: Readonly<Record<string, string>>) {
    this.fields = fields;
  }

  begin(call: LoggingCall): void {
    this.call = call;
    this.observer = call.observer !== undefined && call.observer.logLinesMax > 0 ? call.observer : undefined;
    this.linesMax = Math.max(linesPerCallMax, this.observer?.logLinesMax ?? 0);
    this.lines = 0;
    this.partial = [];
  }

  /** `fields` are short and clean already. */
  write(level: GuestLogLevel, text: string | Uint8Array, fields: Readonly<Record<string, string | undefined>> = {}): void {
    const call = this.nextLine();
    if (call === undefined) return;
    const isLogged = this.lines <= linesPerCallMax && call.log.isLevelEnabled(level);
    if (!isLogged && this.observer === undefined) return;
    const raw = typeof text === 'string' ? text.slice(0, lineMaxBytes) : decoder.decode(text.subarray(0, lineMaxBytes));
    const message = cleanText(raw);
    if (isLogged) call.log[level]({ source: 'plugin', ...this.fields, ...fields, text: message }, 'plugin log');
    this.observer?.onLog({ level, message, atMs: call.elapsedMs });
  }

  /** A line of the host's own about this guest; it counts like the guest's, which is what makes the host write it. */
  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    const call = this.nextLine();
    if (call === undefined) return;
    if (this.lines <= linesPerCallMax) call.log.warn({ ...this.fields, ...fields }, message);
    this.observer?.onLog({ level: 'warn', message: withFacts(message, fields), atMs: call.elapsedMs });
  }

  /** Bytes of a standard stream: complete lines are logged, the last begun one when it ends or the call does. */
  stream(bytes: Uint8Array): void {
    let start = 0;
    while (start < bytes.length && this.lines <= this.linesMax) {
      const newline = bytes.indexOf(0x0a, start);
      const end = newline === -1 ? bytes.length : newline;
      const room = lineMaxBytes - this.partial.length;
      for (const byte of bytes.subarray(start, Math.min(end, start + room))) this.partial.push(byte);
      if (newline === -1) return;
      // An empty line is not written, but counted: a stream of them must come to an end too.
      if (this.partial.length === 0) this.nextLine();
      else this.flush();
      start = newline + 1;
    }
  }

  flush(): void {
    if (this.partial.length === 0) return;
    const line = Uint8Array.from(this.partial);
    this.partial = [];
    this.write('info', line);
  }

  /** The least severe level that is written, as Extism numbers levels: trace 0 to error 4, off beyond. */
  get extismLevel(): number {
    if (this.observer !== undefined) return 0;
    const levels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
    const first = levels.findIndex((level) => this.call?.log.isLevelEnabled(level) === true);
    return first === -1 ? 0x7fff_ffff : first;
  }

  /** Where the next line goes, or undefined when there must be none. */
  private nextLine(): LoggingCall | undefined {
    this.lines += 1;
    if (this.lines === linesPerCallMax + 1) this.call?.log.warn({ source: 'plugin', ...this.fields }, 'plugin log cut');
    if (this.lines <= this.linesMax) return this.call;
    if (this.lines === this.linesMax + 1) this.observeCut();
    return undefined;
  }

  private observeCut(): void {
    const message = `the call logged more than ${this.linesMax} lines; the rest is left out`;
    this.observer?.onLog({ level: 'warn', message, atMs: this.call?.elapsedMs ?? 0 });
  }
}

/** A line with what the host says beside its message, for who reads text. */
function withFacts(message: string, fields: Readonly<Record<string, unknown>>): string {
  const facts = Object.values(fields).filter((value) => typeof value === 'string');
  return facts.length === 0 ? message : `${message}: ${facts.join(', ')}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be removed.
const terminalEscapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be removed.
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Text of a guest made safe for logs, terminals and error messages: one line, no control characters. */
export function cleanText(text: string): string {
  return text.replace(terminalEscapes, '').replace(controlCharacters, ' ').trim();
}

/** The same for bytes, of which only the first KiB counts. */
export function cleanBytes(bytes: Uint8Array): string {
  return cleanText(decoder.decode(bytes.subarray(0, lineMaxBytes)));
}
