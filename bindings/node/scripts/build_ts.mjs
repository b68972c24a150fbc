// Builds the sub-paths that are written in TypeScript.
//
//   ts/**/*.mts ─▶ tsc ─▶ *.mjs ─▶ as CommonJS: dist/**/*.js ◀── dist/*/index.mjs, which only passes on what that has
//                    └─▶ dist/**/*.d.mts, and the same as *.d.ts
//
// There is one implementation, so that an error that `require` made is an `instanceof` the class that `import` gives.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), '..');
const DIST = join(PACKAGE, 'dist');

/** Compiles and checks; what is wrong, as text. */
function compile() {
  const folder = join(PACKAGE, 'ts');
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile);
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  const program = ts.createProgram(parsed.fileNames, parsed.options);
  const diagnostics = [...parsed.errors, ...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => PACKAGE, getNewLine: () => '\n' };
  return ts.formatDiagnostics(diagnostics, host);
}

rmSync(DIST, { recursive: true, force: true });
const wrong = compile();
if (wrong) {
  console.error(wrong);
  process.exit(1);
}
const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
for (const entry of readdirSync(DIST, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())) {
  const from = join(entry.parentPath, entry.name);
  const text = readFileSync(from, 'utf8');
  const common = from.endsWith('.mjs') ? ts.transpileModule(text, { compilerOptions }).outputText : text;
  const to = from.replace(/\.mjs$/, '.js').replace(/\.d\.mts$/, '.d.ts');
  // Neighbours are those of the same kind.
  const own = common.replace(/((?:from|require\(|import\() ?["']\.\/\w+)\.mjs(["'])/g, '$1.js$2');
  writeFileSync(to, own);
  if (entry.name === 'index.mjs') {
    const names = new Set([...own.matchAll(/\bexports\.([A-Za-z]\w*)/g)].map(([, name]) => name));
    writeFileSync(from, `import module from './index.js';\n\nexport const { ${[...names].sort().join(', ')} } = module;\n`);
  } else if (from.endsWith('.mjs')) {
    rmSync(from);
  }
}
