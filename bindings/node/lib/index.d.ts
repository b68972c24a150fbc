/**
 * Tidegate: decides in process, in nanoseconds, which version of a feature a request sees.
 *
 * @example
 * const engine = new Engine({ process: { environment: 'prod' } });
 * await engine.load(document);
 * const checkout = engine.gate('checkout');
 * if (checkout.check({ user_id: 'u-1', country: 'NZ' })) { … }
 */
/// <reference types="node" />
import { EventEmitter } from 'node:events';

/** A value of the document. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * A value of an attribute. `null`, `undefined`, `NaN` and infinities count as missing; a `Date` as its ISO text; an array as a list; of
 * any other object only its type can be tested.
 */
export type AttributeValue = string | number | bigint | boolean | null | undefined | Date | readonly unknown[] | object;

/** Attributes by name. */
export type Attributes = { readonly [name: string]: AttributeValue };

/**
 * What a decision is made for: a `Context`, or any object, of which only the properties are read that the feature's rules test. What a
 * getter throws is thrown on.
 */
export type ContextLike = Context | object;

/** Why something is served (SEMANTICS 6.1). */
export type Reason =
  | 'override'
  | 'unknown_feature'
  | 'killed'
  | 'archived'
  | 'disabled'
  | 'rule'
  | 'split'
  | 'default'
  | 'invalid_definition';

/** OpenFeature's reasons. */
export type OpenFeatureReason = 'DISABLED' | 'DEFAULT' | 'ERROR' | 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'UNKNOWN';

/** What was decided, and why. Frozen; equal decisions of one document are one object. */
export class Decision {
  private constructor();
  readonly feature: string;
  /** `undefined` where the caller's default is to be served. */
  readonly value: Json | undefined;
  /** The value as JSON text, with integers beyond 2^53 as they are; in `value` they are the nearest number. */
  readonly valueText: string | undefined;
  readonly variant: string | undefined;
  readonly reason: Reason;
  /** The rule that decided. */
  readonly rule: string | undefined;
  /** The release that the decision is attributed to. */
  readonly release: string | undefined;
  readonly phase: string | undefined;
  /** The version of the document. */
  readonly version: number;
  /** Whether a reference brought the attribution. */
  readonly indirect: boolean;
  /** What `check` says: the value is `true`, and that of a gate (SEMANTICS 6.6). */
  readonly isOn: boolean;
  readonly openFeatureReason: OpenFeatureReason;
  /** OpenFeature's error code where its reason is `ERROR`. */
  readonly openFeatureError: 'FLAG_NOT_FOUND' | 'PARSE_ERROR' | undefined;
  /** As all languages write it: what is not there is `null`. */
  toJSON(): {
    feature: string;
    value: Json;
    variant: string | null;
    reason: Reason;
    rule: string | null;
    release: string | null;
    phase: string | null;
    indirect: boolean;
    version: number;
  };
}

/** The decisions of all features by name, in the order of names. */
export interface Decisions extends ReadonlyMap<string, Decision> {
  /** By name, as an object. */
  toJSON(): { readonly [name: string]: Decision };
}

/** A problem of a document. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  /** The JSON pointer of the place. */
  readonly pointer: string;
  readonly message: string;
  readonly hint?: string;
}

/** What an update did. */
export interface Update {
  /** The version before; 0 if there was none. */
  readonly from: number;
  readonly version: number;
  /** The features that may decide otherwise than before, sorted. */
  readonly changed: readonly string[];
  /** How many definitions were compiled. */
  readonly recompiled: number;
  /** Problems that did not refuse the document. */
  readonly diagnostics: readonly Diagnostic[];
  /** The features that are isolated (SEMANTICS 9.4, 9.5). */
  readonly isolated: readonly string[];
}

/** How often a variant was served, by phase. */
export interface Exposure {
  readonly feature: string;
  readonly variant?: string;
  readonly release?: string;
  readonly phase?: string;
  readonly count: number;
}

/** What is served. */
export interface SnapshotInfo {
  readonly version: number;
  /** How many features it has. */
  readonly features: number;
  /** Bytes on the heap, roughly. */
  readonly memoryBytes: number;
}

/** Is told what nobody waits for. Without one, warnings and errors become warnings of the process. What it throws is ignored. */
export type Log = (level: 'error' | 'warn' | 'info' | 'debug', message: string, error?: unknown) => void;

