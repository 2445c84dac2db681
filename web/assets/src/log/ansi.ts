// Turns a line with ANSI escape sequences into spans. Colours and weights are kept as
// class names; every other sequence (cursor movement, titles, links) is dropped.

export interface Span {
  readonly text: string;
  /** Class names, separated by spaces; empty for plain text. */
  readonly classes: string;
}

interface Pen {
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  foreground: number | undefined;
  background: number | undefined;
}

const PLAIN: Pen = {
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  foreground: undefined,
  background: undefined,
};

// CSI sequences, OSC sequences (ended by BEL or ST), other two-character escapes, and
// control characters that mean nothing in a log.
const ESCAPE =
  // biome-ignore lint: control characters are the subject
  /\u001b\[([0-9;:?<=>]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[@-Z\\-_]|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

export function parse(line: string): Span[] {
  const text = afterLastReturn(line);
  const spans: Span[] = [];
  let pen = PLAIN;
  let start = 0;
  for (const match of text.matchAll(ESCAPE)) {
    push(spans, text.slice(start, match.index), pen);
    start = match.index + match[0].length;
    if (match[2] === "m") {
      pen = draw(pen, match[1] ?? "");
    }
  }
  push(spans, text.slice(start), pen);
  return spans;
}

/** The text without any escape sequence. */
export function strip(line: string): string {
  return afterLastReturn(line).replace(ESCAPE, "");
}

/** A progress bar redraws its line with carriage returns: only its last state counts. */
function afterLastReturn(line: string): string {
  const trimmed = line.replace(/[\r\n]+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("\r") + 1);
}

function push(spans: Span[], text: string, pen: Pen): void {
  if (text === "") return;
  const classes = classesOf(pen);
  const last = spans.at(-1);
  if (last !== undefined && last.classes === classes) {
    spans[spans.length - 1] = { text: last.text + text, classes };
  } else {
    spans.push({ text, classes });
  }
}

function classesOf(pen: Pen): string {
  const classes: string[] = [];
  if (pen.foreground !== undefined) classes.push(`fg-${pen.foreground}`);
  if (pen.background !== undefined) classes.push(`bg-${pen.background}`);
  if (pen.bold) classes.push("ansi-b");
  if (pen.dim) classes.push("ansi-d");
  if (pen.italic) classes.push("ansi-i");
  if (pen.underline) classes.push("ansi-u");
  if (pen.strike) classes.push("ansi-s");
  return classes.join(" ");
}

function draw(pen: Pen, parameters: string): Pen {
  const codes = parameters.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  let next = { ...pen };
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) next = { ...PLAIN };
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 9) next.strike = true;
    else if (code === 22) next.bold = next.dim = false;
    else if (code === 23) next.italic = false;
    else if (code === 24) next.underline = false;
    else if (code === 29) next.strike = false;
    else if (code >= 30 && code <= 37) next.foreground = code - 30;
    else if (code === 39) next.foreground = undefined;
    else if (code >= 40 && code <= 47) next.background = code - 40;
    else if (code === 49) next.background = undefined;
    else if (code >= 90 && code <= 97) next.foreground = code - 82;
    else if (code >= 100 && code <= 107) next.background = code - 100;
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(index + 1));
      index += used;
      if (code === 38) next.foreground = colour;
      else next.background = colour === undefined ? undefined : colour % 8;
    }
  }
  return next;
}

/** An 8-bit or 24-bit colour as the nearest of the sixteen, and the codes it used. */
function extended(codes: number[]): [number | undefined, number] {
  if (codes[0] === 5) return [nearestOfIndex(codes[1] ?? 7), 2];
  if (codes[0] === 2) return [nearest(codes[1] ?? 0, codes[2] ?? 0, codes[3] ?? 0), 4];
  return [undefined, 1];
}

function nearestOfIndex(index: number): number {
  if (index < 16) return index;
  if (index >= 232) return index < 238 ? 8 : index < 250 ? 7 : 15;
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  return nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

function nearest(red: number, green: number, blue: number): number {
  const brightest = Math.max(red, green, blue);
  if (brightest < 48) return 0;
  const on = (part: number) => (part > brightest * 0.6 ? 1 : 0);
  const colour = on(red) + on(green) * 2 + on(blue) * 4;
  return brightest > 200 ? colour + 8 : colour;
}
