import { describe, expect, it } from '@jest/globals';
import { BuildError } from '@torii/contracts';
import { npmFailure } from './npm-failure.js';

const registry = 'https://registry.example/';

function failureOf(error: object): Error {
  return npmFailure(JSON.stringify({ error }), registry);
}

describe('what npm says when it fails', () => {
  it.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE'])('is a fault of ours, to be tried again, when the machine has failed it: %s', (code) => {
    const failure = failureOf({ code, summary: `${code}: write` });

    expect(failure).not.toBeInstanceOf(BuildError);
    expect(failure.message).toContain(`${code}: write`);
  });

  it.each(['E404', 'ETARGET', 'EINTEGRITY', 'ECONNREFUSED', 'ESOMETHING', ''])('is told to the author otherwise: %s', (code) => {
    expect(failureOf({ code })).toMatchObject({ code: 'build.dependencies_failed' });
  });

  it('is shown as it is when it is no JSON', () => {
    expect(npmFailure('npm fell over', registry).message).toContain('npm fell over');
  });
});
