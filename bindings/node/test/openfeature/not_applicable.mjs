// @ts-check
// The scenarios of OpenFeature's suite that say nothing about this provider. Each must be there: one that is renamed fails the run.

const METADATA = 'a feature has no metadata of its own: flagMetadata says whence the decision (reason, rule, release, phase, version)';

/** @type {{feature: string, scenario: string, count: number, because: string}[]} */
export const NOT_APPLICABLE = [
  {
    feature: 'evaluation_v2.feature',
    scenario: 'CACHED reason',
    count: 2,
    because: 'each evaluation is made in process, none is cached',
  },
  { feature: 'evaluation_v2.feature', scenario: 'Flag metadata in evaluation details', count: 1, because: METADATA },
  { feature: 'metadata.feature', scenario: 'Returns metadata', count: 1, because: METADATA },
  { feature: 'metadata.feature', scenario: 'Returns no metadata', count: 4, because: METADATA },
  {
    feature: 'evaluation.feature',
    scenario: 'Resolves based on context',
    count: 1,
    because: 'test-flags.json has no flag `context-aware`; evaluation_v2.feature has the same with `complex-targeted`',
  },
];

/** Why a scenario is not run; undefined if it is. */
export function notApplicable(/** @type {string} */ uri, /** @type {string} */ scenario) {
  return NOT_APPLICABLE.find((one) => uri.endsWith(`/${one.feature}`) && one.scenario === scenario);
}
