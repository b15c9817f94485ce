#!/bin/bash
# The wheel installs in a fresh virtual environment with nothing but NumPy, and does there what the README promises.
set -euo pipefail

wheel=$PWD/$1
readme=$PWD/$2
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# NumPy is Debian's; nothing is downloaded.
/usr/bin/python3 -m venv --system-site-packages "$out/venv"
"$out/venv/bin/pip" install --quiet --no-index --disable-pip-version-check "$wheel"
runtime=$(python/sanitizer_runtime.sh "$out"/venv/lib/python3*/site-packages/neura/_C*.so)
python() { ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$runtime "$out/venv/bin/python" "$@"; }
cd "$out"

# The README's Python program, as it stands there.
sed -n '/^```python$/,/^```$/{/^```/d;p}' "$readme" >program.py
[[ -s program.py ]] || { echo "the README has no Python program"; exit 1; }
python program.py

python - <<'PYTHON'
import pathlib
import neura

package = pathlib.Path(neura.__file__).parent
assert (package / "py.typed").exists()
assert (package / "_C.pyi").exists()
print("installed", neura.__version__, "in", package)
PYTHON

size=$(stat -L -c %s "$wheel")
echo "the wheel has $size bytes"
# With a sanitizer it may be larger.
[[ -n $runtime ]] || ((size <= 20 * 1024 * 1024))
