// The types as `require` sees them.
import tidegate = require('tidegate');

const engine: tidegate.Engine = new tidegate.Engine();
const on: boolean = engine.check('checkout', { user_id: 'u-1' }, true);
const client: tidegate.Client = tidegate.watchFile('flags.json', { watchInterval: 100 });
const seen: tidegate.ClientEvent['type'] = 'ready';
void [on, client, seen];
