#!/usr/bin/env bash
# Builds plugin-kinds.wasm from crates.io's extism-pdk, with the Rust that `npm run toolchains -- add rust` installs.
set -euo pipefail
cd "$(dirname "$0")"

target="${CARGO_TARGET_DIR:-target}"
# Nothing of the machine's folders gets into the module.
export RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/plugin-kinds"
cargo build --release --locked --target wasm32-unknown-unknown
cp "$target/wasm32-unknown-unknown/release/plugin_kinds.wasm" plugin-kinds.wasm
{ sha256sum Cargo.toml Cargo.lock src/*.rs plugin-kinds.wasm; } >SHA256SUMS
