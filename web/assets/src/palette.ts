// "Go to…": a list of all projects and services that narrows while one types.

interface Place {
  readonly name: string;
  readonly where: string;
  readonly href: string;
}

export function narrow(places: readonly Place[], typed: string): Place[] {
  const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return places.filter((place) => {
    const text = `${place.name} ${place.where}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function enablePalette(): void {
  const opener = document.querySelector<HTMLElement>("[data-palette-open]");
  if (opener === null) return;
  opener.addEventListener("click", () => void open());
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
    if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing)) {
      event.preventDefault();
      void open();
    }
  });
}

let dialog: HTMLDialogElement | undefined;

async function open(): Promise<void> {
  if (dialog?.open) return;
  const response = await fetch("/places");
  if (!response.ok) return;
  const places = (await response.json()) as Place[];
  dialog ??= build();
  const field = dialog.querySelector("input") as HTMLInputElement;
  const list = dialog.querySelector(".palette__list") as HTMLElement;
  field.value = "";
  let chosen = 0;
  const draw = () => {
    const found = narrow(places, field.value).slice(0, 50);
    chosen = Math.max(0, Math.min(chosen, found.length - 1));
    list.replaceChildren(...found.map((place, index) => entry(place, index === chosen)));
    if (found.length === 0) list.append(nothing());
    list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  };
  field.oninput = () => {
    chosen = 0;
    draw();
  };
  field.onkeydown = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      chosen += event.key === "ArrowDown" ? 1 : -1;
      draw();
    } else if (event.key === "Enter") {
      list.querySelector<HTMLAnchorElement>('[aria-selected="true"]')?.click();
    }
  };
  draw();
  dialog.showModal();
}

function build(): HTMLDialogElement {
  const element = document.createElement("dialog");
  element.className = "palette";
  element.setAttribute("aria-label", "Go to a project or service");
  const search = document.createElement("div");
  search.className = "palette__search";
  const field = document.createElement("input");
  field.placeholder = "Go to a project or service";
  field.setAttribute("aria-label", field.placeholder);
  field.autofocus = true;
  const list = document.createElement("div");
  list.className = "palette__list";
  search.append(field);
  element.append(search, list);
  element.addEventListener("click", (event) => {
    if (event.target === element) element.close();
  });
  document.body.append(element);
  return element;
}

function entry(place: Place, chosen: boolean): HTMLAnchorElement {
  const link = document.createElement("a");
  link.href = place.href;
  link.setAttribute("aria-selected", String(chosen));
  const where = document.createElement("small");
  where.textContent = place.where;
  link.append(place.name, where);
  return link;
}

function nothing(): HTMLElement {
  const note = document.createElement("p");
  note.className = "palette__none";
  note.textContent = "Nothing has that name.";
  return note;
}
