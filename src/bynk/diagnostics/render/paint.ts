/** Colours, only when asked for. */

export interface Paint {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  /** Line numbers, bars and arrows. */
  readonly frame: (text: string) => string;
  /** Second places. */
  readonly related: (text: string) => string;
  readonly help: (text: string) => string;
  readonly bold: (text: string) => string;
}

const introducer = "\u001b[";

function sgr(codes: string): (text: string) => string {
  return (text) => (text === "" ? "" : `${introducer}${codes}m${text}${introducer}0m`);
}

const plain = (text: string): string => text;

const plainPaint: Paint = { error: plain, warning: plain, frame: plain, related: plain, help: plain, bold: plain };

const ansiPaint: Paint = {
  error: sgr("1;31"),
  warning: sgr("1;33"),
  frame: sgr("34"),
  related: sgr("1;34"),
  help: sgr("1;36"),
  bold: sgr("1"),
};

export function createPaint(color: boolean): Paint {
  return color ? ansiPaint : plainPaint;
}
