import { X509Certificate } from 'node:crypto';
import {
  type FieldIssue,
  parseTemplate,
  pemCertificates,
  type RouteSpec,
  rewriteRest,
  UpstreamTarget,
  UpstreamTls,
  upstreamOf,
} from '@torii/contracts';
import { isJsonObject } from '../http/merge-patch.js';

type Path = RouteSpec['match'][number]['paths'][number];

/** Of an upstream, in whatever shape the rest of it is. */
interface UpstreamParts {
  readonly rewritePath?: string | undefined;
  readonly caPem?: string | undefined;
}

/** What of an upstream target no node could use, with its place: parameters that the route does not have, authorities that are none. */
export function upstreamIssues({ match, target }: Pick<RouteSpec, 'match' | 'target'>): FieldIssue[] {
  const upstream = upstreamOf(target);
  if (upstream === undefined) return [];
  const within = target.kind === 'function' ? '/target/upstream' : '/target';
  return partIssues(match, { rewritePath: upstream.rewritePath, caPem: upstream.tls.caPem }, within);
}

/**
 * The same of a target that may be anything, in the parts of it that have their shape, which bounds what there is to look at.
 * `match` is undefined where it is none, and then parameters are not looked for.
 */
export function looseUpstreamIssues(match: RouteSpec['match'] | undefined, target: unknown): FieldIssue[] {
  if (!isJsonObject(target)) return [];
  const isFunction = target.kind === 'function';
  const upstream = isFunction ? target.upstream : target;
  if (!isJsonObject(upstream) || upstream.kind !== 'upstream') return [];
  const rewritePath = UpstreamTarget.shape.rewritePath.safeParse(upstream.rewritePath).data;
  const caPem = isJsonObject(upstream.tls) ? UpstreamTls.shape.caPem.safeParse(upstream.tls.caPem).data : undefined;
  return partIssues(match, { rewritePath, caPem }, isFunction ? '/target/upstream' : '/target');
}

function partIssues(match: RouteSpec['match'] | undefined, { rewritePath, caPem }: UpstreamParts, within: string): FieldIssue[] {
  return [...rewriteIssues(match, rewritePath), ...authorityIssues(caPem)].map((issue) => ({ ...issue, pointer: `${within}${issue.pointer}` }));
}

function rewriteIssues(match: RouteSpec['match'] | undefined, rewritePath: string | undefined): FieldIssue[] {
  if (rewritePath === undefined) return [];
  const pointer = '/rewritePath';
  const names = [...rewritePath.matchAll(/\$\{([^{}]*)\}/g)].map(([, name = '']) => name);
  if (rewritePath.replace(/\$\{[^{}]*\}/g, '').includes(`\${`)) return [{ pointer, detail: `has a \${ that is not closed by a }` }];
  if (match === undefined) return [];
  return [...new Set(names)]
    .filter((name) => name !== rewriteRest && !match.every(({ paths }) => paths.length > 0 && paths.every((path) => namesOf(path).has(name))))
    .map((name) => ({ pointer, detail: `\${${name}} is no parameter of every path of the route; what is left of the path is \${${rewriteRest}}` }));
}

function namesOf(path: Path): ReadonlySet<string> {
  if (path.type !== 'template') return new Set();
  return new Set(parseTemplate(path.value).flatMap((segment) => ('name' in segment ? [segment.name] : [])));
}

function authorityIssues(caPem: string | undefined): FieldIssue[] {
  if (caPem === undefined) return [];
  const pointer = '/tls/caPem';
  const certificates = pemCertificates(caPem);
  if (certificates.length === 0) return [{ pointer, detail: 'holds no certificate: PEM is expected, beginning with -----BEGIN CERTIFICATE-----' }];
  return certificates.flatMap((pem, index) => (isCertificate(pem) ? [] : [{ pointer, detail: `certificate ${index + 1} cannot be read` }]));
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
