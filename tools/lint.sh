#!/bin/bash
# Looks for defects that the compiler does not see.
#
# usage: tools/lint.sh [--quick] [FILE...]
#   --quick  only what needs no compiler: the formatting, the order of BUILD files, includes that nothing uses,
#            how many places an addition touches, libraries without a test of what they may reach
#   FILE...  the sources that clang-tidy reads; all of them by default
set -euo pipefail
cd "$(dirname "$0")/.."

quick=false
if [[ ${1:-} == --quick ]]; then
  quick=true
  shift
fi

status=0
tools/format.sh --check || status=1
tools/dead_includes.py || status=1
tools/places.py || status=1
for version in */version.bzl; do
  library=${version%/*}
  if ! grep -q "library = \"$library\"" tools/arrows/BUILD; then
    echo "tools/arrows/BUILD: nothing says what $library may reach"
    status=1
  fi
done
$quick && exit "$status"

tools/setup.sh develop
tools/compile_commands.sh
files=("$@")
if ((${#files[@]} == 0)); then
  mapfile -t files < <(python3 -c 'import json; print(*sorted({c["file"] for c in json.load(open("compile_commands.json"))}), sep="\n")')
fi
printf '%s\0' "${files[@]}" |
  xargs -0 --max-args=1 --max-procs="$(nproc)" clang-tidy-14 -p . --quiet --extra-arg=-Wno-unknown-warning-option \
    2> >(grep -vE '^[0-9]+ warnings? generated|^Suppressed|^Use -header-filter|^$' >&2) || status=1
exit "$status"
