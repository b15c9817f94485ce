#!/bin/bash
# Installs what Neura needs from Debian's archive (Debian 12; root or sudo). Does nothing, quickly, when all is there.
#
# usage: tools/setup.sh [build] [cuda] [web] [wheels] [test] [format] [develop] [benchmark]
#   build      compile, and make the Python package (the default)
#   cuda       compile with --config=cuda, where no CUDA toolkit is installed
#   web        compile with --config=wasm
#   wheels     make the Python package for other versions of Python than Debian's
#   test       what tests compare with and run in
#   format     clang-format alone
#   develop    format, lint and fuzz
#   benchmark  the libraries that the benchmarks compare with
set -euo pipefail

usage() { sed -n '2,/^set/{s/^# \{0,1\}//p}' "$0"; }

build=(
  bazel-bootstrap bazel-rules-java bazel-rules-proto bazel-skylib  # Bazel, and the rules that it would download
  build-essential ca-certificates git python3
  dataset-fashion-mnist googletest libcairo2-dev libcli11-dev libeigen3-dev libkissfft-dev libopenblas-serial-dev libprotozero-dev libsqlite3-dev nasm nlohmann-json3-dev
  python3-dev python3-numpy python3-pip python3-wheel  # the Python package
)
test=(
  "${build[@]}"
  libonnx-dev libonnx-testdata libprotobuf-dev protobuf-compiler python3-onnx  # what ONNX files are checked with
  mypy python3-pytest python3-torch python3-venv
  wamerican wfrench witalian wngerman wspanish  # what an example reads
)
cuda=("${build[@]}")
# What compiles for WebAssembly, and what runs it.
web=(emscripten esbuild node-acorn nodejs)
test+=("${web[@]}" chromium chromium-driver node-typescript)
wheels=("${build[@]}" maven)
format=(clang-format-14)
develop=("${test[@]}" "${format[@]}" clang-14 clang-tidy-14 libclang-rt-14-dev)
benchmark=("${build[@]}" "${web[@]}" python3-torch)
command -v npm >/dev/null || benchmark+=(npm)  # some packages of nodejs bring it along

wanted=()
for group in "${@:-build}"; do
  case "$group" in
    build) wanted+=("${build[@]}") ;;
    cuda) wanted+=("${cuda[@]}") ;;
    web) wanted+=("${build[@]}" "${web[@]}") ;;
    wheels) wanted+=("${wheels[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    format) wanted+=("${format[@]}") ;;
    develop) wanted+=("${develop[@]}") ;;
    benchmark) wanted+=("${benchmark[@]}") ;;
    -h | --help) usage; exit 0 ;;
    *) { echo "tools/setup.sh: no group \"$group\""; usage; } >&2; exit 2 ;;
  esac
done

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "tools/setup.sh: root or sudo is needed to install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi

echo "Installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { "${as_root[@]}" apt-get update &&
  "${as_root[@]}" apt-get install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  cat "$log" >&2
  echo "tools/setup.sh: installing ${missing[*]} failed" >&2
  exit 1
fi
