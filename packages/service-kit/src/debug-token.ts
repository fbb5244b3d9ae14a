import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Secret } from './secret.js';

/** Longer texts are no tokens, and are not looked at. */
const tokenMaxChars = 512;
const keyBytes = 32;
/** What the key is for: no other use of the secret gives the same. */
const purpose = 'torii debug tokens 1';

const Claims = z.strictObject({
  /** Seconds since 1970 at which it is no longer taken. */
  exp: z.int(),
  /** Id of the only route that it is for. */
  route: z.string().optional(),
  /** The epoch that it was given out in; left out before the first time that tokens were revoked. */
  epoch: z.string().optional(),
});
export type DebugClaims = z.infer<typeof Claims>;

/** The key of debug tokens, which all who know the node token derive alike (RFC 5869). */
export function debugTokenKey(nodeToken: Secret): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', nodeToken.reveal(), '', purpose, keyBytes));
}

/** `claims.mac`, both base64url; the mac is an HMAC-SHA256 over the first part as it stands. */
export function signDebugToken(key: Uint8Array, claims: DebugClaims): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${payload}.${macOf(key, payload).toString('base64url')}`;
}

export interface TokenEra {
  readonly nowMs: number;
  /** The epoch that is now: all tokens of others are revoked. */
  readonly epoch: string | undefined;
}

/** What the token says; `invalid` when it was not signed with that key, `expired` when its time is over, `revoked` with those of its epoch. */
export function openDebugToken(key: Uint8Array, token: string, { nowMs, epoch }: TokenEra): DebugClaims | 'invalid' | 'expired' | 'revoked' {
  const dot = token.indexOf('.');
  if (dot === -1 || token.length > tokenMaxChars) return 'invalid';
  const payload = token.slice(0, dot);
  const [given, wanted] = [Buffer.from(token.slice(dot + 1), 'base64url'), macOf(key, payload)];
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return 'invalid';
  const claims = Claims.safeParse(parsed(payload));
  if (!claims.success) return 'invalid';
  if (nowMs >= claims.data.exp * 1000) return 'expired';
  return claims.data.epoch === epoch ? claims.data : 'revoked';
}

function macOf(key: Uint8Array, payload: string): Buffer {
  return createHmac('sha256', key).update(payload).digest();
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString());
  } catch {
    return undefined;
  }
}
