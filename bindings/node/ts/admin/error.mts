// What goes wrong with a call of the admin API.
import type { Schema } from './types.mjs';

/** How a server says what is wrong: RFC 9457. */
export type Problem = Schema<'Problem'>;

/**
 * A call that did not succeed.
 *
 * `code` is what to decide on. It is the code of the server's problem document (`stale`, `needs_bypass`, `frozen`, …), or, where there is
 * no such document, one of ours: `unreachable` (no answer), `timeout` (none in time), `bad_answer` (an answer that is not the API's,
 * say a proxy's).
 */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  /** The operation that was called. */
  readonly operation: string;
  /** The stable code. */
  readonly code: string;
  /** The HTTP status; none if there was no answer. */
  readonly status: number | undefined;
  /** The problem as the server put it, with all that belongs to its code: `state`, `allowed_actions`, `users`, `problems`, …. */
  readonly problem: (Problem & Record<string, unknown>) | undefined;

  constructor(operation: string, code: string, detail: string, more: { status?: number; problem?: Problem; cause?: unknown } = {}) {
    const hint = more.problem?.hint ? `; hint: ${more.problem.hint}` : '';
    super(`${operation}: ${detail} [${code}]${hint}`, more.cause === undefined ? undefined : { cause: more.cause });
    this.operation = operation;
    this.code = code;
    this.status = more.status;
    this.problem = more.problem as (Problem & Record<string, unknown>) | undefined;
  }

  /** What is wrong with this request. */
  get detail(): string | undefined {
    return this.problem?.detail;
  }

  /** What helps. */
  get hint(): string | undefined {
    return this.problem?.hint ?? undefined;
  }

  /** The JSON pointer of the place in the body. */
  get pointer(): string | undefined {
    return this.problem?.pointer ?? undefined;
  }

  /** The id of the request, as it stands in the server's access log. */
  get requestId(): string | undefined {
    return this.problem?.instance;
  }

  /** Of a release: what can be done to it now. */
  get allowedActions(): readonly unknown[] {
    return this.problem?.allowed_actions ?? [];
  }
}

/** The error that an answer other than success stands for. */
export function refusal(operation: string, status: number, type: string | null, text: string): AdminError {
  if (type?.startsWith('application/problem+json')) {
    try {
      const problem = JSON.parse(text) as Problem;
      if (typeof problem.code === 'string') {
        return new AdminError(operation, problem.code, problem.detail, { status, problem });
      }
    } catch {
      // Told below, as any other text.
    }
  }
  const found = text.trim().slice(0, 200) || 'nothing';
  return new AdminError(operation, 'bad_answer', `expected a problem document with status ${status}, found: ${found}`, { status });
}
