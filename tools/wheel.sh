#!/bin/bash
# Installs what is missing and builds the Python package; prints where the wheel lies, for pip install.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh >&2
bazel build --color=no --curses=no --noshow_progress --show_result=0 //python:wheel
ls "$PWD"/bazel-bin/python/neura-*.whl
