// @ts-check
// The flags of OpenFeature's suite as a Tidegate document, made from test-flags.json when the tests run: their data is not ours to copy.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from '../support/server.mjs';

const CONFORMANCE = process.env['TIDEGATE_CONFORMANCE'] ?? join(ROOT, '../shared/conformance');

/** Where the suite is; undefined where it is not. */
export const SUITE = existsSync(join(CONFORMANCE, 'openfeature/test-flags.json')) ? join(CONFORMANCE, 'openfeature') : undefined;

/** Flags that have no default variant: a feature must serve something. No scenario asks for them. */
const WITHOUT_DEFAULT = ['null-default-flag', 'undefined-default-flag'];

/** A test of an expression: `!customer`, `email == 'a@b.c'`, `age > 10`. */
function test(/** @type {string} */ text) {
  const absent = /^!(\w+)$/.exec(text);
  if (absent) {
    const [, attribute] = absent;
    return { any: [{ attribute, op: 'eq', value: false }, { not: { attribute, op: 'is_set' } }] };
  }
  const [, attribute, op, value] = /^(\w+) (==|>) (.+)$/.exec(text) ?? [];
  if (attribute === undefined || value === undefined) throw new Error(`expected a test, found ${text}`);
  return { attribute, op: op === '==' ? 'eq' : 'gt', value: JSON.parse(value.replaceAll("'", '"')) };
}

/** The rules of an expression: `tests ? 'variant' : ''`. */
function rules(/** @type {string} */ text) {
  const [, condition, variant, otherwise] = /^(.+) \? '([\w-]+)' : '([\w-]*)'$/.exec(text) ?? [];
  if (condition === undefined || otherwise !== '') throw new Error(`expected an expression, found ${text}`);
  return [{ id: 'targeting', if: { all: condition.split(' && ').map(test) }, variant }];
}

/** The document. */
export function document() {
  if (SUITE === undefined) throw new Error('there is no suite');
  /** @type {Record<string, any>} */
  const flags = JSON.parse(readFileSync(join(SUITE, 'test-flags.json'), 'utf8'));
  const without = Object.keys(flags).filter((key) => flags[key].defaultVariant == null);
  if (without.join() !== WITHOUT_DEFAULT.join()) throw new Error(`flags without a default variant: ${without}`);
  const features = Object.entries(flags)
    .filter(([key]) => !WITHOUT_DEFAULT.includes(key))
    .map(([key, { variants, defaultVariant, disabled = false, contextEvaluator }]) => {
      const own = { kind: 'config', variants, default: defaultVariant, enabled: !disabled };
      return [key, contextEvaluator === undefined ? own : { ...own, rules: rules(contextEvaluator) }];
    });
  return JSON.stringify({ schema_version: 1, version: 1, features: Object.fromEntries(features) });
}
