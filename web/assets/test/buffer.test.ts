import assert from "node:assert/strict";
import { test } from "node:test";
import { LogBuffer, type Line } from "../src/log/buffer";

const LIMITS = { held: 100, shown: 10, window: 30, step: 5 };

function lines(from: number, count: number): Line[] {
  return Array.from({ length: count }, (_, index) => ({
    sequence: from + index,
    at: "",
    stream: "stdout",
    text: `line ${from + index}`,
  }));
}

function shown(buffer: LogBuffer): number[] {
  return buffer.shown().map((line) => line.sequence);
}

test("a resumed stream doubles no line", () => {
  const buffer = new LogBuffer(LIMITS);
  assert.equal(buffer.append(lines(1, 5)), 5);
  assert.equal(buffer.append(lines(3, 5)), 2);
  assert.equal(buffer.last?.sequence, 7);
});

test("following shows the newest lines only", () => {
  const buffer = new LogBuffer(LIMITS);
  buffer.append(lines(1, 50));
  buffer.showNewest();
  assert.deepEqual(shown(buffer), [41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
});

test("a million lines stay within what is held", () => {
  const buffer = new LogBuffer({ held: 50_000, shown: 1_000, window: 4_000, step: 500 });
  const started = performance.now();
  for (let from = 1; from <= 1_000_000; from += 1_000) {
    buffer.append(lines(from, 1_000));
    buffer.showNewest();
  }
  assert.ok(buffer.length <= 55_000);
  assert.equal(buffer.last?.sequence, 1_000_000);
  assert.equal(buffer.shown().length, 1_000);
  assert.ok(performance.now() - started < 5_000);
});

test("earlier lines come step by step, and the window never grows without bound", () => {
  const buffer = new LogBuffer(LIMITS);
  buffer.append(lines(1, 80));
  buffer.showNewest();
  assert.equal(buffer.showEarlier(), 5);
  assert.equal(shown(buffer)[0], 66);
  for (let times = 0; times < 20; times += 1) buffer.showEarlier();
  assert.equal(shown(buffer)[0], 1);
  assert.equal(buffer.shown().length, 30);
  assert.equal(buffer.unseen, 50);
  buffer.showLater();
  assert.equal(shown(buffer).at(-1), 35);
});

test("lines that were fetched later go before the others", () => {
  const buffer = new LogBuffer(LIMITS);
  buffer.append(lines(50, 10));
  buffer.showNewest();
  assert.equal(buffer.prepend(lines(40, 15)), 10);
  assert.equal(shown(buffer)[0], 50);
  buffer.showEarlier();
  assert.equal(shown(buffer)[0], 45);
});

test("a hit outside of the window moves the window", () => {
  const buffer = new LogBuffer(LIMITS);
  buffer.append(lines(1, 80));
  buffer.showNewest();
  const found = buffer.find("LINE 7", (line) => line.text);
  assert.equal(found.length, 11);
  buffer.showAround(found[0] ?? -1);
  assert.ok(shown(buffer).includes(7));
});

test("what is read stays on display while new lines come", () => {
  const buffer = new LogBuffer(LIMITS);
  buffer.append(lines(1, 50));
  buffer.showNewest();
  buffer.append(lines(51, 20));
  assert.equal(shown(buffer)[0], 41);
  assert.equal(buffer.unseen, 20);
});