/** Attributes of the process (SEMANTICS 1.4), such as `environment` and `region`. */
export type ProcessAttributes = { readonly [name: string]: Json | bigint };

export interface EngineOptions {
  readonly process?: ProcessAttributes;
  /** What an error in a document does: isolate (lenient, the default) or refuse (strict). */
  readonly mode?: 'lenient' | 'strict';
  /** Whether exposures are counted; default not. */
  readonly counters?: boolean;
  /** Whether the document is kept, for `trace` and `explain`; default not. */
  readonly keepSource?: boolean;
  /** Milliseconds since 1970; default the system's clock. What it throws is thrown by the call that asked. */
  readonly clock?: () => number;
  readonly log?: Log;
}

/** A document: JSON text, or its bytes. */
export type Document = string | Uint8Array | ArrayBuffer;

/** Ends the calls of a listener. */
export class Subscription implements Disposable {
  private constructor();
  close(): void;
  [Symbol.dispose](): void;
}

/** A feature of kind `gate` as a handle: its name was looked up once. Valid over updates, also if it appears later. */
export class Gate {
  private constructor();
  readonly name: string;
  /** Whether it is on; `fallback` (default false) where nothing is served, as for a gate that does not exist. */
  check(context: ContextLike, fallback?: boolean): boolean;
  decide(context: ContextLike): Decision;
}

/** A feature of any kind as a handle. */
export class Feature {
  private constructor();
  readonly name: string;
  decide(context: ContextLike): Decision;
  /** The value; `fallback` where there is none. */
  value<T = undefined>(context: ContextLike, fallback?: T): Json | T;
  /** The value if it is a boolean, else `fallback`. */
  bool<T = undefined>(context: ContextLike, fallback?: T): boolean | T;
  /** The value if it is an integer that a number holds exactly, else `fallback`. */
  int<T = undefined>(context: ContextLike, fallback?: T): number | T;
  /** The value if it is a number, else `fallback`. */
  float<T = undefined>(context: ContextLike, fallback?: T): number | T;
  /** The value if it is a string, else `fallback`. */
  str<T = undefined>(context: ContextLike, fallback?: T): string | T;
}

/** Attributes that are held natively: filled once, used for many decisions of one engine. */
export class Context implements Disposable {
  private constructor();
  /** Sets an attribute; `undefined` and `null` unset it. */
  set(name: string, value: AttributeValue): this;
  unset(name: string): this;
  /** Sets an attribute for each own enumerable property. */
  assign(attributes: object): this;
  /** Sets an attribute for each member of an object in JSON text; integers are exact to 64 bits. */
  assignJson(text: string): this;
  /** Makes all attributes missing and keeps the memory. */
  clear(): this;
  /** Frees it, ahead of the garbage collector. */
  [Symbol.dispose](): void;
}

/** One version at one instant, for several decisions that must not mix versions. */
export class View implements Disposable {
  private constructor();
  readonly version: number;
  /** The instant, in milliseconds since 1970. */
  readonly now: number;
  check(gate: string, context: ContextLike, fallback?: boolean): boolean;
  decide(feature: string, context: ContextLike): Decision;
  /** By name, in the order of names. */
  evaluateAll(context: ContextLike): Decisions;
  [Symbol.dispose](): void;
}

/** An override: of a variant or a value, for everyone or where the attribute `unit` is `id`. */
export type Override = ({ readonly variant: string; readonly value?: undefined } | { readonly value: Json; readonly variant?: undefined }) &
  ({ readonly unit: string; readonly id: string } | { readonly unit?: undefined; readonly id?: undefined });

/** Holds what is served, and decides. */
export class Engine implements Disposable {
  constructor(options?: EngineOptions);
  /** An engine that serves the document of a file. */
  static fromFile(path: string | URL, options?: EngineOptions): Promise<Engine>;
  static fromFileSync(path: string | URL, options?: EngineOptions): Engine;
  /** The engine that another thread of this process shares by this token. */
  static shared(token: number, options?: { readonly log?: Log }): Engine;

