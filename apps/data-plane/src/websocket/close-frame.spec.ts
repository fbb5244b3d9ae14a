import { describe, expect, it } from '@jest/globals';
import { AppError, type ErrorCode } from '@torii/contracts';
import { anyText } from '@torii/test-kit';
import fc from 'fast-check';
import { closeFrame, closeFrameFor } from './close-frame.js';

describe('a closing message', () => {
  it('has as much of the reason as there is room for, in whole characters', () => {
    fc.assert(
      fc.property(anyText(200), (reason) => {
        const cut = closeFrame(1000, reason).reason;
        const bytes = Buffer.byteLength(cut);
        expect(reason.startsWith(cut)).toBe(true);
        expect(bytes).toBeLessThanOrEqual(123);
        if (cut !== reason) expect(bytes).toBeGreaterThan(123 - 4);
      }),
    );
  });

  it.each<[ErrorCode, number]>([
    ['client.body_too_large', 1009],
    ['client.bad_request', 1002],
    ['capacity.shutting_down', 1001],
    ['upstream.deadline_exceeded', 1001],
    ['upstream.reset', 1014],
    ['capacity.pool_exhausted', 1013],
    ['plugin.quarantined', 1013],
    ['plugin.trapped', 1011],
    ['platform.internal', 1011],
  ])('says %s by %i', (code, expected) => {
    expect(closeFrameFor(new AppError(code))).toEqual({ code: expected, reason: code });
  });
});
