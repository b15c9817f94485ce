#!/bin/bash
# auditwheel finds that the wheel asks no more of a machine than its tag says; nothing but Python is asked for without the
# version of a library, and nothing but the module is offered.
set -euo pipefail

wheel=$1
shift
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
for package in "$@"; do /usr/bin/python3 -m zipfile -e "$package" "$packages"; done

tag=$(sed 's/.*-\(manylinux_[0-9_a-z]*\)\.whl$/\1/' <<<"$wheel")
shown=$(PYTHONPATH=$packages PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m auditwheel show "$wheel")
echo "$shown"
found=$(grep -o 'manylinux_2_[0-9]*_[a-z0-9_]*' <<<"${shown#*consistent with}" | head -1)
# An older C library than the tag's will do.
[[ $(printf '%s\n' "$found" "$tag" | sort -V | tail -1) == "$tag" ]] || { echo "$found is newer than $tag"; exit 1; }

contents=$(mktemp -d)
trap 'rm -rf "$packages" "$contents"' EXIT
/usr/bin/python3 -m zipfile -e "$wheel" "$contents"
unknown=$(nm --dynamic --undefined-only "$contents"/neura/_C*.so | awk '!/@/ && $NF !~ /^_?Py/ { print $NF }')
[[ ! $unknown ]] || { echo "of no library: $unknown"; exit 1; }
offered=$(nm --dynamic --defined-only "$contents"/neura/_C*.so | awk '{ print $NF }')
[[ $offered == PyInit__C ]] || { echo "seen from outside: $offered"; exit 1; }
