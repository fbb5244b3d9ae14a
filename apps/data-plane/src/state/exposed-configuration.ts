import type { SnapshotPlugin, SnapshotRoute } from '@torii/contracts';
import type { ExposedState } from '@torii/wasm-runtime';

/** The settings of a node that guests may know; docs/host-functions.md lists them. */
export interface NodeFacts {
  readonly nodeId: string;
  readonly version: string;
  readonly dataThreads: number;
  readonly requestTimeoutMs: number;
  readonly requestBytesMax: number;
  readonly maxConnections: number;
  readonly maxInstances: number;
  readonly egress: {
    readonly connectTimeoutMs: number;
    readonly requestTimeoutMs: number;
    readonly responseMaxBytes: number;
    readonly maxRedirects: number;
    readonly maxConcurrent: number;
  };
}

export interface ExposedSnapshot {
  readonly revision: number;
  readonly plugins: readonly { readonly plugin: SnapshotPlugin }[];
  /** In any order. Asked only when a guest asks. */
  readonly routes: () => Iterable<SnapshotRoute>;
}

/** Otoroshi's entities that have no counterpart here: lists that are always empty, so that a plugin finds one. */
const emptyEntities = [
  'raw_routes',
  'routeCompositions',
  'apikeys',
  'ngbackends',
  'jwtVerifiers',
  'certificates',
  'authModules',
  'services',
  'teams',
  'tenants',
  'serviceGroups',
  'dataExporters',
  'otoroshiAdmins',
  'backofficeSessions',
  'privateAppsSessions',
  'tcpServices',
  'scripts',
  'drafts',
] as const;

const nothing: ExposedSnapshot = { revision: 0, plugins: [], routes: () => [] };

/**
 * What guests see of the active configuration and of their node. Each field that may be seen is named here, so that one
 * that comes later is not seen by accident: no `config`, no secrets, no addresses.
 */
export class ExposedConfiguration {
  private views = new Map<string, WorkspaceView>();
  private snapshot = nothing;
  private readonly nodeConfig: string;

  constructor(private readonly facts: NodeFacts) {
    this.nodeConfig = JSON.stringify(nodeSettings(facts));
  }

  /** Shows this configuration from now on. */
  show(snapshot: ExposedSnapshot): void {
    this.snapshot = snapshot;
    this.views = new Map();
  }

  /** What guests of one workspace see: nothing of the others. */
  of(workspace: string): ExposedState {
    return {
      all: () => this.view(workspace).all(),
      entity: (entity, id) => this.view(workspace).entity(entity, id),
      globalConfig: () => JSON.stringify({ workspace, revision: this.snapshot.revision }),
      nodeConfig: () => this.nodeConfig,
      nodeState: () => {
        const { nodeId, version, dataThreads } = this.facts;
        return JSON.stringify({ mode: 'node', name: nodeId, version, dataThreads, revision: this.snapshot.revision });
      },
    };
  }

  private view(workspace: string): WorkspaceView {
    let view = this.views.get(workspace);
    if (view === undefined) {
      view = new WorkspaceView(this.snapshot, workspace);
      this.views.set(workspace, view);
    }
    return view;
  }
}

/** By name, whatever else the facts may hold. */
function nodeSettings(facts: NodeFacts): NodeFacts {
  const { nodeId, version, dataThreads, requestTimeoutMs, requestBytesMax, maxConnections, maxInstances } = facts;
  const { connectTimeoutMs, requestTimeoutMs: callTimeoutMs, responseMaxBytes, maxRedirects, maxConcurrent } = facts.egress;
  const egress = { connectTimeoutMs, requestTimeoutMs: callTimeoutMs, responseMaxBytes, maxRedirects, maxConcurrent };
  return { nodeId, version, dataThreads, requestTimeoutMs, requestBytesMax, maxConnections, maxInstances, egress };
}

type Entity = { readonly id: string };

/** One workspace of one revision; each text is made once, when it is first asked for. */
class WorkspaceView {
  private readonly lists: ReadonlyMap<string, ReadonlyMap<string, Entity>>;
  private readonly texts = new Map<string, Uint8Array>();

  constructor(snapshot: ExposedSnapshot, workspace: string) {
    const routes = Array.from(snapshot.routes()).filter((route) => route.workspace === workspace);
    routes.sort((a, b) => (a.id < b.id ? -1 : 1));
    const plugins = snapshot.plugins.flatMap(({ plugin }) => (plugin.workspace === workspace ? [exposedPlugin(plugin)] : []));
    this.lists = new Map<string, ReadonlyMap<string, Entity>>([
      ['routes', byId(routes.map(exposedRoute))],
      // Of a plugin in several versions, the newest.
      ['wasmPlugins', byId(plugins.sort((a, b) => a.version - b.version))],
      ...emptyEntities.map((name) => [name, new Map()] as const),
    ]);
  }

  all(): Uint8Array {
    return this.text('', () => Object.fromEntries([...this.lists].map(([name, list]) => [name, [...list.values()]])));
  }

  entity(entity: string, id: string | undefined): string | Uint8Array | undefined {
    const list = this.lists.get(entity);
    if (list === undefined) return undefined;
    if (id === undefined) return this.text(entity, () => [...list.values()]);
    const found = list.get(id);
    return found === undefined ? undefined : JSON.stringify(found);
  }

  private text(name: string, make: () => unknown): Uint8Array {
    let text = this.texts.get(name);
    if (text === undefined) {
      text = Buffer.from(JSON.stringify(make()));
      this.texts.set(name, text);
    }
    return text;
  }
}

function exposedRoute({ id, name, match, stripPath, target }: SnapshotRoute) {
  return {
    id,
    name,
    // Not the conditions: what they compare with may be as good as a password.
    match: match.map(({ hosts, paths, methods }) => ({ hosts, paths, methods })),
    stripPath,
    target: target.kind === 'function' ? { kind: target.kind, plugin: target.plugin, version: target.version } : { kind: target.kind },
  };
}

function exposedPlugin(plugin: SnapshotPlugin) {
  const { id, name, version, kind, functionName, wasi, grants, mapStore, limits } = plugin;
  return { id, name, version, kind, functionName, wasi, grants, mapStore, limits };
}

function byId<Item extends Entity>(items: readonly Item[]): ReadonlyMap<string, Item> {
  return new Map(items.map((item) => [item.id, item]));
}
