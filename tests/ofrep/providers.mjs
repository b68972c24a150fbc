// The published OFREP provider for Node, against a server that `run.py` started; and the API client under it, for all flags.
//
// Usage: node providers.mjs URL SDK_KEY

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { OFREPApi } from "@openfeature/ofrep-core";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";

const { cases } = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8"));
const [baseUrl, key] = process.argv.slice(2);

async function clientOf(name, headers) {
  await OpenFeature.setProviderAndWait(name, new OFREPProvider({ baseUrl, headers }));
  return OpenFeature.getClient(name);
}

// Asks for the type that the default has.
function details(client, flag, fallback, context) {
  switch (typeof fallback) {
    case "boolean":
      return client.getBooleanDetails(flag, fallback, context);
    case "string":
      return client.getStringDetails(flag, fallback, context);
    case "number":
      return client.getNumberDetails(flag, fallback, context);
    default:
      return client.getObjectDetails(flag, fallback, context);
  }
}

const contextOf = ({ targetingKey, context }) => (targetingKey ? { targetingKey, ...context } : context);

async function check(client, expected) {
  const found = await details(client, expected.flag, expected.default, contextOf(expected));
  assert.deepEqual(found.value, expected.value, expected.name);
  assert.equal(found.reason, expected.reason, expected.name);
  assert.equal(found.errorCode, expected.error, expected.name);
  assert.equal(found.variant, expected.variant, expected.name);
  for (const [name, value] of Object.entries(expected.contains ?? {})) {
    assert.equal(found.flagMetadata[name], value, `${expected.name}: metadata ${name}`);
  }
  for (const name of expected.has ?? []) {
    assert.ok(found.flagMetadata[name], `${expected.name}: metadata ${name}`);
  }
}

// All flags at once say what each says by itself, and an ETag holds until a context or a version differs.
async function checkBulk() {
  const api = new OFREPApi(baseUrl);
  const ask = (context, etag) =>
    api.postBulkEvaluateFlags(
      { context },
      { headers: { authorization: `Bearer ${key}`, ...(etag ? { "if-none-match": etag } : {}) } },
    );
  const context = { targetingKey: "u-vip", email: "ann@corp.example" };
  const all = await ask(context);
  assert.equal(all.httpStatus, 200);
  const flags = all.value.flags;
  assert.deepEqual(flags.map((flag) => flag.key), flags.map((flag) => flag.key).toSorted());
  for (const flag of flags) {
    const alone = await api.postEvaluateFlags(flag.key, { context }, { headers: { "x-api-key": key } });
    assert.deepEqual(alone.value, flag);
  }
  const known = new Set(cases.filter((one) => one.error !== "FLAG_NOT_FOUND").map((one) => one.flag));
  assert.deepEqual(new Set(flags.map((flag) => flag.key)), known);
  const etag = all.httpResponse.headers.get("etag");
  const again = await ask(context, etag);
  assert.equal(again.httpStatus, 304);
  assert.equal(again.httpResponse.headers.get("etag"), etag);
  const other = await ask({ targetingKey: "u-2" }, etag);
  assert.equal(other.httpStatus, 200);
  return flags.length;
}

const bearer = await clientOf("bearer", { Authorization: `Bearer ${key}` });
const apiKey = await clientOf("api-key", { "X-API-Key": key });
for (const expected of cases) {
  await check(bearer, expected);
  await check(apiKey, expected);
}
const stranger = await clientOf("stranger", { Authorization: `Bearer tgs_${"0".repeat(64)}` });
const refused = await stranger.getBooleanDetails("checkout", true);
assert.deepEqual([refused.value, refused.errorCode], [true, "GENERAL"]);
const flags = await checkBulk();
console.log(`node: ${cases.length} cases, as Bearer and as X-API-Key; ${flags} flags at once; an unknown key is refused`);
await OpenFeature.close();
