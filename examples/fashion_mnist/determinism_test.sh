#!/bin/bash
# The same seed gives the same checkpoint, bit for bit, for any number of threads and of loader workers; another seed
# gives another.
set -euo pipefail

program=$1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

checkpoint() {  # seed, threads, workers
  "$program" --max_steps=200 --seed="$1" --threads="$2" --workers="$3" --out="$out" >"$out/log" || {
    cat "$out/log"
    exit 1
  }
  sha256sum <"$out/model.safetensors"
}

expected=$(checkpoint 5 1 0)
for setting in "2 1" "3 2" "1 3" "2 0"; do
  read -r threads workers <<<"$setting"
  actual=$(checkpoint 5 "$threads" "$workers")
  echo "$threads threads, $workers workers: $actual"
  [[ $actual == "$expected" ]] || {
    echo "expected $expected, as with 1 thread and no workers"
    exit 1
  }
done
[[ $(checkpoint 6 2 1) != "$expected" ]] || {
  echo "the seed makes no difference"
  exit 1
}
