#!/bin/bash
# Zig's C and C++ compiler for Bazel.
#
# Warnings are the business of the compilers that the tests are built with.
set -euo pipefail

zig=$(readlink -f external/zig/ziglang/zig)
# The C++ library and what starts programs are compiled once for each machine and kept; the rest is temporary.
export ZIG_GLOBAL_CACHE_DIR=${TMPDIR:-/tmp}/neura-zig-$UID
ZIG_LOCAL_CACHE_DIR=$(mktemp -d)
export ZIG_LOCAL_CACHE_DIR
trap 'rm -rf "$ZIG_LOCAL_CACHE_DIR"' EXIT

language=c++
dependencies=
previous=
for argument in "$@"; do
  [[ $argument != *.c ]] || language=cc
  [[ $previous != -MF ]] || dependencies=$argument
  previous=$argument
done
"$zig" "$language" "$@" -w

# Zig's own headers, which Bazel does not know.
if [[ -n $dependencies ]]; then
  sed -i "s|[^ ]*${zig%/zig}/[^ ]*||g" "$dependencies"
fi
