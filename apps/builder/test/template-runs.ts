import { FunctionSettings, type TemplateWithFiles } from '@torii/contracts';
import { type AddressApi, startAddressApi } from '../../../examples/geolocation-go/address-api.mjs';
import { verifyArtifact } from '../src/verify/verify-artifact.js';
import { aRunner, limitsWith, type TestRunner } from './a-runner.js';

/** Verifies what templates were built to, and runs their test inputs as the console does, with the address API they call at hand. */
export class TemplateRuns {
  private constructor(
    readonly tester: TestRunner,
    private readonly api: AddressApi,
  ) {}

  static async start(): Promise<TemplateRuns> {
    const api = await startAddressApi({ delayMs: 0 });
    const overrides = new Map([['api-adresse.data.gouv.fr', `http://127.0.0.1:${api.port}`]]);
    return new TemplateRuns(aRunner({ egress: { overrides, privateCidrs: [], connectTimeoutMs: 30_000 } }), api);
  }

  /**
   * What each test input is answered, in their order: parsed where it is JSON. Throws when there is something to warn of,
   * and for an answer that is an error.
   */
  async answersOf({ testInputs, functionNames, ...template }: TemplateWithFiles, wasm: Uint8Array): Promise<unknown[]> {
    const settings = FunctionSettings.parse({ ...template.settings, kind: template.kind });
    const { warnings } = await verifyArtifact(wasm, { functionNames, settings });
    if (warnings.length > 0) throw new Error(`there is something to warn of: ${JSON.stringify(warnings)}`);
    const answers: unknown[] = [];
    for (const { functionName = functionNames[0] ?? '', input } of testInputs) {
      const text = typeof input === 'string' ? input : JSON.stringify(input);
      const { error, output } = await this.tester.run(wasm, { functionName, input: text, settings: { ...settings, limits: limitsWith() } });
      if (error !== null) throw new Error(`${text} is answered ${JSON.stringify(error)}`);
      answers.push(parsed(output.content));
    }
    return answers;
  }

  async close(): Promise<void> {
    await Promise.all([this.tester.runner.close(), this.api.close()]);
  }
}

/** The path of each file of a template, and what is in it. */
export function sourcesOf({ files }: Pick<TemplateWithFiles, 'files'>): Record<string, string> {
  return Object.fromEntries(files.map(({ path, content }) => [path, content]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
