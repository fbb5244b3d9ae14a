import path from 'node:path';
import { checkout, UserError } from './checkout.mjs';

const defaults = { adminPort: 9000, proxyPort: 8080, internalPort: 9090, builderPort: 9190 };
const nodeCount = 2;

/**
 * What `npm start` runs with, from the environment and the command line.
 *
 * @param {Record<string, string | undefined>} env
 * @param {readonly string[]} args
 * @throws {UserError} for what cannot be meant
 */
export function readSettings(env, args) {
  const unknown = args.find((arg) => arg !== '--live');
  if (unknown !== undefined) throw new UserError(`unknown option ${unknown}: npm start knows only "-- --live", which calls the real address service`);
  const proxyPort = portOf(env, 'TORII_PROXY_PORT', defaults.proxyPort);
  const internalPort = portOf(env, 'TORII_INTERNAL_PORT', defaults.internalPort);
  return {
    isLive: args.includes('--live'),
    home: path.resolve(checkout, env.TORII_HOME || '.torii'),
    admin: { name: 'TORII_ADMIN_PORT', port: portOf(env, 'TORII_ADMIN_PORT', defaults.adminPort) },
    builder: { name: 'TORII_BUILDER_PORT', port: portOf(env, 'TORII_BUILDER_PORT', defaults.builderPort) },
    nodes: Array.from({ length: nodeCount }, (_, index) => ({
      name: `node-${index + 1}`,
      proxy: { name: 'TORII_PROXY_PORT', port: nextPort(proxyPort, index) },
      internal: { name: 'TORII_INTERNAL_PORT', port: nextPort(internalPort, index) },
    })),
    databaseUrl: urlOf(env, 'DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: urlOf(env, 'REDIS_URL', ['redis:', 'rediss:']),
  };
}

/** Every port that must be free, with the setting that moves it. A port of 0 is chosen later. */
export function portsOf(settings) {
  return [settings.admin, settings.builder, ...settings.nodes.flatMap((node) => [node.proxy, node.internal])].filter(({ port }) => port !== 0);
}

/** An address without its password, fit to be shown. */
export function shownUrl(url) {
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
}

function portOf(env, name, fallback) {
  const text = env[name];
  if (text === undefined) return fallback;
  if (text === '') throw new UserError(`${name} is set but empty: give it a value or unset it`);
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535 - nodeCount) throw new UserError(`${name} is "${text}": it must be a port number`);
  return port;
}

function nextPort(port, index) {
  return port === 0 ? 0 : port + index;
}

function urlOf(env, name, protocols) {
  const text = env[name];
  if (text === undefined) return undefined;
  if (text === '') throw new UserError(`${name} is set but empty: give it a value or unset it`);
  // The text itself may hold a password.
  if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol)) {
    throw new UserError(
      `${name} is not an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}: correct it, or unset it to use the embedded server`,
    );
  }
  return text;
}
