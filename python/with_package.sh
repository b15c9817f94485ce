#!/bin/bash
# Runs a command with the wheel's contents on Python's path.
#
# usage: with_package.sh WHEEL COMMAND...
set -euo pipefail

package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
/usr/bin/python3 -m zipfile -e "$1" "$package"
shift
runtime=$(python/sanitizer_runtime.sh "$package"/neura/_C*.so)
if [[ -n $runtime ]]; then
  export LD_PRELOAD=$runtime
  # What the interpreter keeps to its end is no leak of ours. Tests of leaks look at the memory of the process, of which
  # freed blocks held back and long stacks would take too much.
  options=detect_leaks=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=16:malloc_context_size=5
  export ASAN_OPTIONS=${ASAN_OPTIONS:-}:$options
fi
export PYTHONPATH=$package PYTHONDONTWRITEBYTECODE=1
"$@"
