import { summary } from './stats.mjs';

/** Columns as wide as their widest cell; the first to the left, numbers to the right. */
export function table(head, rows) {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '))
    .join('\n');
}

/** CPU per request as a multiple of the bare server's in the same round; undefined where CPU is not known. */
export function ratiosTo(bare, rounds) {
  return rounds.map(({ cpuUs }, index) => (cpuUs === undefined ? undefined : cpuUs / bare.rounds[index].cpuUs));
}

/** Medians over the rounds, with least and most of CPU; ratios are made round by round, to the bare server of that round. */
export function engineTable(cases) {
  const [bare] = cases;
  const rows = cases.map(({ name, rounds }) => {
    const figure = (key) => summary(rounds.map((round) => round[key]));
    const ratio = summary(ratiosTo(bare, rounds));
    const cpu = figure('cpuUs');
    return [
      name,
      cpu === undefined ? '-' : cpu.median.toFixed(1),
      cpu === undefined ? '-' : `${cpu.min.toFixed(1)}..${cpu.max.toFixed(1)}`,
      ratio === undefined ? '-' : `${ratio.median.toFixed(2)}`,
      ratio === undefined ? '-' : `${ratio.min.toFixed(2)}..${ratio.max.toFixed(2)}`,
      Math.round(figure('rps').median).toString(),
      figure('p50Ms').median.toFixed(2),
      figure('p99Ms').median.toFixed(2),
    ];
  });
  return table(['', 'CPU us/req', '', 'x bare', '', 'req/s', 'p50 ms', 'p99 ms'], rows);
}
