"""`tf.debugging`: assertions that raise in eager code at once and in graphs when they run, and checks for NaN
and infinity.

What can be decided while building (types, ranks, known shapes and values) raises then and there."""

from __future__ import annotations

import sys
from typing import Any

from headrace.core.convert import to_tensor
from headrace.core.scoping import scoped
from headrace.core.state import set_observers, state
from headrace.core.tensor import Tensor
from headrace.ops import debug as ops

from . import debugging_experimental as experimental
from .assertions import (
    Assert,
    assert_equal,
    assert_greater,
    assert_greater_equal,
    assert_less,
    assert_less_equal,
    assert_near,
    assert_negative,
    assert_non_negative,
    assert_non_positive,
    assert_none_equal,
    assert_positive,
)
from .assertions_static import (
    assert_integer,
    assert_proper_iterable,
    assert_rank,
    assert_rank_at_least,
    assert_rank_in,
    assert_same_float_dtype,
    assert_scalar,
    assert_shapes,
    assert_type,
    is_numeric_tensor,
)


# --------------------------------------------------------------------------------------------------- numerics
def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """The tensor itself; InvalidArgumentError that says `message` when it has a NaN or an infinity.

    >>> import headrace as tf
    >>> tf.debugging.check_numerics(tf.constant(1.0), "loss").numpy()
    np.float32(1.0)
    """
    return ops.CHECK_NUMERICS(tensor, message=message, name=name)


@scoped("VerifyFinite", "control_dependency")
def assert_all_finite(x: Any, message: str, name: str | None = None) -> Tensor:
    """The tensor itself; InvalidArgumentError that says `message` when it has a NaN or an infinity."""
    return ops.CHECK_NUMERICS(to_tensor(x), message=message, name=name)


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """From here on, every float result of every op in this thread is checked; a NaN or an infinity raises
    InvalidArgumentError that names the first op that made one, its inputs and, in a graph, the line that made it.

    Functions traced from here on are checked by their programs, which say after a run which op was the first; so are all
    runs of sessions, of graphs built before, too. Of a gradient's op in such a graph, the line of the op it belongs to is
    there as well. Functions with `jit_compile=True` are not checked: their programs have no place for errors.

    Args:
      stack_height_limit: kept for compatibility; the error shows the user's own line.
      path_length_limit: longer file names are cut at the front.

    >>> import headrace as tf
    >>> tf.debugging.enable_check_numerics()
    >>> try:
    ...     tf.math.log(tf.constant([1.0, 0.0]))
    ... except tf.errors.InvalidArgumentError as error:
    ...     error.message.splitlines()[2]
    ... finally:
    ...     tf.debugging.disable_check_numerics()
    '!!! Detected Infinity or NaN in output 0 of eagerly-executing op "Log" (# of outputs: 1) !!!'
    """
    if ops.numerics_observer() is None:
        set_observers((*state.observers, ops.NumericsObserver(stack_height_limit, path_length_limit)))
        _outdate_plans()


def disable_check_numerics() -> None:
    """Ends what `enable_check_numerics` began; nothing happens if it did not."""
    if ops.numerics_observer() is not None:
        set_observers(tuple([o for o in state.observers if not isinstance(o, ops.NumericsObserver)]))
        _outdate_plans()


def _outdate_plans() -> None:
    plans = sys.modules.get("headrace.session.plan")
    if plans is not None:  # there were sessions
        plans.outdate_plans()


# ------------------------------------------------------------------------------------- switches of the system
class _Switches:
    log_placement = False
    filter_tracebacks = True


def set_log_device_placement(enabled: bool) -> None:
    """Whether every op that runs eagerly says on which device, in the log `headrace`."""
    _Switches.log_placement = enabled
    others = tuple([o for o in state.observers if o is not _log_placement])
    set_observers((*others, _log_placement) if enabled else others)


def get_log_device_placement() -> bool:
    """Whether op placement is logged."""
    return _Switches.log_placement


def _log_placement(op: Any, inputs: Any, attrs: Any, outputs: Any) -> None:
    import logging

    for y in outputs:
        if y._is_eager:
            logging.getLogger("headrace").warning("Executing op %s in device %s", op.name, y.device)
            return


def enable_traceback_filtering() -> None:
    """Leaves this package's own frames out of the tracebacks of errors that reach the user (the default)."""
    _Switches.filter_tracebacks = True


def disable_traceback_filtering() -> None:
    """Shows full tracebacks, this package's own frames included."""
    _Switches.filter_tracebacks = False


def is_traceback_filtering_enabled() -> bool:
    """Whether tracebacks leave out this package's own frames."""
    return _Switches.filter_tracebacks


__all__ = [
    "Assert",
    "assert_all_finite",
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_integer",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_none_equal",
    "assert_positive",
    "assert_proper_iterable",
    "assert_rank",
    "assert_rank_at_least",
    "assert_rank_in",
    "assert_same_float_dtype",
    "assert_scalar",
    "assert_shapes",
    "assert_type",
    "check_numerics",
    "disable_check_numerics",
    "disable_traceback_filtering",
    "enable_check_numerics",
    "enable_traceback_filtering",
    "experimental",
    "get_log_device_placement",
    "is_numeric_tensor",
    "is_traceback_filtering_enabled",
    "set_log_device_placement",
]
ROOT = ["Assert", "assert_equal", "assert_greater", "assert_less", "assert_rank"]
