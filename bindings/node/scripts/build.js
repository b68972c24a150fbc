'use strict';
/**
 * Builds the addon with cargo and puts it, and the command-line tool if it was built before, where the package looks for them:
 *
 *     node scripts/build.js [PROFILE [FEATURES]]        a cargo profile, default `dev`, and features of the crate
 */
const { execFileSync } = require('node:child_process');
const { copyFileSync, chmodSync, existsSync, mkdirSync, renameSync } = require('node:fs');
const { join } = require('node:path');
const { platform } = require('../lib/platform.js');

const [profile = 'dev', features] = process.argv.slice(2);
const root = join(__dirname, '../../..');
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const folder = join(target, profile === 'dev' ? 'debug' : profile);
const native = join(__dirname, '../native');

const cargo = [process.env.LOCKED, '--package', 'tidegate-node', '--profile', profile, features && `--features=${features}`].filter(Boolean);
execFileSync(process.env.CARGO ?? 'cargo', ['build', ...cargo], { cwd: root, stdio: 'inherit' });

/** A process that has the old file mapped keeps it. */
function put(from, to) {
  const beside = `${to}.${process.pid}`;
  copyFileSync(from, beside);
  chmodSync(beside, 0o755);
  renameSync(beside, to);
}

mkdirSync(native, { recursive: true });
const library = { darwin: 'libtidegate_node.dylib', win32: 'tidegate_node.dll' }[process.platform] ?? 'libtidegate_node.so';
put(join(folder, library), join(native, `tidegate.${platform}.node`));
const suffix = process.platform === 'win32' ? '.exe' : '';
const cli = [folder, join(target, 'release'), join(target, 'debug')].map((place) => join(place, `tidegate${suffix}`)).find(existsSync);
if (cli) put(cli, join(native, `tidegate.${platform}${suffix}`));
