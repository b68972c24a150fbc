// The types of the admin API, by the names that docs/openapi.json gives them.
import type { components, operations } from './openapi.mjs';

/** The id of an operation, as docs/openapi.json has it. */
export type OperationId = keyof operations;

/** A schema of the API: `Schema<"Release">`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

type Content<Of> = Of extends { content: { 'application/json': infer Json } } ? Json : never;

/** What may be left out may also be `undefined`: neither is sent. */
type Loose<Of> = { [Name in keyof Of]: Record<never, never> extends Pick<Of, Name> ? Of[Name] | undefined : Of[Name] };

/** The body that an operation takes. */
export type Body<Id extends OperationId> = operations[Id] extends { requestBody?: infer Request }
  ? Loose<Content<NonNullable<Request>>>
  : never;

/** The query that an operation takes. */
export type Query<Id extends OperationId> = Loose<NonNullable<operations[Id]['parameters']['query']>>;

/** What an operation answers when it succeeds. */
export type Answer<Id extends OperationId> = Content<operations[Id]['responses'][keyof operations[Id]['responses']]>;

/** What every call takes. */
export interface CallOptions {
  /** Ends the call: it rejects with the reason of the signal. */
  signal?: AbortSignal | null | undefined;
  /**
   * How long one attempt may take, for a stream until it begins; default: that of the `Admin`. For `followEvents`, how long the server may
   * be silent before it is connected to anew; default 60 000.
   */
  timeoutMs?: number | undefined;
}

/** What calls take that change something. */
export interface WriteOptions extends CallOptions {
  /** Names the request: a repetition within 24 h gets the first answer. Default: a random one for each call. */
  idempotencyKey?: string | undefined;
  /** Why the change is to be made although live SDKs cannot compile it (409 `sdk_too_old`); kept in the log. */
  force?: string | undefined;
}

/** What calls take that change something which has a revision. */
export interface GuardedOptions extends WriteOptions {
  /** The `revision` (or ETag) that the change was decided on; if it is another by now: 412 `precondition_failed`. */
  ifMatch?: number | string | undefined;
}

/** Something that an event meant, in words of releases. */
export interface Fact {
  /** `phase.started`, `release.paused`, …. */
  readonly name: string;
  /** For people. */
  readonly text: string;
  readonly [more: string]: unknown;
}

/** What happened to a feature or a release. */
export interface HistoryEntry {
  /** The number of the event in the audit log. */
  readonly seq: number;
  /** When, in milliseconds since 1970. */
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly reason?: string;
  readonly facts?: readonly Fact[];
}

/** Something that happened, from the audit log. */
export interface AdminEvent {
  /** Its number in the log; give it as `after` to go on behind it. */
  seq: number;
  /** What was done: `release.paused`, …. */
  action: string;
  /** The event, without what was before and after. */
  data: {
    readonly seq: number;
    /** When, in milliseconds since 1970. */
    readonly at: number;
    readonly actor: string;
    readonly action: string;
    /** What it was done to. */
    readonly subject?: { readonly kind: string; readonly key: string };
    readonly reason?: string;
    /** What it meant, each with its `name` and a `text` for people. */
    readonly facts?: readonly Fact[];
    readonly [more: string]: unknown;
  };
}

/** An event of the exported audit log. */
export interface AuditLine {
  seq: number;
  /** The event in JSON: the very bytes that are hashed. */
  event: string;
  /** SHA-256 over the hash before it and `event`, in hexadecimal. */
  hash: string;
  prev_hash: string;
}

/** A pipeline in a list. */
export interface PipelineSummary {
  key: string;
  revision: number;
  state: Schema<'Stage'>;
  description?: string;
  /** The version that new releases run. */
  published?: number;
  /** Whether there is a draft that is not published. */
  draft: boolean;
  /** How many phases it has. */
  phases: number;
  /** How many features and segments are attached to it. */
  attached: number;
  /** How many releases run it. */
  active: number;
  /** How many releases of it were completed in the last 30 days. */
  launched: number;
}
