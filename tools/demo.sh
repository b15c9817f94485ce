#!/bin/bash
# Installs what is missing, builds, and does the main job: trains on Fashion-MNIST, saves and exports the model, and
# draws how it went. Arguments go to the example; --help lists them.
set -euo pipefail
export BUILD_WORKING_DIRECTORY=$PWD  # from where --out counts, as under bazel run
cd "$(dirname "$0")/.."

usage() {
  cat <<'HELP'
usage: tools/demo.sh [FLAG...]

Trains a small convolutional network on Fashion-MNIST, saves it as model.safetensors, exports model.onnx, compares the
two on the test images, and draws learning_curves.svg and predictions.png. Flags, with what they are by default:

HELP
  # From the source, because the program may not have been built: ABSL_FLAG(type, name, default, "text");
  sed -nE '/^ABSL_FLAG/{
    :more
    /;$/!{N; b more}
    s/\n */ /g
    s/" "//g
    s/^ABSL_FLAG\([^,]*, (\w+), "?([^",]*)"?, "(.*)"\);$/  --\1=\2\t\3/
    p
  }' examples/fashion_mnist/main.cc | expand --tabs=28
}

for argument in "$@"; do
  case "$argument" in
    -h | --help) usage; exit 0 ;;
  esac
done

tools/setup.sh
echo "Building (the first time takes a few minutes)"
bazel build --color=no --curses=no --noshow_progress --show_result=0 //examples/fashion_mnist
exec bazel-bin/examples/fashion_mnist/fashion_mnist "$@"
