import { describe, it } from '@jest/globals';
import { useGateway } from './cases.js';
import { compareAccepted, compareWithReference } from './fuzz-runs.js';

describe('of streams of bytes that are made at random', () => {
  const gateway = useGateway();

  it('nothing reaches the upstream but requests that a strict parser reads in them', () => compareWithReference(gateway, 400), 400_000);

  it('every request reaches the upstream when nothing is wrong', () => compareAccepted(gateway, 100), 400_000);
});
