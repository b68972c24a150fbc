// @ts-check
// Holds what a client sends and gets against docs/openapi.json, and notes which operations succeeded.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import { ROOT } from './server.mjs';

/** @type {any} */
export const document = JSON.parse(readFileSync(join(ROOT, 'docs/openapi.json'), 'utf8'));

const routes = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(/** @type {Record<string, any>} */ (item)).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path,
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    id: /** @type {string} */ (operation.operationId),
    operation,
  })),
);
// A path without parameters is meant before one with: /audit/verify, /audit/{seq}.
routes.sort((one, other) => one.path.split('{').length - other.path.split('{').length);

/** The ids of all operations. */
export const ids = routes.map((route) => route.id).sort();

export class Contract {
  /** The operations that succeeded. */
  succeeded = new Set();
  /** All that was not as the document has it. */
  /** @type {string[]} */
  wrong = [];
  #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });

  constructor() {
    // @ts-expect-error: its types are those of CommonJS.
    addFormats(this.#ajv);
    this.#ajv.addFormat('int64', true).addFormat('int32', true);
    this.#ajv.addSchema({ ...document, $id: 'openapi' });
  }

  /** A `fetch` that looks on. */
  fetch = async (/** @type {any} */ input, /** @type {any} */ init) => {
    const response = await fetch(input, init);
    const url = new URL(String(input));
    const route = routes.find((one) => one.method === init.method && one.pattern.test(url.pathname));
    if (!route) {
      this.wrong.push(`${init.method} ${url.pathname} is no operation`);
      return response;
    }
    if (init.body) this.#hold(route, ['requestBody', 'content', 'application/json', 'schema'], JSON.parse(init.body), 'body');
    for (const name of url.searchParams.keys()) {
      const known = route.operation.parameters?.some((/** @type {any} */ one) => one.in === 'query' && one.name === name);
      if (!known) this.wrong.push(`${route.id}: there is no ?${name}=`);
    }
    const answer = route.operation.responses[response.status];
    if (!answer) this.wrong.push(`${route.id}: status ${response.status} is not documented`);
    const media = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
    if (response.ok && !answer?.content?.[media]) this.wrong.push(`${route.id}: ${media} is not documented`);
    if (response.ok && media === 'application/json') {
      const value = await response.clone().json();
      this.#hold(route, ['responses', String(response.status), 'content', media, 'schema'], value, 'answer');
    }
    if (response.ok) this.succeeded.add(route.id);
    return response;
  };

  /**
   * A name of a component.
   * @param {string} name
   * @param {unknown} value
   */
  holds(name, value) {
    const validate = this.#ajv.compile({ $ref: `openapi#/components/schemas/${name}` });
    if (!validate(value)) this.wrong.push(`${name}: ${this.#ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`);
  }

  /**
   * @param {typeof routes[0]} route
   * @param {string[]} way
   * @param {unknown} value
   * @param {string} what
   */
  #hold(route, way, value, what) {
    const full = ['paths', route.path, route.method.toLowerCase(), ...way];
    const pointer = full.map((one) => encodeURIComponent(one.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const validate = this.#ajv.compile({ $ref: `openapi#/${pointer}` });
    if (!validate(value)) this.wrong.push(`${route.id}: ${what}: ${this.#ajv.errorsText(validate.errors)}`);
  }
}
