#!/bin/bash
# Installs what is missing and runs every test. Arguments go to `bazel test`, e.g. tools/test.sh --config=asan.
#
# The last line counts Bazel's test targets and the checks beside them: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh test

events=$(mktemp)
trap 'rm -f "$events"' EXIT

bazel_status=0
bazel test --color=no --curses=no --noshow_progress --keep_going --build_event_json_file="$events" "$@" //... ||
  bazel_status=$?
read -r passed failed < <(tools/count_tests.py "$events")
# A build that stops before any test has a result is a failure that no test tells of.
if ((bazel_status != 0 && failed == 0)); then failed=1; fi

check() {
  echo "== $*"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $*"
  fi
}
check tools/lint.sh --quick
check examples/consumer/test.sh

echo "$passed passed, $failed failed"
((passed > 0 && failed == 0))
