#!/bin/bash
# A command line that cannot be right ends at once, with one line that names what is wrong, and --out is where it says.
set -euo pipefail

program=$1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

refuses() {  # what the line holds, arguments
  local expected=$1 status=0
  shift
  "$program" --max_steps=1 --out="$out/none" "$@" >"$out/log" 2>&1 || status=$?
  if [[ $status != 1 || $(wc -l <"$out/log") != 1 ]] || ! grep --quiet --fixed-strings -e "$expected" "$out/log"; then
    echo "$*: expected exit status 1 and one line with: $expected"
    echo "exit status $status and:"
    cat "$out/log"
    exit 1
  fi
}

refuses "--epochs=0: at least 1 is expected" --epochs=0
refuses "--threads=-1: at least 0 is expected" --threads=-1
refuses "--workers=-1: at least 0 is expected" --workers=-1
refuses "--max_steps=-1: at least 0 is expected" --max_steps=-1
refuses "custom:5" --device=custom:5  # a device without a backend
refuses '"extra" is not a flag' extra
touch "$out/file"
refuses "--out=$out/file/o: cannot make the folder: Not a directory" --out="$out/file/o"

BUILD_WORKING_DIRECTORY=$out "$program" --max_steps=1 --out=made/here >"$out/log"  # as bazel run does
[[ -s $out/made/here/model.safetensors ]] && grep --quiet "^Wrote made/here/model.safetensors" "$out/log" || {
  echo "--out does not count from where bazel run was called:"
  cat "$out/log"
  exit 1
}
