// @ts-check
// OpenFeature's gherkin suite, run by cucumber against the provider over a real engine.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { loadConfiguration, runCucumber } from '@cucumber/cucumber/api';

import { SUITE } from './flags.mjs';
import { NOT_APPLICABLE, notApplicable } from './not_applicable.mjs';

/** How many scenarios the suite has, each example counted, and how many of these say something about a provider. */
const SCENARIOS = { all: 132, run: 123 };

const skip = SUITE === undefined && 'there is no suite: TIDEGATE_CONFORMANCE names its folder';
test('the scenarios of the OpenFeature specification pass', { skip }, async (t) => {
  const suite = String(SUITE);
  const paths = readdirSync(suite).filter((name) => name.endsWith('.feature'));
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  const output = new PassThrough();
  let text = '';
  output.on('data', (chunk) => (text += chunk));
  const environment = { cwd, stdout: output, stderr: output };
  const provided = { paths: paths.map((name) => join(suite, name)), import: ['steps.mjs'], format: ['progress'], strict: true };
  const { runConfiguration } = await loadConfiguration({ provided, file: false }, environment);
  /** @type {Map<string, any>} */
  const pickles = new Map();
  /** @type {Map<string, string>} */
  const cases = new Map();
  /** @type {Map<string, {pickle: any, statuses: string[]}>} */
  const runs = new Map();
  await runCucumber(runConfiguration, environment, ({ pickle, testCase, testCaseStarted, testStepFinished }) => {
    if (pickle) pickles.set(pickle.id, pickle);
    if (testCase) cases.set(testCase.id, testCase.pickleId);
    if (testCaseStarted) runs.set(testCaseStarted.id, { pickle: pickles.get(cases.get(testCaseStarted.testCaseId) ?? ''), statuses: [] });
    if (testStepFinished) runs.get(testStepFinished.testCaseStartedId)?.statuses.push(testStepFinished.testStepResult.status);
  });
  const passed = [...runs.values()].filter(({ statuses }) => statuses.every((status) => status === 'PASSED'));
  const skipped = [...runs.values()].filter(({ pickle }) => notApplicable(pickle.uri, pickle.name));
  for (const { feature, scenario, count, because } of NOT_APPLICABLE) {
    const found = skipped.filter(({ pickle }) => pickle.uri.endsWith(`/${feature}`) && pickle.name === scenario).length;
    assert.equal(found, count, `${feature}: ${scenario}`);
    t.diagnostic(`not applicable: ${feature}: ${scenario} (${count}): ${because}`);
  }
  const failed = [...runs.values()].filter((run) => !passed.includes(run) && !skipped.includes(run));
  assert.deepEqual(
    failed.map(({ pickle }) => `${pickle.uri}: ${pickle.name}`),
    [],
    text,
  );
  assert.deepEqual({ all: runs.size, run: passed.length }, SCENARIOS);
});
