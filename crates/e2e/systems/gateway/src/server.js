const http = require("node:http");
const { Pool } = require("pg");

const pool = new Pool({ connectionString: process.env.DATABASE_URL });

async function answer(request) {
  if (request.url === "/health") {
    await pool.query("SELECT 1");
    return { status: "ok" };
  }
  if (request.url === "/v1/caller") {
    const { host } = request.headers;
    return { host, address: request.headers["x-real-ip"], scheme: request.headers["x-forwarded-proto"] };
  }
  if (request.url === "/v1/calls") {
    await pool.query("CREATE TABLE IF NOT EXISTS calls (at timestamptz DEFAULT now())");
    await pool.query("INSERT INTO calls DEFAULT VALUES");
    const counted = await pool.query("SELECT count(*)::int AS calls FROM calls");
    return counted.rows[0];
  }
  return undefined;
}

const server = http.createServer(async (request, response) => {
  const body = await answer(request).catch((error) => ({ error: error.message }));
  const status = body === undefined ? 404 : body.error ? 503 : 200;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body ?? { error: "not found" }));
});
process.on("SIGTERM", () => server.close(() => process.exit(0)));
server.listen(Number(process.env.PORT ?? 3000), () => console.log("the gateway listens"));
