// Decisions in the words of OpenFeature (SEMANTICS 6.5).
import { ErrorCode, type FlagMetadata, type JsonValue, type ResolutionDetails, StandardResolutionReasons } from '@openfeature/server-sdk';
import type { Decision, Engine } from 'tidegate';

/** The type of a flag, and what a value must be to be of it. */
export interface Kind<T> {
  readonly name: string;
  is(value: unknown): value is T;
}

export const BOOLEAN: Kind<boolean> = { name: 'a boolean', is: (value) => typeof value === 'boolean' };
export const STRING: Kind<string> = { name: 'a string', is: (value) => typeof value === 'string' };
export const NUMBER: Kind<number> = { name: 'a number', is: (value) => typeof value === 'number' };
export const OBJECT: Kind<JsonValue & object> = {
  name: 'an object or a list',
  is: (value): value is JsonValue & object => typeof value === 'object' && value !== null,
};

/** What a flag is resolved to; the caller's default, with an error code, where the feature has no value of the kind. */
export function resolution<T extends JsonValue>(engine: Engine, decision: Decision, fallback: T, kind: Kind<T>): ResolutionDetails<T> {
  const { feature: key, value, variant } = decision;
  if (value === undefined) {
    const [code, message] = undecided(decision);
    return failure(fallback, code, message, metadata(decision));
  }
  if (!kind.is(value)) {
    const found = Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value;
    return failure(fallback, ErrorCode.TYPE_MISMATCH, `expected flag \`${key}\` to be ${kind.name}, found ${found}`, metadata(decision));
  }
  let reason: string = decision.openFeatureReason;
  // No context would be served anything else.
  if (decision.reason === 'default' && engine.constant(key) !== undefined) reason = StandardResolutionReasons.STATIC;
  return { value, reason, flagMetadata: metadata(decision), ...(variant === undefined ? {} : { variant }) };
}

/** Whether the feature is archived, disabled or killed. */
export function isDisabled(decision: Decision): boolean {
  return decision.openFeatureReason === StandardResolutionReasons.DISABLED;
}

/** The caller's default for such a feature. Its value is not looked at: the default is of the type that was asked for. */
export function disabled<T>(decision: Decision, value: T): ResolutionDetails<T> {
  return { value, reason: StandardResolutionReasons.DISABLED, flagMetadata: metadata(decision) };
}

/** The caller's default, and why. */
export function failure<T>(value: T, errorCode: ErrorCode, errorMessage: string, flagMetadata: FlagMetadata = {}): ResolutionDetails<T> {
  return { value, reason: StandardResolutionReasons.ERROR, errorCode, errorMessage, flagMetadata };
}

/** Why a decision has no value. */
function undecided({ feature, reason, version }: Decision): [ErrorCode, string] {
  if (version === 0) return [ErrorCode.PROVIDER_NOT_READY, 'there is no snapshot yet'];
  if (reason === 'unknown_feature') return [ErrorCode.FLAG_NOT_FOUND, `there is no feature \`${feature}\` for this context`];
  if (reason === 'invalid_definition') {
    return [ErrorCode.PARSE_ERROR, `the definition of \`${feature}\` is not one that this engine can serve`];
  }
  return [ErrorCode.GENERAL, `\`${feature}\` has no value: ${reason}`];
}

/** Whence a decision: our own reason, the rule, the release, the phase, and the version of the snapshot. */
function metadata({ reason, rule, release, phase, indirect, version }: Decision): FlagMetadata {
  const found: Record<string, boolean | number | string> = { reason, version };
  if (rule !== undefined) found['rule'] = rule;
  if (release !== undefined) found['release'] = release;
  if (phase !== undefined) found['phase'] = phase;
  if (indirect) found['indirect'] = true;
  return found;
}
