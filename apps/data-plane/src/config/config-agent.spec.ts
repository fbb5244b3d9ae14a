import { describe, expect, it } from '@jest/globals';
import { AppError, type CurrentRevision, type ErrorCode, type Snapshot } from '@torii/contracts';
import { createLogger } from '@torii/service-kit';
import { eventually } from '@torii/test-kit';
import { ConfigAgent, type ConfigSource } from './config-agent.js';

const log = createLogger({ level: 'silent', app: 'test' });
const incarnation = '00000000-0000-4000-8000-000000000001';
const otherIncarnation = '00000000-0000-4000-8000-000000000002';

function aRevision(revision: number, of = incarnation): CurrentRevision {
  return { incarnation: of, revision, hash: String(revision).padStart(64, '0') };
}

/** Configurations in memory, rung by hand. */
class Source implements ConfigSource {
  now: CurrentRevision | undefined;
  failure: ErrorCode | undefined;
  ring: () => void = () => undefined;

  watch(onNotice: () => void): void {
    this.ring = onNotice;
    onNotice();
  }

  async current(): Promise<CurrentRevision | undefined> {
    if (this.failure !== undefined) throw new AppError(this.failure);
    return this.now;
  }

  async fetch(current: CurrentRevision): Promise<Snapshot> {
    return { schemaVersion: 1, ...current, plugins: [], routes: [] };
  }
}

function anAgent(activate: (snapshot: Snapshot) => Promise<void>) {
  const source = new Source();
  const activated: number[] = [];
  let changes = 0;
  const agent = new ConfigAgent({
    source,
    activate: async (snapshot) => {
      await activate(snapshot);
      activated.push(snapshot.revision);
    },
    onChange: () => {
      changes += 1;
    },
    log,
  });
  return { source, agent, activated, changes: () => changes };
}

/** Lets everything that can go on without time passing go on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('ConfigAgent', () => {
  it('says what it waits for until the first configuration comes', async () => {
    const { source, agent, activated } = anAgent(async () => undefined);
    expect(agent.waitingFor).toBe('waiting for Redis');
    agent.start();
    await settled();
    expect(agent.waitingFor).toBe('waiting for the first configuration');
    source.now = aRevision(1);
    source.ring();
    await settled();
    expect(activated).toEqual([1]);
    expect(agent.active).toEqual(aRevision(1));
    expect(agent.waitingFor).toBeUndefined();
  });

  it('keeps the old configuration and reports the refusal when the new one does not compile, and does not try it again', async () => {
    let tries = 0;
    const { source, agent, changes } = anAgent(async (snapshot) => {
      if (snapshot.revision !== 2) return;
      tries += 1;
      throw new AppError('config.compile_failed', { detail: 'no such export' });
    });
    source.now = aRevision(1);
    agent.start();
    await settled();
    source.now = aRevision(2);
    source.ring();
    source.ring();
    await settled();
    source.ring();
    await settled();
    expect(agent.active).toEqual(aRevision(1));
    expect(agent.rejected).toEqual({ current: aRevision(2), code: 'config.compile_failed', detail: 'no such export' });
    expect(tries).toBe(1);
    expect(changes()).toBe(2);
    source.now = aRevision(3);
    source.ring();
    await settled();
    expect(agent.active).toEqual(aRevision(3));
    expect(agent.rejected).toBeUndefined();
  });

  it('turns any number of notices during an activation into one', async () => {
    let finish: () => void = () => undefined;
    const { source, agent, activated } = anAgent((snapshot) =>
      snapshot.revision === 1 ? new Promise((resolve) => (finish = resolve)) : Promise.resolve(),
    );
    source.now = aRevision(1);
    agent.start();
    await settled();
    for (let revision = 2; revision <= 50; revision += 1) {
      source.now = aRevision(revision);
      source.ring();
    }
    finish();
    await settled();
    expect(activated).toEqual([1, 50]);
  });

  it('ignores an older revision of the same life of the control plane, and takes any of another life', async () => {
    const { source, agent, activated } = anAgent(async () => undefined);
    source.now = aRevision(7);
    agent.start();
    await settled();
    source.now = aRevision(6);
    source.ring();
    await settled();
    expect(agent.active?.revision).toBe(7);
    source.now = aRevision(1, otherIncarnation);
    source.ring();
    await settled();
    expect(activated).toEqual([7, 1]);
  });

  it('tries again by itself after a failure that may pass', async () => {
    let isThere = false;
    const { source, agent, activated } = anAgent(async () => {
      if (!isThere) throw new AppError('config.unknown_artifact');
    });
    source.now = aRevision(1);
    agent.start();
    await settled();
    expect(agent.rejected?.code).toBe('config.unknown_artifact');
    isThere = true;
    await eventually(() => expect(activated).toEqual([1]));
    expect(agent.rejected).toBeUndefined();
  });

  it('says again why it refused a configuration once Redis, which was gone, is back', async () => {
    const { source, agent } = anAgent(async () => {
      throw new AppError('config.compile_failed', { detail: 'no such export' });
    });
    source.now = aRevision(1);
    agent.start();
    await settled();
    source.failure = 'platform.redis';
    source.ring();
    await settled();
    expect(agent.waitingFor).toBe('Redis cannot be reached');
    source.failure = undefined;
    source.ring();
    await settled();
    expect(agent.waitingFor).toBe('no such export');
    agent.stop();
  });

  it.each(['capacity.pool_exhausted', 'capacity.overloaded'] as const)('tries again when the node had no room for it (%s)', async (code) => {
    let isFull = true;
    const { source, agent, activated } = anAgent(async () => {
      if (isFull) throw new AppError(code);
    });
    source.now = aRevision(1);
    agent.start();
    await settled();
    isFull = false;
    source.ring();
    await settled();
    expect(activated).toEqual([1]);
    agent.stop();
  });

  it('reports at once that a configuration is refused for another reason than at first', async () => {
    let code: ErrorCode = 'config.unknown_artifact';
    const { source, agent, changes } = anAgent(async () => {
      throw new AppError(code);
    });
    source.now = aRevision(1);
    agent.start();
    await settled();
    source.ring();
    await settled();
    expect(changes()).toBe(1);
    code = 'config.compile_failed';
    source.ring();
    await settled();
    expect(agent.rejected?.code).toBe('config.compile_failed');
    expect(changes()).toBe(2);
    agent.stop();
  });

  it('keeps what it serves while Redis is gone', async () => {
    const { source, agent } = anAgent(async () => undefined);
    source.now = aRevision(1);
    agent.start();
    await settled();
    source.failure = 'platform.redis';
    source.ring();
    await settled();
    expect(agent.active).toEqual(aRevision(1));
    expect(agent.rejected).toBeUndefined();
    agent.stop();
  });
});
