// How long the article's requests take through a running gateway (`npm start` beside it), one client, one connection:
//   miss      a search nobody asked before: the function asks the address service
//   hit       the same search again: the function finds the answer in its map
//   refused   no q: the function answers by itself, without a host call
//   no route  the gateway alone, without a function
// The four are interleaved round by round, so that a slow moment of the machine hits all of them alike.
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    rounds: { type: 'string', default: '40' },
    each: { type: 'string', default: '50' },
  },
});
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function timed(path) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const req = request(new URL(path, values.url), { agent, headers: { host: 'localhost' } }, (res) => {
      res.resume();
      res.on('end', () => resolve({ status: res.statusCode, ms: performance.now() - startedAt }));
    });
    req.on('error', reject);
    req.end();
  });
}

async function must(path, status) {
  const answer = await timed(path);
  if (answer.status !== status) throw new Error(`${path} answered ${answer.status}, not ${status}`);
  return answer.ms;
}

const run = Date.now().toString(36);
const samples = { miss: [], hit: [], refused: [], 'no route': [] };
for (let round = 0; round < Number(values.rounds); round += 1) {
  const search = `/search?q=rue+${run}+${round}`;
  samples.miss.push(await must(search, 200));
  for (let index = 0; index < Number(values.each); index += 1) {
    samples.hit.push(await must(search, 200));
    samples.refused.push(await must('/search', 400));
    samples['no route'].push(await must('/nowhere', 404));
  }
}
agent.destroy();

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
const rows = Object.entries(samples).map(([name, ms]) => {
  const sorted = [...ms].sort((a, b) => a - b);
  return { name, n: ms.length, p10: quantile(sorted, 0.1), p50: quantile(sorted, 0.5), p90: quantile(sorted, 0.9), p99: quantile(sorted, 0.99) };
});
console.log('ms          n     p10     p50     p90     p99');
for (const { name, n, p10, p50, p90, p99 } of rows) {
  console.log(`${name.padEnd(9)} ${String(n).padStart(5)} ${[p10, p50, p90, p99].map((ms) => ms.toFixed(2).padStart(7)).join(' ')}`);
}
const [miss, hit] = rows;
console.log(`a hit is ${(miss.p50 / hit.p50).toFixed(1)} times faster than a miss (medians)`);
