/** What the composition root hands to Nest: see `platform.module.ts`. */
export const ENV = Symbol('Env');
export const LOGGER = Symbol('Logger');
export const CLOCK = Symbol('Clock');
export const BUS_REDIS = Symbol('BusRedis');
export const BUS_SUBSCRIBER = Symbol('BusSubscriber');
export const CONFIG_KEYS = Symbol('ConfigKeys');
export const QUEUE_REDIS = Symbol('QueueRedis');
export const QUEUE_SUBSCRIBER = Symbol('QueueSubscriber');
export const NODE_TOKEN = Symbol('NodeToken');
export const BUILD_KEYS = Symbol('BuildKeys');
