import { X509Certificate } from 'node:crypto';
import { type FieldIssue, parseTemplate, pemCertificates, type RouteSpec, rewriteRest, type UpstreamTarget, upstreamOf } from '@torii/contracts';

type Path = RouteSpec['match'][number]['paths'][number];

/** What of an upstream target no node could use, with its place: parameters that the route does not have, authorities that are none. */
export function upstreamIssues({ match, target }: Pick<RouteSpec, 'match' | 'target'>): FieldIssue[] {
  const upstream = upstreamOf(target);
  if (upstream === undefined) return [];
  const within = target.kind === 'function' ? '/target/upstream' : '/target';
  return [...rewriteIssues(match, upstream), ...authorityIssues(upstream)].map((issue) => ({ ...issue, pointer: `${within}${issue.pointer}` }));
}

function rewriteIssues(match: RouteSpec['match'], { rewritePath }: UpstreamTarget): FieldIssue[] {
  if (rewritePath === undefined) return [];
  const pointer = '/rewritePath';
  const names = [...rewritePath.matchAll(/\$\{([^{}]*)\}/g)].map(([, name = '']) => name);
  if (rewritePath.replace(/\$\{[^{}]*\}/g, '').includes(`\${`)) return [{ pointer, detail: `has a \${ that is not closed by a }` }];
  return [...new Set(names)]
    .filter((name) => name !== rewriteRest && !match.every(({ paths }) => paths.length > 0 && paths.every((path) => namesOf(path).has(name))))
    .map((name) => ({ pointer, detail: `\${${name}} is no parameter of every path of the route; what is left of the path is \${${rewriteRest}}` }));
}

function namesOf(path: Path): ReadonlySet<string> {
  if (path.type !== 'template') return new Set();
  return new Set(parseTemplate(path.value).flatMap((segment) => ('name' in segment ? [segment.name] : [])));
}

function authorityIssues({ tls }: UpstreamTarget): FieldIssue[] {
  if (tls.caPem === undefined) return [];
  const pointer = '/tls/caPem';
  const certificates = pemCertificates(tls.caPem);
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
