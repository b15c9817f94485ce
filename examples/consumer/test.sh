#!/bin/bash
# Builds the consumer as an outsider does, runs it, and sees that nothing but what //tensor is made of was linked.
set -euo pipefail
cd "$(dirname "$0")"

fail() {
  echo "$*" >&2
  exit 1
}

bazel build --color=no --curses=no --noshow_progress --ui_event_filters=-info //:consumer
# Compiling it again, outside of Neura's workspace, would take minutes.
bazel build --nobuild --color=no --curses=no --noshow_progress --ui_event_filters=-info //:web
program=bazel-bin/consumer

output=$("$program")
[[ $output == "y = 2 x + 1" ]] || fail "the consumer printed: $output"

symbols=$(nm --demangle "$program")
grep -q 'neura::Tensor' <<<"$symbols" || fail "no symbol of neura::Tensor: nm shows nothing"
for other in google::protobuf onnx:: neura::autograd neura::data neura::graph neura::nn neura::onnx neura::optim; do
  if found=$(grep -F -m 3 "$other" <<<"$symbols"); then
    fail "the consumer contains symbols of $other:"$'\n'"$found"
  fi
done

unexpected=$(ldd "$program" | awk '{print $1}' |
  grep -vE '^(linux-vdso|libstdc\+\+|libm|libgcc_s|libc|libpthread)\.so|^/lib.*/ld-linux' || true)
[[ -z $unexpected ]] || fail "the consumer needs shared libraries: $unexpected"
