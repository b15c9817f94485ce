"""python -m neura: the program `neura`, which looks at ONNX models, runs, measures, checks and converts them."""

import signal
import sys

from neura import _C


def main() -> int:
    # The program runs in C++, where nobody asks Python what Ctrl-C or a closed pipe mean.
    for name in ("SIGINT", "SIGPIPE"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    code: int = _C._cli(sys.argv[1:])
    return code


if __name__ == "__main__":
    sys.exit(main())
