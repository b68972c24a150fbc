/** The package as it is used: `import`, `require`, its types, its command-line tool. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import * as imported from 'tidegate';

const require = createRequire(import.meta.url);
const required = require('tidegate');
const root = new URL('..', import.meta.url);

test('import and require give the same', () => {
  const { default: whole, ...named } = imported;
  assert.equal(whole, undefined);
  assert.deepEqual(Object.keys(named).sort(), Object.keys(required).sort());
  for (const [name, value] of Object.entries(named)) assert.equal(value, required[name], name);
});

test('the types declare what is there, and nothing else', () => {
  const text = readFileSync(new URL('lib/index.d.ts', root), 'utf8');
  const declared = [...text.matchAll(/^export (?:class|function|const) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(declared.sort(), Object.keys(required).sort());
  for (const [, name, body] of text.matchAll(/^export class (\w+)[^{]*\{\n(.*?)^\}/gms)) {
    const members = [...body.matchAll(/^ {2}(?:(static) )?(?!private|readonly|constructor)(\w+)(?:<|\()/gm)];
    for (const [, isStatic, member] of members) {
      const owner = isStatic ? required[name] : required[name].prototype;
      assert.equal(typeof owner[member], 'function', `${name}.${member}`);
    }
    const own = Object.getOwnPropertyNames(required[name].prototype).filter((member) => !['constructor', 'name'].includes(member));
    for (const member of own) assert.match(body, new RegExp(`\\b${member}\\b`), `${name}.${member} is not declared`);
  }
});

test('every file that the package names is there', () => {
  const { exports, bin, files, main, types } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  const named = [main, types, ...Object.values(bin), ...files, ...JSON.stringify(Object.values(exports)).match(/\.\/[^"*]+/g)];
  for (const file of named) assert.ok(existsSync(new URL(file, root)), file);
});

test('npx tidegate runs the command-line tool', () => {
  const run = (...args) => spawnSync(process.execPath, [new URL('bin/tidegate.js', root).pathname, ...args], { encoding: 'utf8' });
  const { status, stdout } = run('--version');
  assert.equal(status, 0);
  assert.ok(stdout.startsWith(`tidegate ${required.version} `), stdout);
  assert.equal(run('no-such-command').status, 2);
});
