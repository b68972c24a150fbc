// The types of `tidegate/openfeature` as `import` sees them. Nothing here runs.
import { OpenFeature } from '@openfeature/server-sdk';
import type { Provider } from '@openfeature/server-sdk';
import { Engine, connect } from 'tidegate';
import { TidegateProvider } from 'tidegate/openfeature';
import type { ProviderOptions, Tracking } from 'tidegate/openfeature';

const options: ProviderOptions = {
  readyTimeout: 1_000,
  connect: { cache: '/var/cache/shop', process: { region: 'eu' } },
  hooks: [{ before: () => undefined }],
  onTrack: ({ name, value, context }: Tracking) => [name.length, value?.toFixed(2), context.targetingKey],
  onDisabled: 'default',
};
const provider: Provider = new TidegateProvider('tidegate+https://…', options);
await OpenFeature.setProviderAndWait(provider);
await OpenFeature.setProviderAndWait('shop', new TidegateProvider(connect('tidegate+https://…')));
const engine: Engine | undefined = new TidegateProvider(new Engine()).engine;
void engine;

// @ts-expect-error a source is needed
new TidegateProvider();
// @ts-expect-error options of the connection stand in `connect`
new TidegateProvider('tidegate+https://…', { cache: '/var/cache/shop' });
// @ts-expect-error there are two answers to a disabled feature
new TidegateProvider(new Engine(), { onDisabled: 'off' });
// @ts-expect-error nobody may change its name
provider.metadata.name = 'other';
