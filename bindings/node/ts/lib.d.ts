// What the sub-paths use of lib/ that the package does not export.
declare module '*/lib/errors.js' {
  export { TidegateTypeError } from 'tidegate';

  export function wrongType(field: string, expected: string, value: unknown): import('tidegate').TidegateTypeError;
}

declare module '*/lib/log.js' {
  import type { Log } from 'tidegate';

  export function logger(log: Log | undefined): Log;
  export function guarded<Given extends unknown[]>(log: Log, listener: (...given: Given) => unknown, ...given: Given): void;
}

declare module '*/lib/options.js' {
  export function known<Options extends object>(options: Options, types: Record<string, unknown>, what?: string): Options;
}
