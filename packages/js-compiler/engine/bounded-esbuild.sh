#!/bin/sh
# Runs esbuild with a bound on its memory (KiB): it is a process of its own, which nothing else bounds. Where the system
# knows no such bound, it has none.
ulimit -d "$TORII_ESBUILD_MEMORY_KIB" 2>/dev/null
exec "$TORII_ESBUILD_PROGRAM" "$@"
