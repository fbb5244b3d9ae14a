import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const read = (file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

/** The variables of a schema: its lines are `  NAME: ...`. */
const settingsOf = (app) => [...read(`apps/${app}/src/env.ts`).matchAll(/^ {2}((?:TORII|DATABASE|REDIS|OTEL)_[A-Z_]*):/gm)].map(([, name]) => name);

describe('docs/operations.md', () => {
  it('has every setting of the apps, who reads it, and no other', () => {
    const apps = { 'control plane': 'control-plane', node: 'data-plane', builder: 'builder' };
    const settings = Object.entries(apps).map(([reader, app]) => [reader, new Set(settingsOf(app))]);
    const readers = (name) => {
      const having = settings.flatMap(([reader, names]) => (names.has(name) ? [reader] : []));
      return having.length === settings.length ? 'all' : having.join(', ');
    };
    const inCode = [...new Set(settings.flatMap(([, names]) => [...names]))].map((name) => `${name}: ${readers(name)}`);
    const rows = [...read('docs/operations.md').matchAll(/^\| (`[A-Z][A-Z_`, ]+`) \|[^|]*\| ([^|]+) \|/gm)];
    const onPage = rows.flatMap(([, names, reader]) => names.split(', ').map((name) => `${name.slice(1, -1)}: ${reader}`));
    expect(onPage.sort()).toEqual(inCode.sort());
  });
});
