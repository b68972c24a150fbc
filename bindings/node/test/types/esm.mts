// The types as `import` sees them. Nothing here runs: tsc checks it, `@ts-expect-error` included.
import { Client, Context, Decision, Engine, SEMANTICS, TidegateError, TidegateTypeError, codes, connect, version, watchFile } from 'tidegate';
import type { ClientEvent, Diagnostic, Exposure, Json, Reason, Source, Status, Update } from 'tidegate';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

const engine = new Engine({ process: { environment: 'prod', shard: 3n }, mode: 'strict', counters: true, clock: () => Date.now() });
same<ReturnType<Engine['load']>, Promise<Update>>(true);
same<ReturnType<Engine['loadSync']>, Update>(true);
const update: Update = engine.loadSync(new Uint8Array());
const problems: readonly Diagnostic[] = update.diagnostics;

const context: Context = engine.context({ user_id: 'u-1', seats: 3, since: new Date(), roles: ['a'], big: 10n, none: null });
context.set('plan', undefined).unset('plan').assign({ a: 1 }).assignJson('{}').clear();
const gate = engine.gate('checkout');
same<ReturnType<typeof gate.check>, boolean>(true);
interface User { readonly user_id: string; readonly seats?: number }
declare const user: User;
gate.check(context);
gate.check(user, true);
gate.check(new (class { get country() { return 'NZ'; } })());

const decision: Decision = engine.decide('checkout', context);
same<typeof decision.value, Json | undefined>(true);
same<typeof decision.reason, Reason>(true);
const limit: number = engine.feature('limit').int(user, 10);
const maybe: string | undefined = engine.feature('text').str(user);
const all: ReadonlyMap<string, Decision> = engine.evaluateAll(user);
const exposures: Exposure[] = engine.drainExposures();
engine.setOverride('checkout', { variant: 'on' });
engine.setOverride('checkout', { value: { a: [1, null] }, unit: 'user_id', id: 'u-1' });
{
  using view = engine.view();
  using own = engine.context(user);
  view.check('checkout', own, true);
}

const client: Client = connect('tidegate+https://…', { cache: '/var/cache/shop', pollInterval: 1000, proxy: false });
client.on('changed', ({ features, version }) => [features.length, version]);
client.once('error', (error) => error.code);
const source: Source = await client.waitReady();
const status: Status = client.status();
for await (const event of client) {
  if (event.type === 'stale') same<typeof event.ageMs, number | null>(true);
  const any: ClientEvent = event;
  void any;
}
{
  await using file = watchFile('/etc/tidegate.json');
  const other: Engine = Engine.shared(file.engine.share());
  other.close();
}
const thrown: unknown = undefined;
if (thrown instanceof TidegateError) same<typeof thrown.family, number>(true);
if (thrown instanceof TidegateTypeError) same<typeof thrown.field, string | undefined>(true);
const facts: [number, string, string | undefined] = [SEMANTICS, version, codes['TG2003']];
void [problems, limit, maybe, all, exposures, source, status, facts];

// @ts-expect-error no such mode
new Engine({ mode: 'loose' });
// @ts-expect-error no such option
new Engine({ modes: 'strict' });
// @ts-expect-error a context is an object
gate.check('u-1');
// @ts-expect-error a context is needed
gate.check();
// @ts-expect-error a fallback of a gate is a boolean
gate.check(user, 'yes');
// @ts-expect-error contexts are made by an engine
new Context();
// @ts-expect-error nobody may change a decision
decision.value = true;
// @ts-expect-error either a variant or a value
engine.setOverride('checkout', {});
// @ts-expect-error unit and id go together
engine.setOverride('checkout', { variant: 'on', unit: 'user_id' });
// @ts-expect-error no such event
client.on('gone', () => {});
// @ts-expect-error a document is text or bytes
engine.loadSync({ schema_version: 1 });
