"""`tf.compat.v1.train`: steps, learning rates that decay, moving averages."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.core.scoping import called
from headrace.core.state import state
from headrace.session.averages import ExponentialMovingAverage
from headrace.session.keys import GraphKeys
from headrace.session.scopes import get_variable


# ------------------------------------------------------------------------------------------------------- global step
def get_global_step(graph: Any = None) -> Any:
    """The graph's global step; None if it has none.

    Raises:
      RuntimeError: there are several.
      TypeError: it is not an integer scalar.
    """
    graph = graph or get_default_graph()
    found = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) > 1:
        raise RuntimeError("Multiple items found in collection GLOBAL_STEP.")
    if not found:
        found = [v for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES) if v.name == "global_step:0"]
    if not found:
        return None
    assert_global_step(found[0])
    return found[0]


def create_global_step(graph: Any = None) -> Any:
    """Makes the graph's global step: an int64 variable that starts at 0.

    Raises:
      ValueError: it has one already.
    """
    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    if state.graph is None:
        raise RuntimeError("A global step belongs to a graph: use a tf.Variable in eager mode.")
    with graph.as_default(), graph.name_scope(None):
        return get_variable(
            GraphKeys.GLOBAL_STEP, [], dtypes.int64, _zeros, trainable=False,
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
        )  # fmt: skip


def _zeros(shape: Any, dtype: Any) -> Any:
    from .making import zeros

    return zeros(shape, dtype)


def get_or_create_global_step(graph: Any = None) -> Any:
    """The graph's global step, made if there is none."""
    graph = graph or get_default_graph()
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def assert_global_step(global_step_tensor: Any) -> None:
    """TypeError unless it is an integer scalar."""
    if not global_step_tensor.dtype.is_integer:
        raise TypeError(f'Existing "global_step" does not have integer type: {global_step_tensor.dtype}')
    if global_step_tensor.shape.rank not in (0, None):
        raise TypeError(f'Existing "global_step" is not scalar: {global_step_tensor.shape}')


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The value of the global step in a session."""
    return int(sess.run(global_step_tensor))


# -------------------------------------------------------------------------------------------- learning rates that decay
def _decay(name: str, rule: Callable[..., Any], end: str = "") -> Any:
    """The rate now, called `end` in its scope; in eager mode a function that gives it, since the step goes on."""
    if state.graph is None:
        return rule
    with get_default_graph().name_scope(name):
        return called(rule(), end)


def _rates(global_step: Any, learning_rate: Any, *others: Any) -> tuple[Any, ...]:
    if global_step is None:
        raise ValueError("`global_step` is required: the rate depends on it.")
    rate = to_tensor(learning_rate, name="learning_rate")
    cast = lookup("Cast")
    step = global_step.value() if hasattr(global_step, "handle") else to_tensor(global_step)
    return rate, cast(step, DstT=rate._dtype), *[cast(to_tensor(o), DstT=rate._dtype) for o in others]


def exponential_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """learning_rate * decay_rate ^ (step / decay_steps), with a whole exponent if `staircase`.

    >>> import headrace as tf
    >>> float(tf.compat.v1.train.exponential_decay(1.0, 20, 10, 0.5)())
    0.25
    """

    def rule() -> Any:
        rate, step, steps, factor = _rates(global_step, learning_rate, decay_steps, decay_rate)
        p = step / steps
        return rate * lookup("Pow")(factor, lookup("Floor")(p) if staircase else p)

    return _decay(name or "ExponentialDecay", rule)


def natural_exp_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """learning_rate * exp(-decay_rate * step / decay_steps)."""
    return exponential_decay(
        learning_rate, global_step, decay_steps, lookup("Exp")(lookup("Neg")(to_tensor(decay_rate, dtypes.float32))), staircase,
        name or "ExponentialDecay",
    )  # fmt: skip


def inverse_time_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """learning_rate / (1 + decay_rate * step / decay_steps)."""

    def rule() -> Any:
        rate, step, steps, factor = _rates(global_step, learning_rate, decay_steps, decay_rate)
        p = step / steps
        return rate / (1 + factor * (lookup("Floor")(p) if staircase else p))

    return _decay(name or "InverseTimeDecay", rule)


def polynomial_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, end_learning_rate: Any = 0.0001, power: Any = 1.0,
    cycle: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """From `learning_rate` to `end_learning_rate` in `decay_steps` along a polynomial; with `cycle` again and again, in ever
    longer periods."""

    def rule() -> Any:
        rate, step, steps, end, p = _rates(global_step, learning_rate, decay_steps, end_learning_rate, power)
        if cycle:
            periods = lookup("Ceil")(step / steps)
            steps = steps * lookup("SelectV2")(
                lookup("Equal")(step, 0.0), lookup("OnesLike")(periods), periods
            )
        else:
            step = lookup("Minimum")(step, steps)
        # Compiled, step / steps may be a little more than 1 at the end: no power of what is below zero is taken.
        left = lookup("Maximum")(1 - step / steps, 0.0)
        return (rate - end) * lookup("Pow")(left, p) + end

    return _decay(name or "PolynomialDecay", rule)


def cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, alpha: Any = 0.0, name: str | None = None
) -> Any:
    """From `learning_rate` to `alpha` of it along half a cosine (Loshchilov and Hutter, 2016)."""

    def rule() -> Any:
        rate, step, steps, least = _rates(global_step, learning_rate, decay_steps, alpha)
        done = lookup("Minimum")(step, steps) / steps
        wave = 0.5 * (1 + lookup("Cos")(math.pi * done))
        return rate * ((1 - least) * wave + least)

    return _decay(name or "CosineDecay", rule, "Mul_3")


def cosine_decay_restarts(
    learning_rate: Any, global_step: Any, first_decay_steps: Any, t_mul: Any = 2.0, m_mul: Any = 1.0, alpha: Any = 0.0,
    name: str | None = None,
) -> Any:  # fmt: skip
    """`cosine_decay` that begins again: periods grow by `t_mul`, rates by `m_mul`."""

    def rule() -> Any:
        rate, step, first, longer, higher, least = _rates(
            global_step, learning_rate, first_decay_steps, t_mul, m_mul, alpha
        )
        done = step / first
        if isinstance(t_mul, (int, float)) and t_mul == 1.0:
            period = lookup("Floor")(done)
            inside = done - period
        else:
            grown = 1.0 - done * (1.0 - longer)
            period = lookup("Floor")(lookup("Log")(grown) / lookup("Log")(longer))
            before = (1.0 - lookup("Pow")(longer, period)) / (1.0 - longer)
            inside = (done - before) / lookup("Pow")(longer, period)
        wave = 0.5 * lookup("Pow")(higher, period) * (1 + lookup("Cos")(math.pi * inside))
        return rate * ((1 - least) * wave + least)

    return _decay(name or "SGDRDecay", rule)


def linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, num_periods: Any = 0.5, alpha: Any = 0.0, beta: Any = 0.001,
    name: str | None = None,
) -> Any:  # fmt: skip
    """(alpha + a line to 0) * a cosine + beta (Bello et al., 2017)."""

    def rule() -> Any:
        rate, step, steps, periods, least, end = _rates(
            global_step, learning_rate, decay_steps, num_periods, alpha, beta
        )
        step = lookup("Minimum")(step, steps)
        wave = 0.5 * (1 + lookup("Cos")(math.pi * 2.0 * periods * (step / steps)))
        return rate * ((least + (steps - step) / steps) * wave + end)

    return _decay(name or "LinearCosineDecay", rule)


def noisy_linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, initial_variance: Any = 1.0, variance_decay: Any = 0.55,
    num_periods: Any = 0.5, alpha: Any = 0.0, beta: Any = 0.001, name: str | None = None,
) -> Any:  # fmt: skip
    """`linear_cosine_decay` with noise, whose variance decays, on its line."""

    def rule() -> Any:
        from .random import normal

        rate, step, steps, start, slower, periods, least, end = _rates(
            global_step,
            learning_rate,
            decay_steps,
            initial_variance,
            variance_decay,
            num_periods,
            alpha,
            beta,
        )
        step = lookup("Minimum")(step, steps)
        spread = lookup("Sqrt")(start / lookup("Pow")(1.0 + step, slower))
        line = (steps - step) / steps + normal([], stddev=spread, dtype=rate._dtype)
        wave = 0.5 * (1 + lookup("Cos")(math.pi * 2.0 * periods * (step / steps)))
        return rate * ((least + line) * wave + end)

    return _decay(name or "NoisyLinearCosineDecay", rule)


def _holds(dtype: Any, value: Any) -> bool:
    """Whether a Python number becomes a tensor of that type."""
    return isinstance(value, int) or (isinstance(value, float) and dtype.is_floating)


def piecewise_constant(
    x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None
) -> Any:
    """`values[0]` up to and with the first boundary, `values[1]` up to and with the second …

    Raises:
      ValueError: there are not as many values as intervals, or types do not match.
    """
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")

    def rule() -> Any:
        at = x.value() if hasattr(x, "handle") else to_tensor(x)
        edges = [to_tensor(b, at._dtype if _holds(at._dtype, b) else None) for b in boundaries]
        for i, b in enumerate(edges):
            if b._dtype is not at._dtype:
                if at._dtype is dtypes.int64 and b._dtype is dtypes.int32:
                    edges[i] = lookup("Cast")(b, DstT=dtypes.int64)
                else:
                    raise ValueError(
                        f"Boundaries ({b._dtype.name}) must have the same dtype as x ({at._dtype.name})."
                    )
        parts = [to_tensor(v) for v in values]
        for v in parts[1:]:
            if v._dtype is not parts[0]._dtype:
                raise ValueError(
                    f"Values must have elements all with the same dtype ({parts[0]._dtype.name} vs {v._dtype.name})."
                )
        out = parts[-1]
        for b, v in reversed(list(zip(edges, parts))):
            out = lookup("SelectV2")(lookup("LessEqual")(at, b), v, out)
        return out

    return _decay(name or "PiecewiseConstant", rule, "case/cond/Identity")


piecewise_constant_decay = piecewise_constant
__all__ = [
    "ExponentialMovingAverage", "assert_global_step", "cosine_decay", "cosine_decay_restarts", "create_global_step",
    "exponential_decay", "get_global_step", "get_or_create_global_step", "global_step", "inverse_time_decay",
    "linear_cosine_decay", "natural_exp_decay", "noisy_linear_cosine_decay", "piecewise_constant",
    "piecewise_constant_decay", "polynomial_decay",
]  # fmt: skip
ROOT: list[str] = []
NAMES = {"train": __all__}
