// The context of OpenFeature as the engine reads it.
//
//   targetingKey ─▶ targetingKey, targeting_key, user_id    the last two where the context has none of the name
//   the rest     ─▶ each under its name; a Date as RFC 3339
//
// The engine reads of it what the feature's rules test, and nothing else.
import { type EvaluationContext, InvalidContextError } from '@openfeature/server-sdk';

/** What a decision is made for; throws where the context is none. */
export function subject(context: EvaluationContext): object {
  const { targetingKey } = context;
  if (targetingKey === undefined || targetingKey === null) return context;
  if (typeof targetingKey !== 'string') {
    throw new InvalidContextError(`expected a string in \`targetingKey\`, found ${typeof targetingKey}`);
  }
  const { targeting_key = null, user_id = null } = context;
  return { ...context, targeting_key: targeting_key ?? targetingKey, user_id: user_id ?? targetingKey };
}
