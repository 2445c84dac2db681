// The editor of variables: more rows, and rows that shall go look like it.

export function enableVariables(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-add-pair]") : null;
    const pairs = button?.closest("form")?.querySelector("[data-pairs]");
    const rows = pairs?.querySelectorAll("[data-pair]");
    const last = rows?.[rows.length - 1];
    if (pairs === null || pairs === undefined || rows === undefined || last === undefined) return;
    const fresh = last.cloneNode(true) as HTMLElement;
    for (const field of fresh.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")) {
      field.name = field.name.replace(/\[\d+\]/, `[${rows.length}]`);
      if (field.type === "checkbox") (field as HTMLInputElement).checked = false;
      else field.value = "";
    }
    for (const note of fresh.querySelectorAll(".pair__note")) note.remove();
    pairs.append(fresh);
    fresh.querySelector("input")?.focus();
  });
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.dataset["remove"] === undefined) return;
    box.closest("[data-pair]")?.classList.toggle("is-gone", box.checked);
  });
}
