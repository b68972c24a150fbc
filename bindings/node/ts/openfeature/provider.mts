// The provider: an engine's decisions, and a client's events, in the words of OpenFeature.
//
//   initialize ─▶ connect, if it was given a connection string ─▶ wait for a snapshot ─▶ READY
//   Client ─ changed ─▶ CONFIGURATION_CHANGED   stale ─▶ STALE   fresh ─▶ READY   error, and nothing is served or a version is refused ─▶ ERROR
//   resolve ─▶ engine.decide ─▶ value, variant, reason, metadata
import {
  type EvaluationContext,
  type Hook,
  type JsonValue,
  ErrorCode,
  InvalidContextError,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  ProviderFatalError,
  ProviderNotReadyError,
  type ResolutionDetails,
  type TrackingEventDetails,
} from '@openfeature/server-sdk';
import {
  type Client,
  type ClientEvent,
  type ConnectOptions,
  Engine,
  type Subscription,
  TidegateTypeError,
  connect,
  version,
} from 'tidegate';

import { wrongType } from '../../lib/errors.js';
import { known } from '../../lib/options.js';
import { subject } from './context.mjs';
import { BOOLEAN, type Kind, NUMBER, OBJECT, STRING, disabled, failure, isDisabled, resolution } from './resolution.mjs';
import { type Tracked, Tracker, type Tracking } from './tracking.mjs';

export interface ProviderOptions {
  /** How long `initialize` waits for a first snapshot, in milliseconds; default 10 000. */
  readonly readyTimeout?: number;
  /** How it connects, where it was given a connection string. */
  readonly connect?: ConnectOptions;
  /** Hooks that run with each evaluation by this provider. */
  readonly hooks?: readonly Hook[];
  /**
   * Gets every tracking event. Neither engine nor server keep what users do; without it, events are only counted. What it throws goes to
   * `connect.log`, else it is a warning of the process.
   */
  readonly onTrack?: (event: Tracking) => void;
  /**
   * What an archived, disabled or killed feature is answered with: the variant that its definition serves then (`'variant'`, the default), or
   * the caller's default without a variant, of whatever type the feature is (`'default'`). The reason is `DISABLED` and the metadata are the
   * same with both. The engine decides and counts as ever: an exposure is that of the definition's variant.
   */
  readonly onDisabled?: 'variant' | 'default';
}

/** Errors that pass, or that are not about what is served. Serving goes on; if the connection stays away, STALE says so. */
const PASSING = new Set(['TG6101', 'TG6102', 'TG6103', 'TG6104', 'TG6107', 'TG6108', 'TG6113']);
const READY_TIMEOUT_MS = 10_000;
const OPTIONS = { readyTimeout: 'ms', connect: 'object', hooks: 'objects', onTrack: 'function', onDisabled: ['variant', 'default'] };

/**
 * Resolves flags with a Tidegate engine in this process.
 *
 * It serves a `Client` or an `Engine`, which stay the caller's, or it connects with a connection string when it is initialized, and closes that
 * client when it is closed.
 *
 * @example
 * await OpenFeature.setProviderAndWait(new TidegateProvider(process.env.TIDEGATE_CONNECTION));
 * const on = await OpenFeature.getClient().getBooleanValue('checkout', false, { targetingKey: 'u-1' });
 */
export class TidegateProvider implements Provider {
  readonly metadata = { name: 'tidegate', version } as const;
  readonly runsOn = 'server';
  readonly events = new OpenFeatureEventEmitter();
  readonly hooks: Hook[];
  readonly #source: Client | Engine | string;
  readonly #options: ProviderOptions;
  readonly #tracker: Tracker;
  #client: Client | undefined;
  #engine: Engine | undefined;
  #subscription: Subscription | undefined;
  /** Ends the wait for an engine's first update, with what went wrong. */
  #settle: ((wrong: string | undefined) => void) | undefined;
  /** `failed`: it was initialized, but cannot serve; it recovers by itself. */
  #life: 'failed' | 'new' | 'ready' = 'new';
  /** The version that a client became ready with, until its `changed` came. */
  #first: number | undefined;

  constructor(source: Client | Engine | string, options: ProviderOptions = {}) {
    const isClient = typeof source === 'object' && source !== null && 'waitReady' in source;
    if (!isClient && typeof source !== 'string' && !(source instanceof Engine)) {
      throw wrongType('source', 'a Client, an Engine or a connection string', source);
    }
    this.#source = source;
    this.#options = known(options, OPTIONS);
    this.#tracker = new Tracker(options.onTrack, options.connect?.log);
    this.hooks = [...(options.hooks ?? [])];
  }

