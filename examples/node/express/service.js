// A shop with Express: each request is decided by one version of the snapshot, for its own user.
//
//   TIDEGATE_CONNECTION='tidegate+https://…' PORT=8080 node service.js
//
//   GET /checkout   the checkout that this user gets          GET /livez    the process runs
//   GET /limits     a config, with a default of ours          GET /readyz   it has something to serve, and how fresh that is
import express from 'express';
import { connect } from 'tidegate';

const client = connect(process.env.TIDEGATE_CONNECTION, { process: { service: 'shop' }, cache: process.env.TIDEGATE_CACHE });
const { engine } = client;
client.on('stale', ({ ageMs }) => console.error(`flags: no news for ${ageMs} ms; serving what there was`));

// Not in vain if it is late: what is not served yet are the defaults.
await client.waitReady(3_000).catch((error) => console.error(`flags: serving defaults: ${error.message}`));

const app = express();

/** Gives each request a view, which never mixes versions, and the attributes of its user. */
app.use((request, response, next) => {
  const view = engine.view();
  response.on('close', () => view[Symbol.dispose]());
  request.flags = { view, user: { user_id: request.get('x-user'), country: request.get('x-country') } };
  next();
});

app.get('/checkout', ({ flags: { view, user } }, response) => {
  const { isOn, release, phase, version } = view.decide('checkout', user);
  response.json({ checkout: isOn ? 'new' : 'old', release, phase, version });
});

app.get('/limits', ({ flags: { view, user } }, response) => {
  response.json(view.decide('limits', user).value ?? { items: 10 });
});

app.get('/livez', (_, response) => {
  response.json({ status: 'alive' });
});

app.get('/readyz', (_, response) => {
  const { source, version, stale, connected } = client.status();
  // Stale is no reason to leave the load balancer: what was served is served on.
  response.status(version > 0 ? 200 : 503).json({ source, version, stale, connected });
});

const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

/** Finishes the requests that are here, then sends the last counts. */
async function close() {
  await new Promise((closed) => {
    server.close(closed);
    server.closeIdleConnections();
  });
  await client.close();
}

process.once('SIGTERM', close);
process.once('SIGINT', close);
