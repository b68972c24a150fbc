// @ts-check
// Every operation of the API, called once and more by its method, against a real server; each request and each answer is held against
// docs/openapi.json, and at the end nothing may be left uncalled.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';

import { Admin } from 'tidegate/admin';

import { Contract, ids } from '../support/contract.mjs';
import { Server, until } from '../support/server.mjs';

/** @param {Record<string, unknown>} more */
const gate = (more = {}) => ({ kind: 'gate', ...more });
const on = gate({ rules: [{ id: 'everyone', variant: 'on' }] });
/** @param {string} country */
const condition = (country) => ({ if: { attribute: 'country', op: 'eq', value: country } });

describe('every operation', () => {
  /** @type {Server} */
  let server;
  /** @type {Admin} */
  let admin;
  /** @type {Admin} */
  let ben;
  const contract = new Contract();
  let number = 0;
  /** @param {string} kind */
  const name = (kind) => `${kind}-${++number}`;

  before(async () => {
    server = await Server.start();
    admin = server.admin(server.token, { fetch: contract.fetch });
    const made = await admin.createPrincipal({ id: 'ben', kind: 'person', grants: /** @type {any} */ ([{ role: 'admin' }]) });
    assert.equal(made.key, 'ben');
    const token = await admin.createToken({ principal: 'ben' });
    ben = server.admin(String(token.secret), { fetch: contract.fetch });
    await admin.createEnvironment({ name: 'dev' });
    await admin.createEnvironment({ name: 'prod', production: true });
  });
  after(() => server?.stop());

  const feature = async (definition = gate()) => {
    const key = name('feature');
    await admin.createFeature({ key, definition });
    return key;
  };
  const segment = async () => {
    const key = name('segment');
    await admin.createSegment({ key, definition: condition('us') });
    return key;
  };
  const pipeline = async (/** @type {Record<string, unknown>} */ phase = {}) => {
    const key = name('pipeline');
    const draft = await admin.createPipeline({ key, body: { phases: [{ id: 'all', ...phase }] } });
    await admin.publishPipeline(key, { base_revision: draft.revision });
    return key;
  };
  /** A release in its phase, and its feature. */
  const release = async (/** @type {Record<string, unknown>} */ phase) => {
    const key = name('feature');
    const made = await admin.createFeature({ key, definition: on, pipeline: await pipeline(phase) });
    return /** @type {[string, string]} */ ([String(made.release?.['key']), key]);
  };
  const waiting = () => release({ entry: { approvals: { count: 1 } } });
  const baking = () => release({ bake_s: 3600, guards: [{ id: 'errors' }] });
  /** @param {string} id */
  const seen = async (id) => {
    const { revision, phase } = await admin.showRelease(id);
    return { revision, phase, reason: 'a test' };
  };

  test('environments, and proposals of what needs a second person', async () => {
    const key = name('env');
    const body = { name: key, production: true, pipelines: false, floor: { approvals: 1 } };
    await admin.createEnvironment(body);
    const shown = await admin.showEnvironment(key);
    const proposed = await admin.updateEnvironment(key, { production: true, pipelines: false, floor: {} }, { ifMatch: shown.revision });
    assert.ok('status' in proposed, 'expected a proposal');
    assert.equal((await admin.showProposal(proposed.key)).status, 'pending');
    assert.equal((await ben.approveProposal(proposed.key, { comment: 'fine' })).status, 'approved');
    assert.deepEqual((await admin.showEnvironment(key)).floor, {});
    await admin.updateEnvironment(key, { production: true, pipelines: false, floor: { approvals: 1 } });
    const again = await admin.deleteEnvironment(key, { reason: 'unused' });
    const proposal = (await admin.listProposals().all()).find((one) => one.status === 'pending');
    assert.equal(/** @type {any} */ (again).key, proposal?.key);
    assert.equal((await ben.rejectProposal(String(proposal?.key))).status, 'rejected');
    assert.ok((await admin.listEnvironments().all()).some((one) => one.key === key));
  });

  test('attributes and exclusion groups', async () => {
    const attribute = await admin.putAttribute('plan', { type: 'string', description: 'free or paid' });
    assert.equal(attribute.key, 'plan');
    assert.equal((await admin.showAttribute('plan')).type, 'string');
    assert.deepEqual(
      (await admin.listAttributes().all()).map((one) => one.key),
      ['plan'],
    );
    assert.deepEqual(await admin.deleteAttribute('plan', {}, { ifMatch: attribute.revision }), {});
    await admin.putExclusionGroup('tests', { ranges: {} });
    assert.equal((await admin.showExclusionGroup('tests')).key, 'tests');
    assert.equal((await admin.listExclusionGroups().all()).length, 1);
    await admin.deleteExclusionGroup('tests');
  });

  test('features', async () => {
    const key = await feature();
    const { definition_revision: base } = await admin.showFeature(key);
    const changes = await admin.previewFeature(key, { definition: on, base_revision: base });
    assert.ok(changes.changes);
    await admin.saveFeature(key, { definition: on, base_revision: base });
    await admin.disableFeature(key);
    await admin.enableFeature(key);
    await admin.resaltFeature(key, { salt: 'other' });
    await admin.tagFeature(key, { tags: ['shop'] });
    await admin.killFeature(key, { environment: 'prod', reason: 'a test' });
    await admin.unkillFeature(key, { environment: 'prod', reason: 'over' });
    assert.deepEqual(
      (await admin.listFeatures({ tag: 'shop' }).all()).map((one) => one.key),
      [key],
    );
    assert.deepEqual((await admin.listFeatureReferences(key)).items, []);
    assert.ok((await admin.listFeatureHistory(key).all()).some((one) => one.action === 'feature.killed'));
    assert.ok(await admin.listFeatureExposures(key));
    await admin.attachFeature(key, { pipeline: await pipeline() });
    await admin.attachFeature(key, { pipeline: null });
    await admin.archiveFeature(key);
    await admin.unarchiveFeature(key);
    await admin.deleteFeature(key);
    const definition = {
      kind: 'experiment',
      variants: { a: 1, b: 2 },
      default: 'a',
      rules: [
        {
          id: 'all',
          split: [
            { variant: 'a', weight: 50 },
            { variant: 'b', weight: 50 },
          ],
        },
      ],
    };
    await admin.launchFeature(await feature(definition), { variant: 'b' });
  });

  test('segments, and changes of several things', async () => {
    const key = await segment();
    await admin.previewSegment(key, { definition: condition('de'), base_revision: 1 });
    await admin.saveSegment(key, { definition: condition('de'), base_revision: 1 });
    assert.equal((await admin.showSegment(key)).key, key);
    assert.ok((await admin.listSegments().all()).length > 0);
    assert.deepEqual((await admin.listSegmentReferences(key)).items, []);
    await admin.attachSegment(key, { pipeline: await pipeline() });
    const one = await feature();
    const change = { features: { [one]: on }, base_revisions: { [one]: 1 } };
    await admin.previewChange(change);
    await admin.applyChange(change);
    await admin.deleteSegment(await segment());
  });

  test('a change that is made later', async () => {
    const start = /** @type {any} */ ({ at: Date.now() + 86_400_000 });
    const made = await admin.saveFeature(await feature(), { definition: on, base_revision: 1, start });
    assert.equal((await admin.showSchedule(made.key)).status, 'pending');
    assert.equal((await admin.listSchedules({ status: 'pending' }).all()).length, 1);
    await admin.cancelSchedule(made.key, { reason: 'not needed' });
  });

  test('pipelines', async () => {
    const key = await pipeline();
    assert.equal((await admin.showPipeline(key)).key, key);
    assert.ok(await admin.showPipelineVersion(key, 1));
    assert.ok(await admin.listPipelineReferences(key));
    assert.ok((await admin.listPipelines({ state: 'published' }).all()).some((one) => one.key === key));
    const copy = await admin.clonePipeline(key, { key: `${key}-2` });
    const draft = await admin.updatePipeline(copy.key, { body: { phases: [{ id: 'all', bake_s: 60 }] }, base_revision: copy.revision });
    await admin.publishPipeline(copy.key, { base_revision: draft.revision });
    await admin.unpublishPipeline(copy.key);
    await admin.deletePipeline(copy.key);
    await admin.archivePipeline(key, { reason: 'old' });
    const patching = await pipeline({ patches: [{ patch: 'enable' }] });
    const through = await feature(gate({ enabled: false }));
    await admin.addFeatureToPipeline(patching, { feature: through });
    await admin.attachFeature(through, { pipeline: patching });
    await admin.removeFeatureFromPipeline(patching, through, { reason: 'a test' });
  });

  test('releases', async () => {
    let [id, key] = await waiting();
    assert.ok((await admin.listReleases({ feature: key }).all()).some((one) => one.key === id));
    assert.ok((await ben.listChangeRequests({ mine: true }).all()).length > 0);
    assert.equal((await ben.showChangeRequest(id)).key, id);
    await ben.rejectRelease(id, await seen(id));
    assert.equal((await ben.approveRelease(id, await seen(id))).status, 'completed');
    assert.ok((await admin.listReleaseHistory(id).all()).some((one) => one.action === 'release.approved'));
    assert.equal((await admin.revertRelease(id, { reason: 'a test' })).status, 'reverted');
    [id] = await baking();
    await admin.giveVerdict(id, 'errors', { verdict: 'pass' });
    assert.ok(await admin.previewReleaseAction(id, { action: 'abort' }));
    await admin.pauseRelease(id);
    await admin.unpauseRelease(id, await seen(id));
    assert.equal((await admin.skipRelease(id, await seen(id))).status, 'completed');
    [id] = await baking();
    assert.equal((await admin.fullRollOutRelease(id, await seen(id))).status, 'completed');
    [id] = await baking();
    assert.equal((await admin.abortRelease(id, { reason: 'a test' })).status, 'aborted');
    [id, key] = await waiting();
    const { definition_revision: base } = await admin.showFeature(key);
    const next = await admin.supersedeRelease(id, { features: { [key]: gate() }, base_revisions: { [key]: base } });
    assert.notEqual(next.key, id);
  });

  test('people and tokens', async () => {
    await admin.createPrincipal({ id: 'eve', kind: 'service', grants: [] });
    assert.equal((await admin.showPrincipal('eve')).kind, 'service');
    await admin.updatePrincipal('eve', { grants: [], name: 'Eve' });
    assert.ok((await admin.listPrincipals().all()).some((one) => one.key === 'eve'));
    const token = await admin.createToken({ description: 'short-lived' });
    assert.match(String(token.secret), /^tg_[0-9a-f]{64}$/);
    assert.ok(await admin.showToken(token.key));
    assert.ok((await admin.listTokens().all()).some((one) => one.key === token.key));
    await admin.revokeToken(token.key);
    await admin.disablePrincipal('eve');
    await admin.deletePrincipal('eve');
    assert.equal((await admin.showMe()).principal.key, 'admin');
  });

  test('webhooks and deliveries', async () => {
    const hook = await admin.createWebhook({ url: 'http://127.0.0.1:9/' });
    await admin.testWebhook(hook.key);
    const [sent] = await admin.listWebhookDeliveries(hook.key).all();
    const disabled = { url: 'http://127.0.0.1:9/', disabled: true };
    await admin.updateWebhook(hook.key, disabled);
    assert.ok(await admin.showDelivery(String(sent?.id)));
    assert.ok((await admin.listDeliveries().all()).length > 0);
    await admin.resendDelivery(String(sent?.id));
    assert.ok(await admin.showWebhook(hook.key));
    assert.ok((await admin.rotateWebhook(hook.key)).secret);
    assert.equal((await admin.listWebhooks().all()).length, 1);
    await admin.deleteWebhook(hook.key);
  });

  test('keys, snapshots and the fleet', async () => {
    const made = await admin.createSdkKey({ environment: 'dev', url: 'https://flags.example' });
    assert.match(String(made.secret), /^tidegate\+https:/);
    assert.ok((await admin.listSdkKeys().all()).some((one) => one.key === made.key));
    await admin.revokeSdkKey(made.key, { reason: 'a test' });
    await admin.rotateSigningKey({ reason: 'a test' });
    const next = await admin.createSigningKey();
    assert.ok((await admin.listSigningKeys().all()).some((one) => one.key === next.key));
    await admin.retireSigningKey(next.key, { reason: 'a test' });
    assert.ok((await admin.showSnapshot()).version > 0);
    assert.ok((await admin.showEnvironmentSnapshot('dev')).version > 0);
    assert.equal((await admin.listFleet().page()).settled, true);
    assert.deepEqual(await admin.listFleet().all(), []);
    assert.ok(await admin.listPropagation());
  });

  test('the audit log: pages, one event, its chain, all of it as lines, and the database as bytes', async () => {
    const all = await admin.listAudit({ limit: 500 }).all();
    const paged = await admin.listAudit({ limit: 7 }).all();
    assert.deepEqual(
      paged.map((one) => one.seq),
      all.map((one) => one.seq),
    );
    assert.ok((await admin.listAudit({ limit: 7 }).page()).next);
    let pages = 0;
    for await (const page of admin.listAudit({ limit: 7 }).pages()) pages += page.items.length > 0 ? 1 : 0;
    assert.equal(pages, Math.ceil(all.length / 7));
    assert.equal((await admin.showAuditEvent(1)).seq, 1);
    const verified = await admin.verifyAudit();
    assert.equal(verified.whole, true);
    const lines = [];
    for await (const line of admin.exportAudit()) {
      // Each is chained to the one before it.
      assert.equal(line.hash, createHash('sha256').update(line.prev_hash).update(line.event).digest('hex'));
      assert.equal(JSON.parse(line.event).seq, line.seq);
      lines.push(line.seq);
    }
    assert.deepEqual(
      lines,
      all.map((one) => one.seq),
    );
    let start = '';
    for await (const chunk of await admin.backup()) {
      start ||= Buffer.from(chunk).subarray(0, 15).toString('latin1');
    }
    assert.equal(start, 'SQLite format 3');
  });

  test('the items of lists are of the types that are promised', async () => {
    /** @type {[string, AsyncIterable<unknown>][]} */
    const lists = [
      ['AttributeView', admin.listAttributes()],
      ['AuditEvent', admin.listAudit()],
      ['ChangeRequest', admin.listChangeRequests()],
      ['EnvironmentView', admin.listEnvironments()],
      ['Feature', admin.listFeatures()],
      ['PrincipalView', admin.listPrincipals()],
      ['ProposalView', admin.listProposals()],
      ['Release', admin.listReleases()],
      ['Schedule', admin.listSchedules()],
      ['SdkKeyView', admin.listSdkKeys()],
      ['Segment', admin.listSegments()],
      ['SigningKeyView', admin.listSigningKeys()],
      ['TokenView', admin.listTokens()],
    ];
    await admin.putAttribute('plan', { type: 'string' });
    const hook = await admin.createWebhook({ url: 'http://127.0.0.1:9/' });
    await admin.testWebhook(hook.key);
    await admin.putExclusionGroup('tests', { ranges: {} });
    lists.push(['WebhookView', admin.listWebhooks()], ['Delivery', admin.listDeliveries()]);
    lists.push(['Delivery', admin.listWebhookDeliveries(hook.key)], ['ExclusionGroupView', admin.listExclusionGroups()]);
    for await (const { key, revision, state, draft, phases, attached, active, launched } of admin.listPipelines()) {
      const numbers = [revision, phases, attached, active, launched];
      assert.deepEqual(
        [typeof key, typeof state, typeof draft, ...numbers.map(Number.isInteger)],
        ['string', 'string', 'boolean', ...numbers.map(() => true)],
      );
    }
    const [run, moved] = await waiting();
    const histories = [await admin.listReleaseHistory(run).all(), await admin.listFeatureHistory(moved).all()];
    for (const entry of histories.flat()) {
      const { seq, at, actor, action, facts = [] } = entry;
      assert.deepEqual([seq, at].map(Number.isInteger).concat([typeof actor === 'string', typeof action === 'string']), [
        true,
        true,
        true,
        true,
      ]);
      for (const fact of facts) assert.deepEqual([typeof fact.name, typeof fact.text], ['string', 'string'], inspect(entry));
    }
    assert.ok(histories.every((one) => one.some((entry) => (entry.facts ?? []).length > 0)));
    for (const [schema, list] of lists) {
      let count = 0;
      for await (const item of list) {
        contract.holds(schema, item);
        count += 1;
      }
      assert.ok(count > 0, `there is no ${schema} to look at`);
    }
  });

  test('events are told in order and once, also when connections break and when the server is killed', async () => {
    // Ends connections in the middle, on request.
    /** @type {Set<import("node:http").ServerResponse>} */
    const open = new Set();
    const proxy = createServer(async (request, response) => {
      const stop = new AbortController();
      response.on('close', () => stop.abort());
      try {
        const headers = /** @type {Record<string, string>} */ ({
          authorization: request.headers.authorization,
          accept: request.headers.accept,
        });
        const answer = await fetch(server.url + request.url, { headers, signal: stop.signal });
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
        open.add(response);
        for await (const chunk of answer.body ?? []) response.write(chunk);
      } catch {
        // The server is gone, or the client.
      }
      response.destroy();
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = /** @type {import("node:net").AddressInfo} */ (proxy.address());
    const far = new Admin(`http://127.0.0.1:${port}`, server.token, { fetch: contract.fetch });
    const stop = new AbortController();
    /** @type {import("tidegate/admin").AdminEvent[]} */
    const told = [];
    const [{ seq: head } = { seq: 0 }] = (await admin.listAudit({ newest_first: true, limit: 1 }).page()).items.map(
      (one) => /** @type {any} */ (one),
    );
    const following = (async () => {
      for await (const event of far.followEvents({ after: head }, { signal: stop.signal })) told.push(event);
    })();
    /** @type {string[]} */
    const keys = [];
    for (const harm of ['none', 'cut', 'kill', 'cut']) {
      const key = await feature();
      keys.push(key);
      await until('the event is told', () => told.some((event) => event.data.subject?.key === key));
      if (harm === 'cut') for (const response of open) response.destroy();
      if (harm === 'kill') await server.restart();
    }
    stop.abort(new Error('enough'));
    await assert.rejects(following, /enough/);
    proxy.close();
    proxy.closeAllConnections();
    assert.deepEqual(
      told.map((event) => event.data.subject?.key),
      keys,
    );
    assert.deepEqual(
      told.map((event) => event.action),
      keys.map(() => 'feature.created'),
    );
    assert.deepEqual(
      told.map((event) => event.seq),
      keys.map((_, index) => Number(head) + 1 + index),
    );
  });

  test('a follower that leaves ends its connection', async () => {
    const key = name('feature');
    const following = admin.followEvents()[Symbol.asyncIterator]();
    const first = following.next();
    // What happens from now on: the end of the log is asked for first.
    await until('the event is told', async () => {
      await admin.createFeature({ key: name('feature'), definition: gate() });
      return Promise.race([first, new Promise((go) => setTimeout(go, 50))]);
    });
    assert.equal((await first).value?.action, 'feature.created', key);
    assert.equal((await following.return?.())?.done, true);
  });

  test('nothing was left out, and nothing was other than documented', () => {
    assert.deepEqual(contract.wrong, []);
    assert.deepEqual([...contract.succeeded].sort(), ids);
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(Admin.prototype)).filter((one) => one !== 'constructor');
    const camel = ids.map((id) => id.replace(/_(\w)/g, (_, letter) => letter.toUpperCase()));
    assert.deepEqual(methods.sort(), camel.sort());
  });
});
