const width = 800;
const height = 320;
const margin = { left: 60, right: 20, top: 40, bottom: 45 };

/** A line through points as an SVG picture; both axes begin at 0. */
export function lineChart({ title, xLabel, yLabel, points }) {
  const xMax = Math.max(1, ...points.map(({ x }) => x));
  const yMax = Math.max(1, ...points.map(({ y }) => y)) * 1.1;
  const toX = (x) => margin.left + (x / xMax) * (width - margin.left - margin.right);
  const toY = (y) => height - margin.bottom - (y / yMax) * (height - margin.top - margin.bottom);
  const path = points.map(({ x, y }) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`).join(' ');
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const xTicks = ticks.map((part) => text(toX(part * xMax), height - margin.bottom + 18, Math.round(part * xMax).toLocaleString('en'), 'middle'));
  const yTicks = ticks.map((part) => text(margin.left - 8, toY(part * yMax) + 4, Math.round(part * yMax), 'end'));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="white"/>
${text(margin.left, 24, title, 'start', 15)}
<path d="M${toX(0)} ${toY(yMax)}V${toY(0)}H${toX(xMax)}" fill="none" stroke="black"/>
${[...xTicks, ...yTicks].join('\n')}
${text(width - margin.right, height - 8, xLabel, 'end')}
${text(8, margin.top - 8, yLabel, 'start')}
<polyline points="${path}" fill="none" stroke="#b5121b" stroke-width="1.5"/>
</svg>
`;
}

function text(x, y, content, anchor, size = 12) {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}">${content}</text>`;
}
