"""Which pair of seeds a stateful random op gets, from the global seed and its own: TensorFlow's rules."""

from __future__ import annotations

import random
from typing import Any

from headrace.core.state import state

from .counters import COUNTERS

DEFAULT_GRAPH_SEED = 87654321
MAX_INT32 = 2**31 - 1


class _Global:
    seed: int | None = None
    source: random.Random | None = None  # of op seeds in eager mode
    deterministic = False  # whether every op must have a seed


def set_seed(seed: int | None) -> None:
    """Sets the global seed, or that of the graph being built; all sequences start anew."""
    if state.graph is not None:
        state.graph.seed = seed
        return
    _Global.seed = seed
    _Global.source = None if seed is None else random.Random(seed)
    COUNTERS.restart()


def require(enabled: bool) -> None:
    """Whether an op without any seed is an error (`tf.config.experimental.enable_op_determinism`)."""
    _Global.deterministic = enabled


def required() -> bool:
    return _Global.deterministic


def global_seed() -> int | None:
    """The seed in force where the program is: of the graph being built, else of the process."""
    graph = state.graph
    while graph is not None:
        if graph.seed is not None or not graph.building_function:
            return graph.seed
        graph = graph.outer
    return _Global.seed


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The two seeds of an op whose own is `op_seed`; (None, None) leaves it to chance.

    >>> from headrace.ops.seeds import get_seed, set_seed
    >>> set_seed(None)
    >>> get_seed(7)
    (87654321, 7)
    """
    seed = global_seed()
    pair: tuple[int | None, int | None] = (None, None)
    if seed is not None:
        pair = int(seed) % MAX_INT32, int(_next_op_seed() if op_seed is None else op_seed) % MAX_INT32
    elif op_seed is not None:
        pair = DEFAULT_GRAPH_SEED, int(op_seed) % MAX_INT32
    elif _Global.deterministic:
        raise RuntimeError(
            "Random ops require a seed to be set when determinism is enabled. Please set a seed before"
            " running the op, e.g. by calling tf.random.set_seed(1)."
        )
    return (0, MAX_INT32) if pair == (0, 0) else pair


def op_seeds(op_seed: int | None) -> dict[str, Any]:
    """`get_seed` as the attributes of an op."""
    first, second = get_seed(op_seed)
    return {"seed": first or 0, "seed2": second or 0}


def _next_op_seed() -> int:
    graph = state.graph
    if graph is not None:
        graph.random_ops += 1
        return graph.random_ops - 1
    if _Global.source is None:  # the graph around, gone by now, had a seed; the process has none
        _Global.source = random.Random(0)
    return _Global.source.randint(0, MAX_INT32)


__all__ = ["get_seed", "global_seed", "op_seeds", "require", "set_seed"]
