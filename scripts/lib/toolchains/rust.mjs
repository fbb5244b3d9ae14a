import path from 'node:path';
import { UserError } from '../checkout.mjs';
import { runProgram } from '../progress.mjs';
import { download, verifySha256 } from './download.mjs';

const version = '1.95.0';
const releaseDay = '2026-04-16';
const defaultServer = 'https://static.rust-lang.org';
const archiveMaxBytes = 300 * 1024 * 1024;
const advice =
  'check the network, set RUSTUP_DIST_SERVER to a mirror, or add the target to a Rust of your own by rustup target add wasm32-unknown-unknown';
const wasm = 'wasm32-unknown-unknown';

/** The sha256 of each archive, from the release's own manifest, channel-rust-1.95.0.toml. */
const wasmStandardLibrary = '5587b89ff69623d09e476439d44a24453b4e4ea3d5e0b53a5c0a935151ff3fd1';
const archives = {
  'linux-x64': {
    host: 'x86_64-unknown-linux-gnu',
    rustc: '8426a3d170a5879f5682f5fbdd024a1779b3951e7baba685af2d6dc32a6dfc15',
    cargo: 'e74edd2cf7d0f1f1383b4f00eb90c843750bc489e2ccf7214e6476678a907425',
    std: '047ea7098803d3500fa1072e9cee5392697e21525559e4458128a2bf874aa382',
  },
  'linux-arm64': {
    host: 'aarch64-unknown-linux-gnu',
    rustc: '0fe3689eeaed603e5ef24572d11597d3edadaefd2cb181674ad621260f2501d2',
    cargo: '7c070aeba9bbf12073646995a03f36c346bb5f541d0078ba6d9dc2a7adaaf6af',
    std: '3a21b271b1ff973b94d69b25e7a39992f9fbcae1ab6d9475844a23e6ad3908ac',
  },
  'darwin-x64': {
    host: 'x86_64-apple-darwin',
    rustc: '33db457715446a69ed6f69f78f5fbb9ca8e17a16585d1d7a0060479bfe4c7afc',
    cargo: 'e2e1131ade2dddc0d779e0ab3a6a990085c7a654951235742823c3a1ce0f190f',
    std: '2be13c14122b8d4d09b7f7c434fca9ae7215ec72049944189c88c4d9128ce504',
  },
  'darwin-arm64': {
    host: 'aarch64-apple-darwin',
    rustc: '149e85a285b6eba58eb6c8bdf7deb1b93763890598e62cb635a712e3a8454f04',
    cargo: '6c2ffed8e1ac9cf4dc9e80f282a869a6b237a153e7c55cca039d33de29d80aaf',
    std: '9b30089b0f767cb91b2190ffec55a9beeb2a21a1405d8da0f664d7e09d08e6d8',
  },
};

/** Rust's own release, with the standard library for WebAssembly; rustup is not needed, nor touched when it is there. */
export const rust = {
  title: 'rustc and cargo, for functions in Rust',
  version,

  check({ platform }) {
    if (archives[platform] === undefined)
      throw new UserError(`there is no known archive of Rust for ${platform}: build on Linux (glibc) or macOS, x64 or arm64`);
  },

  async install({ folder, downloads, env, platform, signal, say }) {
    const { host, rustc, cargo, std } = archives[platform];
    const parts = [
      { archive: `rustc-${version}-${host}`, sha256: rustc, keep: ['rustc/bin/rustc', 'rustc/lib'] },
      { archive: `cargo-${version}-${host}`, sha256: cargo, keep: ['cargo/bin/cargo'] },
      { archive: `rust-std-${version}-${host}`, sha256: std, keep: [`rust-std-${host}/lib`] },
      { archive: `rust-std-${version}-${wasm}`, sha256: wasmStandardLibrary, keep: [`rust-std-${wasm}/lib`] },
    ];
    const server = (env.RUSTUP_DIST_SERVER || defaultServer).replace(/\/+$/, '');
    for (const { archive, sha256, keep } of parts) {
      const file = path.join(downloads, `${archive}.tar.xz`);
      await download({ url: `${server}/dist/${releaseDay}/${archive}.tar.xz`, file, maxBytes: archiveMaxBytes, advice, signal, say });
      await verifySha256(file, sha256);
      say(`unpacking ${archive}`);
      const members = keep.map((member) => `${archive}/${member}`);
      const command = ['tar', '--extract', '--xz', '--file', file, '--directory', folder, '--strip-components', '2', ...members];
      await runProgram('rust', command, { explain: explainTar });
    }
    await runProgram('rust', [path.join(folder, 'bin', 'rustc'), '--version']);
    await runProgram('rust', [path.join(folder, 'bin', 'cargo'), '--version']);
    return { version, bin: 'bin' };
  },
};

function explainTar(output) {
  if (!/\bxz\b.*(No such file|not found|Cannot exec)/i.test(output)) return undefined;
  return 'tar needs the program xz to unpack Rust: install it, for example by apt-get install xz-utils';
}
