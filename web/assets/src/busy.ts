// A form that was sent is not sent twice by an impatient second click.

export function watchForms(): void {
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !(event.target instanceof HTMLFormElement)) return;
    const form = event.target;
    if (form.dataset["sent"] === "true") {
      event.preventDefault();
      return;
    }
    form.dataset["sent"] = "true";
    const button = event.submitter;
    // Only after the browser has taken the form: a disabled button would not be sent.
    setTimeout(() => button?.classList.add("is-busy"));
  });
  // The page came back from the browser's memory: its forms may be sent again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) delete form.dataset["sent"];
    for (const button of document.querySelectorAll(".is-busy")) button.classList.remove("is-busy");
  });
}
