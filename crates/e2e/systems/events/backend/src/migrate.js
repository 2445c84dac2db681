// Runs before a version goes live: a migration that is refused keeps the old version.
const { Client } = require("pg");

async function migrate() {
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  await client.query("CREATE TABLE IF NOT EXISTS events (id serial PRIMARY KEY, name text NOT NULL)");
  const seeded = await client.query("SELECT count(*)::int AS count FROM events");
  if (seeded.rows[0].count === 0) await client.query("INSERT INTO events (name) VALUES ('Opening')");
  await client.end();
  console.log("migrations applied");
}

migrate().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
