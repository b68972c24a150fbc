// OpenTelemetry: decisions as events `feature_flag.evaluation` of the current span. Nothing here is on the way of a plain check: what
// shall be told is told. With OpenFeature, the published hooks do it.
import { type Attributes, type Span, trace } from '@opentelemetry/api';
import type { Decision } from 'tidegate';

import { wrongType } from '../../lib/errors.js';
import { guarded, logger } from '../../lib/log.js';
import { known } from '../../lib/options.js';

/** The name of the event, as the semantic conventions have it. */
export const EVENT = 'feature_flag.evaluation';

const WARN = logger(undefined);
// Who it was is data of a request, not of the code: judged only where it is told.
const TOLD = { contextId: 'any', setId: 'string' };

export interface Told {
  /** Who the decision was made for; a number is told as its text. */
  readonly contextId?: bigint | number | string;
  /** The environment. */
  readonly setId?: string;
}

/** What an event tells of a decision. */
export function attributes(decision: Decision, told: Told = {}): Attributes {
  checked(decision);
  const { contextId, setId } = known(told, TOLD);
  const { feature, value, valueText, variant, rule, release, phase, version } = decision;
  const isPlain = typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string';
  const error = decision.openFeatureError;
  return {
    'feature_flag.key': feature,
    'feature_flag.provider.name': 'tidegate',
    'feature_flag.result.reason': decision.openFeatureReason.toLowerCase(),
    'feature_flag.result.value': isPlain ? value : (valueText ?? 'null'),
    'feature_flag.version': String(version),
    ...given('feature_flag.result.variant', variant),
    ...given('error.type', error?.toLowerCase()),
    ...given('feature_flag.context.id', id(contextId)),
    ...given('feature_flag.set.id', setId),
    ...given('tidegate.rule', rule),
    ...given('tidegate.release', release),
    ...given('tidegate.phase', phase),
  };
}

/**
 * Adds the event to a span, the active one unless another is named; nothing happens if it does not record. What the span throws is a
 * warning of the process: telemetry does not break what it tells of.
 */
export function record(decision: Decision, options: Told & { readonly span?: Span | null } = {}): void {
  // Also where nothing records: what is wrong shall not show in production only.
  checked(decision);
  const { span: named, ...told } = known(options, { ...TOLD, span: 'any' });
  const span = named ?? trace.getActiveSpan();
  if (span !== undefined && typeof span.isRecording !== 'function') throw wrongType('span', 'a span', span);
  if (!span?.isRecording()) return;
  const event = attributes(decision, told);
  guarded(WARN, () => span.addEvent(EVENT, event));
}

/** By what it has: the engine is not loaded for this. */
function checked(decision: Decision): void {
  if (typeof decision?.openFeatureReason !== 'string') throw wrongType('decision', 'a decision', decision);
}

function id(contextId: Told['contextId']): string | undefined {
  if (contextId === undefined || typeof contextId === 'string') return contextId;
  if (typeof contextId === 'number' || typeof contextId === 'bigint') return String(contextId);
  throw wrongType('contextId', 'a string or a number', contextId);
}

function given(name: string, value: string | undefined): Attributes {
  return value === undefined ? {} : { [name]: value };
}
