// @ts-check
// What is checked in is what docs/openapi.json says, and both kinds of module have it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as esm from 'tidegate/admin';

test('types and methods are those of docs/openapi.json', () => {
  const script = fileURLToPath(new URL('../../scripts/admin_api.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('require gives what import gives', () => {
  const cjs = createRequire(import.meta.url)('tidegate/admin');
  assert.deepEqual(Object.keys(cjs).sort(), Object.keys(esm).sort());
  assert.deepEqual(
    Object.getOwnPropertyNames(Object.getPrototypeOf(cjs.Admin.prototype)),
    Object.getOwnPropertyNames(Object.getPrototypeOf(esm.Admin.prototype)),
  );
});
