"""Conditionals, logical operators and assertions of converted code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, nest
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.state import state
from headrace.core.tensor import Tensor

from .undefined import Undefined, UndefinedReturnValue

Setter = Callable[[Sequence[Any]], None]


def is_tensor(value: Any) -> bool:
    """Tensors, and variables, which read as one."""
    return isinstance(value, Tensor) or (hasattr(value, "__tf_tensor__") and hasattr(value, "assign"))


def staged(value: Any) -> bool:
    """Whether a condition must become part of a graph: it is a tensor, and one is being built."""
    return state.graph is not None and is_tensor(value)


def scalar(condition: Any, where: str) -> Any:
    """The condition of a statement as a boolean scalar tensor."""
    condition = to_tensor(condition)
    hint = "to test for None use `is not None`"
    if condition._dtype is not dtypes.bool_:
        raise ValueError(
            f"condition of {where} expected to be a `tf.bool` scalar, got {condition}; "
            f"to use it as a boolean, tf.cast it or compare it; {hint}"
        )
    raw = condition._raw_shape
    if raw == ():
        return condition
    if raw is not None and np.prod([d for d in raw if d is not None], dtype=np.int64) > 1:
        raise ValueError(
            f"condition of {where} expected to be a `tf.bool` scalar, got {condition}; "
            f"reduce it with tf.reduce_all or tf.reduce_any; {hint}"
        )
    return lookup("Reshape")(condition, [])


def if_stmt(
    cond: Any,
    body: Callable[[], Any],
    orelse: Callable[[], Any],
    get_state: Callable[[], tuple[Any, ...]],
    set_state: Setter,
    symbol_names: tuple[str, ...],
    nouts: int,
) -> None:
    """`if cond: body() else: orelse()`. The variables that the blocks assign are read and set through the two
    functions; the first `nouts` of them are used afterwards."""
    if not staged(cond):
        if cond:
            body()
        else:
            orelse()
        return
    from headrace.api import control

    cond = scalar(cond, "if statement")
    before = get_state()
    ends: dict[str, tuple[Any, ...]] = {}

    def branch(run: Callable[[], Any], which: str, other: str) -> Callable[[], Any]:
        def traced() -> Any:
            set_state(before)
            run()
            values = ends[which] = get_state()[:nouts]
            _all_assigned(symbol_names, values, which)
            if other in ends:
                for name, x, y in zip(symbol_names, ends["main"], ends["else"]):
                    check_branches(name, x, y)
            return [v for v in values if not _opaque(v)]

        return traced

    results = iter(
        control.choose(
            cond,
            [branch(body, "main", "else"), branch(orelse, "else", "main")],
            ["true", "false"],
            "cond",
        )
    )
    after = [v if _opaque(v) else next(results) for v in ends["main"]]
    set_state((*after, *before[nouts:]))


def _all_assigned(names: Sequence[str], values: Sequence[Any], which: str) -> None:
    for name, value in zip(names, values):
        if type(value) is Undefined:
            raise ValueError(f"'{name}' must also be initialized in the {which} branch")
        if type(value) is UndefinedReturnValue:
            raise ValueError(f"the {which} branch must also have a return statement.")


_VALUES = (bool, int, float, complex, str, bytes, np.ndarray, np.generic, Tensor)


def _opaque(value: Any) -> bool:
    """An object that no graph can carry; it may pass a conditional if both branches leave the same one."""
    return not (
        value is None
        or isinstance(value, _VALUES)
        or nest.is_nested(value)
        or nest.is_composite(value)
        or is_tensor(value)
        or hasattr(value, "__tf_tensor__")
        or hasattr(value, "__array__")
    )


def check_branches(name: str, main: Any, other: Any) -> None:
    """Errors that name the variable, for values that the two branches of a conditional leave in it."""
    if _opaque(main) or _opaque(other):
        if main is not other:
            raise TypeError(
                f"'{name}' is not a tensor or a structure of tensors in both branches, "
                f"and not the same object: {type(main).__name__} and {type(other).__name__}."
            )
        return
    if main is None or other is None:
        raise ValueError(f"'{name}' is None at the end of the {'main' if main is None else 'else'} branch.")
    try:
        nest.assert_same_structure(main, other, expand_composites=True)
    except (ValueError, TypeError) as error:
        raise TypeError(
            f"'{name}' must have the same nested structure in the main and else branches:\n\n{error}"
        ) from None
    for x, y in zip(nest.flatten(main, expand_composites=True), nest.flatten(other, expand_composites=True)):
        if (x is None) != (y is None):
            raise ValueError(f"'{name}' is None at the end of the {'main' if x is None else 'else'} branch.")
        a, b = dtype_of(x), dtype_of(y)
        if a is not b and a is not None and b is not None:
            raise TypeError(
                f"'{name}' has dtype {a.name} in the main branch, but dtype {b.name} in the else branch"
            )


def dtype_of(value: Any) -> Any:
    """The dtype a value has, or gets when it becomes a tensor; None if it cannot."""
    if isinstance(value, Tensor):
        return value._dtype
    if isinstance(value, (bool, int, float, complex, str, bytes, np.ndarray, np.generic)):
        return to_tensor(value)._dtype
    return getattr(value, "dtype", None)


def if_exp(cond: Any, if_true: Callable[[], Any], if_false: Callable[[], Any], expr_repr: str) -> Any:
    """`if_true() if cond else if_false()`."""
    if not staged(cond):
        return if_true() if cond else if_false()
    from headrace.api import control

    results: list[Any] = []

    def checked(branch: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            results.append(branch())
            if len(results) == 2:
                check_branches(expr_repr, *results)
            return results[-1]

        return run

    return control.choose(
        scalar(cond, "conditional expression"),
        [checked(if_true), checked(if_false)],
        ["true", "false"],
        "cond",
    )


def not_(a: Any) -> Any:
    """`not a`."""
    return lookup("LogicalNot")(a) if staged(a) else not a


def and_(a: Callable[[], Any], b: Callable[[], Any]) -> Any:
    """`a() and b()`: b is not evaluated where a is false."""
    left = a()
    if not staged(left):
        return left and b()
    from headrace.api import control

    return control.choose(scalar(left, "`and`"), [b, lambda: False], ["true", "false"], "and")


def or_(a: Callable[[], Any], b: Callable[[], Any]) -> Any:
    """`a() or b()`: b is not evaluated where a is true."""
    left = a()
    if not staged(left):
        return left or b()
    from headrace.api import control

    return control.choose(scalar(left, "`or`"), [lambda: True, b], ["true", "false"], "or")


def eq(a: Any, b: Any) -> Any:
    """`a == b`, with `Feature.EQUALITY_OPERATORS`."""
    return lookup("Equal")(a, b) if staged(a) or staged(b) else a == b


def not_eq(a: Any, b: Any) -> Any:
    """`a != b`, with `Feature.EQUALITY_OPERATORS`."""
    return not_(eq(a, b))


def assert_stmt(test: Any, message: Callable[[], Any]) -> None:
    """`assert test, message()`: on tensors a `tf.Assert`, which fails when the graph runs."""
    if staged(test):
        from headrace.api import debugging

        said = message()
        data = said if isinstance(said, (list, tuple)) else ["assertion failed" if said is None else said]
        debugging.Assert(test, list(data))
    elif not test:
        said = message()
        raise AssertionError(*(() if said is None else (said,)))
