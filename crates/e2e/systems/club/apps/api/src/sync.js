// The schema, and the seeds when they are asked for.
const { Client } = require("pg");

async function sync() {
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  await client.query("CREATE TABLE IF NOT EXISTS members (name text PRIMARY KEY)");
  if (process.env.SEED_DB === "true") {
    await client.query("INSERT INTO members VALUES ('Coach'), ('Goalkeeper') ON CONFLICT DO NOTHING");
    console.log("seeded");
  }
  await client.end();
}

sync().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
