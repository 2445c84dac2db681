// What a TypeScript build does here: the sources become dist/.
const fs = require("node:fs");

fs.mkdirSync("dist");
for (const name of fs.readdirSync("src")) {
  fs.copyFileSync(`src/${name}`, `dist/${name}`);
}
