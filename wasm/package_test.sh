#!/bin/bash
# The package in Node, as users import it.
set -euo pipefail
node wasm/package_test.mjs wasm/bundle onnx/testdata examples/web/neura wasm/js
