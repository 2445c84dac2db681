const http = require("node:http");
const os = require("node:os");
const { Pool } = require("pg");
const { Server } = require("socket.io");

const pool = new Pool({ connectionString: process.env.DATABASE_URL });

async function answer(url) {
  switch (url) {
    case "/health":
      return { status: "ok", environment: process.env.APP_ENV };
    case "/health/db":
      await pool.query("SELECT 1");
      return { status: "ok" };
    case "/api/events":
      return (await pool.query("SELECT name FROM events ORDER BY id")).rows;
    case "/api/instance":
      return { instance: os.hostname(), timezone: Intl.DateTimeFormat().resolvedOptions().timeZone };
    default:
      return undefined;
  }
}

const server = http.createServer(async (request, response) => {
  const body = await answer(request.url).catch((error) => ({ error: error.message }));
  const status = body === undefined ? 404 : body.error ? 503 : 200;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body ?? { error: "not found" }));
  console.log(JSON.stringify({ level: "info", method: request.method, url: request.url, status }));
});
const sockets = new Server(server, { path: "/socket.io/" });
sockets.on("connection", (socket) => socket.emit("welcome", os.hostname()));
process.on("SIGTERM", () => sockets.close(() => process.exit(0)));
server.listen(3000, () => console.log(JSON.stringify({ level: "info", message: "listening" })));
