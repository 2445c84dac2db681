// Keeps "3 minutes ago" and the clocks of running stages true while a page stays open.

export function ago(seconds: number): string {
  if (seconds < 45) return "just now";
  const [count, unit] =
    seconds < 3_600
      ? [Math.round(seconds / 60), "minute"]
      : seconds < 86_400
        ? [Math.floor(seconds / 3_600), "hour"]
        : seconds < 2_592_000
          ? [Math.floor(seconds / 86_400), "day"]
          : seconds < 31_536_000
            ? [Math.floor(seconds / 2_592_000), "month"]
            : [Math.floor(seconds / 31_536_000), "year"];
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, "0")} s`;
}

function since(moment: string | undefined): number {
  return moment === undefined || moment === "" ? Number.NaN : (Date.now() - Date.parse(moment)) / 1_000;
}

function refresh(): void {
  if (document.hidden) return;
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-ago]")) {
    const seconds = since(element.dateTime);
    if (!Number.isNaN(seconds)) setText(element, ago(seconds));
  }
  for (const element of document.querySelectorAll<HTMLElement>("[data-since]")) {
    const seconds = since(element.dataset["since"]);
    if (!Number.isNaN(seconds)) setText(element, clock(seconds));
  }
}

function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function keepTimes(): void {
  setInterval(refresh, 1_000);
  document.addEventListener("visibilitychange", refresh);
}
