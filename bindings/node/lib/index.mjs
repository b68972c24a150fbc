// The same module, for `import`.
import tidegate from './index.js';

export const {
  Client, Context, Decision, Engine, Feature, Gate, SEMANTICS, Subscription, TidegateError, TidegateTypeError, View, codes, connect,
  version, watchFile,
} = tidegate;

