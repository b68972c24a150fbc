// The types of `tidegate/admin` as `require` sees them. Nothing here runs.
import admin = require('tidegate/admin');

const client: admin.Admin = admin.Admin.fromEnvironment({ retries: 1 });
const release: Promise<admin.Schema<'Release'>> = client.abortRelease('rel_1', { reason: 'not today' });
void release;
// @ts-expect-error there is no such export
void admin.Client;
