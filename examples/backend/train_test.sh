#!/bin/bash
# Trains on the third backend: most images are classified, and the CPU gives the same bits.
set -euo pipefail
output=$("$TEST_SRCDIR/$TEST_WORKSPACE/$1")
echo "$output"
grep -q "^linear .* calls$" <<<"$output"
accuracy=$(sed -n 's/^Test accuracy after one epoch: \(.*\)%$/\1/p' <<<"$output")
awk -v accuracy="$accuracy" 'BEGIN { exit !(accuracy > 80) }'
