import { BuildError } from '@torii/contracts';

/** The registry of crates does not answer: nothing that the author could put right. */
export class RegistryUnreachable extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'RegistryUnreachable';
  }
}

const unreachable =
  /Could(n't| not) (resolve|connect)|Timeout was reached|timed out|CONNECT tunnel failed|spurious network error|network failure|attempting to make an HTTP request, but --offline/i;
const detailMaxLength = 2_000;

/** What a failed `cargo fetch` comes to. `hidden` is the folder that its messages need not show. */
export function fetchFailure(output: string, hidden: string): Error {
  const detail = cargoError(output, hidden);
  if (unreachable.test(detail)) return new RegistryUnreachable(detail);
  return new BuildError('build.dependencies_failed', detail, { diagnostics: [{ severity: 'error', message: detail, file: 'Cargo.toml' }] });
}

/** From the first error on, as people read it. */
export function cargoError(output: string, hidden: string): string {
  const begin = output.search(/^error\b/m);
  const shown = begin < 0 ? output : output.slice(begin);
  const text = shown
    .replaceAll(`${hidden}/`, '')
    .replace(/^error(\[\w+\])?: /, '')
    .trim();
  return text.slice(0, detailMaxLength) || 'cargo failed without saying why';
}
