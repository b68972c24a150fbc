'use strict';
/** What was decided, and why. */
const { frozen } = require('./values.js');
const { native } = require('./native.js');

const about = JSON.parse(native.about());
const openFeature = new Map(about.reasons.map(({ reason, openfeature, error }) => [reason, { reason: openfeature, error: error ?? undefined }]));

/** Frozen, and the same object for equal decisions of one document. */
class Decision {
  #exact;

  constructor({ feature, value, variant, reason, rule, release, phase, version, indirect, some, on, exact }) {
    this.feature = feature;
    this.value = some ? frozen(value) : undefined;
    this.variant = variant ?? undefined;
    this.reason = reason;
    this.rule = rule ?? undefined;
    this.release = release ?? undefined;
    this.phase = phase ?? undefined;
    this.version = version;
    this.indirect = indirect;
    /** What `check` says: the value is `true`, and that of a gate. */
    this.isOn = on;
    this.#exact = exact;
    Object.freeze(this);
  }

  static parse(text) {
    return new Decision(JSON.parse(text));
  }

  /** Of a feature that does not exist. */
  static unknown(feature, version) {
    return new Decision({ feature, reason: 'unknown_feature', version, indirect: false, some: false, on: false });
  }

  /** The value as JSON text, integers beyond 2^53 as they are; `undefined` if there is none. */
  get valueText() {
    return this.#exact ?? JSON.stringify(this.value);
  }

  /** OpenFeature's reason, such as `TARGETING_MATCH`. */
  get openFeatureReason() {
    return openFeature.get(this.reason)?.reason ?? 'UNKNOWN';
  }

  /** OpenFeature's error code where its reason is `ERROR`. */
  get openFeatureError() {
    return openFeature.get(this.reason)?.error;
  }

  /** As all languages write it; what is not there is `null`. */
  toJSON() {
    const { feature, value = null, variant = null, reason, rule = null, release = null, phase = null, indirect, version } = this;
    return { feature, value, variant, reason, rule, release, phase, indirect, version };
  }
}

module.exports = { Decision, about };
