// @ts-check
// The pages of docs/guide, and a folder where their programs find what `npm install` gives.
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './server.mjs';

export const PACKAGE = join(ROOT, 'bindings/node');

/**
 * The fenced blocks, in order: language, title, text.
 * @param {string} text
 */
export function blocks(text) {
  return [...text.matchAll(/^```(\w+)(?: (\S+))?\n([^]*?)^```$/gm)].map(([, language, title, body = '']) => ({ language, title, body }));
}

/** What one finds there after `npm install`. */
export function install(/** @type {string} */ folder) {
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  symlinkSync(PACKAGE, join(modules, 'tidegate'));
  for (const from of [join(PACKAGE, 'node_modules'), join(ROOT, 'examples/node/node_modules')]) {
    for (const name of readdirSync(from).filter((one) => !one.startsWith('.') && one !== 'ready' && one !== 'tidegate')) {
      try {
        symlinkSync(join(from, name), join(modules, name));
      } catch (error) {
        if (/** @type {any} */ (error).code !== 'EEXIST') throw error;
      }
    }
  }
}
