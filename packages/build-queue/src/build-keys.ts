import type { LanguageName } from '@torii/contracts';

/** Names of everything that builds keep in Redis; one hash tag, so that a script may touch them all. */
export interface BuildKeys {
  /** What BullMQ puts before the keys of its queues. */
  readonly queuePrefix: string;
  /** Of the queue of a language. */
  readonly queueName: (language: LanguageName) => string;
  /** Channel: a build may be waiting; the message is its language. */
  readonly arrivals: string;
  /** Stream: the log of a build. */
  readonly log: (buildId: string) => string;
  /** Hash: how much the log of a build has had, over all attempts. */
  readonly logSize: (buildId: string) => string;
  /** Channel: a log has grown; the message is the build's id. */
  readonly logRings: string;
  /** Sorted set: ids of builders, by when they last said that they are there. */
  readonly builders: string;
  /** `BuilderStatus` as JSON, until it runs out. */
  readonly builder: (builderId: string) => string;
  /** There when somebody wants that build to end. */
  readonly cancellation: (buildId: string) => string;
  /** Channel: a build is to end; the message is its id. */
  readonly cancellations: string;
}

export function buildKeys(prefix: string): BuildKeys {
  const base = `{${prefix}-q}`;
  return {
    queuePrefix: base,
    queueName: (language) => `build-${language}`,
    arrivals: `${base}:arrivals`,
    log: (buildId) => `${base}:log:${buildId}`,
    logSize: (buildId) => `${base}:log-size:${buildId}`,
    logRings: `${base}:log-rings`,
    builders: `${base}:builders`,
    builder: (builderId) => `${base}:builder:${builderId}`,
    cancellation: (buildId) => `${base}:cancellation:${buildId}`,
    cancellations: `${base}:cancellations`,
  };
}
