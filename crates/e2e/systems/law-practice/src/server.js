const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { Pool } = require("pg");
const { createClient } = require("redis");
const { bucket } = require("./storage");

const pool = new Pool({ connectionString: process.env.DATABASE_URL });
const cache = createClient({ url: process.env.REDIS_URL });
cache.on("error", (error) => console.error("redis", error.message));
const dist = path.join(__dirname, "..", "dist");

async function health() {
  const extension = await pool.query("SELECT extversion FROM pg_extension WHERE extname = 'vector'");
  await cache.ping();
  await bucket.ready();
  return { status: "healthy", vector: extension.rows[0].extversion };
}

/** The nearest clause: what pgvector is for. */
async function nearest() {
  const found = await pool.query("SELECT name FROM clauses ORDER BY embedding <-> '[1,0,0]' LIMIT 1");
  return found.rows[0].name;
}

async function addDocument(text) {
  const made = await pool.query("INSERT INTO documents DEFAULT VALUES RETURNING id");
  await bucket.put(`document-${made.rows[0].id}`, text);
  await cache.incr("documents");
  fs.appendFileSync("logs/app.log", `added ${made.rows[0].id}\n`);
  return made.rows[0].id;
}

async function state() {
  const rows = await pool.query("SELECT id FROM documents ORDER BY id");
  const texts = await Promise.all(rows.rows.map(({ id }) => bucket.get(`document-${id}`)));
  return { texts, counted: Number(await cache.get("documents")), nearest: await nearest() };
}

function send(response, status, body, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

function sendFile(response, file) {
  const isAsset = file.includes("/_next/static/");
  send(response, 200, fs.readFileSync(file, "utf8"), {
    "content-type": file.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8",
    "cache-control": isAsset ? "public, max-age=31536000, immutable" : "no-cache",
  });
}

async function answer(request, response) {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/api/health") return send(response, 200, await health());
  if (url.pathname === "/api/environment") {
    const { FEATURES, SMTP_FROM, LICENSE_KEY, TZ, GIT_SHA } = process.env;
    return send(response, 200, { FEATURES, SMTP_FROM, LICENSE_KEY, TZ, GIT_SHA });
  }
  if (url.pathname === "/api/documents" && request.method === "POST") {
    let text = "";
    for await (const chunk of request) text += chunk;
    return send(response, 201, { id: await addDocument(text) });
  }
  if (url.pathname === "/api/documents") return send(response, 200, await state());
  const file = path.join(dist, url.pathname === "/" ? "index.html" : url.pathname);
  if (file.startsWith(dist) && fs.existsSync(file)) return sendFile(response, file);
  return send(response, 404, { error: "not found" });
}

const server = http.createServer((request, response) => {
  answer(request, response).catch((error) => send(response, 503, { status: error.message }));
});
process.on("SIGTERM", () => server.close(() => process.exit(0)));
cache.connect().then(() => server.listen(3000, () => console.log("ready on 3000")));
