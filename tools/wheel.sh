#!/bin/bash
# Installs what is missing and builds the Python package; prints where the wheel lies, for pip install.
#
# usage: tools/wheel.sh [--all | VERSION [MACHINE]]
#   VERSION  of Python, 3.10 to 3.14 (the default: of the active python3)
#   MACHINE  x86_64 or aarch64 (the default: x86_64)
#   --all    every wheel
#
# For Linux with glibc 2.28 or newer. Another Python than Debian's 3.11 takes its headers from Maven.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '/^# usage/,/^set/{s/^# \{0,1\}//p}' "$0"; }

all=
version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
machine=x86_64
case "${1:-}" in
  -h | --help) usage; exit 0 ;;
  --all) all=1 ;;
  3.1[0-4]) version=$1 machine=${2:-$machine} ;;
  "") ;;
  *) { echo "tools/wheel.sh: no such version of Python: $1"; usage; } >&2; exit 2 ;;
esac

wheels=()
if [[ $all ]]; then
  for minor in 10 11 12 13 14; do wheels+=("//python:wheel_cp3${minor}_x86_64" "//python:wheel_cp3${minor}_aarch64"); done
else
  wheels+=("//python:wheel_cp${version/./}_$machine")
fi
groups=(build)
[[ ${wheels[*]} == //python:wheel_cp311_x86_64 ]] || groups+=(wheels)

tools/setup.sh "${groups[@]}" >&2
bazel build --color=no --curses=no --noshow_progress --show_result=0 "${wheels[@]}"
for wheel in "${wheels[@]}"; do
  tag=${wheel#*wheel_}
  ls "$PWD"/bazel-bin/python/neura-*-"${tag%%_*}"-*_"${tag#*_}".whl
done
