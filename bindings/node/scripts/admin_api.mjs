// Writes the typed parts of `tidegate/admin` from docs/openapi.json.
//
//   docs/openapi.json ─┬─▶ openapi-typescript ─────▶ ts/admin/openapi.mts      types of paths, bodies and answers
//                      └─▶ a method per operation ─▶ ts/admin/operations.mts   what `Admin` inherits
//
// `node scripts/admin_api.mjs --check` writes nothing and fails if a file would be another.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import openapiTS, { astToString } from 'openapi-typescript';

const HERE = dirname(fileURLToPath(import.meta.url));
const SOURCE = join(HERE, '../../../docs/openapi.json');
const TARGET = join(HERE, '../ts/admin');
const PREFIX = '/api/v1';
const WIDTH = 110;
const HEAD = '// Written by scripts/admin_api.mjs from docs/openapi.json; edit that.\n\n';

/** What a page has, where the document leaves it open; what is not here is `unknown`. */
const ITEMS = {
  list_attributes: 'AttributeView',
  list_audit: 'AuditEvent',
  list_change_requests: 'ChangeRequest',
  list_deliveries: 'Delivery',
  list_environments: 'EnvironmentView',
  list_exclusion_groups: 'ExclusionGroupView',
  list_features: 'Feature',
  list_principals: 'PrincipalView',
  list_proposals: 'ProposalView',
  list_releases: 'Release',
  list_schedules: 'Schedule',
  list_sdk_keys: 'SdkKeyView',
  list_segments: 'Segment',
  list_signing_keys: 'SigningKeyView',
  list_tokens: 'TokenView',
  list_webhook_deliveries: 'Delivery',
  list_webhooks: 'WebhookView',
};

/** Items that the document has no schema for; their types are in ts/admin/types.mts. */
const SUMMARIES = {
  list_feature_history: 'HistoryEntry',
  list_pipelines: 'PipelineSummary',
  list_release_history: 'HistoryEntry',
};

/** Operations whose answer is not one JSON value: how it is read, and what it is then. */
const STREAMS = {
  backup: ['bytes', 'Promise<ReadableStream<Uint8Array>>'],
  export_audit: ['lines', 'AsyncIterable<AuditLine>'],
  follow_events: ['events', 'AsyncIterable<AdminEvent>'],
};

/** What is a number in a path; the document has all as text. */
const NUMBERS = new Set(['seq', 'version']);

const camel = (name) => name.replace(/[_-](\w)/g, (_, letter) => letter.toUpperCase());
const header = (operation, name) => (operation.parameters ?? []).some((one) => one.in === 'header' && one.name === name);
const within = (operation, place) => (operation.parameters ?? []).filter((one) => one.in === place);

/** All operations, by id. */
export function operations(document) {
  const found = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) found.push({ path, method: method.toUpperCase(), operation });
  }
  return found.sort((one, other) => (one.operation.operationId < other.operation.operationId ? -1 : 1));
}

/** Text as the lines of a comment. */
function comment(paragraphs) {
  const lines = [];
  for (const paragraph of paragraphs.filter(Boolean)) {
    if (lines.length > 0) lines.push('');
    let line = '';
    for (const word of paragraph.split(/\s+/)) {
      if (line && line.length + word.length + 1 > WIDTH) {
        lines.push(line);
        line = word;
      } else {
        line = line ? `${line} ${word}` : word;
      }
    }
    lines.push(line);
  }
  return ['  /**', ...lines.map((line) => `   * ${line}`.trimEnd()), '   */'].join('\n');
}

/** The document without what the types do not need: problems are `AdminError`s, headers are `CallOptions`. */
function pruned(document) {
  const copy = structuredClone(document);
  delete copy.components.responses;
  for (const { operation } of operations(copy)) {
    operation.parameters = (operation.parameters ?? []).filter((one) => one.in !== 'header');
    operation.responses = Object.fromEntries(Object.entries(operation.responses).filter(([status]) => status.startsWith('2')));
    for (const response of Object.values(operation.responses)) delete response.headers;
  }
  return copy;
}

/** Whether an object can be left out, since nothing in it must be there. */
const optional = (members) => members.every((one) => !one.required);

