import type { TargetDraft } from './drafts.js';
import type { Fields } from './fields.js';
import type { FileSlot } from './slot.js';

type Fixed = Extract<TargetDraft, { kind: 'other' }>['target'];

/** What a plugin of Otoroshi's own answers by itself; undefined, with the reason among the findings, where that cannot be said. */
type Convert = (slot: FileSlot) => Fixed | undefined;

const redirectStatuses = [301, 302, 303, 307, 308] as const;
const bodilessStatuses = new Set([204, 205, 304]);
const framingHeaders = new Set(['connection', 'content-length', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

/** Plugins that answer before any other runs, in place of whatever else the route has. */
export const answeringFirst: Readonly<Record<string, Convert>> = {
  Redirection: redirection,
  MaintenanceMode: (slot) => sign(slot, 'Service in maintenance mode'),
  BuildMode: (slot) => sign(slot, 'Service under construction'),
};

/** Plugins that answer in place of the backend. */
export const answeringAsBackend: Readonly<Record<string, Convert>> = { StaticResponse: staticResponse };

function redirection({ config, pointer }: FileSlot): Fixed | undefined {
  const code = config.number('code') ?? 303;
  const url = config.filledText('to') ?? 'https://www.otoroshi.io';
  config.ignore('the plugin is on by being there', { enabled: true });
  config.end();
  const status = redirectStatuses.find((known) => known === code);
  if (status === undefined) {
    config.findings.ignored(pointer, `the redirection with status ${code}`, { why: 'Otoroshi does not redirect with it' });
    return undefined;
  }
  if (!url.includes(`\${`)) return { kind: 'redirect', url, status };
  const instead = 'answer "error": true with a status and a Location in a pre_route plugin';
  config.findings.lost(pointer, `the redirection to ${url}`, { why: 'a redirect goes to one address for all requests', instead });
  return undefined;
}

function sign({ config, pointer }: FileSlot, text: string): Fixed {
  config.ignore('the plugin is on by being there', { enabled: true });
  config.end();
  const instead = 'import again without the plugin when it is over';
  config.findings.changed(pointer, text, { why: 'the route answers 503 with this text, and keeps no other target', instead });
  return { kind: 'static', status: 503, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

function staticResponse({ config, pointer }: FileSlot): Fixed | undefined {
  const status = config.number('status') ?? 200;
  const headers = config.textsByName('headers');
  const body = config.text('body') ?? '';
  const isTemplate = config.flag('apply_el') ?? false;
  config.end();
  const text = textOf(body, config);
  const texts = [body, ...headers.map((header) => header.text)];
  if (isTemplate && texts.some((one) => one.includes(`\${`))) {
    const instead = 'answer from a backend plugin';
    config.findings.lost(pointer, 'the response with expressions', { why: 'a static target answers the same to all requests', instead });
    return undefined;
  }
  if (text === undefined) return undefined;
  const kept = headers.filter(({ name }) => !framingHeaders.has(name.toLowerCase()));
  return {
    kind: 'static',
    status,
    headers: Object.fromEntries(kept.map((header) => [header.name, header.text])),
    body: bodilessStatuses.has(status) ? '' : text,
  };
}

/** A body may be written as `Base64(...)`; a static target holds text. */
function textOf(body: string, config: Fields): string | undefined {
  const encoded = /^Base64\((.*)\)$/s.exec(body)?.[1];
  if (encoded === undefined) return body;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64'));
  } catch {
    const instead = 'answer it from a backend plugin';
    config.findings.lost(config.pointerTo('body'), 'the body', { why: 'is not text', instead });
    return undefined;
  }
}
