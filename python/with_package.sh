#!/bin/bash
# Runs a command with the contents of wheels on Python's path.
#
# usage: with_package.sh WHEEL[,WHEEL...] COMMAND...
set -euo pipefail

package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
for wheel in ${1//,/ }; do
  /usr/bin/python3 -m zipfile -e "$wheel" "$package"
done
shift
export PYTHONPATH=$package PYTHONDONTWRITEBYTECODE=1
env $(python/sanitizer_env.sh "$package"/neura/_C*.so) "$@"
