#!/bin/bash
# Installs what is missing, builds, and does the main job: trains on Fashion-MNIST, saves and exports the model, and
# draws how it went. Arguments go to the example; --help lists them.
set -euo pipefail
cd "$(dirname "$0")/.."

program=bazel-bin/examples/fashion_mnist/fashion_mnist
for argument in "$@"; do
  case "$argument" in
    -h | --help)
      cat <<'HELP'
usage: tools/demo.sh [FLAG...]

Trains a small convolutional network on Fashion-MNIST, saves it as model.safetensors, exports model.onnx, compares the
two on the test images, and draws learning_curves.png and predictions.png. Flags go to the example's program.
HELP
      if [[ -x $program ]]; then
        "$program" --help || true  # Abseil's exit status of --help is 1
      else
        echo "Once the example is built, this lists its flags: those at the top of examples/fashion_mnist/main.cc."
      fi
      exit 0
      ;;
  esac
done

tools/setup.sh
echo "Building (the first time takes a few minutes)"
bazel build --color=no --curses=no --noshow_progress --show_result=0 //examples/fashion_mnist
exec "$program" "$@"
