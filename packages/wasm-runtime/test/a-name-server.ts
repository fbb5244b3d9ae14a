import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import ipaddr from 'ipaddr.js';

export interface DnsRecord {
  readonly type: 'A' | 'AAAA' | 'CNAME';
  /** An address, or for CNAME a name. */
  readonly value: string;
  /** The name asked for unless given. */
  readonly name?: string;
  readonly ttlSeconds?: number;
}

/** Records, none for a name that does not exist, or nothing at all. */
export type DnsAnswer = readonly DnsRecord[] | 'silence';

export interface NameServer {
  /** As `EgressOptions.dnsServers` takes it. */
  readonly address: string;
  /** Names asked for, once for each A query. */
  readonly seen: string[];
  close(): Promise<void>;
}

const types = { A: 1, CNAME: 5, AAAA: 28 } as const;
const headerBytes = 12;
const nameError = 3;

/** A real name server on a free port of 127.0.0.1 (RFC 1035, over UDP). `answer` is asked once for each A and AAAA query. */
export async function startNameServer(answer: (name: string, type: 'A' | 'AAAA') => DnsAnswer): Promise<NameServer> {
  const seen: string[] = [];
  const socket: Socket = createSocket('udp4');
  socket.on('message', (query, sender) => {
    const { name, type, questionBytes } = readQuestion(query);
    if (type !== types.A && type !== types.AAAA) return;
    if (type === types.A) seen.push(name);
    const records = answer(name, type === types.A ? 'A' : 'AAAA');
    if (records === 'silence') return;
    socket.send(response(query, questionBytes, name, records), sender.port, sender.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    seen,
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function readQuestion(query: Buffer): { name: string; type: number; questionBytes: Buffer } {
  const labels: string[] = [];
  let offset = headerBytes;
  for (let length = query.readUInt8(offset); length > 0; length = query.readUInt8(offset)) {
    labels.push(query.toString('latin1', offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(offset + 1), questionBytes: query.subarray(headerBytes, offset + 5) };
}

function response(query: Buffer, questionBytes: Buffer, asked: string, records: readonly DnsRecord[]): Buffer {
  const header = Buffer.alloc(headerBytes);
  query.copy(header, 0, 0, 2);
  // An answer to a query that asked for recursion, from a server that offers it.
  header.writeUInt16BE(0x8180 | (records.length === 0 ? nameError : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, questionBytes, ...records.map((record) => recordBytes(asked, record))]);
}

function recordBytes(asked: string, { name = asked, type, value, ttlSeconds = 0 }: DnsRecord): Buffer {
  const content = type === 'CNAME' ? nameBytes(value) : Buffer.from(ipaddr.parse(value).toByteArray());
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(types[type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttlSeconds, 4);
  fixed.writeUInt16BE(content.length, 8);
  return Buffer.concat([nameBytes(name), fixed, content]);
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')]));
  return Buffer.concat([...labels, Buffer.of(0)]);
}
