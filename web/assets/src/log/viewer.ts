import { strip } from "./ansi";
import { LogBuffer, type Line } from "./buffer";
import { row, type Label } from "./row";
import { LogStream } from "./stream";

const WORDS = { live: "Live", broken: "Connection lost, trying again…", ended: "The log has ended" };

/** Makes a log that the server printed live: follow, search, earlier lines. */
export class LogViewer {
  readonly #buffer = new LogBuffer();
  readonly #body: HTMLElement;
  readonly #list: HTMLElement;
  readonly #earlier: HTMLElement;
  readonly #jump: HTMLElement;
  #follows = true;
  #wanted = "";
  #hits: number[] = [];
  #hit = -1;
  #reachedStart: boolean;
  #jumpWords: Text;
  readonly #label: Label;

  constructor(private readonly root: HTMLElement) {
    this.#body = part(root, "body");
    this.#list = part(root, "lines");
    this.#earlier = part(root, "earlier");
    this.#jump = part(root, "jump");
    this.#jumpWords = this.#jump.appendChild(document.createTextNode(""));
    this.#label = root.dataset["times"] === undefined ? "number" : "time";
    this.#reachedStart = root.dataset["earlier"] === undefined;
    this.#buffer.append([...this.#list.children].map(printed));
    this.#buffer.showNewest();
    this.#draw();
    this.#wire();
    this.#listen();
    this.#toEnd();
    this.#refresh();
  }

