/** Owns what the charts share: colours for a light and a dark page, and the escaping of text. */

/** Validated beside each other on both grounds: blue for us, grey for what is asked, red for what is missed. */
const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #52514e; }
  .strong { fill: #0b0b0b; font-weight: 600; }
  .grid { stroke: #e1e0d9; stroke-width: 1; }
  .axis { stroke: #c3c2b7; stroke-width: 1; }
  .one { stroke: #898781; stroke-width: 1; }
  .bar { fill: #2a78d6; }
  .line { stroke: #2a78d6; stroke-width: 2; fill: none; stroke-linejoin: round; stroke-linecap: round; }
  .dot { fill: #2a78d6; stroke: #fcfcfb; stroke-width: 2; }
  .spread { stroke: #0b0b0b; stroke-width: 1; }
  .target { stroke: #eb6834; stroke-width: 2; }
  .ground { fill: #fcfcfb; }
  @media (prefers-color-scheme: dark) {
    text { fill: #c3c2b7; }
    .strong { fill: #ffffff; }
    .grid { stroke: #2c2c2a; }
    .axis { stroke: #383835; }
    .bar { fill: #3987e5; }
    .line { stroke: #3987e5; }
    .dot { fill: #3987e5; stroke: #1a1a19; }
    .spread { stroke: #ffffff; }
    .target { stroke: #d95926; }
    .ground { fill: #1a1a19; }
  }
`;

export const escapeText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** A whole picture; `title` and `description` are what a reader hears who does not see it. */
export const picture = (width: number, height: number, title: string, description: string, body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">
<title id="title">${escapeText(title)}</title>
<desc id="description">${escapeText(description)}</desc>
<style>${STYLE}</style>
<rect class="ground" width="${width}" height="${height}" rx="8"/>
${body}
</svg>
`;

export const label = (
  x: number,
  y: number,
  text: string,
  options: { anchor?: string; strong?: boolean } = {},
): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${options.anchor ?? "start"}"${options.strong === true ? ' class="strong"' : ""}>${escapeText(text)}</text>`;

export const line = (name: string, x1: number, y1: number, x2: number, y2: number): string =>
  `<line class="${name}" x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}"/>`;
