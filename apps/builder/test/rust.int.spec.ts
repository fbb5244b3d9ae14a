import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeModule } from '@torii/wasm-binary';
import { plainCrate, type RustBuild, type RustBuilt, startRust, type TestRust } from './a-rust-compiler.js';

const slowMs = 240_000;

describe('RustCompiler', () => {
  let rust: TestRust;
  beforeAll(async () => {
    // Without a registry: what is about dependencies has a compiler of its own below.
    rust = await startRust({ crateHosts: [] });
  }, slowMs);
  afterAll(() => rust.close());

  /** The failure of a build. Where there is no Rust every build must fail with the reason that the language is not available for. */
  const failureOf = async (build: RustBuild): Promise<{ code: string; message: string; diagnostics: object[]; log: string } | undefined> => {
    const failure: unknown = await rust.build(build).then(
      () => new Error('it was built'),
      (error: unknown) => error,
    );
    if (rust.status.available) return failure as never;
    expect(failure).toMatchObject({ code: 'build.toolchain_missing', message: rust.status.reason });
    return undefined;
  };
  const builtOf = async (build: RustBuild): Promise<RustBuilt | undefined> => {
    if (rust.status.available) return rust.build(build);
    await expect(rust.build(build)).rejects.toMatchObject({ code: 'build.toolchain_missing', message: rust.status.reason });
    return undefined;
  };

  it('says which Rust it builds with, or what is missing and how to get it', () => {
    expect(rust.status).toEqual(
      rust.status.available
        ? {
            name: 'rust',
            available: true,
            toolchain: { rustc: expect.stringMatching(/^1\.\d+/), cargo: expect.any(String), 'torii-pdk': expect.any(String) },
          }
        : { name: 'rust', available: false, reason: expect.stringMatching(/toolchains -- add rust|TORII_BUILD_SANDBOX|install/) },
    );
  });

  it(
    'makes a module of a crate, and the same bytes each time',
    async () => {
      const build = { files: plainCrate('"torii".len() as i32'), functionNames: ['execute'] };
      const [first, second] = [await builtOf(build), await builtOf(build)];
      if (first === undefined || second === undefined) return;
      expect(describeModule(first.wasm).exports).toContainEqual({ name: 'execute', kind: 'function', params: [], results: ['i32'] });
      expect(Buffer.from(first.wasm).equals(Buffer.from(second.wasm))).toBe(true);
      expect([first.stages, second.stages]).toEqual([['dependencies', 'compiling'], ['compiling']]);
      expect(Buffer.from(first.wasm).includes(rust.folder)).toBe(false);
    },
    slowMs,
  );

  it(
    'tells the line and the column of every error, in UTF-16 units, and of warnings',
    async () => {
      const files = plainCrate('let unused = 1;\n    /* 😀 */ nothing_of_the_kind()');
      const failure = await failureOf({ files });
      if (failure === undefined) return;
      expect(failure).toMatchObject({ code: 'build.compile_failed', message: expect.stringContaining('src/lib.rs:4:14') });
      expect(failure.diagnostics).toContainEqual(expect.objectContaining({ severity: 'error', file: 'src/lib.rs', line: 4, column: 14 }));
      const built = await builtOf({ files: plainCrate('let unused = 1;\n    7') });
      expect(built?.warnings).toContainEqual(expect.objectContaining({ severity: 'warning', file: 'src/lib.rs', line: 3, column: 9 }));
    },
    slowMs,
  );

  it(
    'names a function that is wanted but not exported',
    async () => {
      const failure = await failureOf({ files: plainCrate('1'), functionNames: ['execute', 'access'] });
      if (failure === undefined) return;
      expect(failure).toMatchObject({ code: 'build.missing_entry', message: expect.stringMatching(/access.*exports execute/) });
    },
    slowMs,
  );

  it(
    'builds crates within the function, procedural macros among them',
    async () => {
      const files = plainCrate('words::answer!()', {
        'Cargo.toml': '[package]\nname = "plain"\nversion = "0.1.0"\nedition = "2024"\n[dependencies]\nwords = { path = "crates/words" }\n',
        'crates/words/Cargo.toml': '[package]\nname = "words"\nversion = "0.1.0"\nedition = "2024"\n[lib]\nproc-macro = true\n',
        'crates/words/src/lib.rs':
          'use proc_macro::TokenStream;\n#[proc_macro]\npub fn answer(_: TokenStream) -> TokenStream {\n    "42".parse().unwrap()\n}\n',
      });
      const built = await builtOf({ files, functionNames: ['execute'] });
      if (built !== undefined) expect(built.wasm.length).toBeGreaterThan(100);
    },
    slowMs,
  );

  it(
    'builds with its own extism-pdk when crates.io cannot be reached, and says so',
    async () => {
      const files = {
        'Cargo.toml':
          '[package]\nname = "greeter"\nversion = "0.1.0"\nedition = "2021"\n[lib]\ncrate-type = ["cdylib"]\n[dependencies]\nextism-pdk = "1"\n',
        'src/lib.rs': 'use extism_pdk::*;\n#[plugin_fn]\npub fn greet(name: String) -> FnResult<String> {\n    Ok(format!("Hello, {name}!"))\n}\n',
      };
      const built = await builtOf({ files, functionNames: ['greet'] });
      if (built === undefined) return;
      expect(built.log).toContain('crates.io cannot be reached');
      expect(built.isMakeshift).toBe(true);
      expect(describeModule(built.wasm).imports.map(({ name }) => name)).toContain('input_load_u64');
      const failure = await failureOf({ files: { ...files, 'Cargo.toml': `${files['Cargo.toml']}serde = "1"\n` } });
      expect(failure).toMatchObject({ code: 'build.dependencies_failed', message: expect.stringMatching(/crates\.io cannot be reached.*serde/) });
    },
    slowMs,
  );

  describe('with hostile sources', () => {
    it(
      'lets a build script read nothing of the host, and no variable of the builder',
      async () => {
        process.env.TORII_NODE_TOKEN = 'a-secret-of-the-builder';
        const script = `fn main() {
    for place in ["/etc/shadow", "/etc/passwd", "/root", "/home", "${rust.folder}/cache/../../", "/proc/1/environ"] {
        let what = std::fs::read_to_string(place).or_else(|_| std::fs::read_dir(place).map(|entries| format!("{} entries", entries.count())));
        println!("cargo:warning=place {place} {what:?}");
    }
    println!("cargo:warning=env {:?}", std::env::vars().collect::<Vec<_>>());
    println!("cargo:warning=user {:?}", std::fs::write("/usr/hostile", "x").and(std::fs::write("Cargo.toml", "x")).is_ok());
}
`;
        const built = await builtOf({ files: plainCrate('1', { 'build.rs': script }) });
        delete process.env.TORII_NODE_TOKEN;
        if (built === undefined) return;
        expect(built.log).toContain('place /etc/shadow Err');
        expect(built.log).toContain('user false');
        expect(built.log).not.toMatch(/root:|a-secret-of-the-builder|DATABASE_URL/);
      },
      slowMs,
    );

    it(
      'lets a build script reach no network, not even of this machine',
      async () => {
        const seen: number[] = [];
        const server = createServer((socket) => {
          seen.push(1);
          socket.destroy();
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        const { port } = server.address() as { port: number };
        const script = `fn main() {
    for address in ["127.0.0.1:${port}", "1.1.1.1:443"] {
        let result = std::net::TcpStream::connect_timeout(&address.parse().unwrap(), std::time::Duration::from_secs(2));
        println!("cargo:warning=connected {}", result.is_ok());
    }
}
`;
        const built = await builtOf({ files: plainCrate('1', { 'build.rs': script }) });
        await new Promise<void>((resolve) => server.close(() => resolve()));
        expect(seen).toEqual([]);
        if (built !== undefined) expect(built.log).not.toContain('connected true');
      },
      slowMs,
    );

    it(
      'ends a build script that starts processes without end',
      async () => {
        const script = `fn main() {
    loop {
        let _ = std::process::Command::new(std::env::current_exe().unwrap()).spawn();
    }
}
`;
        const failure = await rust.build({ files: plainCrate('1', { 'build.rs': script }), timeoutMs: 20_000 }).catch((error: unknown) => error);
        expect(failure).toMatchObject(rust.status.available ? { name: 'TimeoutError' } : { code: 'build.toolchain_missing' });
      },
      slowMs,
    );

    it.each([
      ['a file of the host', 'include_str!("/etc/shadow").len() as i32', /src\/lib\.rs:3:5.*shadow/s],
      ['a file outside of the function', 'include_str!("../../../../etc/passwd").len() as i32', /src\/lib\.rs:3:5/],
      ['a computation without end', 'const ENDLESS: i32 = { loop {} };\n    ENDLESS', /src\/lib\.rs|too long/],
      ['a macro that calls itself', 'macro_rules! again { ($($t:tt)*) => { again!($($t)* $($t)* x) } }\n    again!(x)', /recursion limit|memory/],
      ['a value larger than memory', 'static HUGE: [u8; 8 << 30] = [1; 8 << 30];\n    HUGE[7] as i32', /./],
      ['text that is no Rust', 'let = ;', /src\/lib\.rs:3:9/],
    ])(
      'refuses %s',
      async (_, body, expected) => {
        const failure = await failureOf({ files: plainCrate(body) });
        if (failure === undefined) return;
        expect(failure.code).toMatch(/^build\.(compile_failed|memory_exceeded|too_large|deadline_exceeded)$/);
        expect(failure.message).toMatch(expected);
      },
      slowMs,
    );

    it.each([
      ['a crate outside of the function', '[dependencies]\nhost = { path = "/etc" }\n', {}, /host is at \/etc/],
      ['a crate above the function', '[dependencies]\nhost = { path = "../.." }\n', {}, /host is at \.\./],
      ['a git repository', '[dependencies]\nfar = { git = "https://example.com/far" }\n', {}, /far is from a git repository/],
      ['another registry', '[dependencies]\nfar = { version = "1", registry-index = "https://example.com" }\n', {}, /another registry/],
      ['a patch by a git repository', '[patch.crates-io]\nserde = { git = "https://example.com/serde" }\n', {}, /serde is from a git repository/],
      ['configuration of cargo', '', { '.cargo/config.toml': '[build]\nrustc-wrapper = "/bin/sh"\n' }, /\.cargo\/config\.toml/],
      ['a choice of Rust', '', { 'rust-toolchain.toml': '[toolchain]\nchannel = "nightly"\n' }, /rust-toolchain\.toml/],
      ['a crate of ours in a version that there is none of', '[dependencies]\ntorii-pdk = "99"\n', {}, /torii-pdk/],
    ])(
      'refuses %s',
      async (_, lines, more, expected) => {
        const manifest = `[package]\nname = "plain"\nversion = "0.1.0"\nedition = "2024"\n${lines}`;
        const failure = await failureOf({ files: plainCrate('1', { ...more, 'Cargo.toml': manifest }) });
        if (failure === undefined) return;
        expect(failure.code).toBe('build.dependencies_failed');
        expect(failure.message).toMatch(expected);
      },
      slowMs,
    );

    it(
      'does not let one build change what another one is built with',
      async () => {
        const manifest = '[package]\nname = "greeter"\nversion = "0.1.0"\nedition = "2024"\nbuild = "build.rs"\n[dependencies]\nextism-pdk = "1"\n';
        const source = 'use extism_pdk::*;\n#[plugin_fn]\npub fn greet(name: String) -> FnResult<String> {\n    Ok(name)\n}\n';
        const hostile = `use std::{env, fs, path::Path};
fn spoil(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { spoil(&path) } else if path.to_string_lossy().contains("extism") { let _ = fs::write(&path, "spoilt"); }
    }
}
fn main() {
    for name in ["CARGO_TARGET_DIR", "CARGO_HOME", "OUT_DIR", "CARGO_MANIFEST_DIR"] {
        if let Ok(folder) = env::var(name) { spoil(Path::new(&folder)) }
    }
    spoil(Path::new("${rust.folder}"));
}
`;
        const files = { 'Cargo.toml': manifest, 'src/lib.rs': source };
        const before = await builtOf({ files: { ...files, 'build.rs': 'fn main() {}\n' } });
        await rust.build({ files: { ...files, 'build.rs': hostile } }).catch(() => undefined);
        const after = await builtOf({ files: { ...files, 'build.rs': 'fn main() {}\n' } });
        if (before === undefined || after === undefined) return;
        expect(Buffer.from(after.wasm).equals(Buffer.from(before.wasm))).toBe(true);
      },
      slowMs,
    );
  });
});
