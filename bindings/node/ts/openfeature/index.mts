// An OpenFeature provider: code asks through `@openfeature/server-sdk`, Tidegate decides in process.
//
// Not here: OpenFeature over the network, for languages without an SDK of ours (OFREP, which servers and relays speak).
export { type ProviderOptions, TidegateProvider } from './provider.mjs';
export type { Tracked, Tracking } from './tracking.mjs';
