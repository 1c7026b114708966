"""What public functions do with arguments of other kinds than tensors: ragged and sparse tensors, extension types, and
classes of the user's own (`tf.experimental.dispatch_for_api`).

A rule is `(args, kwargs) -> result`, or NotImplemented where it does not apply. Functions that have one are replaced in
the public namespaces by a version that asks the rules first; all others stay as they are and cost nothing. Functions
that are rows of the op table ask only after a tensor conversion has failed, to stay fast (`OpDef.__call__`)."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .specs import CompositeTensor

Rule = Callable[[Sequence[Any], Mapping[str, Any]], Any]
RULES: dict[
    Any, list[tuple[bool, Rule]]
] = {}  # by function, or op; the flag: asked only if there is a composite argument
ELEMENTWISE: list[
    Callable[[Any, Sequence[Any], Mapping[str, Any]], Any]
] = []  # of ops: `(op, args, kwargs) -> result`
_REPLACED: dict[Any, Callable[..., Any]] = {}  # a function that has rules -> the version that asks them


class CompositeArgument(TypeError, ValueError):
    """A composite tensor stands where a plain tensor is needed. (Both classes are documented for it, here and there.)"""


def composites(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[Any]:
    """The composite tensors among the arguments, and in lists among them."""
    for value in args:
        if isinstance(value, CompositeTensor):
            yield value
        elif type(value) in (list, tuple):
            for item in value:
                if isinstance(item, CompositeTensor):
                    yield item
    if kwargs:
        yield from composites(tuple(kwargs.values()), {})


def original(function: Any) -> Any:
    """What rules are kept under: the function itself, or the op it is a row of."""
    function = getattr(function, "_without_overrides", function)
    return getattr(function, "op", None) or function


def add_rule(function: Any, rule: Rule, *, only_composites: bool = True) -> None:
    """`rule` is asked before older ones when `function` is called. `install` makes it effective."""
    RULES.setdefault(original(function), []).insert(0, (only_composites, rule))


def remove_rule(rule: Rule) -> bool:
    """Forgets a rule; False if there is none such."""
    found = False
    for rules in RULES.values():
        for entry in [e for e in rules if e[1] is rule]:
            rules.remove(entry)
            found = True
    return found


def ask(key: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The first rule's answer, or NotImplemented."""
    rules = RULES.get(key)
    if not rules:
        return NotImplemented
    composite = next(composites(args, kwargs), None) is not None
    for only_composites, rule in rules:
        if composite or not only_composites:
            result = rule(args, kwargs)
            if result is not NotImplemented:
                return result
    return NotImplemented


def _asking(function: Callable[..., Any]) -> Callable[..., Any]:
    rules = RULES[function]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        composite = next(composites(args, kwargs), None) is not None
        for only_composites, rule in rules:
            if composite or not only_composites:
                result = rule(args, kwargs)
                if result is not NotImplemented:
                    return result
        return function(*args, **kwargs)

    call._without_overrides = function  # type: ignore[attr-defined]
    return call


def install() -> None:
    """Replaces, in the public namespaces, the functions that have got rules."""
    new = {id(f): f for f in RULES if callable(f) and hasattr(f, "__code__") and f not in _REPLACED}
    if not new:
        return
    for f in new.values():
        _REPLACED[f] = _asking(f)
    for name, module in list(sys.modules.items()):
        if name == "headrace" or name.startswith(("headrace.api.", "headrace.compat.")):
            names = vars(module)
            for public, value in list(names.items()):
                if id(value) in new:
                    names[public] = _REPLACED[value]


def on_composites(op: Any, args: Sequence[Any], kwargs: Mapping[str, Any], error: CompositeArgument) -> Any:
    """The result of an op called with a composite argument: a rule's, or that of an element-wise op on the components."""
    result = ask(op, args, kwargs)
    if result is NotImplemented:
        for rule in ELEMENTWISE:
            result = rule(op, args, kwargs)
            if result is not NotImplemented:
                return result
        raise error
    return result
