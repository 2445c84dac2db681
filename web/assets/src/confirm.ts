// A button that destroys something wakes up when the name was typed. The server checks
// the name in any case.

export function guardNames(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-confirm-name]")) {
    const name = button.dataset["confirmName"];
    const field = button.form?.elements.namedItem(button.dataset["confirmField"] ?? "");
    if (!(field instanceof HTMLInputElement)) continue;
    const check = () => {
      button.disabled = field.value.trim() !== name;
    };
    field.addEventListener("input", check);
    check();
  }
}
