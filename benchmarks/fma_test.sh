#!/bin/bash
# The loop that measures the peak of fused multiply-adds has as many of them as the benchmark counts, for every instruction
# set that has such an instruction.
#
# usage: fma_test.sh PROGRAM CHAINS
set -euo pipefail

objdump --disassemble --no-show-raw-insn --demangle "$1" | awk -v chains="$2" '
  /^[0-9a-f]+ <.*>:$/ { name = /N_(AVX|NEON).*FmaRounds/ ? $2 : "" }
  name != "" && /[[:space:]](vfn?m(add|sub)|fmla|fmad)/ { ++found[name] }
  END {
    for (name in found) {
      ++functions
      print name, found[name]
      if (found[name] < chains) { print "expected", chains; failed = 1 }
    }
    exit failed || functions == 0
  }'
