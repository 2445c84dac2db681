import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, clock } from "../src/ago";
import { narrow } from "../src/palette";

test("moments read as the server writes them", () => {
  for (const [seconds, text] of [[3, "just now"], [60, "1 minute ago"], [7_300, "2 hours ago"], [90_000, "1 day ago"]] as const) {
    assert.equal(ago(seconds), text);
  }
  assert.equal(clock(65), "1 m 05 s");
  assert.equal(clock(-2), "0 s");
});

test("every typed word narrows the places", () => {
  const places = [
    { name: "web", where: "Shop, production", href: "/services/1" },
    { name: "web", where: "Blog, staging", href: "/services/2" },
  ];
  assert.deepEqual(narrow(places, "WEB blog").map((place) => place.href), ["/services/2"]);
  assert.equal(narrow(places, "").length, 2);
});
