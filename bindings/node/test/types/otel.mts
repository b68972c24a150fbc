// The types of `tidegate/otel` as `import` sees them. Nothing here runs.
import type { Attributes, Span } from '@opentelemetry/api';
import { Engine } from 'tidegate';
import { EVENT, attributes, record } from 'tidegate/otel';
import type { Told } from 'tidegate/otel';

declare const span: Span;
const decision = new Engine().decide('checkout', {});
const told: Told = { contextId: 'u-1', setId: 'prod' };
const found: Attributes = attributes(decision, told);
void [found, EVENT.length];
record(decision);
record(decision, { ...told, span });
record(decision, { contextId: 42, span: null });

// @ts-expect-error a decision is needed
record('checkout');
// @ts-expect-error an id is text or a number
record(decision, { contextId: {} });
// @ts-expect-error there is no such option
record(decision, { context: 'u-1' });
