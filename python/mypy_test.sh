#!/bin/bash
# The package's stubs and sources, and the examples that use them, hold against mypy --strict.
set -euo pipefail

with_package=$1 wheel=$2
shift 2
mypy="/usr/bin/python3 -m mypy --strict --cache-dir=/dev/null"
"$with_package" "$wheel" bash -c "$mypy --package neura"
"$with_package" "$wheel" $mypy "$@"
