#!/bin/bash
# Every operation gives the same bits under all instruction sets of this machine that have fused multiply-adds, and those
# without products under the others, too.
#
# usage: targets_test.sh PROGRAM
set -euo pipefail

reference=
while read -r target fused; do
  TARGET=$target "$1" >"$TEST_TMPDIR/$target"
  echo "target $target: $(wc -l <"$TEST_TMPDIR/$target") results"
  if [[ -z $reference ]]; then
    # The best set of the machine comes first.
    reference=$TEST_TMPDIR/$target reference_fused=$fused
  elif [[ -n $fused && -n $reference_fused ]]; then
    diff "$reference" "$TEST_TMPDIR/$target"
  else
    diff <(grep '^everywhere' "$reference") <(grep '^everywhere' "$TEST_TMPDIR/$target")
  fi
done < <("$1")
[[ -n $reference ]]
