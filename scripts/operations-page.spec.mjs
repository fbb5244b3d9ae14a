import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const read = (file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

/** The variables of a schema: its lines are `  NAME: ...`. */
const settingsOf = (app) => [...read(`apps/${app}/src/env.ts`).matchAll(/^ {2}((?:TORII|DATABASE|REDIS)_[A-Z_]*):/gm)].map(([, name]) => name);

describe('docs/operations.md', () => {
  it('has every setting of the apps, who reads it, and no other', () => {
    const [controlPlane, node] = [new Set(settingsOf('control-plane')), new Set(settingsOf('data-plane'))];
    const readers = (name) => (controlPlane.has(name) ? (node.has(name) ? 'both' : 'control plane') : 'node');
    const inCode = [...new Set([...controlPlane, ...node])].map((name) => `${name}: ${readers(name)}`);
    const rows = [...read('docs/operations.md').matchAll(/^\| (`[A-Z][A-Z_`, ]+`) \|[^|]*\| ([^|]+) \|/gm)];
    const onPage = rows.flatMap(([, names, reader]) => names.split(', ').map((name) => `${name.slice(1, -1)}: ${reader}`));
    expect(onPage.sort()).toEqual(inCode.sort());
  });
});
