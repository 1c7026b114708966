"""What can be chosen about a conversion."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any


class Feature(enum.Enum):
    """Optional parts of AutoGraph, for `tf.function(experimental_autograph_options=…)`.

    Asserts on tensors are converted in any case and program order needs no option; `ASSERT_STATEMENTS` and
    `AUTO_CONTROL_DEPS` exist so that code that names them runs.
    """

    ALL = "ALL"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"

    @classmethod
    def all(cls) -> tuple[Feature, ...]:
        """All members."""
        return tuple(cls)

    @classmethod
    def all_but(cls, exclude: Feature | Iterable[Feature]) -> tuple[Feature, ...]:
        """All members but `ALL` and those of `exclude`."""
        left_out = {exclude} if isinstance(exclude, Feature) else set(exclude)
        return tuple(f for f in cls if f not in left_out and f is not cls.ALL)


class Options:
    """How to convert: equal options share their converted code."""

    __slots__ = ("_key", "features", "recursive")

    def __init__(self, recursive: bool, features: frozenset[str]) -> None:
        self.recursive, self.features = recursive, features
        self._key = recursive, features

    def uses(self, feature: Any) -> bool:
        """Asked by malt's passes with members of its own enumeration, which has the same names."""
        return "ALL" in self.features or feature.name in self.features

    def call_options(self) -> Options:
        return self

    def to_ast(self) -> Any:
        """How generated code refers to these options."""
        import ast

        return ast.parse("ag__.options", mode="eval").body

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Options) and self._key == other._key


_UNSET: Any = object()


def set_loop_options(
    parallel_iterations: Any = _UNSET,
    swap_memory: Any = _UNSET,
    maximum_iterations: Any = _UNSET,
    shape_invariants: Any = _UNSET,
) -> None:
    """The first statement of a loop's body: options for the `tf.while_loop` that the loop becomes. Does
    nothing elsewhere.

    Args:
      maximum_iterations: stops the loop after so many.
      shape_invariants: a list of `(variable, shape)` pairs for variables whose shape changes from one
      iteration to the next. parallel_iterations, swap_memory: accepted for compatibility: a compiled loop has
      neither choice.

    >>> import headrace as tf
    >>> @tf.function
    ... def f(n):
    ...     v = tf.zeros([1], tf.int32)
    ...     for i in tf.range(n):
    ...         tf.autograph.experimental.set_loop_options(shape_invariants=[(v, tf.TensorShape([None]))])
    ...         v = tf.concat([v, [i]], 0)
    ...     return v
    >>> f(3).numpy().tolist()
    [0, 0, 1, 2]
    """
