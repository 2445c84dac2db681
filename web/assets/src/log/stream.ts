import type { Line } from "./buffer";

export interface StreamEvents {
  lines(lines: Line[]): void;
  status(): void;
  state(state: "live" | "broken" | "ended"): void;
}

/**
 * Follows a log by server-sent events. The browser connects again by itself and says
 * where it was (`Last-Event-ID`). Lines are handed over once a frame, however fast they come.
 */
export class LogStream {
  #source: EventSource | undefined;
  #waiting: Line[] = [];
  #timer: number | undefined;

  constructor(
    private readonly address: string,
    private readonly events: StreamEvents,
  ) {}

  open(after: number | undefined): void {
    const address = new URL(this.address, location.href);
    if (after !== undefined) address.searchParams.set("after", String(after));
    const source = new EventSource(address);
    this.#source = source;
    source.addEventListener("open", () => this.events.state("live"));
    source.addEventListener("error", () => {
      this.events.state("broken");
      // The browser gives up for good when the answer is an error.
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(() => {
          if (this.#source === source) this.open(this.#last ?? after);
        }, 3_000);
      }
    });
    source.addEventListener("line", (event) => this.#receive(event));
    source.addEventListener("status", () => this.events.status());
    source.addEventListener("end", () => {
      this.close();
      this.#hand();
      this.events.state("ended");
      this.events.status();
    });
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
  }

  #last: number | undefined;

  #receive(event: MessageEvent<string>): void {
    const sequence = Number(event.lastEventId);
    this.#last = sequence;
    const { at, stream, text } = JSON.parse(event.data) as Omit<Line, "sequence">;
    this.#waiting.push({ sequence, at, stream, text });
    this.#timer ??= window.setTimeout(() => this.#hand(), 40);
  }

  #hand(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#waiting;
    this.#waiting = [];
    if (lines.length > 0) this.events.lines(lines);
  }
}
