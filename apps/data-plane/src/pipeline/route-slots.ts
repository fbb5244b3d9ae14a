import type { MessageDirection, SlotKind } from '@torii/contracts';
import type { BoundPlugin } from './bound-plugin.js';
import type { EncodeInput, EncodeResponseInput } from './encode-input.js';
import type { EncodeMessageInput } from './message-input.js';
import type { PathScope } from './path-scope.js';

interface BoundSlot {
  readonly plugin: BoundPlugin;
  /** Undefined: every request of the route. */
  readonly scope: PathScope | undefined;
  /** Whether the request goes on without it when the plugin fails. */
  readonly isSkippable: boolean;
}

/** A slot that says whether the route is meant. */
export interface MatcherSlot extends BoundSlot {
  readonly kind: 'route_matcher';
  readonly encodeInput: EncodeInput;
}

/** A slot before the target. */
export interface RequestSlot extends BoundSlot {
  readonly kind: Exclude<SlotKind, 'route_matcher' | 'response_transformer' | 'websocket_transformer'>;
  readonly encodeInput: EncodeInput;
}

/** A slot after it. */
export interface ResponseSlot extends BoundSlot {
  readonly kind: 'response_transformer';
  readonly encodeInput: EncodeResponseInput;
}

/** A slot that messages of WebSockets go through. */
export interface MessageSlot extends BoundSlot {
  readonly kind: 'websocket_transformer';
  /** What is called for messages of each direction; undefined where they pass as they are. */
  readonly functionNames: Readonly<Record<MessageDirection, string | undefined>>;
  readonly encodeInput: EncodeMessageInput;
}

/** A slot of the settings that may choose the route. */
export interface RouterSlot extends BoundSlot {
  readonly kind: 'router';
  readonly encodeInput: EncodeInput;
}

/** A slot of the settings that may answer where no route matches. */
export interface SinkSlot extends BoundSlot {
  readonly kind: 'sink';
  /** Of the question whether it answers. */
  readonly encodeQuestion: EncodeInput;
  /** Of its answer; the body has been read. */
  readonly encodeInput: EncodeInput;
}

/** The slots of a route in the order in which they run: by kind, those of the settings first, then as they are listed. */
export interface RouteSlots {
  readonly matchers: readonly MatcherSlot[];
  readonly request: readonly RequestSlot[];
  readonly response: readonly ResponseSlot[];
  readonly messages: readonly MessageSlot[];
}
