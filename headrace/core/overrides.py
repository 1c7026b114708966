"""What public functions do with arguments of other kinds than tensors: ragged and sparse tensors, extension types, and
classes of the user's own (`tf.experimental.dispatch_for_api`).

A rule is `(args, kwargs) -> result`, or NotImplemented where it does not apply. The public functions that usually have
some (`prepare`) are replaced in their namespaces by versions that ask the rules first, when these are imported; others
when a rule is added (`install`). Functions that are rows of the op table ask only after a tensor conversion has failed, to
stay fast (`OpDef.__call__`)."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any

from .specs import CompositeTensor
from .state import OTHER, building, elsewhere, state

Rule = Callable[[Sequence[Any], Mapping[str, Any]], Any]
# By function, or op; the flag: asked only if there is a composite argument.
RULES: dict[Any, list[tuple[bool, Rule]]] = {}
# Of ops: `(op, args, kwargs) -> result`.
ELEMENTWISE: list[Callable[[Any, Sequence[Any], Mapping[str, Any]], Any]] = []
_PREPARED: set[str] = set()  # the modules that `prepare` has seen
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


def has_composite(values: Iterable[Any]) -> bool:
    """Whether there is a composite tensor among the values, or in a list among them."""
    for value in values:
        if isinstance(value, CompositeTensor):
            return True
        kind = type(value)
        if kind is list or kind is tuple:
            for item in value:
                if isinstance(item, CompositeTensor):
                    return True
    return False


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
    return _answer(rules, args, kwargs) if rules else NotImplemented


def _answer(rules: Sequence[tuple[bool, Rule]], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    composite = has_composite(args) or (bool(kwargs) and has_composite(kwargs.values()))
    if composite and state.mode == OTHER and (home := elsewhere((*args, *kwargs.values()))) is not None:
        with building(home):
            return _answer(rules, args, kwargs)
    for only_composites, rule in rules:
        if composite or not only_composites:
            result = rule(args, kwargs)
            if result is not NotImplemented:
                return result
    return NotImplemented


def _asking(function: Callable[..., Any]) -> Callable[..., Any]:
    rules = RULES.setdefault(function, [])

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if rules:
            result = _answer(rules, args, kwargs)
            if result is not NotImplemented:
                return result
        return function(*args, **kwargs)

    call._without_overrides = function  # type: ignore[attr-defined]
    return call


def _is_public(module: str) -> bool:
    return module == "headrace" or module.startswith(("headrace.api.", "headrace.compat."))


def _replace(modules: Iterable[str], wanted: Callable[[Any], bool]) -> None:
    for name in modules:
        names = vars(sys.modules[name])
        for public, value in list(names.items()):
            if type(value) is FunctionType and not hasattr(value, "_without_overrides") and wanted(value):
                if value not in _REPLACED:
                    _REPLACED[value] = _asking(value)
                names[public] = _REPLACED[value]


def prepare(function_names: Collection[str]) -> None:
    """Replaces the functions of these names in the namespaces imported since the last time (a program may keep a function
    before there is a rule for it)."""
    new = [m for m in list(sys.modules) if m not in _PREPARED and _is_public(m)]
    _PREPARED.update(new)
    _replace(
        new,
        lambda f: (
            f.__name__ in function_names and not hasattr(f, "op") and f.__module__.startswith("headrace.")
        ),
    )


def install() -> None:
    """Replaces, in the public namespaces, the functions that have got rules."""
    new = {f for f in RULES if type(f) is FunctionType and f not in _REPLACED}
    if new:
        _replace([m for m in list(sys.modules) if _is_public(m)], new.__contains__)


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
