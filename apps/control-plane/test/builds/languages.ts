import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Language, type List, languageNames, type Template, type TemplateWithFiles } from '@torii/contracts';
import { TestBuilder } from '../support/a-builder.js';
import type { ApiClient } from '../support/api-client.js';
import type { TestControlPlane } from '../support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;

async function languages(): Promise<Map<string, Language>> {
  const { status, body } = await api.get<List<Language>>('/api/v1/languages');
  expect(status).toBe(200);
  return new Map(body.items.map((language) => [language.name, language]));
}

export function describeLanguages(running: () => TestControlPlane): void {
  beforeAll(() => {
    torii = running();
    api = torii.api;
  });

  describe('languages', () => {
    it('are all there; whether they can be built is unknown without a builder, and known with one', async () => {
      expect([...(await languages()).keys()]).toEqual(languageNames);
      expect((await languages()).get('javascript')).toMatchObject({ available: null, builders: 0 });
      const builder = await TestBuilder.start(torii, {
        languages: [
          { name: 'javascript', available: true, toolchain: { engine: '1.0.0' } },
          { name: 'go', available: false, reason: 'there is no Go: run toolchains add go' },
        ],
      });
      expect((await languages()).get('javascript')).toMatchObject({ available: true, reason: null, builders: 1, toolchain: { engine: '1.0.0' } });
      expect((await languages()).get('go')).toMatchObject({ available: false, reason: 'there is no Go: run toolchains add go' });
      await builder.stop();
      expect((await languages()).get('javascript')).toMatchObject({ available: null });
    });

    it('need a key', async () => {
      for (const path of ['/api/v1/languages', '/api/v1/templates', '/api/v1/templates/javascript/empty']) {
        expect(await api.withKey(undefined).get(path)).toMatchObject({ status: 401 });
      }
    });
  });

  describe('templates', () => {
    it('are listed by language and kind, and read with their files', async () => {
      const all = (await api.get<List<Template>>('/api/v1/templates')).body.items;
      expect(all.length).toBeGreaterThan(0);
      for (const { language, kind, name } of all.slice(0, 3)) {
        const listed = (await api.get<List<Template>>(`/api/v1/templates?language=${language}&kind=${kind}`)).body.items;
        expect(listed.map((one) => one.name)).toContain(name);
        expect(listed.every((one) => one.language === language && one.kind === kind)).toBe(true);
        const read = await api.get<TemplateWithFiles>(`/api/v1/templates/${language}/${name}`);
        expect(read).toMatchObject({ status: 200, body: { name, language } });
        expect(read.body.files.length).toBeGreaterThan(0);
      }
    });

    it('that are not there are answered 404 with those that are, and unknown filters 422', async () => {
      expect(await api.get('/api/v1/templates/javascript/nothing')).toMatchObject({ status: 404 });
      expect(await api.get('/api/v1/templates/cobol/empty')).toMatchObject({ status: 404 });
      expect(await api.get('/api/v1/templates?language=cobol')).toMatchObject({ status: 422, body: { errors: [{ pointer: '?language' }] } });
    });
  });
}
