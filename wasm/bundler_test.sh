#!/bin/bash
# What TypeScript and bundlers make of the package.
set -euo pipefail
sources=$PWD/wasm
model=$PWD/onnx/testdata/model-conv.onnx
cd "$TEST_TMPDIR"
mkdir node_modules dist
cp --recursive --dereference "$sources/bundle" node_modules/neura
cp --dereference "$sources/bundler_test.ts" app.ts

tsc --strict --noEmit --target es2022 --module es2022 --moduleResolution node --lib es2022,dom app.ts

esbuild --log-level=warning --bundle --format=esm --outfile=dist/app.mjs app.ts
cp node_modules/neura/* dist/  # esbuild leaves what a program loads from beside itself to its author
printed=$(node dist/app.mjs "$model")
expected='{"backend":"threads","threads":2,"shape":[1,3],"same":true,"operations":true,"progress":true,"refused":true}'
if [[ $printed != "$expected" ]]; then
  echo "expected $expected, got $printed"
  exit 1
fi

# Others make workers into scripts, which are no modules.
esbuild --log-level=warning --bundle --format=iife --outfile=script/worker.js node_modules/neura/worker.js

# Of several conditions the first that fits counts; some bundlers insist that this one be the last.
last=$(node --print 'Object.keys(require("./node_modules/neura/package.json").exports["."]).at(-1)')
if [[ $last != default ]]; then
  echo "expected default as the last condition of package.json, got $last"
  exit 1
fi
