#!/bin/bash
# The example in Node, on both builds of the package.
set -euo pipefail
cd examples/web

classes=$TEST_TMPDIR/classes.bin
./predict neura/fashion_mnist.onnx "$classes"
node node_test.mjs neura test_images.bin "$classes"

output=$(node classify.mjs neura neura/fashion_mnist.onnx samples.bin)
echo "$output"
[[ $(grep --count '^image ' <<<"$output") == 10 ]]

status=0
output=$(node classify.mjs 2>&1) || status=$?
[[ $status == 2 && $output == usage:* ]]
