#!/usr/bin/env node
'use strict';
/** `npx tidegate …`: the command-line tool, if this package carries it for this platform. */
const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { constants } = require('node:os');
const { join } = require('node:path');
const { platform } = require('../lib/platform.js');

const tool = join(__dirname, '../native', `tidegate.${platform}${process.platform === 'win32' ? '.exe' : ''}`);
if (!existsSync(tool)) {
  console.error(`error: this package carries no command-line tool for ${platform}\n\nhint: cargo install tidegate-cli`);
  process.exit(127);
}
// What the terminal signals, the tool gets as well, and ends by itself.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
const { error, signal, status } = spawnSync(tool, process.argv.slice(2), { stdio: 'inherit' });
if (error) console.error(`error: cannot run ${tool}: ${error.message}`);
process.exitCode = error ? 126 : (status ?? 128 + constants.signals[signal]);
