// Good news leave by themselves; bad news stay until the next page.

export function fadeToasts(): void {
  for (const toast of document.querySelectorAll<HTMLElement>("[data-toast]")) {
    const leave = () => {
      toast.classList.add("is-leaving");
      setTimeout(() => toast.remove(), 250);
    };
    setTimeout(leave, 6_000);
    toast.addEventListener("click", leave);
  }
}
