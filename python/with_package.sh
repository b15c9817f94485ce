#!/bin/bash
# Runs a command with the wheel's contents on Python's path.
#
# usage: with_package.sh WHEEL COMMAND...
set -euo pipefail

package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
/usr/bin/python3 -m zipfile -e "$1" "$package"
shift
export PYTHONPATH=$package PYTHONDONTWRITEBYTECODE=1
env $(python/sanitizer_env.sh "$package"/neura/_C*.so) "$@"
