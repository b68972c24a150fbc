'use strict';
/** Runs the test files, `*.test.js` and `*.test.mjs` below `test/`, or those that are named. */
const { spawnSync } = require('node:child_process');
const { readdirSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' });
const found = all.filter((file) => /\.test\.m?js$/.test(file) && !file.includes('node_modules')).map((file) => join('test', file));
const given = process.argv.slice(2);
const { status } = spawnSync(process.execPath, ['--expose-gc', '--test', '--test-reporter=spec', ...(given.length ? given : found.sort())], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
