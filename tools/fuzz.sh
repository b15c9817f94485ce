#!/bin/bash
# Fuzzes every reader of outside bytes, starting from the seed corpora and from what earlier runs found.
#
# usage: tools/fuzz.sh [SECONDS [TARGET...]]
#   SECONDS  for each target (default 60)
#   TARGET   labels of fuzz targets, such as //tensor/io:npy_fuzz; all by default
#
# What is found is kept under .cache/fuzz: give an input that failed to the replay test by adding it to the corpus.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
  -h | --help) sed -n '2,/^set/{s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
seconds=${1:-60}
targets=("${@:2}")

tools/setup.sh develop
quiet=(--color=no --curses=no --noshow_progress --ui_event_filters=-info)
if ((${#targets[@]} == 0)); then
  mapfile -t targets < <(bazel query "${quiet[@]}" 'attr(tags, "\bfuzz\b", tests(//...))' 2>/dev/null)
fi
bazel build "${quiet[@]}" --config=fuzz "${targets[@]}"

status=0
for target in "${targets[@]}"; do
  path=${target#//}
  path=${path/://}
  found=.cache/fuzz/$path
  mkdir -p "$found"
  mapfile -t seeds < <(bazel query "${quiet[@]}" "labels(data, $target)" 2>/dev/null |
    sed 's|^//||; s|:|/|' | xargs --no-run-if-empty dirname | sort --unique)
  echo "== $target, $seconds s"
  if ! "bazel-bin/$path" -max_total_time="$seconds" -timeout=10 -malloc_limit_mb=1024 -artifact_prefix="$found/" \
    "$found" "${seeds[@]}" >"$found.log" 2>&1; then
    status=1
  fi
  grep -E '^(Done|SUMMARY)|ERROR' "$found.log" || { tail -n 20 "$found.log"; status=1; }
done
exit "$status"
