import type { Diagnostic } from '@torii/contracts';
import type { Message } from 'esbuild';
import { moduleName } from './module-names.js';

const messageMax = 4_000;
const topLevelAwait =
  'await cannot be used at the top level: that code runs once, while the function is built, when there is nothing to wait for; use it inside of an async function';

/** What esbuild says, with places as authors know them. */
export function diagnosticOf(message: Message, severity: Diagnostic['severity']): Diagnostic {
  const text = message.text.startsWith('Top-level await ') ? topLevelAwait : withModuleNames(message.text.slice(0, messageMax));
  const { location } = message;
  if (location === null) return { severity, message: text };
  const { file, line, column, lineText } = location;
  // Esbuild counts bytes.
  const before = Buffer.from(lineText).subarray(0, column).toString();
  return { severity, message: text, file: moduleName(file).slice(0, 512), line: Math.max(1, line), column: before.length + 1 };
}

/** Esbuild names modules in quotes by where they come from, too. */
function withModuleNames(text: string): string {
  return text.replace(/"((?:source|pdk|package):[^"]*)"/g, (_, name: string) => `"${moduleName(name)}"`);
}
