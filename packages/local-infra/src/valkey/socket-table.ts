import net from 'node:net';

/** Descriptors from here on are sockets of the host; below are files. Fixed in valkey.wasm. */
const firstDescriptor = 4096;
const readable = 1;
const writable = 2;
const failed = -1;
/** A client that sends faster than the server reads is paused beyond this. */
const unreadMaxBytes = 4 * 1024 * 1024;

interface Connection {
  readonly socket: net.Socket;
  unread: Buffer[];
  unreadBytes: number;
  hasEnded: boolean;
  isCongested: boolean;
}

interface Listener {
  readonly server: net.Server;
  readonly pending: number[];
}

export interface SocketTableOptions {
  readonly memory: () => ArrayBufferLike;
  /** Something happened that the guest should look at. */
  readonly onActivity: () => void;
}

/** The sockets of valkey.wasm: its `host` imports over node:net, on 127.0.0.1 only. */
export class SocketTable {
  readonly imports = {
    socket: (): number => this.takeDescriptor(),
    listen: (descriptor: number, port: number): number => this.listen(descriptor, port),
    accept: (listener: number): number => this.accept(listener),
    read: (descriptor: number, pointer: number, size: number): number => this.read(descriptor, pointer, size),
    write: (descriptor: number, pointer: number, size: number): number => this.write(descriptor, pointer, size),
    close: (descriptor: number): void => this.close(descriptor),
    poll: (interest: number, count: number, fired: number, max: number): number => this.poll(interest, count, fired, max),
  };

  /** Counts what the guest did with sockets, so that its caller can tell when it has nothing left to do. */
  progress = 0;
  private readonly connections = new Map<number, Connection>();
  private readonly listeners = new Map<number, Listener>();
  /** Lowest first, as POSIX has it: the guest indexes tables of fixed size by descriptor. */
  private readonly free: number[] = [];
  private next = firstDescriptor;
  private listening: Promise<void> | undefined;

  constructor(private readonly options: SocketTableOptions) {}

  /** Resolves once the port is open; rejects when it cannot be opened, or when the guest never asked for one. */
  async whenListening(): Promise<void> {
    if (this.listening === undefined) throw new Error('the server did not open its port');
    await this.listening;
  }

  private listen(descriptor: number, port: number): number {
    const pending: number[] = [];
    const server = net.createServer({ noDelay: true }, (socket) => {
      pending.push(this.addConnection(socket));
      this.options.onActivity();
    });
    this.listening = new Promise((resolve, reject) => {
      server.once('listening', resolve);
      server.once('error', reject);
    });
    server.listen(port, '127.0.0.1');
    this.listeners.set(descriptor, { server, pending });
    return 0;
  }

  private addConnection(socket: net.Socket): number {
    const connection: Connection = { socket, unread: [], unreadBytes: 0, hasEnded: false, isCongested: false };
    const onEnd = (): void => {
      connection.hasEnded = true;
      this.options.onActivity();
    };
    socket.on('data', (bytes: Buffer) => {
      connection.unread.push(bytes);
      connection.unreadBytes += bytes.length;
      if (connection.unreadBytes > unreadMaxBytes) socket.pause();
      this.options.onActivity();
    });
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    socket.on('error', onEnd);
    socket.on('drain', () => {
      connection.isCongested = false;
      this.options.onActivity();
    });
    const descriptor = this.takeDescriptor();
    this.connections.set(descriptor, connection);
    return descriptor;
  }

  private accept(listener: number): number {
    const descriptor = this.listeners.get(listener)?.pending.shift();
    if (descriptor === undefined) return failed;
    this.progress++;
    return descriptor;
  }

  /** Zero means the end of the stream, -1 that nothing is there yet. */
  private read(descriptor: number, pointer: number, size: number): number {
    const connection = this.connections.get(descriptor);
    if (connection === undefined) return failed;
    if (connection.unread.length === 0) return connection.hasEnded ? 0 : failed;
    const target = new Uint8Array(this.options.memory(), pointer, size);
    let total = 0;
    for (let head = connection.unread[0]; head !== undefined && total < size; head = connection.unread[0]) {
      const part = head.subarray(0, size - total);
      target.set(part, total);
      total += part.length;
      if (part.length === head.length) connection.unread.shift();
      else connection.unread[0] = head.subarray(part.length);
    }
    connection.unreadBytes -= total;
    if (connection.unreadBytes <= unreadMaxBytes && connection.socket.isPaused()) connection.socket.resume();
    this.progress++;
    return total;
  }

  private write(descriptor: number, pointer: number, size: number): number {
    const connection = this.connections.get(descriptor);
    if (connection === undefined || connection.socket.destroyed) return failed;
    // Copied: the guest may reuse its memory before the socket has sent it.
    const bytes = Buffer.from(new Uint8Array(this.options.memory(), pointer, size));
    if (!connection.socket.write(bytes)) connection.isCongested = true;
    this.progress++;
    return size;
  }

  private close(descriptor: number): void {
    const connection = this.connections.get(descriptor);
    const listener = this.listeners.get(descriptor);
    if (connection === undefined && listener === undefined) return;
    connection?.socket.destroySoon();
    listener?.server.close();
    this.connections.delete(descriptor);
    this.listeners.delete(descriptor);
    this.giveBackDescriptor(descriptor);
    this.progress++;
  }

  /** Arrays of (descriptor, mask) pairs of two 32-bit integers each. */
  private poll(interest: number, count: number, fired: number, max: number): number {
    const view = new DataView(this.options.memory());
    let found = 0;
    for (let index = 0; index < count && found < max; index++) {
      const descriptor = view.getInt32(interest + index * 8, true);
      const ready = this.readiness(descriptor) & view.getInt32(interest + index * 8 + 4, true);
      if (ready === 0) continue;
      view.setInt32(fired + found * 8, descriptor, true);
      view.setInt32(fired + found * 8 + 4, ready, true);
      found++;
    }
    return found;
  }

  private readiness(descriptor: number): number {
    const listener = this.listeners.get(descriptor);
    if (listener !== undefined) return listener.pending.length > 0 ? readable : 0;
    const connection = this.connections.get(descriptor);
    if (connection === undefined) return 0;
    return (connection.unread.length > 0 || connection.hasEnded ? readable : 0) | (connection.isCongested ? 0 : writable);
  }

  private takeDescriptor(): number {
    return this.free.shift() ?? this.next++;
  }

  private giveBackDescriptor(descriptor: number): void {
    const at = this.free.findIndex((other) => other > descriptor);
    this.free.splice(at === -1 ? this.free.length : at, 0, descriptor);
  }
}
