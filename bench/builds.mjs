// How long builds take, from the request to the version, on whatever builders there are.
//   node bench/builds.mjs            beside a running `npm start`, in the same folder
//   node bench/builds.mjs --rounds 9 --queued 100
//   node bench/builds.mjs --only go            one language, and no queue
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    queued: { type: 'string', default: '100' },
    only: { type: 'string' },
    home: { type: 'string', default: process.env.TORII_HOME ?? '.torii' },
    api: { type: 'string', default: `http://127.0.0.1:${process.env.TORII_ADMIN_PORT ?? 9000}` },
  },
});
const rounds = Number(values.rounds);
const queuedCount = Number(values.queued);
const key = readFileSync(path.join(values.home, 'admin-key'), 'utf8').trim();
/** Every run builds what no run built before: the cache would answer otherwise. */
const run = Date.now().toString(36);
const queuedFunctions = 5;

/** The source with one export more, so that every build makes a module that nobody has. */
const withExport = {
  javascript: (text, name) => `${text}\nexport function ${name}() {}\n`,
  typescript: (text, name) => `${text}\nexport function ${name}() {}\n`,
  assemblyscript: (text, name) => `${text}\nexport function ${name}(): i32 {\n  return 0;\n}\n`,
  go: (text, name) => `${text}\n//go:wasmexport ${name}\nfunc ${name}() int32 { return 0 }\n`,
  rust: (text, name) => `${text}\n#[unsafe(no_mangle)]\npub extern "C" fn ${name}() -> i32 {\n    0\n}\n`,
  wat: (text, name) => text.replace(/\)\s*$/, `  (func (export "${name}")))\n`),
};

async function api(method, resource, body) {
  const response = await fetch(`${values.api}${resource}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${resource} answered ${response.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function build(name) {
  const startedMs = performance.now();
  const answer = await api('POST', `/api/v1/functions/${name}/builds?wait=finished&timeout=60s`, {});
  if (answer.status !== 'succeeded') throw new Error(`${name}: ${answer.status} ${JSON.stringify(answer.error)}`);
  return { wallMs: performance.now() - startedMs, ...answer };
}

async function measure(language, template) {
  const name = `bench-${language}-${template}`;
  const { files, ...rest } = await api('GET', `/api/v1/templates/${language}/${template}`);
  const { entry } = (await api('GET', '/api/v1/languages')).items.find((item) => item.name === language);
  const sources = (round) =>
    files.map((file) => (file.path === entry ? { ...file, content: withExport[language](file.content, `round_${run}_${round}`) } : file));
  const results = [];
  for (let round = 0; round <= rounds; round += 1) {
    await api('PUT', `/api/v1/functions/${name}`, { language, functionNames: rest.functionNames, files: sources(round) });
    results.push(await build(name));
  }
  const again = await build(name);
  const [version] = (await api('GET', `/api/v1/functions/${name}/versions`)).items;
  await api('DELETE', `/api/v1/functions/${name}`);
  const [first, ...warm] = results;
  const walls = warm.map(({ wallMs }) => wallMs).sort((a, b) => a - b);
  const compiling = warm.map(({ timings }) => timings.compiling ?? 0).sort((a, b) => a - b);
  const cells = [language, template, seconds(first.wallMs), `${seconds(median(walls))} (${seconds(walls[0])} to ${seconds(walls.at(-1))})`];
  console.log(`| ${[...cells, seconds(median(compiling)), seconds(again.wallMs), `${Math.round(version.size / 1024)} KiB`].join(' | ')} |`);
}

/** Builds of a few functions, all asked for at once, the functions one after another: whether they take turns. */
async function measureQueue() {
  const names = Array.from({ length: queuedFunctions }, (_, index) => `bench-queue-${index}`);
  const source = (name, round) => `module.exports = { handle() { Host.outputString('${name} ${run} ${round}'); } };`;
  const startedMs = performance.now();
  const ids = new Map();
  for (const name of names) {
    for (let round = 0; round < queuedCount / queuedFunctions; round += 1) {
      await api('PUT', `/api/v1/functions/${name}`, { language: 'javascript', files: [{ path: 'index.js', content: source(name, round) }] });
      const { id } = await api('POST', `/api/v1/functions/${name}/builds`, {});
      ids.set(id, { name, round });
    }
  }
  const done = [];
  for (const id of ids.keys()) {
    for (;;) {
      const answer = await api('GET', `/api/v1/builds/${id}`);
      if (answer.finishedAt !== null) {
        done.push(answer);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const totalMs = performance.now() - startedMs;
  done.sort((a, b) => (a.finishedAt < b.finishedAt ? -1 : 1));
  const next = new Map(names.map((name) => [name, 0]));
  let outOfOrder = 0;
  for (const { id } of done) {
    const { name, round } = ids.get(id);
    if (round !== next.get(name)) outOfOrder += 1;
    next.set(name, next.get(name) + 1);
  }
  const firstOfLast = done.findIndex(({ id }) => ids.get(id).name === names.at(-1)) + 1;
  const failed = done.filter(({ status }) => status !== 'succeeded').length;
  console.log(
    `\n${done.length} builds of ${queuedFunctions} functions, queued at once: ${seconds(totalMs)}, ${failed} failed, ${outOfOrder} out of order;`,
  );
  console.log(`the function that was queued last had its first build done as number ${firstOfLast}`);
  for (const name of names) await api('DELETE', `/api/v1/functions/${name}`);
}

function median(sorted) {
  return sorted[Math.floor(sorted.length / 2)];
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}

console.log('| language | template | first | each further one (least to most) | of that compiling | same source again | module |');
console.log('|---|---|---|---|---|---|---|');
for (const { name, available } of (await api('GET', '/api/v1/languages')).items) {
  if (available !== true || (values.only ?? name) !== name) continue;
  for (const template of name === 'wat' ? ['empty', 'counter'] : ['empty', 'geolocation']) await measure(name, template);
}
if (values.only === undefined) await measureQueue();
