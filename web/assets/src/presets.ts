// Presets of health checks: a click fills in the form; nothing is saved by it.

export function enablePresets(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-preset]") : null;
    const form = button?.closest("form");
    if (button === null || form === null || form === undefined) return;
    const kind = button.dataset["preset"] ?? "auto";
    const radio = form.querySelector<HTMLInputElement>(`input[name="probe"][value="${kind}"]`);
    if (radio !== null) {
      radio.checked = true;
      radio.dispatchEvent(new Event("change", { bubbles: true }));
    }
    const path = form.querySelector<HTMLInputElement>('input[name="path"]');
    if (path !== null && button.dataset["path"] !== undefined) path.value = button.dataset["path"];
    if (kind === "command") form.querySelector<HTMLElement>('textarea[name="argv"]')?.focus();
  });
}
