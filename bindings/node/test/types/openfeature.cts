// The types of `tidegate/openfeature` as `require` sees them. Nothing here runs.
import sdk = require('@openfeature/server-sdk');
import tidegate = require('tidegate');
import openfeature = require('tidegate/openfeature');

const provider: openfeature.TidegateProvider = new openfeature.TidegateProvider(new tidegate.Engine());
sdk.OpenFeature.setProvider(provider);
// @ts-expect-error there is no such export
void openfeature.Provider;
