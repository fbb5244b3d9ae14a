import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';

export interface ModuleProxy {
  readonly url: string;
  /** How many came so far. */
  requests(): number;
  close(): Promise<void>;
}

/** A module proxy with one version of one module, as https://go.dev/ref/mod#goproxy-protocol says; 404 for all others. */
export async function startModuleProxy(served: {
  readonly module: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}): Promise<ModuleProxy> {
  const { module, version, files } = served;
  const mod = `module ${module}\n\ngo 1.24\n`;
  const entries = Object.entries({ 'go.mod': mod, ...files }).map(([name, text]) => [`${module}@${version}/${name}`, Buffer.from(text)] as const);
  const answers = new Map<string, string | Buffer>([
    [`/${module}/@v/list`, `${version}\n`],
    [`/${module}/@v/${version}.info`, JSON.stringify({ Version: version })],
    [`/${module}/@v/${version}.mod`, mod],
    [`/${module}/@v/${version}.zip`, storedZip(entries)],
  ]);
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    const answer = answers.get(request.url ?? '');
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => count,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A ZIP archive of files that are not compressed, APPNOTE.TXT 4.3. */
function storedZip(entries: readonly (readonly [string, Buffer])[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of entries) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const head = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name)]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, Buffer.from(name));
    local.push(head, bytes);
    offset += head.length + bytes.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, directory, Buffer.from('PK\x05\x06', 'latin1'), end]);
}
