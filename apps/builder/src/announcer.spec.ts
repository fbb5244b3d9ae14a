import { expect, it } from '@jest/globals';
import type { BuilderRegistry } from '@torii/build-queue';
import { BuilderId, type BuilderStatus } from '@torii/contracts';
import { createLogger } from '@torii/service-kit';
import { Announcer } from './announcer.js';

const status: BuilderStatus = {
  id: BuilderId.parse('br_00000000-0000-4000-8000-000000000000'),
  host: 'here',
  internalUrl: 'http://127.0.0.1:1',
  languages: [],
  running: 0,
  slots: 1,
  at: '2026-01-01T00:00:00.000Z',
};

it('a builder that leaves is not brought back by what it was just announcing', async () => {
  const slow = Promise.withResolvers<void>();
  const done: string[] = [];
  const registry: Pick<BuilderRegistry, 'announce' | 'withdraw'> = {
    async announce() {
      await slow.promise;
      done.push('announced');
    },
    async withdraw() {
      done.push('withdrawn');
    },
  };
  const announcer = new Announcer(registry, () => status, createLogger({ level: 'fatal', app: 'builder' }));
  announcer.start();

  const stopped = announcer.stop();
  slow.resolve();
  await stopped;

  expect(done).toEqual(['announced', 'withdrawn']);
});
