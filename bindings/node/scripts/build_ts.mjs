// Builds the sub-paths that are written in TypeScript.
//
//   ts/**/*.ts ─▶ tsc ─▶ dist/esm/**/*.{js,d.ts} ─▶ the same as CommonJS ─▶ dist/cjs/**/*.{js,d.ts}
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), '..');
const ESM = join(PACKAGE, 'dist/esm');
const CJS = join(PACKAGE, 'dist/cjs');

/** Compiles and checks; what is wrong, as text. */
function compile() {
  const folder = join(PACKAGE, 'ts');
  const parsed = ts.parseJsonConfigFileContent(ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile).config, ts.sys, folder);
  const program = ts.createProgram(parsed.fileNames, parsed.options);
  const diagnostics = [...parsed.errors, ...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => PACKAGE, getNewLine: () => '\n' };
  return ts.formatDiagnostics(diagnostics, host);
}

rmSync(join(PACKAGE, 'dist'), { recursive: true, force: true });
const wrong = compile();
if (wrong) {
  console.error(wrong);
  process.exit(1);
}
const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
for (const entry of readdirSync(ESM, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())) {
  const from = join(entry.parentPath, entry.name);
  const to = join(CJS, relative(ESM, from));
  mkdirSync(dirname(to), { recursive: true });
  if (entry.name.endsWith('.js')) {
    writeFileSync(to, ts.transpileModule(readFileSync(from, 'utf8'), { compilerOptions }).outputText);
  } else {
    cpSync(from, to);
  }
}
writeFileSync(join(ESM, 'package.json'), '{ "type": "module" }\n');
writeFileSync(join(CJS, 'package.json'), '{ "type": "commonjs" }\n');
