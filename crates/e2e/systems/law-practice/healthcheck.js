fetch("http://127.0.0.1:3000/api/health")
  .then((answer) => process.exit(answer.ok ? 0 : 1))
  .catch(() => process.exit(1));
