import { describe, expect, it } from '@jest/globals';
import { type BuilderStatus, type LanguageStatus, languageNames } from '@torii/contracts';
import { languageOf, languageTable } from './language-table.js';

function aBuilder(...statuses: LanguageStatus[]): BuilderStatus {
  const id = 'br_01900000-0000-7000-8000-000000000001' as BuilderStatus['id'];
  return { id, host: 'h', internalUrl: 'http://127.0.0.1:1', languages: statuses, running: 0, slots: 1, at: new Date().toISOString() };
}
const noGo = (reason: string) => aBuilder({ name: 'go', available: false, reason });
const go = aBuilder({ name: 'go', available: true, toolchain: { go: '1.26' } });

describe('languageTable', () => {
  it('has every language, whatever the builders say', () => {
    expect(languageTable([]).map(({ name }) => name)).toEqual(languageNames);
    expect(languageTable([go]).map(({ name }) => name)).toEqual(languageNames);
  });

  it('does not know what there is while no builder is alive', () => {
    expect(languageOf('wat', [])).toMatchObject({ available: null, builders: 0, reason: expect.stringContaining('start one') });
  });

  it('calls a language available as soon as one builder has it', () => {
    expect(languageOf('go', [noGo('there is no Go'), go])).toMatchObject({ available: true, reason: null, builders: 1, toolchain: { go: '1.26' } });
  });

  it('says why a language is not available, each reason once', () => {
    const { available, reason } = languageOf('go', [noGo('there is no Go'), noGo('there is no Go'), noGo('Go is too old')]);
    expect({ available, reason }).toEqual({ available: false, reason: 'there is no Go; or Go is too old' });
  });

  it('says that builders are too old for a language they do not name', () => {
    expect(languageOf('rust', [go])).toMatchObject({ available: false, reason: expect.stringContaining('update') });
  });
});