  #wire(): void {
    this.#body.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#earlier.addEventListener("click", () => void this.#showEarlier());
    this.#jump.addEventListener("click", () => this.#setFollow(true));
    part(this.root, "follow").addEventListener("click", () => this.#setFollow(!this.#follows));
    const wrap = part(this.root, "wrap");
    wrap.addEventListener("click", () => {
      const unwrapped = this.root.classList.toggle("log--nowrap");
      wrap.setAttribute("aria-pressed", String(!unwrapped));
    });
    const search = part(this.root, "search") as HTMLInputElement;
    let timer: number | undefined;
    search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => this.#search(search.value), 150);
    });
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        this.#goToHit(event.shiftKey ? -1 : 1);
      }
    });
  }

  #listen(): void {
    const address = this.root.dataset["source"];
    if (address === undefined || this.root.dataset["live"] !== "true") return;
    const stream = new LogStream(address, {
      lines: (lines) => this.#receive(lines),
      status: () => document.dispatchEvent(new CustomEvent("longshore:status")),
      state: (state) => {
        this.root.dataset["state"] = state;
        part(this.root, "state").textContent = WORDS[state];
      },
    });
    stream.open(this.#buffer.last?.sequence);
    addEventListener("pagehide", () => stream.close());
  }

  #receive(lines: Line[]): void {
    const heldBefore = this.#buffer.length;
    const before = this.#buffer.window;
    const added = this.#buffer.append(lines);
    if (added === 0) return;
    const letGo = heldBefore + added - this.#buffer.length;
    if (this.#wanted !== "") this.#hits = this.#buffer.find(this.#wanted, plain);
    if (this.#follows) {
      this.#buffer.showNewest();
      const now = this.#buffer.window;
      if (before.end === heldBefore && letGo === 0 && now.end - before.end < now.end - now.start) {
        this.#extend(before.start, before.end);
      } else {
        this.#draw();
      }
      this.#toEnd();
    }
    this.#refresh();
  }

  /** Adds and removes only the rows that came into and left the window. */
  #extend(start: number, end: number): void {
    const now = this.#buffer.window;
    const fresh = document.createDocumentFragment();
    for (let index = end; index < now.end; index += 1) {
      const line = this.#buffer.at(index);
      if (line !== undefined) fresh.append(row(line, this.#wanted, this.#label));
    }
    for (let index = start; index < now.start; index += 1) this.#list.firstElementChild?.remove();
    this.#list.append(fresh);
  }

  #draw(): void {
    this.#list.replaceChildren(...this.#buffer.shown().map((line) => row(line, this.#wanted, this.#label)));
    this.#markHit();
  }

  #refresh(): void {
    const { start } = this.#buffer.window;
    part(this.root, "empty").hidden = this.#buffer.length > 0;
    this.#earlier.hidden = start === 0 && this.#reachedStart;
    this.#jump.hidden = this.#follows && this.#buffer.unseen === 0;
    const unseen = this.#buffer.unseen;
    this.#jumpWords.data = unseen > 0 ? ` (${unseen})` : "";
    part(this.root, "follow").setAttribute("aria-pressed", String(this.#follows));
    const hits = part(this.root, "hits");
    hits.textContent = this.#wanted === "" ? "" : `${this.#hit + 1}/${this.#hits.length}`;
  }

  #setFollow(follows: boolean): void {
    this.#follows = follows;
    if (follows) {
      this.#buffer.showNewest();
      this.#draw();
      this.#toEnd();
    }
    this.#refresh();
  }

  #toEnd(): void {
    this.#body.scrollTop = this.#body.scrollHeight;
  }

  #scrolled(): void {
    const below = this.#body.scrollHeight - this.#body.scrollTop - this.#body.clientHeight;
    if (below > 40) {
      if (this.#follows) {
        this.#follows = false;
        this.#refresh();
      }
    } else if (this.#buffer.unseen > 0 && !this.#follows) {
      this.#buffer.showLater();
      const top = this.#body.scrollTop;
      this.#draw();
      this.#body.scrollTop = top;
      this.#refresh();
    } else if (!this.#follows) {
      this.#follows = true;
      this.#refresh();
    }
  }

  async #showEarlier(): Promise<void> {
    this.#follows = false;
    if (this.#buffer.window.start === 0 && !this.#reachedStart) await this.#fetchEarlier();
    const height = this.#body.scrollHeight;
    const top = this.#body.scrollTop;
    this.#buffer.showEarlier();
    this.#draw();
    // What was read stays where it was.
    this.#body.scrollTop = top + this.#body.scrollHeight - height;
    this.#refresh();
  }

  async #fetchEarlier(): Promise<void> {
    const address = this.root.dataset["earlier"];
    const first = this.#buffer.first;
    if (address === undefined || first === undefined) return;
    const response = await fetch(`${address}?before=${first.sequence}`);
    if (!response.ok) return;
    const lines = (await response.json()) as Line[];
    const added = this.#buffer.prepend(lines);
    if (added === 0 || response.headers.get("longshore-log-start") === "true") this.#reachedStart = true;
  }

  #search(text: string): void {
    this.#wanted = text.trim().toLowerCase();
    this.#hits = this.#buffer.find(this.#wanted, plain);
    this.#hit = this.#hits.length;
    this.#draw();
    if (this.#hits.length > 0) this.#goToHit(-1);
    this.#refresh();
  }

  #goToHit(step: number): void {
    if (this.#hits.length === 0) return;
    this.#hit = (this.#hit + step + this.#hits.length) % this.#hits.length;
    const index = this.#hits[this.#hit] ?? 0;
    this.#follows = false;
    const before = this.#buffer.window;
    this.#buffer.showAround(index);
    if (before.start !== this.#buffer.window.start) this.#draw();
    this.#markHit();
    this.#refresh();
  }

  #markHit(): void {
    const sequence = this.#buffer.at(this.#hits[this.#hit] ?? -1)?.sequence;
    this.#list.querySelector(".is-hit")?.classList.remove("is-hit");
    if (sequence === undefined) return;
    const element = this.#list.querySelector<HTMLElement>(`[data-sequence="${sequence}"]`);
    if (element === null) return;
    element.classList.add("is-hit");
    // Only the log scrolls, not the page around it.
    this.#body.scrollTop = element.offsetTop - this.#body.clientHeight / 2;
  }
}

function part(root: HTMLElement, name: string): HTMLElement {
  const element = root.querySelector<HTMLElement>(`[data-log-${name}]`);
  if (element === null) throw new Error(`the log has no ${name}`);
  return element;
}

/** A line that the server printed. */
function printed(element: Element): Line {
  const item = element as HTMLElement;
  return {
    sequence: Number(item.dataset["sequence"]),
    at: item.dataset["at"] ?? "",
    stream: item.dataset["stream"] ?? "stdout",
    text: item.dataset["raw"] ?? item.querySelector(".log__text")?.textContent ?? "",
  };
}

function plain(line: Line): string {
  return strip(line.text);
}
