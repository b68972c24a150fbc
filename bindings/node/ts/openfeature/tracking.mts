// Tracking: what code says that users did (OpenFeature, section 6).
//
// Neither engine nor server keep what users do: they count what was served. So the provider counts tracking events by name, and hands each to
// whom the program names: an analytics pipeline that joins it with exposures by the targeting key.
import type { EvaluationContext, TrackingEventDetails } from '@openfeature/server-sdk';
import type { Log } from 'tidegate';

import { guarded, logger } from '../../lib/log.js';

/** Something that a user did. */
export interface Tracking {
  /** What. */
  readonly name: string;
  /** Who. */
  readonly targetingKey: string | undefined;
  /** The attributes of the context, of all levels. */
  readonly context: EvaluationContext;
  /** What it was worth. */
  readonly value: number | undefined;
  /** What else was said of it. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The version of the snapshot that was served when it happened; 0: none. */
  readonly version: number;
}

/** How often something was done since it was asked for last. */
export interface Tracked {
  readonly name: string;
  readonly count: number;
  /** The sum of the values, where there were any. */
  readonly value: number;
}

/** Names that are counted; those that come later are only handed on. */
const MOST_NAMES = 1_000;

/** Counts and hands on. */
export class Tracker {
  readonly #hand: ((event: Tracking) => void) | undefined;
  readonly #log: Log;
  #counts = new Map<string, { count: number; value: number }>();

  constructor(hand: ((event: Tracking) => void) | undefined, log: Log | undefined) {
    this.#hand = hand;
    this.#log = logger(log);
  }

  track(name: string, context: EvaluationContext, details: TrackingEventDetails, version: number): void {
    const { value, ...attributes } = details;
    const known = this.#counts.get(name);
    if (known !== undefined) {
      known.count += 1;
      known.value += value ?? 0;
    } else if (this.#counts.size < MOST_NAMES) {
      this.#counts.set(name, { count: 1, value: value ?? 0 });
    }
    const event = { name, targetingKey: context.targetingKey, context, value, attributes, version };
    if (this.#hand !== undefined) guarded(this.#log, this.#hand, event);
  }

  drain(): Tracked[] {
    const counts = this.#counts;
    this.#counts = new Map();
    return [...counts].map(([name, { count, value }]) => ({ name, count, value })).sort((one, other) => (one.name < other.name ? -1 : 1));
  }
}
