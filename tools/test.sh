#!/bin/bash
# Installs what is missing and runs every test. Arguments go to `bazel test`, e.g. tools/test.sh --config=asan.
#
# Without arguments also what only --config=cuda builds: it fetches the CUDA toolkit where none is installed (1 GB), and
# tests that need a GPU are skipped where there is none.
#
# The last line counts Bazel's test targets and the checks beside them: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh test cuda

events=$(mktemp)
trap 'rm -f "$events"' EXIT
passed=0
failed=0

# Arguments go to `bazel test`.
run_tests() {
  local status=0 now_passed now_failed
  : >"$events"
  bazel test --color=no --curses=no --noshow_progress --keep_going --build_event_json_file="$events" "$@" || status=$?
  read -r now_passed now_failed < <(tools/count_tests.py "$events")
  # A build that stops before any test has a result is a failure that no test tells of.
  if ((status != 0 && now_failed == 0)); then now_failed=1; fi
  passed=$((passed + now_passed))
  failed=$((failed + now_failed))
}

run_tests "$@" //...

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

if (($# == 0)); then
  no_cuda_without_its_configuration() {
    local reached
    reached=$(bazel query --noshow_progress 'deps(//...)') && ! grep '^@cuda_toolkit' <<<"$reached"
  }
  check no_cuda_without_its_configuration
  echo "== --config=cuda"
  run_tests --config=cuda //cuda/...
  # GoogleTest counts a skipped test as neither.
  find -L bazel-testlogs/cuda -name test.log -exec grep --no-filename --extended-regexp \
    '^\[  SKIPPED \] [0-9]+ tests?, listed below' {} + || true
fi

echo "$passed passed, $failed failed"
((passed > 0 && failed == 0))
