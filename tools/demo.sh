#!/bin/bash
# Installs what is missing, builds, and does the main job: trains on Fashion-MNIST, saves and exports the model, and
# draws how it went. Arguments go to the example: --epochs, --threads, --seed, --out; --help lists them all.
set -euo pipefail
cd "$(dirname "$0")/.."

for argument in "$@"; do
  case "$argument" in
    -h | --help)
      cat <<'HELP'
usage: tools/demo.sh [--epochs=N] [--threads=N] [--seed=N] [--out=FOLDER]

Trains a small convolutional network on Fashion-MNIST, saves it as model.safetensors, exports model.onnx, compares the
two on the test images, and draws learning_curves.png and predictions.png.

  --epochs=5               passes over the 60,000 training images
  --threads=0              threads that compute; 0 uses every core
  --workers=1              threads that prepare batches
  --seed=1                 the same seed gives the same bits, for any number of threads
  --out=fashion_mnist_out  folder for the model and the pictures
HELP
      exit 0
      ;;
  esac
done

tools/setup.sh
echo "Building (the first time takes a few minutes)"
bazel build --color=no --curses=no --noshow_progress --show_result=0 //examples/fashion_mnist
exec bazel-bin/examples/fashion_mnist/fashion_mnist "$@"
