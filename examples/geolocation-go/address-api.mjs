// A stand-in for the French address service, https://api-adresse.data.gouv.fr: same address, same shape of answer, no network.
//   node address-api.mjs [--port 0] [--delay-ms 75]     prints `listening <port>`
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const defaultDelayMs = 75;
/** The real service refuses the same: what it searches begins with a letter or a digit and has 3 to 200 characters. */
const searchable = /^[\p{L}\p{N}].{2,199}$/su;

const places = [
  {
    label: '200 Avenue Salvador Allende 79000 Niort',
    score: 0.9678663636363636,
    housenumber: '200',
    id: '79191_6760_00200',
    street: 'Avenue Salvador Allende',
    postcode: '79000',
    citycode: '79191',
    x: 431952.32,
    y: 6587277.49,
    city: 'Niort',
    context: '79, Deux-Sèvres, Nouvelle-Aquitaine',
    coordinates: [-0.485628, 46.332157],
  },
  {
    label: '20 Avenue de Ségur 75007 Paris',
    score: 0.9649527272727272,
    housenumber: '20',
    id: '75107_8909_00020',
    street: 'Avenue de Ségur',
    postcode: '75007',
    citycode: '75107',
    x: 649266.35,
    y: 6861406.23,
    city: 'Paris',
    context: '75, Paris, Île-de-France',
    coordinates: [2.308628, 48.850699],
  },
  {
    label: '8 Boulevard du Port 80000 Amiens',
    score: 0.9613481818181818,
    housenumber: '8',
    id: '80021_6590_00008',
    street: 'Boulevard du Port',
    postcode: '80000',
    citycode: '80021',
    x: 648952.58,
    y: 6977867.25,
    city: 'Amiens',
    context: '80, Somme, Hauts-de-France',
    coordinates: [2.290084, 49.897443],
  },
];

/**
 * Starts the stand-in on 127.0.0.1; rejects when the port is taken.
 *
 * @param {{ port?: number, delayMs?: number }} [options] port 0 is any free one
 * @returns {Promise<{ port: number, calls: () => number, close: () => Promise<void> }>} `calls` counts the searches
 */
export async function startAddressApi({ port = 0, delayMs = defaultDelayMs } = {}) {
  let calls = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method !== 'GET') return answer(response, 405, { code: 405, message: 'Method not allowed' });
    if (url.pathname === '/_stats') return answer(response, 200, { calls });
    if (url.pathname !== '/search/' && url.pathname !== '/search') return answer(response, 404, { code: 404, message: 'Not found' });
    calls += 1;
    setTimeout(() => search(url.searchParams, response), delayMs);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: server.address().port,
    calls: () => calls,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

function search(params, response) {
  const query = params.get('q') ?? '';
  if (!searchable.test(query)) {
    const detail = 'q: must contain between 3 and 200 chars and start with a number or a letter';
    return answer(response, 400, { code: 400, message: 'Failed parsing query', detail: [detail] });
  }
  const words = wordsOf(query);
  const found = places.filter((place) => words.length > 0 && words.every((word) => wordsOf(place.label).includes(word)));
  answer(response, 200, {
    type: 'FeatureCollection',
    version: 'draft',
    features: (found.length > 0 ? found : [madeUp(query)]).map(featureOf),
    attribution: 'BAN',
    licence: 'ETALAB-2.0',
    query,
    limit: 5,
  });
}

/** An address that does not exist, always the same one for the same search. */
function madeUp(query) {
  const digest = createHash('sha256').update(query).digest();
  const near = places[digest[0] % places.length];
  const housenumber = String(1 + (digest.readUInt16BE(1) % 300));
  const street = `Rue ${query.replace(/\s+/g, ' ').slice(0, 60)}`;
  const label = `${housenumber} ${street} ${near.postcode} ${near.city}`;
  const id = `${near.citycode}_${digest.toString('hex', 3, 5)}_${housenumber.padStart(5, '0')}`;
  return { ...near, label, housenumber, street, id, score: 0.3 + digest[5] / 1_000 };
}

function featureOf({ coordinates, ...place }) {
  const name = `${place.housenumber} ${place.street}`;
  const { label, score, housenumber, id, postcode, citycode, x, y, city, context, street } = place;
  return {
    type: 'Feature',
    geometry: { type: 'Point', coordinates },
    properties: { label, score, housenumber, id, name, postcode, citycode, x, y, city, context, type: 'housenumber', importance: 0.64653, street },
  };
}

function wordsOf(text) {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

async function main() {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '0' }, 'delay-ms': { type: 'string', default: String(defaultDelayMs) } },
  });
  const port = wholeNumber('--port', values.port, 65_535);
  const delayMs = wholeNumber('--delay-ms', values['delay-ms'], 60_000);
  const api = await startAddressApi({ port, delayMs });
  console.log(`listening ${api.port}`);
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(event, () => api.close().then(() => process.exit(0)));
}

function wholeNumber(option, text, max) {
  const number = Number(text);
  if (text === '' || !Number.isInteger(number) || number < 0 || number > max) throw new Error(`${option} must be a whole number from 0 to ${max}`);
  return number;
}

if (process.argv[1] === import.meta.filename) {
  main().catch((error) => {
    console.error(`address-api: ${error.message}`);
    process.exit(1);
  });
}
