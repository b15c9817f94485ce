#!/bin/bash
# The README's program is this one, and does what the README says.
set -euo pipefail

awk '/^```cpp/ { inside = 1; next } /^```/ { inside = 0 } inside' README.md | diff - examples/first_program/main.cc
cd "$TEST_TMPDIR"
output=$("$TEST_SRCDIR/$TEST_WORKSPACE/$1")
echo "$output"
accuracy=$(sed -n 's/^accuracy //p' <<<"$output")
awk -v accuracy="$accuracy" 'BEGIN { exit !(accuracy > 0.95) }'
test -s xor.onnx
