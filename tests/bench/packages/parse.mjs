// Parse Server on PostgreSQL in two processes, as its own `--cluster 2` does; run by `parse.py`.
import cluster from 'node:cluster';
import express from 'express';
import { ParseServer } from 'parse-server';

const asked = JSON.parse(process.env.BENCH_PARSE);

if (cluster.isPrimary) {
  for (let worker = 0; worker < asked.workers; worker++) cluster.fork();
  process.on('SIGTERM', () => process.exit(0));
} else {
  const parse = new ParseServer({
    appId: asked.key,
    masterKey: asked.key,
    serverURL: `http://127.0.0.1:${asked.port}/parse`,
    databaseURI: `postgres://postgres@localhost/${asked.database}`,
    // the same Unix socket as everybody
    databaseOptions: { host: asked.socket, port: 5432, max: 10 },
    allowCustomObjectId: true,
    allowClientClassCreation: false,
    logLevel: 'error',
    silent: true,
    logsFolder: null,
  });
  await parse.start();
  const app = express();
  app.use('/parse', parse.app);
  app.listen(asked.port, '127.0.0.1');
}
