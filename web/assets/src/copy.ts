// Buttons that copy a text. Without a secure context the clipboard is closed to pages
// (the dashboard on a plain http address), so the older way is the fallback.

export function enableCopying(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-copy]") : null;
    if (button === null) return;
    void copy(button.dataset["copy"] ?? "").then((done) => {
      if (!done) return;
      button.classList.add("is-done");
      setTimeout(() => button.classList.remove("is-done"), 1_600);
    });
  });
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
