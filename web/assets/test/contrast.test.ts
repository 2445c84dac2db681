import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

// WCAG 2.2 AA: 4.5 to 1 for text, 3 to 1 for the borders of fields.
const TEXT = 4.5;
const BORDER = 3;

const PAIRS: [string, string, number][] = [
  ...["ink", "ink-soft", "ink-faint", "accent", "good", "busy", "warn", "bad", "idle"].flatMap((ink) =>
    ["page", "surface", "surface-sunk"].map((ground): [string, string, number] => [ink, ground, TEXT]),
  ),
  ...["good", "busy", "warn", "bad", "idle"].flatMap((tone): [string, string, number][] => [
    [tone, `${tone}-soft`, TEXT],
    ["ink", `${tone}-soft`, TEXT],
    ["ink-soft", `${tone}-soft`, TEXT],
  ]),
  ["accent", "accent-soft", TEXT],
  ["ink-soft", "accent-soft", TEXT],
  ["ink", "surface-hover", TEXT],
  ["ink-soft", "surface-hover", TEXT],
  ["ink-soft", "surface-raised", TEXT],
  ["on-accent", "accent", TEXT],
  ["on-accent", "accent-strong", TEXT],
  ["on-bad", "bad", TEXT],
  ["term-ink", "term", TEXT],
  ["term-faint", "term", TEXT],
  ["term-faint", "term-raised", TEXT],
  ["field-line", "surface", BORDER],
];

const tokens = readTokens();

for (const theme of ["light", "dark"] as const) {
  test(`every text can be read in ${theme} colours`, () => {
    const weak = PAIRS.flatMap(([ink, ground, least]) => {
      const ratio = contrast(luminance(token(ink)[theme]), luminance(token(ground)[theme]));
      return ratio < least ? [`${ink} on ${ground}: ${ratio.toFixed(2)}`] : [];
    });
    assert.deepEqual(weak, []);
  });
}

interface Token {
  readonly light: string;
  readonly dark: string;
}

function token(name: string): Token {
  const found = tokens.get(name);
  assert.ok(found, `there is no --${name}`);
  return found;
}

function readTokens(): Map<string, Token> {
  const css = readFileSync(new URL("../css/tokens.css", import.meta.url), "utf8");
  const found = new Map<string, Token>();
  for (const [, name, light, dark] of css.matchAll(/--([\w-]+): light-dark\((oklch\([^)]*\)), (oklch\([^)]*\))\);/g)) {
    found.set(name ?? "", { light: light ?? "", dark: dark ?? "" });
  }
  for (const [, name, both] of css.matchAll(/--([\w-]+): (oklch\([^)]*\));/g)) {
    found.set(name ?? "", { light: both ?? "", dark: both ?? "" });
  }
  return found;
}

/** The relative luminance of an `oklch()` colour, by the matrices of CSS Color 4. */
function luminance(colour: string): number {
  const [lightness = 0, chroma = 0, hue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  const angle = (hue * Math.PI) / 180;
  const light = lightness / 100;
  const a = chroma * Math.cos(angle);
  const b = chroma * Math.sin(angle);
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const within = (part: number) => Math.min(1, Math.max(0, part));
  const red = within(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
  const green = within(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
  const blue = within(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}
