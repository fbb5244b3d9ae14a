import { expect } from '@jest/globals';
import type { Artifact, Plugin, Problem, Route } from '@torii/contracts';
import { compileWat } from '@torii/test-kit';

export interface Sent<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** A module that answers nothing and imports what its argument says. */
export function aModule(imports = '', name = 'handle'): Promise<Uint8Array> {
  return compileWat(`(module ${imports} (memory (export "memory") 1) (func (export "${name}") (result i32) (i32.const 0)))`);
}

export const importMapGet = '(import "env" "proxy_plugin_map_get" (func (param i64 i64) (result i64)))';

/** Speaks to the admin API by fetch. */
export class ApiClient {
  constructor(
    readonly url: string,
    private readonly key: string | undefined,
  ) {}

  withKey(key: string | undefined): ApiClient {
    return new ApiClient(this.url, key);
  }

  /** For requests that are not sent by this client. */
  get headers(): Record<string, string> {
    return this.key === undefined ? {} : { authorization: `Bearer ${this.key}` };
  }

  async send<Body = Problem>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Sent<Body>> {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
    const type = body === undefined || 'content-type' in headers ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...this.headers, ...type, ...headers },
      ...(body === undefined ? {} : { body: isRaw ? (body as RequestInit['body']) : JSON.stringify(body), duplex: 'half' as const }),
      signal: AbortSignal.timeout(120_000),
    } as RequestInit);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body };
  }

  get<Body = Problem>(path: string, headers?: Record<string, string>): Promise<Sent<Body>> {
    return this.send('GET', path, undefined, headers);
  }

  async upload(bytes: Uint8Array): Promise<Artifact> {
    const { status, body } = await this.send<Artifact>('POST', '/api/v1/artifacts', bytes, { 'content-type': 'application/wasm' });
    expect([200, 201]).toContain(status);
    return body;
  }

  /** A plugin with a module that imports nothing. */
  async aPlugin(name: string, changes: object = {}): Promise<Plugin> {
    const { sha256 } = await this.upload(await aModule());
    return this.made<Plugin>(`/api/v1/plugins/${name}`, { source: { kind: 'artifact', sha256 }, functionName: 'handle', ...changes });
  }

  async aRoute(name: string, plugin: string, changes: object = {}): Promise<Route> {
    return this.made<Route>(`/api/v1/routes/${name}`, { match: [{ hosts: [`${name}.example`] }], target: { kind: 'function', plugin }, ...changes });
  }

  private async made<Body>(path: string, body: object): Promise<Body> {
    const answer = await this.send<Body>('PUT', path, body);
    expect(answer).toMatchObject({ status: 201 });
    return answer.body;
  }
}
