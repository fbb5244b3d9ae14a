import { sha256 } from '@torii/config-sync';
import type { Tags } from '@torii/contracts';
import type { z } from 'zod';

const nameMaxChars = 63;
const suffixChars = 8;
const tagMaxChars = 64;
const tagsMax = 64;

/** What every imported entity is tagged with, so that lists can be asked for them. */
const importTag = 'otoroshi';
const originPrefix = `${importTag}:`;

/** A name made of a text: lower-case letters, digits and single dashes; `fallback` where nothing is left of it. */
export function nameFrom(text: string, fallback: string): string {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const name = plain
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, nameMaxChars)
    .replace(/^-+|-+$/g, '');
  return name === '' ? fallback : name;
}

/** The name with a mark that is the same for the same origin, for when the plain one stands for something else. */
export function nameWithMark(name: string, origin: string): string {
  const mark = sha256(origin).slice(0, suffixChars);
  return `${name.slice(0, nameMaxChars - suffixChars - 1).replace(/-+$/, '')}-${mark}`;
}

/** The tag by which a later import finds what this one has made of the same thing, whatever it is called by then. */
export function originTag(origin: string): string {
  const tag = `${originPrefix}${origin}`;
  return tag.length <= tagMaxChars ? tag : `${originPrefix}${sha256(origin).slice(0, tagMaxChars - originPrefix.length)}`;
}

/** Whether a tag says where something comes from, which a file does not get to say. */
export function isOriginTag(tag: string): boolean {
  return tag === importTag || tag.startsWith(originPrefix);
}

/** The marks of an import, and of the file's own tags those that may be. */
export function importTags(origin: string, own: readonly string[]): z.infer<typeof Tags> {
  const fitting = own.filter((tag) => tag.length >= 1 && tag.length <= tagMaxChars && !isOriginTag(tag));
  return [...new Set([importTag, originTag(origin), ...fitting])].slice(0, tagsMax);
}
