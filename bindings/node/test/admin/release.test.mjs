// @ts-check
// A release, driven from its pipeline to its revert by this client alone, while a real engine follows what it changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from 'tidegate';
import { AdminError } from 'tidegate/admin';

import { Server, until } from '../support/server.mjs';

test('a release goes from dev to prod, is approved, completes and is taken back, and an engine in prod sees each step', async (t) => {
  const server = await Server.start();
  t.after(() => server.stop());
  const admin = server.admin();
  await admin.createEnvironment({ name: 'dev' });
  await admin.createEnvironment({ name: 'prod', production: true });
  const draft = await admin.createPipeline({
    key: 'standard',
    body: {
      phases: [
        { id: 'dev', target: [{ environments: ['dev'] }], bake_s: 3600 },
        { id: 'prod', target: [{ environments: ['prod'] }], entry: { approvals: { count: 1 } }, bake_s: 3600 },
      ],
    },
  });
  await admin.publishPipeline('standard', { base_revision: draft.revision });
  const made = await admin.createFeature({ key: 'checkout', definition: { kind: 'gate' } });
  await admin.attachFeature('checkout', { pipeline: 'standard' });
  const ana = await server.person('ana', 'approver');

  const client = connect(server.connection('prod'));
  t.after(() => client.close());
  await client.waitReady(30_000);
  const served = () => client.engine.decide('checkout', { user_id: 'u-1' });
  assert.equal(served().isOn, false);

  const definition = { kind: 'gate', rules: [{ id: 'everyone', variant: 'on' }] };
  const base_revision = made.definition_revision;
  const { changes } = await admin.previewFeature('checkout', { definition, base_revision });
  assert.deepEqual(Object.keys(changes).length > 0, true);
  const saved = await admin.saveFeature('checkout', { definition, base_revision });
  const id = String(saved.release?.['key']);
  let release = await admin.showRelease(id);
  assert.deepEqual([release.status, release.phase], ['running', 'dev']);

  release = await admin.pauseRelease(id, { reason: 'looking at a log line' });
  release = await admin.unpauseRelease(id, { revision: release.revision });
  release = await admin.skipRelease(id, { revision: release.revision, phase: 'dev', reason: 'dev is fine' });
  assert.equal(release.phase, 'prod');
  assert.equal(served().isOn, false);

  const stale = /** @type {unknown} */ (
    await admin.approveRelease(id, { revision: 1, phase: 'prod' }).catch((/** @type {unknown} */ error) => error)
  );
  assert.ok(stale instanceof AdminError);
  assert.deepEqual([stale.status, stale.code], [409, 'stale']);
  assert.ok(stale.allowedActions.length > 0, 'what can be done now is told');

  const [asked] = await ana.listChangeRequests({ mine: true }).all();
  const request = await ana.showChangeRequest(id);
  assert.equal(asked?.key, id);
  release = await ana.approveRelease(id, { revision: release.revision, phase: 'prod', signed: request.signed, comment: 'fine' });
  const { version, phase } = await until('prod serves it', () => (served().isOn ? served() : undefined));
  assert.equal(phase, 'prod');
  assert.equal(served().release, id);

  // What engines report comes back: the instance has the version, and it was served by this phase.
  await until('the fleet shows it', async () => {
    const { items } = await admin.listFleet({ environment: 'prod' }).page();
    return items.some((one) => /** @type {any} */ (one).version === version);
  });

  release = await admin.skipRelease(id, { revision: release.revision, phase: 'prod', reason: 'it is fine' });
  assert.equal(release.status, 'completed');
  await admin.revertRelease(id, { reason: 'orders fell' });
  await until('prod serves what was before', () => !served().isOn);
  const actions = (await admin.listReleaseHistory(id).all()).map((one) => one.action);
  for (const action of ['release.paused', 'release.unpaused', 'release.skipped', 'release.approved', 'release.reverted']) {
    assert.ok(actions.includes(action), `${action} is not in ${actions}`);
  }
  assert.equal((await admin.verifyAudit()).whole, true);
});
