import { expect } from '@jest/globals';
import type { Build } from '@torii/contracts';
import { eventually } from '@torii/test-kit';
import type { ApiClient } from './api-client.js';

/** Makes a function in JavaScript of one file, or gives it another source. */
export async function aFunction(api: ApiClient, name: string, source = 'one'): Promise<void> {
  const files = [{ path: 'index.js', content: `// ${source}\n` }];
  const { status } = await api.send('PUT', `/api/v1/functions/${name}`, { language: 'javascript', files });
  expect([200, 201]).toContain(status);
}

/** A build when it has ended, however. */
export function over(api: ApiClient, { id }: Build): Promise<Build> {
  const attempt = async (): Promise<Build> => {
    const { body } = await api.get<Build>(`/api/v1/builds/${id}`);
    expect(['succeeded', 'failed', 'cancelled']).toContain(body.status);
    return body;
  };
  return eventually(attempt, { timeoutMs: 120_000 });
}
