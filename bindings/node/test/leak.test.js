'use strict';
/** Ten million checks and ten thousand swaps leave the resident size flat: within 2 %, in a process of its own. */
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { test } = require('node:test');

/** What is done in each of `PARTS` parts. The first ones are to warm up. */
const PARTS = 25;
const WARM = 5;

async function work() {
  const { Engine } = require('../lib/index.js');
  const { native } = require('../lib/native.js');
  const ids = Array.from({ length: 200 }, (_, i) => `user-${i}-with-a-long-name`);
  const when = (attribute, op, value) => ({ attribute, op, value });
  const document = (version) => JSON.stringify({
    schema_version: 1, version, features: {
      f: { kind: 'gate', unit: 'id', rules: [{ id: 'ids', if: when('id', 'in', ids.slice(version % 7)), variant: 'on' }, { id: 'tenth', rollout: { percent: 10 + (version % 5) }, variant: 'on' }] },
      list: { kind: 'gate', rules: [{ id: 'r', if: when(version % 2 ? 'roles' : 'groups', 'contains_any', ['a']), variant: 'on' }] },
      theme: { kind: 'config', variants: { light: { name: `light-${version}`, sizes: [1, 2, 3] }, dark: { name: 'dark' } }, default: 'light' },
    },
  });
  const engine = new Engine({ counters: true });
  let version = 0;
  const swap = () => engine.loadSync(document((version += 1)));
  swap();
  const [f, list, theme] = [engine.gate('f'), engine.gate('list'), engine.feature('theme')];
  const context = engine.context();
  const subscription = engine.onUpdate(() => {});
  const sizes = [];
  let on = 0;
  for (let part = 0; part < PARTS; part += 1) {
    for (let i = 0; i < 400; i += 1) {
      swap();
      const user = { id: ids[i % ids.length], roles: ['a', 'b'], groups: ['c'] };
      for (let j = 0; j < 990; j += 1) on += f.check(j % 2 ? context : user);
      context.set('id', `${user.id}-${i}-${part}`).set('roles', user.roles);
      on += list.check(user) + list.check(context) + theme.value(user).sizes.length + engine.check('f', context) + engine.check(`nope-${i}`, context);
      on += engine.evaluateAll(user).size + engine.decide('f', user).isOn;
      const [view, own] = [engine.view(), engine.context(user)];
      on += view.check('f', own) + view.check('list', user);
      view[Symbol.dispose]();
      own[Symbol.dispose]();
      if (i % 50 === 0) {
        engine.setOverride('f', { value: true, unit: 'id', id: `${i}` });
        engine.clearOverrides();
        engine.drainExposures();
        try { engine.loadSync('{'); } catch { on += 1; }
        try { f.check(5); } catch { on += 1; }
      }
      if (i % 20 === 0) await engine.load(document((version += 1)));
    }
    gc();
    await new Promise(setImmediate);
    gc();
    sizes.push(process.memoryUsage.rss());
  }
  subscription.close();
  console.log(JSON.stringify({ sizes, handles: native.handles(), version, on }));
}

test('ten million checks and ten thousand swaps leave nothing', () => {
  const script = `(${work})()`.replaceAll("'../lib/", `'${__dirname}/../lib/`);
  const prelude = `const PARTS = ${PARTS};`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '--max-semi-space-size=1', '--single-threaded', '-e', prelude + script], { encoding: 'utf8', timeout: 600_000 });
  assert.equal(status, 0, stderr);
  const { sizes, handles, version, on } = JSON.parse(stdout);
  assert.ok(on > 0 && version >= 10_000, stdout);
  const middle = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
  const [before, after] = [middle(sizes.slice(WARM, WARM + 5)), middle(sizes.slice(-5))];
  // Both ways: what shrinks by as much was not warm, and would hide a leak of that size.
  assert.ok(Math.abs(after - before) <= before * 0.02, `${before} bytes, then ${after}: ${sizes}`);
  // Its engine, three gates, a context, and the scratch context.
  assert.deepEqual(handles, [1, 3, 2, 0, 0]);
});
