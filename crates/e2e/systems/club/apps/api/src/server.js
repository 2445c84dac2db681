const http = require("node:http");
const { Pool } = require("pg");
const { clubName } = require("@club/shared");

const pool = new Pool({ connectionString: process.env.DATABASE_URL });

async function answer(url) {
  if (url === "/health") return { status: "ok" };
  if (url === "/members") {
    return { club: clubName, members: (await pool.query("SELECT name FROM members ORDER BY name")).rows };
  }
  return undefined;
}

const server = http.createServer(async (request, response) => {
  const body = await answer(request.url).catch((error) => ({ error: error.message }));
  const status = body === undefined ? 404 : body.error ? 503 : 200;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body ?? { error: "not found" }));
});
process.on("SIGTERM", () => server.close(() => process.exit(0)));
server.listen(3000, () => console.log("the API listens"));