  /** The engine that decides; none before a provider with a connection string is initialized. */
  get engine(): Engine | undefined {
    if (typeof this.#source === 'string') return this.#engine;
    return this.#source instanceof Engine ? this.#source : this.#source.engine;
  }

  /**
   * Waits for a first snapshot. The context that the SDK hands over is not used: what is fixed for the life of an engine are its process
   * attributes.
   *
   * Rejects with PROVIDER_FATAL if the connection string or an option cannot be used, and with PROVIDER_NOT_READY if no snapshot came in time;
   * then the provider becomes ready by itself when one does.
   */
  async initialize(): Promise<void> {
    this.#life = 'new';
    if (this.#source instanceof Engine) return this.#follow(this.#source);
    const client = typeof this.#source === 'string' ? this.#connect(this.#source) : this.#source;
    this.#subscription?.close();
    this.#subscription = client.onEvent((event) => this.#told(event));
    try {
      await client.waitReady(this.#options.readyTimeout ?? READY_TIMEOUT_MS);
    } catch (error) {
      this.#life = 'failed';
      throw new ProviderNotReadyError(messageOf(error));
    }
    this.#life = 'ready';
    this.#first = client.engine.version;
    // After the SDK has said READY.
    if (client.status().stale) setImmediate(() => this.#told({ type: 'stale', ageMs: null }));
  }

  /** Stops listening; closes the client that it connected itself. */
  async onClose(): Promise<void> {
    this.#life = 'new';
    this.#subscription?.close();
    this.#subscription = undefined;
    this.#settle?.('the provider was closed before there was a snapshot');
    const client = this.#client;
    this.#client = this.#engine = undefined;
    await client?.close();
  }

  async resolveBooleanEvaluation(flagKey: string, defaultValue: boolean, context: EvaluationContext): Promise<ResolutionDetails<boolean>> {
    return this.#resolve(flagKey, defaultValue, context, BOOLEAN);
  }

  async resolveStringEvaluation(flagKey: string, defaultValue: string, context: EvaluationContext): Promise<ResolutionDetails<string>> {
    return this.#resolve(flagKey, defaultValue, context, STRING);
  }

  async resolveNumberEvaluation(flagKey: string, defaultValue: number, context: EvaluationContext): Promise<ResolutionDetails<number>> {
    return this.#resolve(flagKey, defaultValue, context, NUMBER);
  }

  /** An object or a list. It is frozen: many evaluations hold the same. */
  async resolveObjectEvaluation<T extends JsonValue>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<T>> {
    return this.#resolve<JsonValue>(flagKey, defaultValue, context, OBJECT as Kind<JsonValue>) as ResolutionDetails<T>;
  }

  /** Counts a tracking event, and hands it to `onTrack`. */
  track(trackingEventName: string, context: EvaluationContext, details: TrackingEventDetails = {}): void {
    this.#tracker.track(trackingEventName, context, details, this.engine?.version ?? 0);
  }

  /** How often each tracking event came since this was asked last, by name. */
  drainTracked(): Tracked[] {
    return this.#tracker.drain();
  }

  #resolve<T extends JsonValue>(flagKey: string, fallback: T, context: EvaluationContext, kind: Kind<T>): ResolutionDetails<T> {
    const engine = this.engine;
    if (engine === undefined) return failure(fallback, ErrorCode.PROVIDER_NOT_READY, 'the provider is not initialized');
    try {
      const decision = engine.decide(flagKey, subject(context));
      if (this.#options.onDisabled === 'default' && isDisabled(decision)) return disabled(decision, fallback);
      return resolution(engine, decision, fallback, kind);
    } catch (error) {
      // An attribute that is none; a getter that threw; an engine that was closed.
      const isContext = error instanceof InvalidContextError || error instanceof TidegateTypeError;
      return failure(fallback, isContext ? ErrorCode.INVALID_CONTEXT : ErrorCode.GENERAL, messageOf(error));
    }
  }

  #connect(connection: string): Client {
    if (this.#client === undefined) {
      try {
        this.#client = connect(connection, this.#options.connect);
      } catch (error) {
        throw new ProviderFatalError(messageOf(error));
      }
      this.#engine = this.#client.engine;
    }
    return this.#client;
  }

  /** An engine that is fed by hand. */
  async #follow(engine: Engine): Promise<void> {
    this.#subscription?.close();
    this.#subscription = engine.onUpdate((update) => {
      this.#settle?.(undefined);
      this.#changed(update.version, update.changed);
    });
    if (engine.version === 0) await this.#firstUpdate(this.#options.readyTimeout ?? READY_TIMEOUT_MS);
    this.#life = 'ready';
  }

  #firstUpdate(waitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#life = 'failed';
        this.#settle?.(`expected the engine to have a snapshot within ${waitMs} ms`);
      }, Math.min(waitMs, 2 ** 31 - 1));
      this.#settle = (wrong) => {
        clearTimeout(timer);
        this.#settle = undefined;
        if (wrong === undefined) resolve();
        else reject(new ProviderNotReadyError(wrong));
      };
    });
  }

  #told(event: ClientEvent): void {
    if (event.type === 'ready') this.#recovered();
    else if (event.type === 'changed') this.#changed(event.version, event.features);
    else if (this.#life === 'new') return;
    else if (event.type === 'stale') this.events.emit(ProviderEvents.Stale, { message: 'there was no proof of freshness for too long' });
    else if (event.type === 'fresh') this.events.emit(ProviderEvents.Ready);
    else if (!PASSING.has(event.error.code) || this.engine?.version === 0) this.#broke(messageOf(event.error));
  }

  #changed(served: number, features: readonly string[]): void {
    this.#recovered();
    if (this.#life !== 'ready') return;
    if (served === this.#first) {
      // READY told of it.
      this.#first = undefined;
      return;
    }
    this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...features], metadata: { version: served } });
  }

  #broke(message: string): void {
    this.#life = 'failed';
    this.events.emit(ProviderEvents.Error, { message, errorCode: ErrorCode.GENERAL });
  }

  #recovered(): void {
    if (this.#life !== 'failed') return;
    this.#life = 'ready';
    this.events.emit(ProviderEvents.Ready);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
