import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Build } from '@torii/contracts';
import { eventually } from '@torii/test-kit';
import { type BuilderOptions, TestBuilder } from '../support/a-builder.js';
import type { ApiClient } from '../support/api-client.js';
import type { TestControlPlane } from '../support/control-plane.js';
import { EventStreamClient } from '../support/event-stream-client.js';

let torii: TestControlPlane;
let api: ApiClient;
const open: { close(): unknown }[] = [];

let names = 0;

/** A build whose builder says what a test tells it to, and ends when it is told to. */
async function aTalkingBuild() {
  const told: string[][] = [];
  let isOver = false;
  const work: BuilderOptions['work'] = async (taken, builder) => {
    await taken.stage('compiling');
    while (!isOver || told.length > 0) {
      const lines = told.shift();
      if (lines !== undefined) await builder.say(taken, ...lines);
      else await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return builder.succeed(taken);
  };
  const builder = await TestBuilder.start(torii, { work });
  const end = async () => {
    isOver = true;
    await eventually(async () => expect(await api.get(`/api/v1/builds/${build.id}`)).toMatchObject({ body: { status: 'succeeded' } }));
  };
  const close = () => {
    isOver = true;
    return builder.stop();
  };
  open.push({ close });
  const name = `talking-${++names}`;
  await api.send('PUT', `/api/v1/functions/${name}`, { language: 'javascript', files: [{ path: 'index.js', content: name }] });
  const build = (await api.send<Build>('POST', `/api/v1/functions/${name}/builds`)).body;
  return { id: build.id, say: (...lines: string[]) => told.push(lines), end };
}

function follow(id: string, lastEventId?: string): EventStreamClient {
  const client = new EventStreamClient(`${torii.url}/api/v1/builds/${id}/log`, api.headers, lastEventId);
  open.push(client);
  return client;
}

export function describeLog(running: () => TestControlPlane): void {
  beforeAll(() => {
    torii = running();
    api = torii.api;
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  describe('the log of a build', () => {
    it('comes as it is written, to its end, and then the stream ends', async () => {
      const build = await aTalkingBuild();
      const client = follow(build.id);
      build.say('one', 'two');
      await eventually(() => expect(client.lines).toEqual(['one', 'two']));
      build.say('three');
      await eventually(() => expect(client.lines).toEqual(['one', 'two', 'three']));
      await build.end();
      await eventually(() => expect(client.isEnded).toBe(true));
      expect(client.events.slice(3).map(({ event, data }) => [event, data.stage ?? data.status])).toEqual([
        ['stage', 'publishing'],
        ['stage', 'done'],
        ['end', 'succeeded'],
      ]);
    });

    it('goes on after Last-Event-ID without a loss or a repetition, over the end of the build too', async () => {
      const build = await aTalkingBuild();
      const first = follow(build.id);
      build.say('one', 'two', 'three');
      await eventually(() => expect(first.lines).toHaveLength(3));
      first.close();
      build.say('four');
      const second = follow(build.id, first.events[1]?.id);
      await eventually(() => expect(second.lines).toEqual(['three', 'four']));
      second.close();
      build.say('five');
      await build.end();
      const third = follow(build.id, second.events.at(-1)?.id);
      await eventually(() => expect(third.isEnded).toBe(true));
      expect(third.lines).toEqual(['five']);
      // The same ids from the row as while it went on.
      const whole = follow(build.id);
      await eventually(() => expect(whole.isEnded).toBe(true));
      const seen = [...first.events.slice(0, 2), ...second.events, ...third.events];
      expect(whole.events).toEqual(seen);
      const nothing = follow(build.id, whole.events.at(-1)?.id);
      await eventually(() => expect(nothing.status).toBe(204)); // which ends a browser's coming back
    });

    it('is kept when Redis has forgotten it', async () => {
      const build = await aTalkingBuild();
      build.say('kept');
      await build.end();
      await torii.redis.del(`{${torii.keyPrefix}-q}:log:${build.id}`);
      const client = follow(build.id);
      await eventually(() => expect(client.isEnded).toBe(true));
      expect(client.lines).toEqual(['kept']);
    });

    it('is answered as text to who does not ask for events, so far and whole', async () => {
      const build = await aTalkingBuild();
      build.say('one');
      const text = () => api.get<string>(`/api/v1/builds/${build.id}/log`);
      await eventually(async () => expect((await text()).body).toBe('one\n'));
      build.say('two');
      await build.end();
      const { headers, body } = await text();
      expect(body).toBe('one\ntwo\n');
      expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    });

    it('is said to have ended to a client that heard of a later line than its end', async () => {
      const build = await aTalkingBuild();
      build.say('one');
      await build.end();
      const client = follow(build.id, `${Date.now() + 3_600_000}-0`);
      await eventually(() => expect(client.isEnded).toBe(true));
      expect(client.status).toBe(200);
      expect(client.events.map(({ event, data }) => [event, data.status])).toEqual([['end', 'succeeded']]);
    });

    it('keeps no place for a client that has gone before it was answered, or asks for nothing but the headers', async () => {
      const build = await aTalkingBuild();
      const path = `/api/v1/builds/${build.id}/log`;
      const heads = [1, 2].map(() => api.send('HEAD', path, undefined, { accept: 'text/event-stream' }));
      expect((await Promise.all(heads)).map(({ status }) => status)).toEqual([200, 200]);

      const database = await torii.database.connect();
      try {
        await database.query('BEGIN; LOCK TABLE builds IN ACCESS EXCLUSIVE MODE');
        const gone = [follow(build.id), follow(build.id)];
        const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%log%'";
        // On a connection of its own: within one transaction this view shows the queries of when it was first looked at.
        await eventually(async () => expect((await torii.database.query(waiting)).rowCount).toBeGreaterThanOrEqual(gone.length));
        for (const client of gone) client.close();
      } finally {
        await database.query('COMMIT');
        database.release();
      }
      const client = await eventually(async () => {
        const other = follow(build.id);
        await eventually(() => other.status !== 0);
        expect(other.status).toBe(200);
        return other;
      });
      client.close();
      await build.end();
    });

    it('can be followed by so many at once; who goes makes room', async () => {
      const build = await aTalkingBuild();
      const [first, second] = [follow(build.id), follow(build.id)];
      await eventually(() => expect([first.status, second.status]).toEqual([200, 200]));
      expect(await api.get(`/api/v1/builds/${build.id}/log`, { accept: 'text/event-stream' })).toMatchObject({
        status: 503,
        body: { code: 'capacity.overloaded' },
      });
      first.close();
      const third = await eventually(async () => {
        const client = follow(build.id);
        await eventually(() => client.status !== 0);
        expect(client.status).toBe(200);
        return client;
      });
      build.say('hello');
      await eventually(() => expect([second.lines, third.lines]).toEqual([['hello'], ['hello']]));
      await build.end();
    });

    it('of many lines comes whole to a client that is slow', async () => {
      const build = await aTalkingBuild();
      const lines = Array.from({ length: 5_000 }, (_, index) => `${index} ${'x'.repeat(100)}`);
      build.say(...lines);
      await build.end();
      const client = follow(build.id);
      await eventually(() => expect(client.isEnded).toBe(true));
      expect(client.lines).toEqual(lines);
    });
  });
}
