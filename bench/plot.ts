import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';

/*
 * `node bench/plot.ts OUT.svg RESULT.json…`: draws calls and seconds against the number of functions, from what
 * `npm run bench:sweep -- --json` has printed.
 */

const results = z.array(
  z.object({
    mode: z.enum(['repair', 'idle']),
    functions: z.number(),
    tagged: z.number(),
    calls: z.number(),
    seconds: z.number(),
  }),
);
type Result = z.output<typeof results>[number];

/** One line of a panel. */
interface Line {
  readonly label: string;
  readonly colour: string;
  readonly points: readonly (readonly [functions: number, value: number])[];
}

const panel = { width: 360, height: 250, left: 62, top: 46, gap: 70 };
const colours = ['#0072b2', '#56b4e9', '#d55e00', '#e69f00'] as const;

function linesOf(all: readonly Result[], value: (result: Result) => number): Line[] {
  const kinds = [
    ['repair', 50],
    ['repair', 10],
    ['idle', 50],
    ['idle', 10],
  ] as const;
  return kinds.map(([mode, percent], index) => ({
    label: `${mode === 'repair' ? 'repairing' : 'idle'}, ${percent} % opted in`,
    colour: colours[index] ?? '#888888',
    points: all
      .filter((one) => one.mode === mode && Math.round((100 * one.tagged) / one.functions) === percent)
      .map((one) => [one.functions, value(one)] as const)
      .sort(([a], [b]) => a - b),
  }));
}

/** A panel with logarithmic axes, and a line and dots for each kind of sweep. */
function draw(title: string, lines: readonly Line[], left: number): string {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  const x = (functions: number) => left + ((Math.log10(functions) - 2) / 2.2) * panel.width;
  const y = (value: number) => panel.top + panel.height * (1 - (Math.log10(value) - low) / (high - low));
  const marks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const grid = marks.map(
    (mark) =>
      `<line x1="${left}" x2="${left + panel.width}" y1="${y(mark)}" y2="${y(mark)}" class="grid"/>` +
      `<text x="${left - 8}" y="${y(mark) + 4}" class="end">${mark.toLocaleString('en-US')}</text>`,
  );
  const below = [200, 2_000, 10_000].map(
    (functions) =>
      `<line x1="${x(functions)}" x2="${x(functions)}" y1="${panel.top}" y2="${panel.top + panel.height}" class="grid"/>` +
      `<text x="${x(functions)}" y="${panel.top + panel.height + 18}" class="middle">${functions.toLocaleString('en-US')}</text>`,
  );
  const drawn = lines.map(({ colour, points }) => {
    const path = points.map(([functions, value]) => `${x(functions).toFixed(1)},${y(value).toFixed(1)}`);
    const dots = path.map(
      (point) => `<circle cx="${point.split(',')[0]}" cy="${point.split(',')[1]}" r="4" fill="${colour}"/>`,
    );
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2.5"/>${dots.join('')}`;
  });
  return [`<text x="${left}" y="${panel.top - 16}" class="title">${title}</text>`, ...grid, ...below, ...drawn].join(
    '\n',
  );
}

const [out = '', ...files] = process.argv.slice(2);
const all = files.flatMap((file) => results.parse(JSON.parse(readFileSync(file, 'utf8'))));
const calls = linesOf(all, (one) => one.calls);
const seconds = linesOf(all, (one) => one.seconds);
const right = panel.left + panel.width + panel.gap;
const whole = { width: right + panel.width + 20, height: panel.top + panel.height + 74 };
const legend = calls.map(
  ({ label, colour }, index) =>
    `<circle cx="${panel.left + index * 200}" cy="${whole.height - 18}" r="5" fill="${colour}"/>` +
    `<text x="${panel.left + 12 + index * 200}" y="${whole.height - 14}">${label}</text>`,
);
writeFileSync(
  out,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${whole.width} ${whole.height}" role="img" font-family="system-ui, sans-serif" font-size="13">
<title>Calls and seconds of a sweep against the number of functions</title>
<style>
text { fill: #57606a } .title { font-weight: 600; font-size: 15px } .end { text-anchor: end } .middle { text-anchor: middle }
.grid { stroke: #8c959f; stroke-opacity: .35 }
@media (prefers-color-scheme: dark) { text { fill: #adbac7 } }
</style>
${draw('Calls, by number of functions', calls, panel.left)}
${draw('Seconds, by number of functions', seconds, right)}
${legend.join('\n')}
</svg>
`,
);
