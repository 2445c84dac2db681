const { AwsClient } = require("aws4fetch");

const client = new AwsClient({
  accessKeyId: process.env.S3_ACCESS_KEY,
  secretAccessKey: process.env.S3_SECRET_KEY,
  service: "s3",
  region: "us-east-1",
});
const url = `${process.env.S3_ENDPOINT}/${process.env.S3_BUCKET}`;

async function ask(path, options) {
  const answer = await client.fetch(url + path, options);
  if (!answer.ok) throw new Error(`storage: ${answer.status} ${await answer.text()}`);
  return answer.text();
}

exports.bucket = {
  /** Makes the bucket on the first call. */
  async ready() {
    const answer = await client.fetch(url, { method: "HEAD" });
    if (answer.status === 404) await ask("", { method: "PUT" });
    else if (!answer.ok) throw new Error(`storage: ${answer.status}`);
  },
  put: (name, body) => ask(`/${name}`, { method: "PUT", body }),
  get: (name) => ask(`/${name}`),
};
