import type { Diagnostic } from '@torii/contracts';
import type { Message } from 'esbuild';
import { moduleName } from './module-names.js';
import { patternRefusal } from './refusals.js';

const messageMax = 4_000;
const topLevelAwait =
  'await cannot be used at the top level: that code runs once, while the function is built, when there is nothing to wait for; use it inside of an async function';

export interface Told {
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/**
 * What esbuild says, with places as authors know them.
 *
 * For `import("./" + name)` esbuild looks through the folders of the machine, and no plugin is asked. Whatever it finds or
 * does not find, and wherever that stands, the answer is one and the same error: sources learn nothing about the machine.
 */
export function told({ errors, warnings }: { readonly errors: readonly Message[]; readonly warnings: readonly Message[] }): Told {
  const patterns = [...errors, ...warnings].filter(isOfPattern).map((message) => diagnosticOf({ ...message, text: patternRefusal }, 'error'));
  const byPlace = new Map(patterns.map((pattern) => [`${pattern.file}:${pattern.line}:${pattern.column}`, pattern]));
  const others = (messages: readonly Message[], severity: Diagnostic['severity']): Diagnostic[] =>
    messages.filter((message) => !isOfPattern(message)).map((message) => diagnosticOf(message, severity));
  const sorted = [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pattern]) => pattern);
  return { errors: [...others(errors, 'error'), ...sorted], warnings: others(warnings, 'warning') };
}

/** Imports by a name that is written out are the plugin's to answer, so that these words are only ever about patterns. */
function isOfPattern({ text }: Message): boolean {
  return text === patternRefusal || /^(?:Could not resolve (?:require|import)\(|The glob pattern )/.test(text);
}

function diagnosticOf(message: Message, severity: Diagnostic['severity']): Diagnostic {
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
