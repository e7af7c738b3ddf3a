/** Draws the ratios: a bar for each pair on a logarithmic scale, its spread as a line, what was asked as a mark. */
import type { PairResult } from "../../bench/harness/results.ts";
import { escapeText, label, line, picture } from "./svg.ts";

const WIDTH = 820;
const LEFT = 400;
const RIGHT = 70;
const TOP = 58;
const ROW = 30;
const BAR = 14;
const TICKS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];

export function drawRatios(pairs: readonly PairResult[]): string {
  const least = Math.min(0.5, ...pairs.map(({ ratio }) => ratio.min));
  const most = Math.max(5, ...pairs.map(({ ratio }) => ratio.max));
  const scale = (value: number): number =>
    LEFT + ((Math.log(value) - Math.log(least)) / (Math.log(most) - Math.log(least))) * (WIDTH - LEFT - RIGHT);
  const bottom = TOP + pairs.length * ROW;
  const ticks = TICKS.filter((tick) => tick >= least && tick <= most);
  const grid = ticks.flatMap((tick) => [
    line(tick === 1 ? "one" : "grid", scale(tick), TOP - 6, scale(tick), bottom),
    label(scale(tick), TOP - 12, `${tick}×`, { anchor: "middle" }),
  ]);
  const rows = pairs.map((pair, index) => drawRow(pair, TOP + index * ROW, scale));
  const body = [
    label(16, 24, "Byward's rate over the other side's", { strong: true }),
    label(WIDTH - 16, 24, "bar: median · thin line: least to largest round · mark: asked", { anchor: "end" }),
    ...grid,
    ...rows,
  ].join("\n");
  const told = pairs.map(({ title, ratio }) => `${title}: ${ratio.median.toFixed(2)}`).join("; ");
  return picture(WIDTH, bottom + 14, "Byward's rate over the other side's", told, body);
}

function drawRow({ title, ratio, target }: PairResult, y: number, scale: (value: number) => number): string {
  const middle = y + ROW / 2;
  const [from, to] = [Math.min(scale(1), scale(ratio.median)), Math.max(scale(1), scale(ratio.median))];
  const tip = `${title}: ${ratio.median.toFixed(2)}× (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})${target === null ? "" : `, asked ${target}×`}`;
  return [
    `<g><title>${escapeText(tip)}</title>`,
    label(LEFT - 100, middle + 4, shortTitle(title), { anchor: "end" }).replace('x="300.0"', `x="${LEFT - 70}"`),
    `<rect class="bar" x="${from.toFixed(1)}" y="${middle - BAR / 2}" width="${Math.max(1, to - from).toFixed(1)}" height="${BAR}" rx="3"/>`,
    line("spread", scale(ratio.min), middle, scale(ratio.max), middle),
    target === null ? "" : line("target", scale(target), middle - BAR / 2 - 3, scale(target), middle + BAR / 2 + 3),
    label(
      Math.max(to, scale(ratio.max), target === null ? 0 : scale(target)) + 8,
      middle + 4,
      `${ratio.median.toFixed(ratio.median >= 10 ? 1 : 2)}×`,
      {
        strong: true,
      },
    ),
    "</g>",
  ].join("\n");
}

/** The sentence of a result as a name beside a bar. */
const shortTitle = (title: string): string =>
  title
    .replace("WebSocket actions, ", "WebSocket, ")
    .replace(" with a bearer token", "")
    .replace(" in flight, against ", " in flight / ")
    .replace(", against ", " / ")
    .replace("our server with an echo in place of dispatch", "own sockets, echo")
    .replace("a bare ws loop over a prepared buffer", "bare ws loop")
    .replace(", 16 connections", "")
    .replace(" through each one's own client", ", own clients");
