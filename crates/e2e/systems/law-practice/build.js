// What the framework's build does: public variables become part of hashed files.
const { createHash } = require("node:crypto");
const fs = require("node:fs");

const script = `document.title = ${JSON.stringify(process.env.NEXT_PUBLIC_SITE_NAME)};
window.api = ${JSON.stringify(process.env.NEXT_PUBLIC_API_URL)};
// ${"practice ".repeat(400)}
`;
const hash = createHash("sha256").update(script).digest("hex").slice(0, 16);
fs.mkdirSync("dist/_next/static/chunks", { recursive: true });
fs.writeFileSync(`dist/_next/static/chunks/app-${hash}.js`, script);
fs.writeFileSync(
  "dist/index.html",
  `<!doctype html><title>${process.env.NEXT_PUBLIC_SITE_NAME}</title>
<script src="/_next/static/chunks/app-${hash}.js"></script>
<p>Built on ${process.env.BUILD_DATE} from ${process.env.GIT_SHA}</p>
`,
);
