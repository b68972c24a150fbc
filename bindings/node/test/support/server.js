'use strict';
/** A real admin server: `tidegate serve`, as it is shipped. */
const { execFileSync, spawn } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync, openSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const readline = require('node:readline');
const { platform } = require('../../lib/platform.js');

const tidegate = join(__dirname, '../../native', `tidegate.${platform}`);
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TIDEGATE_')));

class Server {
  /** A server with the environments `dev` and `prod`, ended after the test. */
  static async start(t) {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-server-'));
    const log = join(folder, 'log');
    const args = ['serve', '--listen', '127.0.0.1:0', '--store', `sqlite:${join(folder, 'tidegate.db')}`];
    const own = spawn(tidegate, args, { env: { RUST_LOG: 'warn', ...env }, stdio: ['ignore', 'pipe', openSync(log, 'w')] });
    const ended = new Promise((resolve) => own.once('exit', resolve));
    t.after(async () => {
      own.kill();
      await ended;
      rmSync(folder, { recursive: true });
    });
    const server = new Server();
    let token;
    for await (const line of readline.createInterface({ input: own.stdout })) {
      server.url ??= /^listening on (.*)$/.exec(line)?.[1];
      token ??= /^one-time admin token: (.*)$/.exec(line)?.[1];
      if (server.url && token) break;
    }
    if (!token) throw new Error(`the server did not start:\n${readFileSync(log, 'utf8')}`);
    server.token = token;
    server.token = (await server.call('POST', '/tokens', {})).secret;
    for (const name of ['dev', 'prod']) await server.call('POST', '/environments', { name, production: name === 'prod' });
    return server;
  }

  async call(method, path, body) {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${this.url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
    const found = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(found)}`);
    return found;
  }

  /** A connection string. */
  connection(environment = 'prod') {
    const own = { ...env, TIDEGATE_SERVER: this.url, TIDEGATE_TOKEN: this.token };
    return execFileSync(tidegate, ['sdk-key', 'new', '--env', environment], { env: own, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  }
}

module.exports = { Server, tidegate };
