#!/usr/bin/env bash
# Builds geolocation.wasm with Go >= 1.24, the same bytes for the same Go version wherever it runs.
set -euo pipefail
cd "$(dirname "$0")"

export GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 GOWASM= GOFLAGS=-mod=readonly GOTOOLCHAIN=local
go build -buildmode=c-shared -trimpath -buildvcs=false -ldflags='-s -w -buildid=' -o geolocation.wasm .
if command -v sha256sum >/dev/null; then sha256sum geolocation.wasm; else shasum -a 256 geolocation.wasm; fi >geolocation.wasm.sha256
cat geolocation.wasm.sha256
