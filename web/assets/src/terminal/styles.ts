// xterm.js writes its own rules into <style> elements, which our policy refuses. The same
// rules are taken from a style sheet that is made by script.

/** Runs `work`; the text of <style> elements that it makes goes, now and later, to adopted style sheets. */
export function allowStyles(work: () => void): void {
  const create = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (name.toLowerCase() === "style") adopt(element);
    return element;
  }) as typeof document.createElement;
  try {
    work();
  } finally {
    // The method of the prototype shows again.
    delete (document as Partial<Document>).createElement;
  }
}

function adopt(element: HTMLElement): void {
  const sheet = new CSSStyleSheet();
  let text = "";
  Object.defineProperty(element, "textContent", {
    get: () => text,
    set: (rules: string) => {
      text = rules;
      sheet.replaceSync(rules);
    },
  });
  const remove = element.remove.bind(element);
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    remove();
  };
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
