/** Draws how cost grows: for each series a panel of its own, cost of one unit against size, both from their own zero. */
import type { SeriesResult } from "../../bench/harness/results.ts";
import { escapeText, label, line, picture } from "./svg.ts";

const PANEL = { width: 260, height: 190 };
const COLUMNS = 3;
const PAD = { left: 44, right: 22, top: 46, bottom: 40 };

export function drawGrowth(series: readonly SeriesResult[]): string {
  const lines = Math.ceil(series.length / COLUMNS);
  const width = PANEL.width * Math.min(COLUMNS, Math.max(1, series.length)) + 20;
  const height = PANEL.height * Math.max(1, lines) + 20;
  const panels = series.map((one, index) => {
    const x = 10 + (index % COLUMNS) * PANEL.width;
    const y = 10 + Math.floor(index / COLUMNS) * PANEL.height;
    return `<g transform="translate(${x} ${y})">${drawPanel(one)}</g>`;
  });
  const told = series.map(({ title, slope }) => `${title}: slope ${slope.toFixed(2)}`).join("; ");
  return picture(width, height, "Cost of one unit against size", told, panels.join("\n"));
}

function drawPanel({ title, sizeName, points, slope }: SeriesResult): string {
  const sizes = points.map(({ size }) => Math.log10(size));
  const [first, last] = [Math.min(...sizes), Math.max(...sizes)];
  const top = niceTop(Math.max(...points.map(({ cost }) => cost)));
  const x = (size: number): number =>
    PAD.left + ((Math.log10(size) - first) / Math.max(1e-9, last - first)) * (PANEL.width - PAD.left - PAD.right);
  const y = (cost: number): number => PANEL.height - PAD.bottom - (cost / top) * (PANEL.height - PAD.top - PAD.bottom);
  const grid = [0, top / 2, top].flatMap((cost) => [
    line(cost === 0 ? "axis" : "grid", PAD.left, y(cost), PANEL.width - PAD.right, y(cost)),
    label(PAD.left - 6, y(cost) + 4, String(Number(cost.toPrecision(3))), { anchor: "end" }),
  ]);
  const path = points.map(
    ({ size, cost }, index) => `${index === 0 ? "M" : "L"}${x(size).toFixed(1)} ${y(cost).toFixed(1)}`,
  );
  const dots = points.map(
    ({ size, cost }) =>
      `<circle class="dot" cx="${x(size).toFixed(1)}" cy="${y(cost).toFixed(1)}" r="4"><title>${escapeText(`${size} ${sizeName}: ${cost.toFixed(2)} µs`)}</title></circle>`,
  );
  const ends = [points[0]!, points.at(-1)!].map(({ size }) =>
    label(x(size), PANEL.height - PAD.bottom + 18, short(size), { anchor: "middle" }),
  );
  return [
    label(8, 18, title.replace(", with more and more", " by"), { strong: true }),
    label(8, 34, `µs, slope ${slope.toFixed(2)}`),
    ...grid,
    `<path class="line" d="${path.join(" ")}"/>`,
    ...dots,
    ...ends,
    label((PAD.left + PANEL.width - PAD.right) / 2, PANEL.height - PAD.bottom + 18, sizeName, { anchor: "middle" }),
  ].join("\n");
}

/** The next of 1, 2, 5 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value)!;
}

const short = (size: number): string =>
  size >= 1e6 ? `${size / 1e6} M` : size >= 1000 ? `${size / 1000} k` : String(size);
