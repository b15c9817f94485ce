#!/bin/bash
set -euo pipefail
ZIG_GLOBAL_CACHE_DIR=${TMPDIR:-/tmp}/neura-zig-$UID exec "$(readlink -f external/zig/ziglang/zig)" ar "$@"
