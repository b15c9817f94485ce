"""Windows for signals, which C++ has as neura::windows."""

from neura.windows import *  # noqa: F403
