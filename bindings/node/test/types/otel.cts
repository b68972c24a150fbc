// The types of `tidegate/otel` as `require` sees them. Nothing here runs.
import tidegate = require('tidegate');
import otel = require('tidegate/otel');

otel.record(new tidegate.Engine().decide('checkout', {}), { contextId: 'u-1' });
// @ts-expect-error there is no such export
void otel.given;
