import { jsonPointer } from '../http/json-pointer.js';
import { isJsonObject, type JsonObject } from '../http/merge-patch.js';
import type { Findings } from './findings.js';

/**
 * An object of the file, read field by field: what has the wrong type is reported as lost, and so is, by `end`, what nobody
 * has read. `null` counts as absent, as it does in Otoroshi.
 */
export class Fields {
  private readonly unread: Set<string>;

  constructor(
    private readonly source: JsonObject,
    readonly pointer: string,
    readonly findings: Findings,
  ) {
    this.unread = new Set(Object.keys(source).filter((name) => !isEmpty(source[name])));
  }

  pointerTo(...path: (string | number)[]): string {
    return `${this.pointer}${jsonPointer(path)}`;
  }

  /** The same object, with nothing read of it, whose problems are collected elsewhere. */
  withFindings(findings: Findings): Fields {
    return new Fields(this.source, this.pointer, findings);
  }

  /** The value as it is; undefined where there is none. */
  take(name: string): unknown {
    this.unread.delete(name);
    return Object.hasOwn(this.source, name) ? (this.source[name] ?? undefined) : undefined;
  }

  text(name: string): string | undefined {
    return this.typed(name, 'a text', (value) => (typeof value === 'string' ? value : undefined));
  }

  /** A text that says something; undefined for an empty one. */
  filledText(name: string): string | undefined {
    const text = this.text(name)?.trim();
    return text === '' ? undefined : text;
  }

  flag(name: string): boolean | undefined {
    return this.typed(name, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  number(name: string): number | undefined {
    return this.typed(name, 'a number', (value) => (typeof value === 'number' ? value : undefined));
  }

  list(name: string): readonly unknown[] {
    return this.typed(name, 'a list', (value) => (Array.isArray(value) ? value : undefined)) ?? [];
  }

  /** Undefined where there is none; its own `end` is the caller's to call. */
  object(name: string): Fields | undefined {
    const object = this.typed(name, 'an object', (value) => (isJsonObject(value) ? value : undefined));
    return object === undefined ? undefined : new Fields(object, this.pointerTo(name), this.findings);
  }

  /** The texts of a list, each with its pointer. */
  texts(name: string): { readonly text: string; readonly pointer: string }[] {
    return this.list(name).flatMap((value, index) => {
      const pointer = this.pointerTo(name, index);
      if (typeof value === 'string') return [{ text: value, pointer }];
      this.lostType(pointer, name, 'a text');
      return [];
    });
  }

  /** The texts of an object by name, each with its pointer. */
  textsByName(name: string): { readonly name: string; readonly text: string; readonly pointer: string }[] {
    const object = this.object(name);
    return Object.entries(object?.source ?? {}).flatMap(([key, value]) => {
      const pointer = this.pointerTo(name, key);
      if (typeof value === 'string') return [{ name: key, text: value, pointer }];
      this.lostType(pointer, `${name} ${key}`, 'a text');
      return [];
    });
  }

  /** Leaves fields out that make no difference to a request; says so where they hold something else than what Otoroshi puts there. */
  ignore(why: string, usual: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(usual)) {
      const found = this.take(name);
      if (isEmpty(found) || JSON.stringify(found) === JSON.stringify(value)) continue;
      this.findings.ignored(this.pointerTo(name), name, { why });
    }
  }

  /** Leaves fields out that say nothing by themselves. */
  skip(...names: string[]): void {
    for (const name of names) this.take(name);
  }

  /** Reports every field that was not read. */
  end(): void {
    for (const name of this.unread) {
      this.findings.lost(this.pointerTo(name), name, { why: 'is not known to this import', instead: 'see what it is for, and whether it is needed' });
    }
    this.unread.clear();
  }

  private typed<Value>(name: string, wanted: string, read: (value: unknown) => Value | undefined): Value | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    const typed = read(value);
    if (typed === undefined) this.lostType(this.pointerTo(name), name, wanted);
    return typed;
  }

  private lostType(pointer: string, what: string, wanted: string): void {
    this.findings.lost(pointer, what, { why: `is not ${wanted}, and so was not read`, instead: 'correct the file' });
  }
}

/** What says nothing: nobody needs to be told that it is gone. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
