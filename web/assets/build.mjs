// Bundles the style sheet and the scripts into dist/ under names that carry a hash of
// their content, and writes dist/manifest.json, which the server reads to find them.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, rename, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import * as esbuild from "esbuild";

const here = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const dist = join(here, "dist");
const target = ["chrome123", "firefox128", "safari17.5"];

const mode = process.argv[2];
if (mode === "--tests") {
  await buildTests();
} else if (mode === "--watch") {
  await build();
  const { watch } = await import("node:fs");
  let timer;
  for (const folder of ["src", "css", "static"]) {
    watch(join(here, folder), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => build().catch((error) => console.error(error.message)), 60);
    });
  }
} else {
  await build();
}

async function build() {
  const shared = { bundle: true, minify: true, target, write: false, legalComments: "none" };
  const scripts = await esbuild.build({
    ...shared,
    entryPoints: [join(here, "src/main.ts"), join(here, "src/terminal.ts")],
    outdir: dist,
    format: "esm",
  });
  const styles = await esbuild.build({
    ...shared,
    entryPoints: [join(here, "css/main.css")],
    outdir: dist,
    external: ["/assets/*"],
  });

  const files = [...scripts.outputFiles, ...styles.outputFiles].map((file) => ({
    name: basename(file.path),
    bytes: file.contents,
  }));
  for (const name of await readdir(join(here, "static"))) {
    files.push({ name, bytes: await readFile(join(here, "static", name)) });
  }

  // The old folder goes only when the new one is whole, so that a running debug server
  // never sees half of it.
  const fresh = `${dist}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const manifest = {};
  for (const { name, bytes } of files) {
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
    const extension = extname(name);
    const hashed = `${basename(name, extension)}-${hash}${extension}`;
    manifest[name] = hashed;
    await writeFile(join(fresh, hashed), bytes);
    console.log(`${hashed.padEnd(32)} ${(bytes.length / 1024).toFixed(1)} KiB`);
  }
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  await writeFile(join(fresh, "manifest.json"), text);
  // The same names are the same bytes; files that stay as they are spare a build of the server.
  const before = await readFile(join(dist, "manifest.json"), "utf8").catch(() => "");
  if (before === text) {
    await rm(fresh, { recursive: true });
    return;
  }
  await rm(dist, { recursive: true, force: true });
  await rename(fresh, dist);
}

async function buildTests() {
  const out = join(here, ".tests");
  await rm(out, { recursive: true, force: true });
  const names = await readdir(join(here, "test"));
  await esbuild.build({
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outdir: out,
    outExtension: { ".js": ".mjs" },
    entryPoints: names.filter((name) => name.endsWith(".test.ts")).map((name) => join(here, "test", name)),
  });
}
