#!/bin/bash
# One wheel, in a fresh virtual environment with each NumPy: it is complete, the README's program runs, and the tests of what
# is exchanged with NumPy pass.
#
# usage: install_test.sh WHEEL README NUMPY...
set -euo pipefail

wheel=$PWD/$1
readme=$PWD/$2
shift 2
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
sed -n '/^```python$/,/^```$/{/^```/d;p}' "$readme" >"$out/program.py"
[[ -s $out/program.py ]] || { echo "the README has no Python program"; exit 1; }

for numpy in "$@"; do
  # Debian's packages come after those of the environment: pytest is taken from there.
  rm -rf "$out/venv"
  /usr/bin/python3 -m venv --system-site-packages "$out/venv"
  "$out/venv/bin/pip" install --quiet --no-index --no-deps --ignore-installed --disable-pip-version-check "$numpy" "$wheel"
  sanitizer=$(python/sanitizer_env.sh "$out"/venv/lib/python3*/site-packages/neura/_C*.so)
  python() {
    env $sanitizer PYTHONDONTWRITEBYTECODE=1 "$out/venv/bin/python" "$@"
  }
  python -c "import numpy; print('NumPy', numpy.__version__); assert numpy.__version__ in '$numpy'"
  (cd "$out" && python program.py)
  (cd "$out" && python -c "
import pathlib
import neura

package = pathlib.Path(neura.__file__).parent
assert (package / 'py.typed').exists()
assert (package / '_C.pyi').exists()
print('installed', neura.__version__, 'in', package)
")
  python -m pytest -q -p no:cacheprovider python/tests/test_numpy.py python/tests/test_serialization.py \
    python/tests/test_behaviour.py python/tests/test_function.py python/tests/test_onnx.py
done

size=$(stat -L -c %s "$wheel")
echo "the wheel has $size bytes"
# With a sanitizer it may be larger.
[[ $sanitizer ]] || ((size <= 6 * 1024 * 1024))
