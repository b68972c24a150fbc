// @ts-check
// A real admin server for a test: on a free port, with a fresh database, ended with the test.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { Admin } from 'tidegate/admin';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');

/** The command line; `make test-node` builds it. */
export const BINARY = process.env['TIDEGATE_BINARY'] ?? join(ROOT, 'target/debug/tidegate');

const ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TIDEGATE_')));

export class Server {
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #process;
  folder = mkdtempSync(join(tmpdir(), 'tidegate-node-'));
  url = '';
  /** Of somebody who may do everything. */
  token = '';

  /** Starts one that has nothing but its first admin. */
  static async start() {
    if (!existsSync(BINARY)) throw new Error(`expected the command line at ${BINARY}: cargo build --bin tidegate`);
    const server = new Server();
    const [url, once] = await server.#run('127.0.0.1:0', ['listening on ', 'one-time admin token: ']);
    server.url = url ?? '';
    const made = await new Admin(server.url, once ?? '').createToken();
    server.token = String(made.secret);
    return server;
  }

  /** A client for somebody; the first admin, unless told otherwise. */
  admin(token = this.token, options = {}) {
    return new Admin(this.url, token, options);
  }

  /**
   * Somebody new, and a client for them.
   * @param {string} id
   * @param {string} role
   */
  async person(id, role) {
    await this.admin().createPrincipal({ id, kind: 'person', grants: /** @type {any} */ ([{ role }]) });
    const made = await this.admin().createToken({ principal: id });
    return this.admin(String(made.secret));
  }

  /**
   * Runs the command line against it.
   * @param {string[]} args
   */
  run(...args) {
    const env = { ...ENV, TIDEGATE_SERVER: this.url, TIDEGATE_TOKEN: this.token };
    const done = spawnSync(BINARY, args, { env, cwd: this.folder, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`tidegate ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  /**
   * The connection string of a new SDK key.
   * @param {string} environment
   */
  connection(environment) {
    return this.run('sdk-key', 'new', '--env', environment).trim();
  }

  /** Kills it as a power cut would. */
  async kill() {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Starts it again, at the same address and with the same database. */
  async restart() {
    await this.kill();
    await this.#run(new URL(this.url).host, ['listening on ']);
  }

  async [Symbol.asyncDispose]() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends it, and removes its database. */
  async stop() {
    await this[Symbol.asyncDispose]();
  }

  /**
   * @param {string} listen
   * @param {string[]} starts what the first lines begin with; their rest is returned
   */
  async #run(listen, starts) {
    const args = ['serve', '--listen', listen, '--store', `sqlite:${join(this.folder, 'tidegate.db')}`];
    const child = spawn(BINARY, args, { cwd: this.folder, env: { RUST_LOG: 'warn', ...ENV }, stdio: ['ignore', 'pipe', 'ignore'] });
    this.#process = child;
    /** @type {string[]} */
    const rest = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const start = starts[rest.length] ?? '';
      if (!line.startsWith(start)) throw new Error(`expected \`${start}…\`, found \`${line}\``);
      rest.push(line.slice(start.length).trim());
      if (rest.length === starts.length) break;
    }
    if (rest.length < starts.length) throw new Error('the server ended early');
    child.stdout.resume();
    return rest;
  }
}

/**
 * Waits for what another process does.
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} look until it returns something true
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, look, deadlineMs = 60_000) {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`it did not come to pass within ${deadlineMs} ms that ${what}`);
    await new Promise((go) => setTimeout(go, 20));
  }
}
