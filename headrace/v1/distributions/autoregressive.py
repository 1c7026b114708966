"""A distribution of vectors, each entry of which depends on those before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.api.compat_v1_graph import name_scope

from .base import Distribution
from .parameters import derived_seed


class Autoregressive(Distribution):
    """The distribution that `distribution_fn` makes of its own draws: entry i of what it makes is to depend only on the
    entries before i of what it is given.

    Args:
      distribution_fn: a function of a sample (or of nothing, if `sample0` is not given) that gives a distribution.
      sample0: what drawing starts with.
      num_steps: how often it draws: as many times as an event has entries, if not given.

    Raises:
      ValueError: `num_steps` is less than 1, or neither given nor known.
    """

    def __init__(
        self, distribution_fn: Callable[..., Distribution], sample0: Any = None, num_steps: int | None = None,
        validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Autoregressive",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            first = distribution_fn() if sample0 is None else distribution_fn(sample0)
        steps = first.event_shape.num_elements() if num_steps is None else num_steps
        if steps is None:
            raise ValueError(
                "distribution_fn must give a distribution with a known event shape, or give num_steps."
            )
        if steps < 1:
            raise ValueError(f"num_steps ({steps}) must be at least 1.")
        self._function, self._first, self._start, self._steps = distribution_fn, first, sample0, steps
        super().__init__(
            first.dtype, first.reparameterization_type, validate_args, allow_nan_stats,
            graph_parents=first._graph_parents, name=name,
        )  # fmt: skip

    @property
    def distribution_fn(self) -> Callable[..., Distribution]:
        return self._function

    @property
    def sample0(self) -> Any:
        return self._start

    @property
    def num_steps(self) -> int:
        return self._steps

    @property
    def distribution0(self) -> Distribution:
        """The distribution that drawing starts with."""
        return self._first

    def _batch_shape(self) -> Any:
        return self._first.batch_shape

    def _batch_shape_tensor(self) -> Any:
        return self._first.batch_shape_tensor()

    def _event_shape(self) -> Any:
        return self._first.event_shape

    def _event_shape_tensor(self) -> Any:
        return self._first.event_shape_tensor()

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        if seed is None:  # one and the same in all steps: entries drawn already must stay as they are
            seed = derived_seed(int(np.random.default_rng().integers(2**31)), "autoregressive")
        draws = self._first.sample(n, seed)
        for _ in range(self._steps):
            draws = self._function(draws).sample(seed=seed)
        return draws

    def _log_prob(self, value: Any) -> Any:
        return self._function(value).log_prob(value)

    def _prob(self, value: Any) -> Any:
        return self._function(value).prob(value)
