import { describe, expect, it } from '@jest/globals';
import type { Compiler } from '../src/compilers/compiler.js';
import { type Compiled, compileWith, type TestCompile } from './a-compile.js';

const execute = 'export function execute(): i32 { return 0; }';
const hiddenFile = '~lib/@torii/pdk/../../../../etc/passwd';

/** No source in AssemblyScript reaches what lies beside its own files. */
export function describeForeignFiles(compiler: Compiler): void {
  const compile = (files: string | Readonly<Record<string, string>>, options: TestCompile = {}): Promise<Compiled> =>
    compileWith(compiler, files, options);

  describe('a source that means to leave its own files', () => {
    it.each([
      ['an absolute path', 'import "/etc/passwd";', 8],
      ['a path that climbs', 'import * as passwd from "../../../../../../etc/passwd";', 25],
      ['a path behind a package', `import { x } from "${hiddenFile}";`, undefined],
      ['a package that is installed here for other reasons', 'import { Node } from "assemblyscript/dist/assemblyscript";', 22],
      ['the code of the transform', 'import { x } from "json-as/transform/lib/index";', 19],
      ['a URL', 'import { x } from "https://example.com/evil";', 19],
    ])('reads nothing of the host: %s', async (_, statement, column) => {
      await expect(compile(`${statement}\n${execute}`)).rejects.toMatchObject({
        code: 'build.compile_failed',
        message: expect.stringContaining('Functions can import their own files'),
        diagnostics: [
          expect.objectContaining({
            message: expect.stringMatching(/not found/),
            ...(column === undefined ? {} : { file: 'index.ts', line: 1, column }),
          }),
        ],
      });
    });

    it('runs nothing that a configuration or a transform of its own names', async () => {
      const evil = 'throw new Error("this ran"); export default class Evil {}';
      const { log } = await compile({
        'index.ts': `// @transform ./evil\n${execute}`,
        'asconfig.json': JSON.stringify({ options: { transform: ['./evil.js'], outFile: '/tmp/stolen.wasm' }, entries: ['evil.ts'] }),
        'evil.js': evil,
        'evil.ts': evil,
        'node_modules/json-as/assembly/index.ts': evil,
      });
      expect(log).toBe('');
    });

    it('gives the compiler no options by the name of its entry, and so no code to run', async () => {
      const configured = JSON.stringify({ entries: ['index.ts'], options: { transform: ['./evil.js'], outFile: 'stolen.wasm' } });
      const files = { 'a.ts': configured, 'index.ts': execute, 'evil.js': 'throw new Error("this ran")' };
      for (const entry of ['--config=a.ts', '--version.ts', '-O.ts']) {
        const { wasm } = await compile({ ...files, [entry]: 'export function own(): i32 { return 0; }' }, { entry, functionNames: ['own'] });
        expect(Buffer.from(wasm).includes('own')).toBe(true);
      }
    });
  });
}
