import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** A file in a tarball, or a link to somewhere. */
export interface TarEntry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly linkTo?: string;
}

export interface TestPackage {
  readonly name: string;
  readonly version: string;
  /** Beside the name and the version. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly entries: readonly TarEntry[];
  /** Where the registry says that the tarball is, when not with itself. */
  readonly tarballUrl?: string;
}

export interface TestRegistry {
  readonly url: string;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** A registry of npm on 127.0.0.1 that has these packages and no other. */
export async function startRegistry(packages: readonly TestPackage[]): Promise<TestRegistry> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/');
    requests.push(path);
    const ofTarball = packages.find((one) => path === tarballPath(one));
    if (ofTarball !== undefined) {
      response.end(tarball(ofTarball));
      return;
    }
    const versions = packages.filter(({ name }) => path === `/${name}`);
    if (versions.length === 0) answer(response, 404, { error: 'not found' });
    else answer(response, 200, packument(versions, url()));
  });
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: url(),
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function packument(versions: readonly TestPackage[], registry: string): unknown {
  const described = versions.map((one) => {
    const bytes = tarball(one);
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    const dist = { tarball: one.tarballUrl ?? `${registry.slice(0, -1)}${tarballPath(one)}`, integrity };
    return [one.version, { ...manifestOf(one), dist }];
  });
  const [{ name, version } = { name: '', version: '' }] = versions.slice(-1);
  return { name, 'dist-tags': { latest: version }, versions: Object.fromEntries(described) };
}

function manifestOf({ name, version, manifest }: TestPackage): object {
  return { name, version, ...manifest };
}

function tarballPath({ name, version }: TestPackage): string {
  return `/${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
}

function tarball(one: TestPackage): Buffer {
  const entries = [{ name: 'package/package.json', content: JSON.stringify(manifestOf(one)) }, ...one.entries];
  return gzipSync(Buffer.concat([...entries.map(tarEntry), Buffer.alloc(1_024)]));
}

/** The ustar format of POSIX: a header of 512 bytes, and the content in blocks of as many. */
function tarEntry({ name, content = '', linkTo }: TarEntry): Buffer {
  const body = Buffer.from(content);
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(body.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write(linkTo === undefined ? '0' : '2', 156);
  header.write(linkTo ?? '', 157);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(octal(sum, 7), 148);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}
