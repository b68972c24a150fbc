// What happens, as it happens: a stream of events that goes on behind the last one when it breaks off.
//
//   where the log ends ─▶ connect, after=<last> ─▶ events ─▶ broke off, or silent ─┐
//                            ▲                                                      │ a while later
//                            └──────────────────────────────────────────────────────┘
import { setTimeout as sleep } from 'node:timers/promises';

import { EventSourceParserStream } from 'eventsource-parser/stream';

import { TidegateTypeError } from '../../lib/errors.js';
import { AdminError } from './error.mjs';
import { type Call, LONGEST_TIMER_MS, type Transport, backoff } from './transport.mjs';
import type { AdminEvent, Schema } from './types.mjs';

/** The server says something at least every 15 s. */
const SILENCE_MS = 60_000;

/** Whether another attempt can overcome it. */
function passes(error: unknown): boolean {
  // An argument, or what the source of tokens gave: it will be no better.
  if (error instanceof TidegateTypeError) return false;
  // Not ours: the connection broke off.
  if (!(error instanceof AdminError)) return true;
  return error.status === undefined ? error.code !== 'bad_answer' : error.status === 429 || error.status >= 500;
}

/** Events in the order of the log, each once, for as long as somebody asks for them. */
export async function* follow(transport: Transport, call: Call): AsyncGenerator<AdminEvent, void, undefined> {
  const { signal, timeoutMs = SILENCE_MS } = call.options;
  const silenceMs = Math.min(timeoutMs, LONGEST_TIMER_MS);
  let last = (call.query as { after?: number | null } | undefined)?.after ?? (await end(transport, call));
  let failures = 0;
  for (;;) {
    // Ends what is open when the consumer leaves, too.
    const stop = new AbortController();
    const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    try {
      for await (const event of connection(transport, call, last, both, stop, silenceMs)) {
        failures = 0;
        last = event.seq;
        yield event;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!passes(error)) throw error;
    } finally {
      stop.abort();
    }
    await sleep(backoff(failures, 500), undefined, signal ? { signal } : {});
    failures += 1;
  }
}

/** The number of the last event of the log: to go on from there, also if the first connection breaks before it told anything. */
async function end(transport: Transport, call: Call): Promise<number> {
  const { signal } = call.options;
  const ask: Call = {
    id: 'list_audit',
    method: 'GET',
    path: '/audit',
    query: { newest_first: true, limit: 1 },
    options: signal ? { signal } : {},
  };
  const page = await transport.send(ask, {}, async (response) => (await response.json()) as { items: Schema<'AuditEvent'>[] });
  return page.items[0]?.seq ?? 0;
}

async function* connection(
  transport: Transport,
  call: Call,
  last: number,
  signal: AbortSignal,
  stop: AbortController,
  silenceMs: number,
): AsyncGenerator<AdminEvent, void, undefined> {
  const options = { signal, timeoutMs: silenceMs };
  const asked = { ...call, query: { ...call.query, after: last }, options };
  const body = await transport.send(asked, { accept: 'text/event-stream' }, async (response) => response.body);
  if (!body) return;
  let timer = setTimeout(() => stop.abort(), silenceMs);
  const heard = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), silenceMs);
      controller.enqueue(chunk);
    },
  });
  try {
    const told = body.pipeThrough(heard).pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const event of told) {
      const seq = Number(event.id);
      if (event.id === undefined || event.event === undefined || !Number.isSafeInteger(seq)) continue;
      yield { seq, action: event.event, data: parse(call, event.data) };
    }
  } finally {
    clearTimeout(timer);
  }
}

function parse(call: Call, text: string): AdminEvent['data'] {
  try {
    return JSON.parse(text) as AdminEvent['data'];
  } catch (cause) {
    throw new AdminError(call.id, 'bad_answer', `expected an event in JSON, found: ${text.slice(0, 200)}`, { cause });
  }
}
