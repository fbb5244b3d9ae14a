import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Field, valuesOf } from './fields.js';
import { Gateway, type GatewayOptions, probe } from './gateway.js';

/**
 * - `closed`: answered with this status, after which the connection ends: what follows is not looked at
 * - `refused`: answered with this status, after which the connection goes on with what follows
 * - `passed`: answered by the upstream, and so is what follows
 */
export type Outcome = readonly ['closed', number] | readonly ['refused', number] | readonly ['passed', PassedRequest];

/** What the upstream gets of it. */
export interface PassedRequest {
  readonly target?: string;
  readonly body?: string;
  /** By name in lower case; none of a name is an empty list. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  /** All of them, names as they were spelled. */
  readonly trailers?: readonly Field[];
}

export type Case = readonly [name: string, bytes: string, outcome: Outcome];

export const closed: Outcome = ['closed', 400];
export const refused: Outcome = ['refused', 400];

/** `passed({ body: 'hi' })`: what is not named is not looked at. */
export function passed(request: PassedRequest = {}): Outcome {
  return ['passed', request];
}

/** Starts a gateway before the tests of a suite and stops it after them. Nothing may then have reached the upstream but requests, and no thread have failed. */
export function useGateway(options: GatewayOptions = {}): Gateway {
  const gateway = new Gateway();
  beforeAll(() => gateway.start(options));
  afterAll(async () => {
    await gateway.stop();
    expect(gateway.upstream.faults).toEqual([]);
    expect(gateway.failures()).toEqual([]);
  });
  return gateway;
}

/** One test for each case: its bytes and a further request go out at once, on a connection of their own. */
export function testCases(gateway: Gateway, cases: readonly Case[]): void {
  it.each(cases.map(([name, bytes, outcome]) => [`${name}: ${wordsOf(outcome)}`, bytes, outcome] as const))('%s', async (_name, bytes, outcome) => {
    const { statuses, reached } = await gateway.exchange(`${bytes}${probe}`);
    const targets = reached.map(({ target }) => target);
    const final = statuses.filter((status) => status >= 200);
    switch (outcome[0]) {
      case 'closed':
        expect({ statuses, targets }).toEqual({ statuses: [outcome[1]], targets: [] });
        break;
      case 'refused':
        expect({ statuses, targets }).toEqual({ statuses: [outcome[1], 200], targets: ['/probe'] });
        break;
      case 'passed': {
        const [, { target, body, fields = {}, trailers }] = outcome;
        expect({ final, probes: targets.filter((one) => one === '/probe').length, count: targets.length }).toEqual({
          final: [200, 200],
          probes: 1,
          count: 2,
        });
        const first = reached.find((request) => request.target !== '/probe');
        if (target !== undefined) expect(first?.target).toBe(target);
        if (body !== undefined) expect(first?.body).toBe(body);
        if (trailers !== undefined) expect(first?.trailers).toEqual(trailers);
        for (const [name, values] of Object.entries(fields)) expect([name, valuesOf(first?.fields ?? [], name)]).toEqual([name, values]);
      }
    }
  });
}

function wordsOf([kind, what]: Outcome): string {
  switch (kind) {
    case 'closed':
      return `${what}, and the end of the connection`;
    case 'refused':
      return `${what}`;
    case 'passed':
      return 'passed on';
  }
}
