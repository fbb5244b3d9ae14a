import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CargoMessages } from './cargo-messages.js';

const source = '/build/source';
const span = (file: string, line: number, column: number, text: string, expansion?: object) => ({
  file_name: file,
  line_start: line,
  column_start: column,
  is_primary: true,
  text: [{ text }],
  expansion: expansion === undefined ? null : { span: expansion },
});
const message = (level: string, text: string, spans: object[], manifest = `${source}/Cargo.toml`) =>
  `${JSON.stringify({ reason: 'compiler-message', manifest_path: manifest, message: { level, message: text, rendered: `${text}\n`, spans, children: [] } })}\n`;

function findingsOf(...chunks: (string | Buffer)[]) {
  let log = '';
  const messages = new CargoMessages(source, (text) => {
    log += text;
  });
  for (const chunk of chunks) messages.write(Buffer.from(chunk));
  return { ...messages.findings(), log };
}

describe('CargoMessages', () => {
  it('counts columns in UTF-16 units', () => {
    const { own } = findingsOf(message('error', 'no', [span('src/lib.rs', 3, 7, '/*😀*/ nothing')]));
    expect(own).toEqual([{ severity: 'error', message: 'no', file: 'src/lib.rs', line: 3, column: 8 }]);
  });

  it('places what a macro of another crate made where the macro is used', () => {
    const used = span('src/lib.rs', 9, 1, '#[plugin_fn]');
    const { own } = findingsOf(message('error', 'no', [span('/home/registry/src/extism/src/lib.rs', 70, 2, 'x', used)]));
    expect(own).toEqual([expect.objectContaining({ file: 'src/lib.rs', line: 9, column: 1 })]);
  });

  it('keeps errors of dependencies apart, by the name of the crate, and leaves summaries out', () => {
    const elsewhere = '/home/registry/src/index/mio-1.0.0/Cargo.toml';
    const found = findingsOf(
      message('error', 'this wasm target is unsupported', [], elsewhere),
      message('error', 'aborting due to 1 previous error', []),
    );
    expect(found.own).toEqual([]);
    expect(found.ofDependencies).toEqual(['mio-1.0.0: this wasm target is unsupported']);
    expect(found.log).toContain('this wasm target is unsupported');
  });

  it('passes over lines that are no messages, or longer than any message', () => {
    const { own } = findingsOf(
      'hello\n',
      '{"reason":"compiler-message"}\n',
      'x'.repeat(1_500_000),
      'y'.repeat(1_500_000),
      '\n',
      message('warning', 'w', []),
    );
    expect(own).toEqual([{ severity: 'warning', message: 'w' }]);
  });

  it('finds the same however its input is cut into pieces', () => {
    const input = Buffer.from(`noise\n${message('error', 'é one', [span('src/lib.rs', 1, 2, 'é x')])}${message('warning', 'two', [])}`);
    const whole = findingsOf(input);
    fc.assert(
      fc.property(fc.array(fc.nat(input.length), { maxLength: 10 }), (cuts) => {
        const ends = [...cuts.sort((one, other) => one - other), input.length];
        const pieces = ends.map((end, index) => input.subarray(ends[index - 1] ?? 0, end));
        expect(findingsOf(...pieces)).toEqual(whole);
      }),
    );
  });
});
