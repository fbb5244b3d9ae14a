import { lstat, readlink } from 'node:fs/promises';
import path from 'node:path';

/** One thing in the file system inside, in the order in which it is put there. */
export type Mount =
  | { readonly kind: 'readOnly' | 'readWrite' | 'device' | 'folder' | 'processes'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'temporary'; readonly path: string; readonly maxBytes: number };

/** Of each sandbox alone, in memory, and gone with it. */
export const ownTemporaryFolder = '/tmp';
const temporaryMaxBytes = 512 * 1024 * 1024;
const sharedMemoryMaxBytes = 64 * 1024 * 1024;

const libraries = ['lib', 'lib32', 'lib64', 'libx32'];
const sharedFolders = ['bin', 'sbin', ...libraries, 'libexec', 'share', 'include'];
/**
 * Programs and libraries, nothing of which is secret on any system that we know. Not the whole of /usr: applications are
 * kept in /usr/src by some, and their settings in /usr/local/etc.
 */
const systemFolders = [
  ...['bin', 'sbin', ...libraries].map((name) => `/${name}`),
  ...sharedFolders.flatMap((name) => [`/usr/${name}`, `/usr/local/${name}`]),
  '/nix/store',
  '/gnu/store',
];
/** Of /etc only how libraries and certificates are found, and which of several programs a name stands for. */
const systemFiles = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/ssl/certs',
  '/etc/ssl/cert.pem',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust',
  '/etc/ca-certificates',
];
const devices = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom'];

/** Everything there is inside: the system read-only, an own /tmp, /proc and /dev, and the paths of the run. */
export async function planMounts(run: { readonly readOnly: readonly string[]; readonly readWrite: readonly string[] }): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const folder of [...systemFolders, ...systemFiles]) mounts.push(...(await systemMount(folder)));
  mounts.push({ kind: 'temporary', path: ownTemporaryFolder, maxBytes: temporaryMaxBytes });
  mounts.push({ kind: 'temporary', path: '/dev/shm', maxBytes: sharedMemoryMaxBytes });
  mounts.push({ kind: 'processes', path: '/proc' });
  for (const device of devices) mounts.push({ kind: 'device', path: device });
  mounts.push({ kind: 'link', path: '/dev/fd', to: '/proc/self/fd' });

  const own: Mount[] = [
    ...run.readOnly.map((entry) => ({ kind: 'readOnly', path: path.resolve(entry) }) as const),
    ...run.readWrite.map((entry) => ({ kind: 'readWrite', path: path.resolve(entry) }) as const),
  ];
  // Outer folders first: a later mount would hide what lies below it.
  own.sort((a, b) => a.path.length - b.path.length);
  return withParents([...mounts, ...own.filter(({ kind, path: place }) => kind !== 'readOnly' || !isInSystem(place))]);
}

/** The folders above each mount, which everybody inside may pass through. Those of the system are there. */
function withParents(mounts: readonly Mount[]): Mount[] {
  const made = new Set<string>(['/']);
  const all: Mount[] = [];
  for (const mount of mounts) {
    for (const folder of parentsOf(mount.path)) {
      if (made.has(folder) || isInSystem(folder)) continue;
      made.add(folder);
      all.push({ kind: 'folder', path: folder });
    }
    made.add(mount.path);
    all.push(mount);
  }
  return all;
}

/** The outermost first. */
function parentsOf(place: string): string[] {
  const parent = path.dirname(place);
  return parent === place ? [] : [...parentsOf(parent), parent];
}

/** Whether the system's own folders, which everything inside can read, show a path already. */
export function isInSystem(place: string): boolean {
  return systemFolders.some((folder) => place === folder || place.startsWith(`${folder}/`));
}

async function systemMount(place: string): Promise<Mount[]> {
  const found = await lstat(place).catch(() => undefined);
  // /bin is a link to usr/bin on most systems.
  if (found?.isSymbolicLink()) return [{ kind: 'link', path: place, to: await readlink(place) }];
  return found === undefined ? [] : [{ kind: 'readOnly', path: place }];
}
