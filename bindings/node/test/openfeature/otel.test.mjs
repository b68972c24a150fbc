// @ts-check
// The published OpenTelemetry hooks with this provider, and our own functions for decisions without OpenFeature: what they export, by the
// semantic conventions of `feature_flag.evaluation`.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';

import { EventHook, MetricsHook, SpanEventHook, SpanHook } from '@openfeature/open-telemetry-hooks';
import { OpenFeature } from '@openfeature/server-sdk';
import { context, metrics, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Engine } from 'tidegate';
import { TidegateProvider } from 'tidegate/openfeature';
import { EVENT, attributes, record } from 'tidegate/otel';

const spans = new InMemorySpanExporter();
const records = new InMemoryLogRecordExporter();
const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 86_400_000 });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [new SimpleLogRecordProcessor(records)] }));
const tracer = trace.getTracer('test');

const candidate = { kind: 'gate', rules: [{ id: 'everyone', variant: 'on' }] };
const document = JSON.stringify({
  schema_version: 1,
  version: 42,
  features: { checkout: { kind: 'gate' }, limits: { kind: 'config', variants: { small: { items: 50 } }, default: 'small' } },
  releases: [{ id: 'rel-1', features: { checkout: { candidate } }, phases: [{ id: 'prod', live: true }] }],
});

/** A client with hooks, over an engine. */
async function using(/** @type {import('@openfeature/server-sdk').Hook[]} */ ...hooks) {
  const engine = new Engine();
  engine.loadSync(document);
  await OpenFeature.setProviderAndWait('otel', new TidegateProvider(engine));
  return OpenFeature.getClient('otel').addHooks(...hooks);
}

/** What the conventions say of the evaluation of `checkout`. */
const CHECKOUT = {
  'feature_flag.key': 'checkout',
  'feature_flag.provider.name': 'tidegate',
  'feature_flag.result.reason': 'targeting_match',
  'feature_flag.result.value': true,
  'feature_flag.result.variant': 'on',
  'feature_flag.context.id': 'u-1',
  'feature_flag.version': 42,
};

describe('OpenTelemetry: the published hooks, and our own functions', () => {
  afterEach(async () => {
    spans.reset();
    records.reset();
    await OpenFeature.clearProviders();
  });

  test('an event for each evaluation, with what is ours from the metadata', async () => {
    const attributeMapper = (/** @type {unknown} */ _, /** @type {any} */ { flagMetadata }) => ({
      'tidegate.release': flagMetadata.release,
      'tidegate.phase': flagMetadata.phase,
    });
    const client = await using(new EventHook({ attributeMapper }));
    await client.getBooleanValue('checkout', false, { targetingKey: 'u-1' });
    await client.getObjectValue('limits', {});
    const [checkout, limits] = records.getFinishedLogRecords();
    assert.equal(checkout?.eventName, 'feature_flag.evaluation');
    assert.deepEqual(checkout?.attributes, { ...CHECKOUT, 'tidegate.release': 'rel-1', 'tidegate.phase': 'prod' });
    assert.equal(limits?.attributes['feature_flag.result.value'], '{"items":50}');
    assert.equal(limits?.attributes['feature_flag.result.reason'], 'static');
  });

  test('errors have their type', async () => {
    const client = await using(new EventHook({ excludeExceptions: true }));
    await client.getBooleanValue('missing', false);
    await client.getStringValue('checkout', '');
    const found = records
      .getFinishedLogRecords()
      .map(({ attributes }) => [attributes['feature_flag.result.reason'], attributes['error.type']]);
    assert.deepEqual(found, [
      ['error', 'flag_not_found'],
      ['error', 'type_mismatch'],
    ]);
  });

  test('an event on the span that is active, and a span of its own', async () => {
    const client = await using(new SpanEventHook());
    await tracer.startActiveSpan('request', async (span) => {
      await client.getBooleanValue('checkout', false, { targetingKey: 'u-1' });
      span.end();
    });
    const [request] = spans.getFinishedSpans();
    assert.deepEqual(
      request?.events.map(({ name, attributes }) => ({ name, attributes })),
      [{ name: 'feature_flag.evaluation', attributes: CHECKOUT }],
    );
    spans.reset();
    const other = await using(new SpanHook());
    await other.getBooleanValue('checkout', false, { targetingKey: 'u-1' });
    const [own] = spans.getFinishedSpans();
    assert.deepEqual([own?.name, own?.attributes], ['feature_flag.evaluation', CHECKOUT]);
  });

  test('counts by flag, variant and reason', async () => {
    const client = await using(new MetricsHook());
    for (let n = 0; n < 3; n += 1) await client.getBooleanValue('checkout', false);
    await reader.forceFlush();
    const all = points.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    const total = all.find(({ descriptor }) => descriptor.name === 'feature_flag.evaluation_success_total');
    assert.deepEqual(
      total?.dataPoints.map(({ value, attributes }) => [value, attributes['feature_flag.result.variant']]),
      [[3, 'on']],
    );
  });

  test('a decision of an engine is told of to the span that is active, or to another', async () => {
    const engine = new Engine();
    engine.loadSync(document);
    const told = { contextId: 'u-1', setId: 'prod' };
    const checkout = engine.decide('checkout', { user_id: 'u-1' });
    record(checkout, told);
    const [first, other] = ['request', 'other'].map((name) => tracer.startSpan(name));
    context.with(trace.setSpan(context.active(), /** @type {any} */ (first)), () => {
      record(checkout, told);
      record(engine.decide('missing', {}), { span: /** @type {any} */ (other) });
    });
    first?.end();
    other?.end();
    record(checkout, { ...told, span: /** @type {any} */ (other) });
    const found = spans.getFinishedSpans().map(({ events }) => events.map(({ name, attributes }) => ({ name, attributes })));
    const ours = { 'feature_flag.set.id': 'prod', 'tidegate.release': 'rel-1', 'tidegate.phase': 'prod', 'tidegate.rule': 'everyone' };
    const missing = {
      'feature_flag.key': 'missing',
      'feature_flag.provider.name': 'tidegate',
      'feature_flag.result.reason': 'error',
      'feature_flag.result.value': 'null',
      'feature_flag.version': '42',
      'error.type': 'flag_not_found',
    };
    assert.deepEqual(found, [
      [{ name: EVENT, attributes: { ...CHECKOUT, ...ours, 'feature_flag.version': '42' } }],
      [{ name: EVENT, attributes: missing }],
    ]);
    assert.equal(attributes(engine.decide('limits', {}))['feature_flag.result.value'], '{"items":50}');
    const reasons = Object.entries({ archived: 'disabled', disabled: 'disabled', default: 'default', override: 'static' });
    for (const [reason, wanted] of reasons) {
      const features = { f: { kind: 'gate', archived: reason === 'archived', enabled: reason !== 'disabled' } };
      engine.loadSync(JSON.stringify({ schema_version: 1, version: engine.version + 1, features }));
      if (reason === 'override') engine.setOverride('f', { value: true });
      assert.equal(engine.decide('f', {}).reason, reason);
      assert.equal(attributes(engine.decide('f', {}))['feature_flag.result.reason'], wanted, reason);
    }
  });

  test('a plain check is told to nobody', async () => {
    await using(new EventHook(), new SpanHook());
    const engine = new Engine();
    engine.loadSync(document);
    assert.equal(engine.check('checkout', { user_id: 'u-1' }), true);
    assert.deepEqual([records.getFinishedLogRecords().length, spans.getFinishedSpans().length], [0, 0]);
  });
});
