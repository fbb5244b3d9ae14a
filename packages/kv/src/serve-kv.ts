import type { MessagePort } from 'node:worker_threads';
import { AppError } from '@torii/contracts';
import type { KvReply, KvRequest } from './kv-messages.js';
import type { KvStore } from './kv-store.js';

/**
 * Answers the requests of a `KvPort` at the other end of `port`, from the stores `storeFor` hands out, in the order in
 * which they come. `storeFor` may throw an `AppError`, which goes to whoever asked. The caller closes the port.
 */
export function serveKv(port: MessagePort, storeFor: (pluginId: string) => KvStore): void {
  port.on('message', (request: KvRequest) => {
    carryOut(request, storeFor).then(
      (reply) => post(port, reply),
      (error: unknown) => {
        const { code, detail } = AppError.from(error);
        post(port, { id: request.id, error: { code, detail } });
      },
    );
  });
}

// Calls the store before its first await, so that operations start in the order of their requests.
async function carryOut(request: KvRequest, storeFor: (pluginId: string) => KvStore): Promise<KvReply> {
  const { id, key } = request;
  const store = storeFor(request.pluginId);
  switch (request.op) {
    case 'get': {
      const value = await store.get(key);
      return value === undefined ? { id } : { id, value };
    }
    case 'set': {
      const refusal = await store.set(key, request.value);
      return refusal === undefined ? { id } : { id, refusal };
    }
    case 'del':
      return { id, isDeleted: await store.del(key) };
  }
}

function post(port: MessagePort, reply: KvReply): void {
  const value = 'value' in reply ? reply.value : undefined;
  port.postMessage(reply, value === undefined ? [] : [value.buffer as ArrayBuffer]);
}