  /** Serves a document from now on; compiles it off this thread. Refused: what is served is served on. */
  load(document: Document): Promise<Update>;
  /** As `load`, on this thread. */
  loadSync(document: Document): Update;
  /** Serves a document with a change of what is served. */
  applyDelta(delta: Document): Promise<Update>;
  applyDeltaSync(delta: Document): Update;
  /** The version that is served; 0 if there is none. */
  readonly version: number;
  readonly isClosed: boolean;
  snapshot(): SnapshotInfo;
  /** The names of all features, sorted. */
  features(): string[];

  /** A gate as a handle, existing or not; the same object for the same name. Making one compiles a function for it: keep it, or check by name. */
  gate(name: string): Gate;
  feature(name: string): Feature;
  context(attributes?: object): Context;
  /** A context of a JSON object; integers are exact to 64 bits. */
  contextFromJson(text: string): Context;

  /** Whether a gate is on, by name. */
  check(gate: string, context: ContextLike, fallback?: boolean): boolean;
  /** The decision of a feature, by name. */
  decide(feature: string, context: ContextLike): Decision;
  /** The decisions of all features, by name, in the order of names: one version, one instant. */
  evaluateAll(context: ContextLike): Decisions;
  view(): View;

  setOverride(feature: string, override: Override): void;
  clearOverride(feature: string): void;
  clearOverrides(): void;
  /** The features that are overridden, sorted. */
  overridden(): string[];

  /** What was decided since the last call; needs `counters`. */
  drainExposures(): Exposure[];
  /** Why the document decides a feature as it does, step by step; overrides are not seen. Needs `keepSource`. */
  trace(feature: string, context: ContextLike): { readonly [name: string]: Json };
  /** Likewise, as text for people. */
  explain(feature: string, context: ContextLike): string;
  /** What was compiled, as text; `undefined` if there is no feature of that name. */
  listing(feature?: string): string | undefined;
  /**
   * Whether a gate is on for everybody (`true`) or for nobody in the life of this engine; `undefined` if that depends on the context or the
   * time, or if the gate does not exist or is isolated. Of another kind of feature: `false` if all are served the same.
   */
  constant(gate: string): boolean | undefined;

  /** Calls `listener` with each update, on the event loop. Does not keep the process alive. */
  onUpdate(listener: (update: Update) => void): Subscription;
  /** A number by which other threads of this process can use this engine, until it is closed. */
  share(): number;
  /** Ends its use. A client that keeps it current goes on. */
  close(): void;
  [Symbol.dispose](): void;
}

/** Where what is served came from. */
export type Source = 'stream' | 'poll' | 'file' | 'cache' | 'bundled' | 'defaults';

/** The state of a client at one moment. */
export interface Status {
  readonly source: Source;
  /** The version that is served; 0: none. */
  readonly version: number;
  /** How long ago the newest proof of freshness came. */
  readonly ageMs?: number;
  /** Whether there was no such proof for too long. */
  readonly stale: boolean;
  readonly connected: 'no' | 'poll' | 'stream';
  /** What went wrong last, whether or not it was overcome. */
  readonly lastError?: TidegateError | TidegateTypeError;
  readonly lastErrorAgeMs?: number;
  /** The id of this run of this client; fleet views name it. */
  readonly instance: string;
  readonly life: 'closed' | 'forked' | 'running';
}

/** Something is served for the first time. A `changed` follows. */
export interface Ready {
  readonly source: Source;
  readonly version: number;
}

/** Another version is served from now on. */
export interface Changed {
  readonly source: Source;
  readonly version: number;
  /** The features that may decide otherwise than before, sorted. */
  readonly features: readonly string[];
  /** From the arrival of its last byte to its being served. */
  readonly lagMs: number;
}

/** There was no proof of freshness for too long; serving goes on. */
export interface Stale {
  readonly ageMs: number | null;
}

export type ClientEvent =
  | (Ready & { readonly type: 'ready' })
  | (Changed & { readonly type: 'changed' })
  | (Stale & { readonly type: 'stale' })
  | { readonly type: 'fresh' }
  | { readonly type: 'error'; readonly error: TidegateError };

/** What the emitter emits. */
export interface ClientEvents {
  ready: [Ready];
  changed: [Changed];
  stale: [Stale];
  fresh: [Record<string, never>];
  error: [TidegateError];
}

