"""Learning rate schedules."""

from neura import _C

LRScheduler = _C.optim.LRScheduler


def _state_dict(self):
    """Where the schedule stands."""
    return dict(self._state_dict())


def _load_state_dict(self, state_dict):
    """Restores what state_dict() gave."""
    self._load_state_dict(list(state_dict.items()))


LRScheduler.state_dict = _state_dict
LRScheduler.load_state_dict = _load_state_dict


def _with_optimizer(schedule):
    """The class, whose objects keep their optimizer as an attribute."""
    begin = schedule.__init__

    def __init__(self, optimizer, *args, **kwargs):
        begin(self, optimizer, *args, **kwargs)
        self.optimizer = optimizer

    schedule.__init__ = __init__
    return schedule


# Every schedule that C++ has bound.
globals().update(
    {
        name: _with_optimizer(getattr(_C.optim, name))
        for scope, name, *_ in _C._bound_classes()
        if scope == "optim.lr_scheduler"
    }
)