function method({ path, method, operation }) {
  const id = operation.operationId;
  const name = camel(id);
  const parameters = within(operation, 'path').map((one) => `${camel(one.name)}: ${NUMBERS.has(one.name) ? 'number' : 'string'}`);
  const url = path.slice(PREFIX.length).replace(/\{(\w+)\}/g, (_, one) => `\${part(${camel(one)}, "${camel(one)}")}`);
  const body = operation.requestBody?.content['application/json']?.schema;
  const query = within(operation, 'query');
  const parts = [];
  let paged = false;
  if (body && Object.keys(body.properties ?? {}).length > 0) {
    // What a deletion can also say in its query stands in its body.
    parameters.push(`body: Body<"${id}">${(body.required ?? []).length === 0 ? ' = {}' : ''}`);
    parts.push('body');
  } else if (body) {
    parts.push('body: {}');
  } else if (query.length > 0) {
    const answer = operation.responses['200'].content?.['application/json']?.schema.$ref;
    paged = /\/(Page|FleetPage)$/.test(answer ?? '') && query.some((one) => one.name === 'after');
    parameters.push(`query: Query<"${id}">${optional(query) ? ' = {}' : ''}`);
    parts.push('query');
  }
  const options = header(operation, 'If-Match') ? 'GuardedOptions' : header(operation, 'Idempotency-Key') ? 'WriteOptions' : 'CallOptions';
  parameters.push(`options: ${options} = {}`);
  parts.push('options');
  if (header(operation, 'Idempotency-Key')) parts.push('repeatable: true');
  const call = `{ ${[`id: "${id}"`, `method: "${method}"`, `path: ${url.includes('$') ? `\`${url}\`` : `"${url}"`}`, ...parts].join(', ')} }`;

  let result = `Promise<Answer<"${id}">>`;
  let send = 'json';
  if (STREAMS[id]) {
    [send, result] = STREAMS[id];
  } else if (paged) {
    const item = ITEMS[id] ? `Schema<"${ITEMS[id]}">` : (SUMMARIES[id] ?? 'unknown');
    [send, result] = ['list', `Listing<${item}, Answer<"${id}">>`];
  }
  const about = comment([
    `${operation.summary}.`,
    operation.description,
    `\`${method} ${path}\`${operation.deprecated ? '\n@deprecated' : ''}`,
  ]);
  return `${about}\n  ${name}(${parameters.join(', ')}): ${result} {\n    return this.${send}(${call});\n  }\n`;
}

/** The files, by name. */
export async function files() {
  const document = JSON.parse(readFileSync(SOURCE, 'utf8'));
  const ids = operations(document).map((one) => one.operation.operationId);
  const gone = [...Object.keys(ITEMS), ...Object.keys(SUMMARIES), ...Object.keys(STREAMS)].filter((id) => !ids.includes(id));
  if (gone.length > 0) throw new Error(`scripts/admin_api.mjs names operations that there are not: ${gone.join(', ')}`);
  const types = astToString(await openapiTS(pruned(document), { emptyObjectsUnknown: true, alphabetize: true }));
  const methods = operations(document).map(method).join('\n');
  const calls = `${HEAD}import { Calls, part } from "./calls.mjs";
import type { Listing } from "./list.mjs";
import type { AdminEvent, Answer, AuditLine, Body, CallOptions, GuardedOptions, HistoryEntry, PipelineSummary, Query, Schema, WriteOptions } from "./types.mjs";

/** Each operation of the admin API as a method; \`Admin\` inherits them. */
export abstract class Operations extends Calls {
${methods}}
`;
  return { 'openapi.mts': HEAD + types, 'operations.mts': calls };
}

async function main() {
  const check = process.argv.includes('--check');
  let stale = false;
  for (const [name, text] of Object.entries(await files())) {
    const path = join(TARGET, name);
    if (check) {
      if (readFileSync(path, 'utf8') === text) continue;
      console.error(`ts/admin/${name} is not what docs/openapi.json says; run: node scripts/admin_api.mjs`);
      stale = true;
    } else {
      writeFileSync(path, text);
    }
  }
  process.exitCode = stale ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
