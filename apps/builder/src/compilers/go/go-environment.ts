import type { GoToolchain } from './find-go.js';

export interface GoFolders {
  /** Modules that were fetched, shared by all builds; GOPATH. */
  readonly modules: string;
  /** What was compiled; of one build alone. */
  readonly cache: string;
  /** For go's own temporary files, and as the home. */
  readonly temporary: string;
}

/** The whole environment of go: no setting of the machine or of the sources counts. Nothing is fetched. */
export function goEnvironment(toolchain: GoToolchain, { modules, cache, temporary }: GoFolders): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    HOME: temporary,
    TMPDIR: temporary,
    GOROOT: toolchain.goRoot,
    GOPATH: modules,
    GOMODCACHE: `${modules}/pkg/mod`,
    GOCACHE: cache,
    GOTMPDIR: temporary,
    GOOS: 'wasip1',
    GOARCH: 'wasm',
    CGO_ENABLED: '0',
    GO111MODULE: 'on',
    GOENV: 'off',
    GOWORK: 'off',
    GOFLAGS: '',
    GOTOOLCHAIN: 'local',
    GOTELEMETRY: 'off',
    GOVCS: '*:off',
    GOPROXY: 'off',
    GOSUMDB: 'off',
  };
}

/** In all builds alike, so that what the seed of the cache holds counts for each. */
export const goBuildFlags = ['-trimpath', '-buildvcs=false', '-buildmode=c-shared', '-ldflags=-s -w -buildid='];
