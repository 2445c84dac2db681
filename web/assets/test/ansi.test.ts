import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, strip } from "../src/log/ansi";

const cases: [string, string, [string, string][]][] = [
  ["plain text is one plain span", "hello", [["hello", ""]]],
  ["a colour becomes a class", "\u001b[32mok\u001b[0m done", [["ok", "fg-2"], [" done", ""]]],
  ["weights add up and go one by one", "\u001b[1;31mA\u001b[22mB\u001b[39mC", [["A", "fg-1 ansi-b"], ["B", "fg-1"], ["C", ""]]],
  ["bright colours and backgrounds", "\u001b[96;44mx", [["x", "fg-14 bg-4"]]],
  ["8-bit colours become the nearest of sixteen", "\u001b[38;5;196mred", [["red", "fg-9"]]],
  ["24-bit colours become the nearest of sixteen", "\u001b[38;2;10;240;20mgreen", [["green", "fg-10"]]],
  ["an empty code is a reset", "\u001b[31ma\u001b[mb", [["a", "fg-1"], ["b", ""]]],
  ["cursor movement, titles and links are dropped", "\u001b[2K\u001b[1Ga\u001b]0;title\u0007b\u001b]8;;http://x\u001b\\c", [["abc", ""]]],
  ["only the last state of a redrawn line counts", "10%\r50%\r100%\r\n", [["100%", ""]]],
  ["a cut sequence does not swallow text", "a\u001b[", [["a[", ""]]],
  ["markup stays text", "<b>\u001b[1m<script>", [["<b>", ""], ["<script>", "ansi-b"]]],
];

for (const [name, line, spans] of cases) {
  test(name, () => {
    assert.deepEqual(parse(line).map((span) => [span.text, span.classes]), spans);
    assert.equal(strip(line), spans.map(([text]) => text).join(""));
  });
}

test("a long line of nothing but colours is quick", () => {
  const line = "\u001b[31mx".repeat(50_000);
  const started = performance.now();
  assert.equal(parse(line).length, 1);
  assert.ok(performance.now() - started < 1_000);
});
