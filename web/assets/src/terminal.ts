// The terminal of a service's page; a file of its own, since no other page needs it.
import "@xterm/xterm/css/xterm.css";
import "./terminal/terminal.css";
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { allowStyles } from "./terminal/styles";

const COLOURS = {
  background: "#10151c", foreground: "#dfe6ee", cursor: "#7fd1ff", selectionBackground: "#33465c",
  black: "#1b222c", red: "#ff7b72", green: "#7ee2a0", yellow: "#f2cc60", blue: "#79b8ff", magenta: "#d2a8ff", cyan: "#76e3ea", white: "#dfe6ee",
  brightBlack: "#8b98a8", brightRed: "#ffa198", brightGreen: "#a5f0bd", brightYellow: "#ffe08a", brightBlue: "#a5d2ff", brightMagenta: "#e2c5ff", brightCyan: "#a5f3f7", brightWhite: "#ffffff",
};

const encoder = new TextEncoder();

function part<T extends HTMLElement>(card: HTMLElement, name: string): T | null {
  return card.querySelector<T>(`[data-terminal-${name}]`);
}

function enable(card: HTMLElement): void {
  const screen = part(card, "screen");
  const openButton = part<HTMLButtonElement>(card, "open");
  const closeButton = part<HTMLButtonElement>(card, "close");
  const status = part(card, "status");
  if (!screen || !openButton || !closeButton || !status) return;
  let socket: WebSocket | null = null;
  let terminal: Terminal | null = null;

  const say = (text: string): void => {
    status.textContent = text;
  };

  const rest = (): void => {
    socket = null;
    openButton.hidden = false;
    closeButton.hidden = true;
  };

  openButton.addEventListener("click", () => {
    terminal?.dispose();
    screen.hidden = false;
    openButton.hidden = true;
    closeButton.hidden = false;
    say("Opening …");
    const shown = new Terminal({ cursorBlink: true, fontFamily: "ui-monospace, 'Cascadia Code', Menlo, Consolas, monospace", fontSize: 13, scrollback: 5000, theme: COLOURS });
    terminal = shown;
    const fit = new FitAddon();
    shown.loadAddon(fit);
    allowStyles(() => shown.open(screen));
    fit.fit();
    shown.focus();

    const container = part<HTMLSelectElement>(card, "replica")?.selectedOptions[0];
    const asked = new URLSearchParams({
      component: container?.dataset.component ?? "",
      replica: container?.value ?? "1",
      console: String(part<HTMLSelectElement>(card, "program")?.value === "console"),
      columns: String(shown.cols),
      rows: String(shown.rows),
    });
    const address = new URL(`${card.dataset.terminal}?${asked}`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const connection = new WebSocket(address);
    connection.binaryType = "arraybuffer";
    socket = connection;
    let told = false;

    connection.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data !== "string") {
        shown.write(new Uint8Array(data));
        return;
      }
      const notice = JSON.parse(data) as { kind: string; container?: string; message?: string };
      if (notice.kind === "opened") {
        say(`Container ${notice.container}`);
      } else {
        told = true;
        say(notice.message ?? "Closed.");
      }
    });
    connection.addEventListener("close", () => {
      if (!told) say("Closed.");
      shown.options.cursorBlink = false;
      shown.options.disableStdin = true;
      if (socket === connection) rest();
    });
    const send = (keys: Uint8Array<ArrayBuffer>): void => {
      if (connection.readyState === WebSocket.OPEN) connection.send(keys);
    };
    shown.onData((text) => send(encoder.encode(text)));
    shown.onBinary((text) => send(Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 255)));
    shown.onResize(({ cols, rows }) => {
      if (connection.readyState === WebSocket.OPEN) connection.send(JSON.stringify({ columns: cols, rows }));
    });
    new ResizeObserver(() => {
      if (terminal === shown && screen.clientWidth > 0) fit.fit();
    }).observe(screen);
  });

  closeButton.addEventListener("click", () => socket?.close());
  addEventListener("pagehide", () => socket?.close());
}

for (const card of document.querySelectorAll<HTMLElement>("[data-terminal]")) enable(card);
