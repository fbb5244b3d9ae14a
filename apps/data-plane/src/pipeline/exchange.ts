import { AppError } from '@torii/contracts';
import { RequestAttributes } from '@torii/wasm-runtime';
import type { ClientBody } from '../upstream/client-body.js';
import type { GatewayRequest, OutgoingRequest } from './gateway-request.js';
import { RequestTexts } from './request-texts.js';

/** The body of a request, not read before somebody needs it. */
export interface BodySource {
  /**
   * All of it, read once. Throws `client.body_too_large` when it is more than `maxBytes`, `client.request_timeout`,
   * `client.gone`, `capacity.overloaded`.
   */
  read(maxBytes: number): Promise<Uint8Array>;
  /** The body as it comes, for a target that takes it so. */
  stream(): ClientBody;
  /** Whether there is room for so many more bytes of bodies in memory; if so they count until the request is over. */
  hold(bytes: number): boolean;
}

const noBody = new Uint8Array(0);

/** One request on its way through the steps of its route: what came in, what goes to the target, and what plugins tell each other. */
export class Exchange {
  /** Replaced, never changed, so that a slot that fails leaves no trace. */
  outgoing: OutgoingRequest;
  readonly texts: RequestTexts;
  private isBodyChanged = false;

  constructor(
    readonly request: GatewayRequest,
    private readonly source: BodySource,
    public attributes = new RequestAttributes(),
  ) {
    const { method, target, targetPath, rawHeaders, cookieHeader, hasBody } = request;
    this.outgoing = { method, path: targetPath, search: target.search, rawHeaders, cookieHeader, body: hasBody ? undefined : noBody };
    this.texts = new RequestTexts(request);
  }

  /**
   * The body as it goes to the target, at once where it is known already. Throws as `BodySource` does, or
   * `plugin.limit_exceeded` when a transformer made it too large.
   */
  readBody(maxBytes: number): Uint8Array | Promise<Uint8Array> {
    const { body } = this.outgoing;
    if (body === undefined) return this.readFromClient(maxBytes);
    if (body.length <= maxBytes) return body;
    if (!this.isBodyChanged) throw new AppError('client.body_too_large', { detail: `at most ${maxBytes} bytes are accepted here` });
    const detail = `a request transformer made a body of more than the ${maxBytes} bytes that the next plugin takes`;
    throw new AppError('plugin.limit_exceeded', { detail });
  }

  /** The body for a target that takes it as it comes: what was read of it, or made of it, is there already. */
  bodyToSend(): Uint8Array | ClientBody {
    return this.outgoing.body ?? this.source.stream();
  }

  /** Whether there is room for so many more bytes of bodies in memory. */
  hold(bytes: number): boolean {
    return this.source.hold(bytes);
  }

  /** Takes over what a transformer made of the request. */
  change(outgoing: OutgoingRequest): void {
    if (outgoing.body !== this.outgoing.body) this.isBodyChanged = true;
    this.outgoing = outgoing;
  }

  private async readFromClient(maxBytes: number): Promise<Uint8Array> {
    const body = await this.source.read(maxBytes);
    this.outgoing = { ...this.outgoing, body };
    return body;
  }
}
