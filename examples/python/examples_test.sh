#!/bin/bash
# Every example runs as written, and training from Python gives the checkpoint of the C++ program, bit for bit.
set -euo pipefail

with_package=$1 wheel=$2 program=$3
examples=examples/python
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

python() { "$with_package" "$wheel" /usr/bin/python3 "$@"; }

for example in custom_function custom_dataset interchange; do
  python "$examples/$example.py"
done

mkdir "$out/bert"
python "$examples/testdata/make_bert.py" "$out/bert"

# A few steps of those that take longer.
for example in "char_gpt --write=10" vae resnet "word_languages --words=500" \
  "fine_tune --model=$out/bert --reviews=$out/bert/reviews.tar.gz"; do
  read -r name options <<<"$example"
  # shellcheck disable=SC2086
  python "$examples/$name.py" --max_steps=4 --out="$out/$name" $options >"$out/log" 2>&1 || { cat "$out/log"; exit 1; }
done

python "$examples/fashion_mnist.py" --max_steps=200 --seed=5 --threads=2 --workers=2 --out="$out/python" >"$out/log" 2>&1 || {
  cat "$out/log"
  exit 1
}
"$program" --max_steps=200 --seed=5 --threads=1 --workers=0 --out="$out/cpp" >/dev/null 2>&1
sha256sum "$out"/*/model.safetensors
cmp "$out/python/model.safetensors" "$out/cpp/model.safetensors"
