// A shop with Fastify: Tidegate as a plugin, with a view and a context for each request.
//
//   TIDEGATE_CONNECTION='tidegate+https://…' PORT=8080 node service.js
//
//   GET /checkout   the checkout that this user gets          GET /livez    the process runs
//   GET /limits     a config, with a default of ours          GET /readyz   it has something to serve, and how fresh that is
import Fastify from 'fastify';
import { connect } from 'tidegate';

/** Connects when the app starts, closes when it closes, and gives each request `request.flags`. */
async function flags(app, options) {
  const client = connect(options.connection, { process: { service: 'shop' }, cache: options.cache });
  app.addHook('onClose', () => client.close());
  client.on('stale', ({ ageMs }) => app.log.warn({ ageMs }, 'flags: no news; serving what there was'));
  await client.waitReady(3_000).catch((error) => app.log.warn(error, 'flags: serving defaults'));

  app.decorate('flags', client);
  app.decorateRequest('flags', null);
  app.addHook('onRequest', async (request) => {
    const user = client.engine.context({ user_id: request.headers['x-user'], country: request.headers['x-country'] });
    request.flags = { view: client.engine.view(), user };
  });
  app.addHook('onResponse', async ({ flags: { view, user } }) => {
    view[Symbol.dispose]();
    user[Symbol.dispose]();
  });
}
// Not encapsulated: it is for the routes beside it.
flags[Symbol.for('skip-override')] = true;

// A request that arrives while it closes is answered like any other.
const app = Fastify({ logger: { level: 'warn', stream: process.stderr }, return503OnClosing: false });
await app.register(flags, { connection: process.env.TIDEGATE_CONNECTION, cache: process.env.TIDEGATE_CACHE });

app.get('/checkout', async ({ flags: { view, user } }) => {
  const { isOn, release, phase, version } = view.decide('checkout', user);
  return { checkout: isOn ? 'new' : 'old', release, phase, version };
});

app.get('/limits', async ({ flags: { view, user } }) => view.decide('limits', user).value ?? { items: 10 });

app.get('/livez', async () => ({ status: 'alive' }));

app.get('/readyz', async (_, reply) => {
  const { source, version, stale, connected } = app.flags.status();
  // Stale is no reason to leave the load balancer: what was served is served on.
  reply.code(version > 0 ? 200 : 503);
  return { source, version, stale, connected };
});

console.log(`listening on ${await app.listen({ port: Number(process.env.PORT ?? 8080), host: '127.0.0.1' })}`);

// Finishes the requests that are here, then sends the last counts.
process.once('SIGTERM', () => app.close());
process.once('SIGINT', () => app.close());
