// A typed client of the admin API: release actions for tools of one's own.
//
//   docs/openapi.json ─▶ openapi.mts (types) ─▶ operations.mts (a method each) ─▶ Admin ─▶ fetch
//
// The JSON is the API's own, with its names. Not here: deciding (`tidegate`), and following snapshots (`Client`).
import { wrongType } from '../../lib/errors.js';
import { Operations } from './operations.mjs';

export { AdminError, type Problem } from './error.mjs';
export { Listing } from './list.mjs';
export type { AdminOptions, TokenSource } from './transport.mjs';
export type {
  AdminEvent,
  Answer,
  AuditLine,
  Body,
  CallOptions,
  Fact,
  GuardedOptions,
  HistoryEntry,
  OperationId,
  PipelineSummary,
  Query,
  Schema,
  WriteOptions,
} from './types.mjs';

/**
 * A client of an admin server.
 *
 * Each operation of the API is a method of its name: `approve_release` is {@link Operations.approveRelease}. It takes what stands in
 * the path, then the body or the query, then options; it resolves with the answer, or rejects with an {@link AdminError}. Calls that got no
 * answer are repeated, with the same idempotency key, so that nothing is done twice.
 *
 * @example
 * const admin = new Admin("https://flags.example", process.env.TIDEGATE_TOKEN);
 * for await (const release of admin.listReleases({ status: "running" })) console.log(release.key, release.phase);
 */
export class Admin extends Operations {
  /**
   * A client of the server and with the token that the environment names, as for the command line: `TIDEGATE_SERVER`,
   * `TIDEGATE_TOKEN`.
   */
  static fromEnvironment(options: ConstructorParameters<typeof Operations>[2] = {}): Admin {
    const { TIDEGATE_SERVER: url, TIDEGATE_TOKEN: token } = process.env;
    if (!url) throw wrongType('TIDEGATE_SERVER', 'the URL of an admin server in the environment', url);
    if (!token) throw wrongType('TIDEGATE_TOKEN', 'a token in the environment', token);
    return new Admin(url, token, options);
  }
}
