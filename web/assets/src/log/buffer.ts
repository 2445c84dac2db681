// The lines that the page holds, and the window of them that is on display. A log may
// have a million lines: the oldest are let go, and only the window becomes elements.

export interface Line {
  readonly sequence: number;
  readonly at: string;
  readonly stream: string;
  readonly text: string;
}

export interface Limits {
  /** Lines held at most. */
  readonly held: number;
  /** Lines on display while following. */
  readonly shown: number;
  /** Lines on display at most. */
  readonly window: number;
  /** Lines that one step brings into the window. */
  readonly step: number;
}

export const LIMITS: Limits = { held: 50_000, shown: 1_000, window: 4_000, step: 500 };

export class LogBuffer {
  #lines: Line[] = [];
  #start = 0;
  #end = 0;

  constructor(private readonly limits: Limits = LIMITS) {}

  get length(): number {
    return this.#lines.length;
  }

  /** The window, as indices into the held lines. */
  get window(): { readonly start: number; readonly end: number } {
    return { start: this.#start, end: this.#end };
  }

  /** Lines that came after the window. */
  get unseen(): number {
    return this.#lines.length - this.#end;
  }

  get first(): Line | undefined {
    return this.#lines[0];
  }

  get last(): Line | undefined {
    return this.#lines.at(-1);
  }

  at(index: number): Line | undefined {
    return this.#lines[index];
  }

  shown(): Line[] {
    return this.#lines.slice(this.#start, this.#end);
  }

  /**
   * Adds lines at the end; those that are not newer than the last one are passed over,
   * so that a resumed stream cannot double a line.
   */
  append(lines: readonly Line[]): number {
    let added = 0;
    for (const line of lines) {
      const last = this.last;
      if (last !== undefined && line.sequence <= last.sequence) continue;
      this.#lines.push(line);
      added += 1;
    }
    const excess = this.#lines.length - this.limits.held;
    // Letting go in larger pieces keeps the cost of a line constant.
    if (excess > this.limits.held / 10) this.#letGo(excess);
    return added;
  }

  /** Adds lines at the start. */
  prepend(lines: readonly Line[]): number {
    const first = this.first;
    const older = first === undefined ? [...lines] : lines.filter((line) => line.sequence < first.sequence);
    this.#lines = older.concat(this.#lines);
    this.#start += older.length;
    this.#end += older.length;
    return older.length;
  }

  /** Moves the window to the newest lines. */
  showNewest(): void {
    this.#end = this.#lines.length;
    this.#start = Math.max(0, this.#end - this.limits.shown);
  }

  /** Widens the window upwards; it lets go below when it grows too long. */
  showEarlier(): number {
    const step = Math.min(this.limits.step, this.#start);
    this.#start -= step;
    this.#end = Math.min(this.#end, this.#start + this.limits.window);
    return step;
  }

  /** Widens the window downwards; it lets go above when it grows too long. */
  showLater(): number {
    const step = Math.min(this.limits.step, this.unseen);
    this.#end += step;
    this.#start = Math.max(this.#start, this.#end - this.limits.window);
    return step;
  }

  /** Moves the window so that a line is in it. */
  showAround(index: number): void {
    if (index >= this.#start && index < this.#end) return;
    const half = Math.floor(this.limits.shown / 2);
    this.#start = Math.max(0, index - half);
    this.#end = Math.min(this.#lines.length, this.#start + this.limits.shown);
  }

  /** The indices of the lines that contain a text, whatever its case. */
  find(text: string, plain: (line: Line) => string): number[] {
    const wanted = text.toLowerCase();
    const found: number[] = [];
    if (wanted === "") return found;
    this.#lines.forEach((line, index) => {
      if (plain(line).toLowerCase().includes(wanted)) found.push(index);
    });
    return found;
  }

  #letGo(count: number): void {
    this.#lines.splice(0, count);
    this.#start = Math.max(0, this.#start - count);
    this.#end = Math.max(this.#start, this.#end - count);
  }
}
