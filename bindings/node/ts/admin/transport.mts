// One request of the admin API: sent, repeated where that is safe, and its answer judged.
//
//   call ─▶ attempt ─▶ 2xx ─▶ Response
//              ▲  └─▶ no answer, 408, 429, 502‥504 ─▶ wait, if the call can be repeated without harm
//              └──────────────────────────────────────┘   else AdminError
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { wrongType } from '../../lib/errors.js';
import { known } from '../../lib/options.js';
import { AdminError, refusal } from './error.mjs';
import type { GuardedOptions, OperationId } from './types.mjs';

/** A call, as the generated methods put it. */
export interface Call<Id extends OperationId = OperationId> {
  id: Id;
  method: string;
  path: string;
  body?: object;
  query?: object;
  options: GuardedOptions;
  /** Whether the server heeds an `Idempotency-Key`. */
  repeatable?: boolean;
}

/** How calls are made. */
export interface AdminOptions {
  /** How long one attempt may take; default 30 000. */
  timeoutMs?: number | undefined;
  /** How often a call is repeated that got no answer, or the answer to come again; default 2, `Infinity` for as long as it takes. */
  retries?: number | undefined;
  /** Instead of the global `fetch`, say for a proxy or a certificate of one's own. */
  fetch?: typeof globalThis.fetch | undefined;
}

/** Who calls: asked for each request, so that a token can be renewed. */
export type TokenSource = string | (() => Promise<string> | string);

/** What is worth another attempt. */
const PASSING = new Set([408, 429, 502, 503, 504]);
const LONGEST_WAIT_MS = 30_000;
/** What a timer can wait for: one that shall wait longer fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
const API = '/api/v1';

/** The wait before a repetition: twice as long each time, and not at the same time for all. */
export function backoff(attempt: number, firstMs = 200): number {
  return Math.min(firstMs * 2 ** attempt, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);
}

export class Transport {
  readonly #base: string;
  readonly #token: TokenSource;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly #fetch: typeof globalThis.fetch;

  constructor(url: URL | string, token: TokenSource, options: AdminOptions) {
    const text = url instanceof URL ? url.href : url;
    const base = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
    if (base?.protocol !== 'http:' && base?.protocol !== 'https:') throw wrongType('url', 'the http or https URL of an admin server', url);
    this.#token = typeof token === 'function' ? token : sendable(token);
    known(options, { timeoutMs: 'ms', retries: 'count', fetch: 'function' });
    this.#base = base.href.replace(/\/+$/, '') + API;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#retries = options.retries ?? 2;
    this.#fetch = options.fetch ?? globalThis.fetch;
  }

  /** Sends a call and has `read` read its answer, which counts as a part of the attempt. */
  async send<Result>(call: Call, headers: Record<string, string>, read: (response: Response) => Promise<Result>): Promise<Result> {
    const sent = { ...(await this.#headers(call)), ...headers };
    const retries = call.method === 'GET' || call.repeatable ? this.#retries : 0;
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await this.#attempt(call, sent, read);
      if (!(outcome instanceof Failure)) return outcome;
      if (attempt >= retries || !outcome.passing) throw outcome.error;
      await sleep(outcome.waitMs ?? backoff(attempt), undefined, call.options.signal ? { signal: call.options.signal } : {});
    }
  }

  async #attempt<Result>(call: Call, headers: Record<string, string>, read: (response: Response) => Promise<Result>) {
    const { signal, timeoutMs = this.#timeoutMs } = call.options;
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(), Math.min(timeoutMs, LONGEST_TIMER_MS));
    try {
      const response = await this.#fetch(this.#url(call), {
        method: call.method,
        headers,
        body: call.body === undefined ? null : JSON.stringify(call.body),
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, timer.signal]) : timer.signal,
      });
      if (response.ok) return await read(response);
      const error = refusal(call.id, response.status, response.headers.get('content-type'), await response.text());
      return new Failure(error, PASSING.has(response.status), retryAfter(response));
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof AdminError) throw cause;
      const late = timer.signal.aborted;
      const error = late
        ? new AdminError(call.id, 'timeout', `expected an answer within ${timeoutMs} ms`, { cause })
        : new AdminError(call.id, 'unreachable', `the server cannot be reached: ${reason(cause)}`, { cause });
      return new Failure(error, true, undefined);
    } finally {
      clearTimeout(timeout);
    }
  }

  #url(call: Call): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined && value !== null) query.set(name, String(value));
    }
    const text = query.toString();
    return this.#base + call.path + (text ? `?${text}` : '');
  }

  async #headers(call: Call): Promise<Record<string, string>> {
    const token = typeof this.#token === 'function' ? sendable(await this.#token()) : this.#token;
    const { idempotencyKey, force, ifMatch } = call.options;
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    if (call.repeatable) headers['idempotency-key'] = idempotencyKey ?? randomUUID();
    if (force !== undefined) headers['tidegate-force'] = force;
    if (ifMatch !== undefined) headers['if-match'] = typeof ifMatch === 'number' ? `"${ifMatch}"` : ifMatch;
    return headers;
  }
}

/**
 * A token that a header can have: `fetch` would show one that it cannot in what it throws. Nor is it shown here: only a long text is not.
 * What is around it is of the file that it was read from, and no header would have it.
 */
function sendable(given: string): string {
  const token = typeof given === 'string' ? given.trim() : given;
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
  throw wrongType('token', 'a token, without spaces and line ends in it', typeof token === 'string' ? token && '*'.repeat(99) : token);
}

class Failure {
  constructor(
    readonly error: AdminError,
    readonly passing: boolean,
    readonly waitMs: number | undefined,
  ) {}
}

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.min(seconds * 1_000, LONGEST_WAIT_MS) : undefined;
}

/** `fetch` says "fetch failed"; why stands in the cause. */
function reason(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message || inner.name : String(inner);
}
