import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { canonicalJson, sha256 } from '@torii/config-sync';
import type { CachedBuild, SourceTree } from '@torii/contracts';

export const nodeToken = 'a-node-token-for-tests';

/** What a builder needs of a control plane, over a real socket, without a database. */
export class AControlPlane {
  readonly artifacts = new Map<string, Uint8Array>();
  readonly cache = new Map<string, CachedBuild>();
  /** Method and path of every request that had the token. */
  readonly requests: string[] = [];
  /** When set, every request is answered with it. */
  failWith: number | undefined;
  /** When set, modules are not stored, and this is answered. */
  refusesUploadsWith: number | undefined;
  /** What is held for uploads is held for every request. */
  holdsEverything = false;
  private uploadsHeld: PromiseWithResolvers<void> | undefined;
  private readonly trees = new Map<string, SourceTree>();
  private server: Server | undefined;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** On the same port each time. */
  async start(): Promise<void> {
    const server = createServer((req, res) => void this.answer(req, res));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.port = address.port;
  }

  async stop(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  /** Modules that are sent wait for an answer until they are released. */
  holdUploads(): void {
    this.uploadsHeld = Promise.withResolvers();
  }

  releaseUploads(): void {
    this.uploadsHeld?.resolve();
  }

  /** Answers the hash of these sources. */
  addSources(files: Readonly<Record<string, string>>): string {
    const tree: SourceTree = { files: Object.entries(files).map(([path, content]) => ({ path, content, encoding: 'utf8' })) };
    const digest = sha256(canonicalJson(tree));
    this.trees.set(digest, tree);
    return digest;
  }

  /** Answers these sources for another hash. */
  mislabel(digest: string, other: string): void {
    const tree = this.trees.get(digest);
    if (tree !== undefined) this.trees.set(other, tree);
  }

  private async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.headers.authorization !== `Bearer ${nodeToken}`) return end(res, 401);
    this.requests.push(`${req.method} ${req.url}`);
    if (this.failWith !== undefined) return end(res, this.failWith);
    if (this.holdsEverything) await this.uploadsHeld?.promise;
    const [, , kind = '', key = ''] = (req.url ?? '').split('/');
    if (req.method === 'PUT' && kind === 'artifacts') {
      const chunks: Uint8Array[] = [];
      for await (const chunk of req as AsyncIterable<Uint8Array>) chunks.push(chunk);
      await this.uploadsHeld?.promise;
      const bytes = Buffer.concat(chunks);
      if (this.refusesUploadsWith !== undefined) return end(res, this.refusesUploadsWith);
      if (sha256(bytes) !== key) return end(res, 422);
      this.artifacts.set(key, bytes);
      return end(res, 201, '{}');
    }
    const found = { sources: this.trees, 'build-cache': this.cache, artifacts: this.artifacts }[kind]?.get(key);
    if (found === undefined) return end(res, 404);
    return end(res, 200, found instanceof Uint8Array ? found : JSON.stringify(found));
  }
}

function end(res: ServerResponse, status: number, body: string | Uint8Array = ''): void {
  res.writeHead(status).end(body);
}
