#!/bin/bash
# Runs the test suite of the Python array API standard over neura.array_api, with the standard's operators.
#
# usage: array_api.sh SUITE [pytest's arguments]
#
# SUITE is a checkout, with its submodule, of the array-api-tests of data-apis. No test is expected to fail.
set -euo pipefail
suite=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/.."

bazel build //python:wheel
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m zipfile -e bazel-bin/python/*cp311-manylinux*x86_64.whl "$work/package"
/usr/bin/python3 -m venv --system-site-packages "$work/venv"
"$work/venv/bin/pip" install --quiet --upgrade --requirement "$suite/requirements.txt"
cat >"$work/package/with_standard_operators.py" <<'END'
from neura import array_api

context = array_api.standard_operators()
context.__enter__()
END
cd "$suite"
PYTHONPATH=$work/package ARRAY_API_TESTS_MODULE=neura.array_api ARRAY_API_TESTS_VERSION=2024.12 \
  "$work/venv/bin/python" -m pytest -p no:cacheprovider -p with_standard_operators array_api_tests "$@"
