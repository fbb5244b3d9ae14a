import { readdir, readFile } from 'node:fs/promises';

const folder = new URL('../../plugins/', import.meta.url);

/** The function that each kind has in `plugins`, in every language: the one that Otoroshi calls. */
export const kindFunctions = {
  route_matcher: 'matches_route',
  pre_route: 'pre_route',
  access_validator: 'access',
  request_transformer: 'transform_request',
  backend: 'call_backend',
  response_transformer: 'transform_response',
  websocket_transformer: 'on_request_message',
  router: 'find_route',
  sink: 'sink_handle',
} as const;

export type KindWithPlugin = keyof typeof kindFunctions;

/** What plugins of any kind do wrong: functions of the module in Rust. */
export type WrongFunction = 'fails' | 'panics' | 'babbles' | 'says_nothing';

/** The module with a plugin of each kind that `plugins/rust/build.sh` makes. */
export function kindsModule(): Promise<Uint8Array> {
  return readFile(new URL('rust/plugin-kinds.wasm', folder));
}

/** The source of the same plugins in another language, as a function has it. */
export async function kindsSource(language: 'go' | 'javascript'): Promise<{ readonly path: string; readonly content: string }[]> {
  const names = await readdir(new URL(`${language}/`, folder));
  return Promise.all(names.map(async (path) => ({ path, content: await readFile(new URL(`${language}/${path}`, folder), 'utf8') })));
}
