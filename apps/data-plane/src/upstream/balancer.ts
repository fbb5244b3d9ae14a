import type { Balancing } from '@torii/contracts';

/** What balancing asks of a target. */
export interface Balanced {
  /** Above 0. */
  readonly weight: number;
  readonly inFlight: number;
  /** Of its name, for hashes. */
  readonly seed: number;
  turn: number;
}

/** Chooses one of the candidates, of which there is at least one; `key` is what hashes go by. */
export type Balancer = <P extends Balanced>(candidates: readonly P[], key: () => string | undefined) => P;

/** From 0 to below 1. */
export type RandomSource = () => number;

export function balancerOf({ type }: Balancing, random: RandomSource = Math.random): Balancer {
  switch (type) {
    case 'round_robin':
      return (candidates) => inTurn(candidates);
    case 'random':
      return (candidates) => byChance(candidates, random);
    case 'least_connections':
      return (candidates) => leastLoaded(candidates, random);
    case 'power_of_two':
      return (candidates) => betterOfTwo(candidates, random);
    case 'header_hash':
    case 'ip_hash':
      return (candidates, key) => {
        const text = key();
        return text === undefined ? inTurn(candidates) : highestScore(candidates, textHash(text));
      };
  }
}

/** nginx's smooth weighted round robin (https://github.com/nginx/nginx/commit/52327e0627f49dbda1e8db695e63a4b0af4448b1): spreads the turns of a heavy one out. */
function inTurn<P extends Balanced>(candidates: readonly P[]): P {
  let best = candidates[0] as P;
  let total = 0;
  for (const candidate of candidates) {
    candidate.turn += candidate.weight;
    total += candidate.weight;
    if (candidate.turn > best.turn) best = candidate;
  }
  best.turn -= total;
  return best;
}

function byChance<P extends Balanced>(candidates: readonly P[], random: RandomSource): P {
  let total = 0;
  for (const { weight } of candidates) total += weight;
  let left = random() * total;
  for (const candidate of candidates) {
    left -= candidate.weight;
    if (left < 0) return candidate;
  }
  return candidates.at(-1) as P;
}

/** Requests for each unit of weight; of equals one by chance. */
function leastLoaded<P extends Balanced>(candidates: readonly P[], random: RandomSource): P {
  const least = Math.min(...candidates.map(loadOf));
  return byChance(
    candidates.filter((candidate) => loadOf(candidate) === least),
    random,
  );
}

function betterOfTwo<P extends Balanced>(candidates: readonly P[], random: RandomSource): P {
  const first = byChance(candidates, random);
  if (candidates.length === 1) return first;
  const second = byChance(
    candidates.filter((candidate) => candidate !== first),
    random,
  );
  return loadOf(second) < loadOf(first) ? second : first;
}

/** With one request more, so that weights count among idle ones. */
function loadOf({ inFlight, weight }: Balanced): number {
  return (inFlight + 1) / weight;
}

/**
 * Rendezvous hashing with weights (Wang, Ravishankar 1998; the logarithm is from Schindelhauer, Schomaker 2005): when a target goes,
 * its keys alone move.
 */
function highestScore<P extends Balanced>(candidates: readonly P[], keyHash: number): P {
  let best = candidates[0] as P;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const candidate of candidates) {
    const part = (mixed(keyHash ^ candidate.seed) + 0.5) / 2 ** 32;
    const score = -candidate.weight / Math.log(part);
    if (score > bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/** FNV-1a of the text's UTF-16 units, mixed; the same on every thread and node. */
export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mixed(hash);
}

/** The last steps of MurmurHash3, by which every bit counts for every other. */
function mixed(hash: number): number {
  let bits = hash ^ (hash >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
