"""1.x forms of functions: the same function, its arguments in another order or under other names."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

_MISSING: Any = object()


def form(name: str, target: str, parameters: str, /, **fixed: Any) -> Callable[..., Any]:
    """A function of 1.x that is a function of `tf` with other arguments.

    Args:
      target: where the function is, e.g. "math.reduce_sum".
      parameters: 1.x's, in order. `x` is passed on as it is, `x>y` is called y today, `x:y` is an older name of the parameter
        y of this list, `x!` is accepted and means nothing any more (it chose between ways of computing the same).
      fixed: arguments that are always given.

    >>> from headrace.session.forms import form
    >>> import headrace as tf
    >>> argmax = form("argmax", "math.argmax", "input axis name dimension:axis output_type")
    >>> int(argmax([1, 5, 2], dimension=0))
    1
    """
    names: list[str] = []
    today: dict[str, str] = {}
    older: dict[str, str] = {}
    ignored: set[str] = set()
    for word in parameters.split():
        own = word.replace("!", "")
        if ":" in own:
            own, older[own.split(":")[0]] = own.split(":")
            own = word.split(":")[0]
        elif ">" in own:
            own, new = own.split(">")
            today[own] = new
        elif word.endswith("!"):
            ignored.add(own)
        names.append(own)

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > len(names):
            raise TypeError(
                f"{name}() takes at most {len(names)} arguments ({', '.join(names)}), received {len(args)}."
            )
        given = dict(zip(names, args))
        for key, value in kwargs.items():
            if key not in names:
                raise TypeError(
                    f"{name}() got an unexpected keyword argument {key!r}. It takes {', '.join(names)}."
                )
            if key in given:
                raise TypeError(f"{name}() got multiple values for argument {key!r}.")
            given[key] = value
        for old, new in older.items():
            value = given.pop(old, None)
            if value is not None:
                if given.get(new) is not None:
                    raise ValueError(
                        f"Cannot specify both '{old}' and '{new}' of {name}(): they are the same."
                    )
                given[new] = value
        passed = {today.get(k, k): v for k, v in given.items() if v is not None and k not in ignored}
        return _function(target)(**{**fixed, **passed})

    call.__name__ = call.__qualname__ = name
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    call.__signature__ = inspect.Signature([inspect.Parameter(n, kind, default=None) for n in names])  # type: ignore[attr-defined]
    call.__doc__ = f"`tf.{target}` with the arguments of 1.x: `{name}({', '.join(names)})`."
    return call


def _function(target: str) -> Callable[..., Any]:
    import headrace

    value: Any = headrace
    for part in target.split("."):
        value = getattr(value, part)
    return value
