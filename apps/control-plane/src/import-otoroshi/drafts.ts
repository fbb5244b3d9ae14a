import type { PluginKind, PluginSpecInput, RouteSpecInput } from '@torii/contracts';
import type { UpstreamInput } from './backend.js';
import type { Findings } from './findings.js';
import type { PointerMap } from './pointer-map.js';

interface Draft {
  /** What it is made of, in words that stay the same when the same thing is imported again. */
  readonly origin: string;
  /** The name it gets unless that stands for something else. */
  readonly wish: string;
  /** Where it stands in the file. */
  readonly pointer: string;
  readonly pointers: PointerMap;
  readonly findings: Findings;
}

/** A plugin without the name and the tags that are known only beside what is there already. */
export interface PluginDraft extends Draft {
  readonly kind: PluginKind;
  /** How its module can be given by hand. */
  readonly advice: string;
  readonly tags: readonly string[];
  /** Undefined where its module cannot be had; the findings say why. */
  readonly spec: Omit<PluginSpecInput, 'name' | 'tags'> | undefined;
}

type SlotInput = NonNullable<RouteSpecInput['plugins']>[number];

export interface SlotDraft extends Pick<SlotInput, 'enabled' | 'include' | 'exclude'> {
  /** Origin of its plugin. */
  readonly plugin: string;
  readonly pointer: string;
}

export type TargetDraft =
  | { readonly kind: 'plugin'; readonly plugin: string; readonly pointer: string; readonly upstream?: UpstreamInput }
  | { readonly kind: 'other'; readonly target: Exclude<RouteSpecInput['target'], { kind: 'function' }> };

export interface RouteDraft extends Draft {
  readonly enabled: boolean;
  readonly tags: readonly string[];
  readonly match: RouteSpecInput['match'];
  readonly stripPath: boolean;
  readonly slots: readonly SlotDraft[];
  /** Undefined where nothing would answer; the findings say why. */
  readonly target: TargetDraft | undefined;
}

/** What is to run on all routes. */
export interface SettingsDraft {
  readonly pointer: string;
  readonly pointers: PointerMap;
  readonly findings: Findings;
  readonly slots: readonly SlotDraft[];
}

/** Everything of a file, before it is compared with what is there. */
export interface Conversion {
  readonly plugins: readonly PluginDraft[];
  readonly routes: readonly RouteDraft[];
  /** Undefined where the file says nothing of all routes. */
  readonly settings: SettingsDraft | undefined;
  /** About the file as a whole. */
  readonly findings: Findings;
}
