import {
  proxy_cluster_state,
  proxy_cluster_state_value,
  proxy_config,
  proxy_global_config,
  proxy_state,
  proxy_state_value,
} from "./imports";
import { quote } from "./json-text";
import { Memory } from "./memory";

/** What a function may see of the configuration and of the node it runs on, as JSON texts; docs/host-functions.md lists it. */
export namespace State {
  /** Needs the grant `state:read`. */
  export function all(): string {
    return textAt(proxy_state(0));
  }

  /** One list of the state, such as `routes`, or the one of it with that id. Needs the grant `state:read`. */
  export function entity(name: string, id: string = ""): string {
    const idField = id == "" ? "" : ',"id":' + quote(id);
    const query = Memory.allocateString('{"entity":' + quote(name) + idField + "}");
    return textAt(proxy_state_value(query.offset, query.length));
  }

  /** Needs the grant `state:read`. */
  export function globalConfig(): string {
    return textAt(proxy_global_config(0));
  }

  /** Needs the grant `config:read`. */
  export function nodeConfig(): string {
    return textAt(proxy_config(0));
  }

  /** Needs the grant `config:read`. */
  export function node(): string {
    return textAt(proxy_cluster_state(0));
  }

  /** One value of `node()`, by its path with dots. Needs the grant `config:read`. */
  export function nodeValue(path: string): string {
    const query = Memory.allocateString(path);
    return textAt(proxy_cluster_state_value(query.offset, query.length));
  }

  function textAt(pointer: u64): string {
    const block = Memory.find(pointer);
    return block === null ? "null" : block.toString();
  }
}
