// @ts-check
// docs/guide/migrate-*.md: the programs in JavaScript run as they stand there, beside the snapshot of their page.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { blocks, install } from '../support/guide.mjs';
import { ROOT } from '../support/server.mjs';

const FOLDER = join(ROOT, 'docs/guide');
const pages = readdirSync(FOLDER).filter((name) => name.startsWith('migrate-'));

test('there are pages', () => assert.deepEqual(pages.sort(), ['migrate-flagsmith.md', 'migrate-statsig.md']));

for (const page of pages)
  test(`the programs of ${page} run as they are written`, (t) => {
    const found = blocks(readFileSync(join(FOLDER, page), 'utf8'));
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-migrate-'));
    t.after(() => rmSync(folder, { recursive: true }));
    install(folder);
    for (const { title, body } of found) if (title !== undefined) writeFileSync(join(folder, title), body);
    const programs = found.filter(({ language }) => language === 'js');
    assert.ok(programs.length > 0);
    const { NODE_OPTIONS, NODE_TEST_CONTEXT, ...env } = process.env;
    void [NODE_OPTIONS, NODE_TEST_CONTEXT];
    for (const { title = '' } of programs) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [title], { cwd: folder, env, encoding: 'utf8', timeout: 60_000 });
      assert.equal(status, 0, `${title}\n${stdout}${stderr}`);
    }
  });
