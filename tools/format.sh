#!/bin/bash
# Formats every C++ source with clang-format, and the lists in BUILD files.
#
# usage: tools/format.sh [--check]   (--check changes nothing, and fails where something would change)
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh format
mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.cc' '*.cu' '*.h')

if [[ ${1:-} != --check ]]; then
  clang-format-14 -i "${sources[@]}"
  exec tools/build_order.py --fix
fi

status=0
for source in "${sources[@]}"; do
  if ! clang-format-14 "$source" | cmp --quiet - "$source"; then
    echo "$source: not formatted; tools/format.sh formats it"
    status=1
  fi
done
tools/build_order.py || status=1
exit "$status"
