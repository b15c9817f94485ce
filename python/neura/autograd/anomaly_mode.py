"""Finding out where a NaN or an infinity comes from."""

from typing import Any

from neura import _C

is_anomaly_enabled = _C.is_anomaly_enabled


class set_detect_anomaly:
    """Turns the detection of anomalies on or off on this thread from here on, or inside a `with`.

    An operation, forward or in a gradient, then fails when it makes a NaN of inputs without one, or an infinity of finite
    ones. An error of a gradient names the operation whose gradient it is and shows where it was called; with
    check_nan=False that is all.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._previous = _C._set_anomaly(bool(mode), check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: Any) -> None:
        _C._set_anomaly(*self._previous)


class detect_anomaly(set_detect_anomaly):
    """Inside, anomalies are errors: see set_detect_anomaly."""

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan

    def __enter__(self) -> None:
        super().__init__(True, self._check_nan)
