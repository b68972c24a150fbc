// @ts-check
// docs/guide/node.md, executed as it is written: its files are put into an empty folder, and what its consoles show is run there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

import { PACKAGE, blocks, install } from '../support/guide.mjs';
import { BINARY, ROOT, Server } from '../support/server.mjs';

/**
 * Whether an output is what the guide shows; `[..]` stands for anything in a line, alone in a line for any lines.
 * @param {string} shown
 */
function pattern(shown) {
  const lines = shown.split('\n').map((line) => {
    if (line === '[..]') return '(?:.*\\n)*?.*';
    return line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\\[\\.\\.\\]', '.*');
  });
  return new RegExp(`^${lines.join('\\n')}$`);
}

test('the guide does what it says', { timeout: 300_000 }, async (t) => {
  const guide = blocks(readFileSync(join(ROOT, 'docs/guide/node.md'), 'utf8'));
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-guide-'));
  t.after(() => rmSync(folder, { recursive: true }));
  install(folder);
  for (const { title, body } of guide) if (title !== undefined) writeFileSync(join(folder, title), body);
  const server = await Server.start();
  t.after(() => server.stop());

  const PATH = [dirname(BINARY), join(PACKAGE, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
  const own = { PATH, TIDEGATE_SERVER: server.url, TIDEGATE_TOKEN: server.token, NODE_NO_WARNINGS: '1', NO_COLOR: '1' };
  const { NODE_OPTIONS, NODE_TEST_CONTEXT, ...env } = process.env;
  void [NODE_OPTIONS, NODE_TEST_CONTEXT];
  const shell = spawn('bash', ['-u'], { cwd: folder, env: { ...env, ...own }, stdio: ['pipe', 'pipe', 'pipe'] });
  shell.stdin.write('exec 2>&1\n');
  const lines = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();

  /** @param {string} command */
  async function run(command) {
    shell.stdin.write(`${command}\necho "__ended__ $?"\n`);
    const told = [];
    for (;;) {
      const { value, done } = await lines.next();
      assert.ok(!done, `the shell ended at: ${command}`);
      const [, code] = /^__ended__ (\d+)$/.exec(value) ?? [];
      if (code !== undefined) return { code, output: told.join('\n') };
      told.push(value);
    }
  }

  let count = 0;
  for (const { body } of guide.filter(({ language }) => language === 'console')) {
    for (const [, command = '', shown = ''] of body.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      const { code, output } = await run(command);
      assert.equal(code, '0', `${command}\n${output}`);
      assert.match(output, pattern(shown.replace(/\n$/, '')), `${command}\n${output}`);
      count += 1;
    }
  }
  shell.stdin.end('exit\n');
  // Each program is run by a console.
  const programs = guide.filter(({ title }) => /\.[mc]?[jt]s$/.test(title ?? ''));
  assert.ok(count > programs.length, `${count} commands, ${programs.length} programs`);
  const consoles = guide.filter(({ language }) => language === 'console').map(({ body }) => body);
  for (const { title } of programs)
    assert.ok(
      consoles.some((body) => body.includes(` ${title}`)),
      `${title} is not run`,
    );
});
