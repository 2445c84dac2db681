import { parse } from "./ansi";
import type { Line } from "./buffer";

/** What stands before a line: its place in the log, or when it was written. */
export type Label = "number" | "time";

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** The element of a line, with what is searched for marked. */
export function row(line: Line, wanted: string, label: Label): HTMLLIElement {
  const item = document.createElement("li");
  item.className = "log__line";
  item.dataset["stream"] = line.stream;
  item.dataset["sequence"] = String(line.sequence);

  const number = document.createElement("span");
  number.className = "log__number";
  const at = line.at === "" ? undefined : new Date(line.at);
  number.textContent = label === "time" && at !== undefined ? CLOCK.format(at) : String(line.sequence);
  if (at !== undefined) number.title = at.toLocaleString();

  const text = document.createElement("span");
  text.className = "log__text";
  for (const span of parse(line.text)) {
    const parent = span.classes === "" ? text : text.appendChild(document.createElement("span"));
    if (parent !== text) parent.className = span.classes;
    fill(parent, span.text, wanted);
  }
  // An empty line keeps its height.
  if (text.childNodes.length === 0) text.textContent = "\u200b";

  item.append(number, text);
  return item;
}

function fill(parent: Element, text: string, wanted: string): void {
  const lower = text.toLowerCase();
  let from = 0;
  while (wanted !== "") {
    const found = lower.indexOf(wanted, from);
    if (found < 0) break;
    parent.append(text.slice(from, found));
    const mark = document.createElement("mark");
    mark.textContent = text.slice(found, found + wanted.length);
    parent.append(mark);
    from = found + wanted.length;
  }
  if (from < text.length) parent.append(text.slice(from));
}
