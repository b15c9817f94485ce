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
version=
machine=x86_64
case "${1:-}" in
  -h | --help) usage; exit 0 ;;
  --all) all=1 ;;
  -*) { echo "tools/wheel.sh: no such option: $1"; usage; } >&2; exit 2 ;;
  *) version=${1:-} machine=${2:-$machine} ;;
esac

wheels=()
if [[ $all ]]; then
  for minor in 10 11 12 13 14; do wheels+=("//python:wheel_cp3${minor}_x86_64" "//python:wheel_cp3${minor}_aarch64"); done
else
  if [[ ! $version ]]; then
    tools/setup.sh build >&2
    version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  fi
  if [[ ! $version =~ ^3[.]1[0-4]$ || ! $machine =~ ^(x86_64|aarch64)$ ]]; then
    { echo "tools/wheel.sh: no wheel is made for Python $version on $machine"; usage; } >&2
    exit 2
  fi
  wheels=("//python:wheel_cp${version/./}_$machine")
fi
groups=(build)
[[ ${wheels[*]} == //python:wheel_cp311_x86_64 ]] || groups+=(wheels)
tools/setup.sh "${groups[@]}" >&2

# Bazel names the files on stderr, among the rest that it says.
bazel build --color=no --curses=no --noshow_progress --show_result="${#wheels[@]}" "${wheels[@]}" 2>&1 >/dev/null |
  sed --quiet --unbuffered -e 'w /dev/stderr' -e "s,^  \(bazel-bin/.*[.]whl\)$,$PWD/\1,p"
