'use strict';
/**
 * Tidegate: decides in process, in nanoseconds, which version of a feature a request sees. See docs/guide/node.md.
 *
 *     native.js ◀─ core.js ◀─ feature.js, context.js, view.js ◀─ engine.js ◀─ client.js
 */
require('./dispose.js');
const { Client, connect, watchFile } = require('./client.js');
const { Context } = require('./context.js');
const { Decision, about } = require('./decision.js');
const { Engine, Subscription } = require('./engine.js');
const { TidegateError, TidegateTypeError } = require('./errors.js');
const { Feature, Gate } = require('./feature.js');
const { View } = require('./view.js');

exports.Client = Client;
exports.Context = Context;
exports.Decision = Decision;
exports.Engine = Engine;
exports.Feature = Feature;
exports.Gate = Gate;
exports.Subscription = Subscription;
exports.TidegateError = TidegateError;
exports.TidegateTypeError = TidegateTypeError;
exports.View = View;
exports.connect = connect;
exports.watchFile = watchFile;
/** The version of the semantics (docs/SEMANTICS.md). */
exports.SEMANTICS = about.semantics;
exports.version = about.version;
/** What each code means, by code. */
exports.codes = Object.freeze(about.codes);