/** Times in milliseconds. */
export interface ConnectOptions {
  readonly process?: ProcessAttributes;
  readonly mode?: 'lenient' | 'strict';
  /** Whether exposures are counted and reported; default true. */
  readonly counters?: boolean;
  readonly keepSource?: boolean;
  /** The directory where the last good document is kept. */
  readonly cache?: string;
  /** A document that was shipped with the program, for a start without server and cache. */
  readonly bundled?: string;
  /** A document that is served from the first moment on. */
  readonly bootstrap?: Document;
  /** How often it polls where it does not stream. Default 10 000. */
  readonly pollInterval?: number;
  /** How often it reports. Default 10 000. */
  readonly reportInterval?: number;
  /** How long a start waits for the network before it serves what was stored; at most, and by default, 2 000. */
  readonly networkFirst?: number;
  /** Default 5 000. */
  readonly connectTimeout?: number;
  /** Default 10 000. */
  readonly answerTimeout?: number;
  /** After how long a silence a stream is left. Default 45 000. */
  readonly readStall?: number;
  /** After how long without proof of freshness what is served counts as stale. Default 90 000. */
  readonly staleAfter?: number;
  /** How long `close` may take to send the last counts. Default 2 000. */
  readonly flushTimeout?: number;
  /** How often a watched file is looked at. Default 1 000. */
  readonly watchInterval?: number;
  /** The URL of a proxy for all hosts, or `false` for none. Default that of the environment. */
  readonly proxy?: string | false;
  /** Certificate authorities to trust beside those of the system, in PEM. */
  readonly rootCertificates?: readonly string[];
  /** Whether it holds a stream open, or only polls. Default true. */
  readonly streaming?: boolean;
  readonly log?: Log;
}

/**
 * Keeps an engine current, on a native thread. Does not keep the process alive unless `ref` is called. An `error` that nobody listens for
 * is logged; a listener that throws is logged: neither ends the process.
 */
export class Client extends EventEmitter<ClientEvents> implements AsyncDisposable, Disposable, AsyncIterable<ClientEvent> {
  private constructor();
  /** The engine that is kept current; stays usable after `close`. */
  readonly engine: Engine;
  readonly isClosed: boolean;
  /** Waits until something other than the callers' defaults is served. Default 5 000 ms, then a `TidegateError` (TG6112); TG5011 as soon as it is closed. */
  waitReady(timeoutMs?: number): Promise<Source>;
  status(): Status;
  /** Calls `listener` with each event. */
  onEvent(listener: (event: ClientEvent) => void): Subscription;
  /** Events from now on; ends when the client is closed. Up to 1 024 wait. */
  events(): AsyncIterableIterator<ClientEvent> & AsyncDisposable;
  [Symbol.asyncIterator](): AsyncIterableIterator<ClientEvent>;
  /** Keeps the process alive until it is closed. */
  ref(): this;
  /** Takes `ref` back. */
  unref(): this;
  /** Sends the last counts and ends the thread. The engine serves on what it has. Again is nothing. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
  /** Begins to close it. */
  [Symbol.dispose](): void;
}

/** Connects with a connection string as `tidegate sdk-key new` prints it. Returns at once. */
export function connect(connection: string, options?: ConnectOptions): Client;

/** A document in a file that is watched instead of a server. */
export function watchFile(path: string, options?: ConnectOptions): Client;

interface Problem {
  /** The stable code, such as `TG2041`. */
  readonly code: string;
  /** The JSON pointer of the place in the document. */
  readonly pointer: string | undefined;
  /** The argument that is at fault. */
  readonly field: string | undefined;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly hint: string | undefined;
  /** All problems of a document. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A document or a use was refused. */
export class TidegateError extends Error implements Problem {
  private constructor();
  readonly code: string;
  readonly pointer: string | undefined;
  readonly field: string | undefined;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly hint: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** 1 document, 2 definition, 3 reference, 4 release, 5 use, 6 delivery. */
  readonly family: number;
}

/** An argument has the wrong type. */
export class TidegateTypeError extends TypeError implements Problem {
  private constructor();
  readonly code: string;
  readonly pointer: string | undefined;
  readonly field: string | undefined;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly hint: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** The version of the semantics (docs/SEMANTICS.md). */
export const SEMANTICS: number;
/** The version of this package. */
export const version: string;
/** What each code means, by code. */
export const codes: Readonly<Record<string, string>>;
