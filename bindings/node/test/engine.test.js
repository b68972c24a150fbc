'use strict';
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Engine } = require('tidegate');

/** A document of these features. */
function document(version, features) {
  return JSON.stringify({ schema_version: 1, version, features });
}

const staff = {
  kind: 'gate',
  rules: [{ id: 'staff', if: { attribute: 'email', op: 'ends_with', value: '@corp.example' }, variant: 'on' }],
};

test('a gate is decided for a context and for a plain object', () => {
  const engine = new Engine();
  engine.loadSync(document(1, { checkout: staff }));
  const checkout = engine.gate('checkout');
  assert.equal(checkout.check(engine.context({ email: 'ann@corp.example' })), true);
  assert.equal(checkout.check({ email: 'ann@corp.example' }), true);
  assert.equal(checkout.check({ email: 'ann@other.example' }), false);
  const { isOn, variant, reason, rule, version } = checkout.decide({ email: 'ann@corp.example' });
  assert.deepEqual({ isOn, variant, reason, rule, version }, { isOn: true, variant: 'on', reason: 'rule', rule: 'staff', version: 1 });
});
