#!/bin/bash
# em++ for Bazel: compiles as it is, and links a WebAssembly module without the JavaScript that emscripten would write
# for it (wasm/js takes its place), under the name that Bazel asked for. All that it writes besides is temporary.
set -euo pipefail

export EM_FROZEN_CACHE=1 NODE_PATH=/usr/share/nodejs PYTHONDONTWRITEBYTECODE=1
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

output=
for argument in "$@"; do
  [[ $argument == @* ]] && output=$(sed -n '/^-o$/{n;p;}' "${argument#@}")
done
if [[ -z $output ]]; then
  em++ "$@"
else
  em++ "$@" -o "$TMPDIR/module.js"
  mv "$TMPDIR/module.wasm" "$output"
fi
