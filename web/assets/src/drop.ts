// Archives dropped on a page go to the server with their progress; then the page of their
// deployment opens.

interface Answer {
  readonly detail?: string;
  readonly errors?: readonly { readonly message: string }[];
  readonly deployment?: { readonly id: string } | null;
}

export function enableDrops(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("[data-upload]")) watch(form);
}

function watch(form: HTMLFormElement): void {
  const input = form.querySelector<HTMLInputElement>('input[type="file"]');
  if (input === null) return;
  form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file !== undefined) send(form, file);
    input.value = "";
  });
  const over = (event: DragEvent, isOver: boolean): void => {
    event.preventDefault();
    form.classList.toggle("is-over", isOver);
  };
  form.addEventListener("dragover", (event) => over(event, true));
  form.addEventListener("dragleave", (event) => over(event, false));
  form.addEventListener("drop", (event) => {
    over(event, false);
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) send(form, file);
  });
}

function send(form: HTMLFormElement, file: File): void {
  if (form.classList.contains("is-busy")) return;
  const status = form.querySelector<HTMLElement>("[role=status]");
  const progress = form.querySelector("progress");
  const csrf = form.querySelector<HTMLInputElement>('input[name="csrf"]')?.value ?? "";
  const say = (text: string, isBad = false): void => {
    if (status !== null) status.textContent = text;
    form.classList.toggle("is-bad", isBad);
    form.classList.toggle("is-busy", !isBad);
    if (progress !== null) progress.hidden = isBad;
  };
  const request = new XMLHttpRequest();
  request.open("PUT", `${form.dataset["upload"] ?? ""}?name=${encodeURIComponent(file.name)}`);
  request.setRequestHeader("X-CSRF-Token", csrf);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.addEventListener("progress", (event) => {
    const done = event.total > 0 ? event.loaded / event.total : 0;
    if (progress !== null) progress.value = done;
    say(done < 1 ? `${file.name}: ${Math.floor(done * 100)} % sent` : `${file.name} is being checked…`);
  });
  request.addEventListener("error", () => say("The connection broke; the archive did not arrive.", true));
  request.addEventListener("load", () => {
    const answer = read(request.responseText);
    if (request.status < 300) {
      say("Deploying…");
      location.assign(answer.deployment ? `/deployments/${answer.deployment.id}` : location.href);
    } else {
      say(reason(answer), true);
    }
  });
  say(`${file.name}: 0 % sent`);
  request.send(file);
}

function read(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return {};
  }
}

/** What is wrong, as a sentence. */
export function reason(answer: Answer): string {
  const first = answer.errors?.[0]?.message;
  if (first !== undefined) return `The archive ${first.replace(/\.$/u, "")}.`;
  return answer.detail ?? "The server did not take the archive.";
}
