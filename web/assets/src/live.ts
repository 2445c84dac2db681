// Live parts ask for their own page again and take themselves out of the answer. This
// keeps that harmless: not while nobody looks, and not with an answer that is not the page.
import htmx from "htmx.org";

interface RequestContext {
  readonly sourceElement?: Element;
  readonly response?: { readonly raw: Response; readonly status: number };
}

export function tameLiveParts(): void {
  document.addEventListener("htmx:before:request", (event) => {
    if (document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = (event as CustomEvent<{ ctx: RequestContext }>).detail;
    const response = ctx.response;
    if (response === undefined) return;
    if (response.status >= 400) event.preventDefault();
    if (response.raw.redirected && new URL(response.raw.url).pathname === "/login") {
      event.preventDefault();
      location.reload();
    }
  });
  document.addEventListener("longshore:status", () => {
    const part = document.querySelector("[data-deployment][hx-get]");
    if (part !== null) htmx.trigger(part, "deployment-changed");
  });
}
