#!/bin/bash
# Writes docs/operations.md anew.
set -euo pipefail
cd "$(dirname "$0")/../.."
bazel build //tools/operations
cp -f bazel-bin/tools/operations/operations.md docs/operations.md
chmod 644 docs/operations.md
