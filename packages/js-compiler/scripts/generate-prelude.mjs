// Writes engine/prelude.js from src/prelude. Run after editing it: node packages/js-compiler/scripts/generate-prelude.mjs
import { writeFileSync } from 'node:fs';
import { bundlePrelude } from './lib/bundle-prelude.mjs';

writeFileSync(new URL('../engine/prelude.js', import.meta.url), await bundlePrelude());
