// The ways in which answers come: one value, pages, lines, events, bytes.
import { wrongType } from '../../lib/errors.js';
import { known } from '../../lib/options.js';
import { follow } from './events.mjs';
import { AdminError } from './error.mjs';
import { Listing } from './list.mjs';
import { type AdminOptions, type Call, type TokenSource, Transport } from './transport.mjs';
import type { AdminEvent, Answer, AuditLine, OperationId } from './types.mjs';

/** A part of a path. */
export function part(value: number | string, field: string): string {
  // `.` and `..` would be resolved away.
  if ((typeof value !== 'string' && typeof value !== 'number') || /^\.{0,2}$/.test(String(value))) throw wrongType(field, 'a key or an id', value);
  return encodeURIComponent(value);
}

const OPTIONS = { signal: 'any', timeoutMs: 'ms', idempotencyKey: 'string', force: 'string', ifMatch: 'any' };

/** A call whose arguments have the right types: else nothing is sent, and no stream tries again and again. */
function checked<Of extends Call>(call: Of): Of {
  for (const field of ['body', 'query'] as const) {
    const value: unknown = call[field];
    if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) throw wrongType(field, 'an object', value);
  }
  const { signal, ifMatch } = known(call.options, OPTIONS);
  // Null is none, as it is for `fetch`.
  if (signal !== undefined && signal !== null && !(signal instanceof AbortSignal)) throw wrongType('signal', 'an AbortSignal', signal);
  if (ifMatch !== undefined && typeof ifMatch !== 'number' && typeof ifMatch !== 'string') throw wrongType('ifMatch', 'a revision or an ETag', ifMatch);
  return call;
}

export abstract class Calls {
  readonly #transport: Transport;

  constructor(url: URL | string, token: TokenSource, options: AdminOptions = {}) {
    this.#transport = new Transport(url, token, options);
  }

  protected json<Id extends OperationId>(call: Call<Id>): Promise<Answer<Id>> {
    return this.#transport.send(checked(call), {}, async (response) => {
      const text = await response.text();
      try {
        return JSON.parse(text) as Answer<Id>;
      } catch (cause) {
        const detail = `expected JSON, found: ${text.slice(0, 200) || 'nothing'}`;
        throw new AdminError(call.id, 'bad_answer', detail, { status: response.status, cause });
      }
    });
  }

  protected list<Item, Id extends OperationId>(call: Call<Id>): Listing<Item, Answer<Id> & { items: unknown[]; next?: string | null }> {
    checked(call);
    return new Listing((after) => {
      const query = after === undefined ? call.query : { ...call.query, after };
      return this.json({ ...call, ...(query === undefined ? {} : { query }) }) as Promise<
        Answer<Id> & { items: unknown[]; next?: string | null }
      >;
    });
  }

  protected bytes(call: Call): Promise<ReadableStream<Uint8Array>> {
    return this.#transport.send(checked(call), { accept: '*/*' }, async (response) => response.body ?? new ReadableStream());
  }

  protected async *lines(call: Call): AsyncGenerator<AuditLine, void, undefined> {
    const body = await this.bytes(call);
    let rest = '';
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line) yield JSON.parse(line);
    }
    if (rest) throw new AdminError(call.id, 'bad_answer', 'the answer broke off in the middle of a line');
  }

  protected events(call: Call): AsyncIterable<AdminEvent> {
    return follow(this.#transport, checked(call));
  }
}
