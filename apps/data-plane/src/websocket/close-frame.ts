import { type AppError, ownerOf } from '@torii/contracts';

/** What a closing message says (RFC 6455 section 5.5.1). */
export interface CloseFrame {
  /** 1005 when it gives none. */
  readonly code: number;
  readonly reason: string;
}

/** RFC 6455 section 7.4.1, and the registry of close codes that it began. */
export const closeCode = {
  goingAway: 1001,
  protocolError: 1002,
  noneGiven: 1005,
  invalidText: 1007,
  policyViolation: 1008,
  tooLarge: 1009,
  internalError: 1011,
  tryAgainLater: 1013,
  badGateway: 1014,
} as const;

/** A closing message has 125 bytes, of which the code takes two. */
const reasonMaxBytes = 123;

/** A closing message with as much of the reason as there is room for. */
export function closeFrame(code: number, reason: string): CloseFrame {
  return { code, reason: cut(reason) };
}

/** What a client is told when its connection ends because of this. */
export function closeFrameFor(error: AppError): CloseFrame {
  return closeFrame(codeFor(error), error.code);
}

function codeFor({ code }: AppError): number {
  switch (code) {
    case 'client.body_too_large':
      return closeCode.tooLarge;
    case 'client.bad_request':
      return closeCode.protocolError;
    case 'capacity.shutting_down':
    case 'upstream.deadline_exceeded':
      return closeCode.goingAway;
    case 'plugin.quarantined':
      return closeCode.tryAgainLater;
  }
  switch (ownerOf(code)) {
    case 'capacity':
      return closeCode.tryAgainLater;
    case 'upstream':
      return closeCode.badGateway;
    default:
      return closeCode.internalError;
  }
}

function cut(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= reasonMaxBytes) return bytes.toString();
  let end = reasonMaxBytes;
  // Not in the middle of a character: its bytes but the first begin with 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
