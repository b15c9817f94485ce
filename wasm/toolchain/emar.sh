#!/bin/bash
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
exec emar "$@"
