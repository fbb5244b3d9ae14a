export {
  type CompiledJavaScript,
  type CompileJavaScriptLimits,
  type CompileJavaScriptRequest,
  compileJavaScript,
} from './compile-javascript.js';
export { javaScriptToolchain } from './toolchain.js';
