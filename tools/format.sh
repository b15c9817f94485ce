#!/bin/bash
# Formats every C++ source with clang-format, and the lists in BUILD files.
#
# usage: tools/format.sh [--check]   (--check changes nothing and fails when something would change)
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} == --check ]]; then
  clang_format=(--dry-run --Werror)
  build_order=()
else
  clang_format=(-i)
  build_order=(--fix)
fi

tools/setup.sh format
status=0
git ls-files -z --cached --others --exclude-standard '*.cc' '*.h' |
  xargs -0 --no-run-if-empty clang-format-14 "${clang_format[@]}" || status=1
tools/build_order.py "${build_order[@]}" || status=1
exit "$status"
