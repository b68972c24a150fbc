// The types of `tidegate/admin` as `import` sees them. Nothing here runs.
import { Admin, AdminError, Listing } from 'tidegate/admin';
import type { AdminEvent, Answer, Body, GuardedOptions, OperationId, Schema } from 'tidegate/admin';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

const admin = new Admin('https://flags.example', async () => 'tg_…', { timeoutMs: 1_000, retries: 0, fetch });
void new Admin(new URL('https://flags.example'), 'tg_…', { retries: Infinity }).showMe({ signal: null });
const { revision, status } = await admin.showRelease('rel_1');
same<typeof revision, number | null | undefined>(true);
await admin.approveRelease('rel_1', { revision, phase: 'prod', comment: undefined }, { ifMatch: 4, idempotencyKey: 'k', force: 'why' });
const options: GuardedOptions = { signal: AbortSignal.timeout(1_000), ifMatch: '"4"' };
await admin.pauseRelease('rel_1', {}, options);
for await (const release of admin.listReleases({ status: 'running', limit: 10 })) same<typeof release, Schema<'Release'>>(true);
for await (const pipeline of admin.listPipelines()) same<typeof pipeline.phases, number>(true);
const page = await admin.listFeatures().page();
same<typeof page.next, string | null | undefined>(true);
for await (const event of admin.followEvents({ after: 7 })) {
  same<typeof event, AdminEvent>(true);
  const about: { kind: string; key: string } | undefined = event.data.subject;
  void about;
}
for await (const chunk of await admin.backup()) same<typeof chunk, Uint8Array<ArrayBufferLike>>(true);
const id: OperationId = 'show_me';
const body: Body<'create_environment'> = { name: 'dev' };
const made: Answer<'create_environment'> = await admin.createEnvironment(body);
const thrown: unknown = undefined;
if (thrown instanceof AdminError) {
  same<typeof thrown.code, string>(true);
  same<typeof thrown.status, number | undefined>(true);
  void thrown.problem?.detail;
}
void [status, id, made.key, Listing];

// @ts-expect-error a name is needed
await admin.createEnvironment({});
// @ts-expect-error there is no such member
await admin.pauseRelease('rel_1', { why: 'no' });
// @ts-expect-error there is no such query
admin.listReleases({ state: 'running' });
// @ts-expect-error a read has no revision to match
await admin.showRelease('rel_1', { ifMatch: 4 });
// @ts-expect-error there is no such operation
admin.deleteRelease('rel_1');
// @ts-expect-error a token is needed
new Admin('https://flags.example');
