// Changes the colours at once; the form keeps the choice in a cookie.

export function enableThemes(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches("[data-theme-form]")) return;
    const chosen = event.submitter;
    if (!(chosen instanceof HTMLButtonElement)) return;
    event.preventDefault();
    document.documentElement.dataset["theme"] = chosen.value;
    for (const button of form.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button === chosen));
    }
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form, chosen)) body.append(name, String(value));
    void fetch(form.action, { method: "POST", body, redirect: "manual" });
  }, { capture: true });
}
