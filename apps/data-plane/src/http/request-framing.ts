import type { IncomingMessage } from 'node:http';

/** Of RTSP and ICE, which node's parser reads as well and shows as HTTP/1.0. */
const foreignMethods: ReadonlySet<string> = new Set([
  'ANNOUNCE',
  'DESCRIBE',
  'FLUSH',
  'GET_PARAMETER',
  'PAUSE',
  'PLAY',
  'RECORD',
  'REDIRECT',
  'SETUP',
  'SET_PARAMETER',
  'SOURCE',
  'TEARDOWN',
]);

/**
 * What leaves it open where the body of a request ends, undefined where nothing does: the next server might see the end elsewhere, and a
 * request in what is left. node's parser has refused most of that already (RFC 9112 section 6.3): several lengths, a length beside a
 * coding, bad chunks. Also other protocols. Nothing behind such a request on its connection is to be taken for a request.
 */
export function framingFaultOf(req: IncomingMessage): string | undefined {
  const { httpVersion, method = '' } = req;
  if ((httpVersion !== '1.1' && httpVersion !== '1.0') || foreignMethods.has(method)) return 'only HTTP/1.1 and HTTP/1.0 are spoken here';
  const coding = req.headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  if (httpVersion === '1.0') return 'Transfer-Encoding is no part of HTTP/1.0';
  return coding.toLowerCase() === 'chunked' ? undefined : 'the only Transfer-Encoding taken here is chunked';
}
