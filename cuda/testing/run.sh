#!/bin/bash
# Runs the tests of Neura's CUDA backend on this machine: a driver (release 580 or later), cuBLASLt 13, cuDNN 9 and
# NVRTC of the release that the archive was built with (that of requirements.txt, where no toolkit was installed), on glibc
# 2.36 or later (Debian 12, Ubuntu 24.04).
#
# usage: run.sh [--sanitize[=TOOL]] [GTEST FLAGS]
#   --sanitize        under compute-sanitizer: memcheck, or another of its tools (racecheck, initcheck, synccheck)
#   --gtest_filter=*  of the tests to run
#
# The libraries are sought in LD_LIBRARY_PATH, CUDA_HOME, /usr/local/cuda and where pip puts the packages that
# requirements.txt names, ./libraries included.
set -euo pipefail
cd "$(dirname "$0")"

sanitizer=()
if [[ ${1:-} == --sanitize* ]]; then
  tool=${1#--sanitize}
  tool=${tool#=}
  compute_sanitizer=$(command -v compute-sanitizer || echo "${CUDA_HOME:-/usr/local/cuda}/bin/compute-sanitizer")
  [[ -x $compute_sanitizer ]] || { echo "run.sh: compute-sanitizer is not installed" >&2; exit 2; }
  # Some tests make calls fail: no memory, a driver that is too old.
  sanitizer=("$compute_sanitizer" --tool "${tool:-memcheck}" --error-exitcode 1)
  [[ ${tool:-memcheck} == memcheck ]] && sanitizer+=(--report-api-errors no)
  shift
fi

folders=${LD_LIBRARY_PATH:-}
for folder in "${CUDA_HOME:-/usr/local/cuda}/lib64" /usr/local/cuda/lib64; do
  [[ -d $folder ]] && folders+=:$folder
done
if command -v python3 >/dev/null; then
  while read -r folder; do folders+=:$folder; done < <(
    python3 -c 'import glob, os, site
for place in site.getsitepackages() + [site.getusersitepackages(), os.path.abspath("libraries")]:
    print(*glob.glob(place + "/nvidia/*/lib"), sep="\n")' | grep . || true
  )
fi
export LD_LIBRARY_PATH=${folders#:}

linked=$(ldd ./cuda_test 2>&1 || true)
if grep "version .* not found" <<<"$linked" >&2; then
  echo "run.sh: this machine's libraries are too old; see the beginning of run.sh" >&2
  exit 2
fi
missing=$(awk '/=> not found/ {print $1}' <<<"$linked")
if [[ -n $missing ]]; then
  echo "run.sh: not found:" $missing >&2
  echo "run.sh: set LD_LIBRARY_PATH, or, in this folder:" >&2
  echo "  python3 -m pip install --no-deps --target=libraries --requirement=requirements.txt" >&2
  exit 2
fi

command -v nvidia-smi >/dev/null && { nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true; }
exec "${sanitizer[@]}" ./cuda_test "$@"
