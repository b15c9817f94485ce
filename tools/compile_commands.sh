#!/bin/bash
# Writes compile_commands.json, by which editors and clang-tidy know how each source is compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh
quiet=(--color=no --curses=no --noshow_progress --ui_event_filters=-info)
# Generated headers have to be there; nothing else is built.
bazel build "${quiet[@]}" --keep_going --output_groups=compilation_prerequisites_INTERNAL_ //... >/dev/null
execution_root=$(bazel info execution_root 2>/dev/null)
bazel aquery "${quiet[@]}" --output=jsonproto 'mnemonic("CppCompile", //...)' |
  tools/compile_commands.py "$PWD" "$execution_root" >compile_commands.json.new
mv compile_commands.json.new compile_commands.json
