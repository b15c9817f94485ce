#!/bin/bash
# usage: compare.sh WRITTEN KEPT
diff "$1" "$2" || {
  echo "docs/operations.md is not what the rows say: run tools/operations/update.sh"
  exit 1
}
