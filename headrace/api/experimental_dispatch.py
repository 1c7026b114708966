"""Public functions on classes of the user's own: `tf.experimental.dispatch_for_api` and its kin."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from headrace.core import overrides
from headrace.core.specs import CompositeTensor
from headrace.core.tensor import Tensor

from . import elementwise

_RULES: dict[Any, list[Any]] = {}  # dispatch target -> its rules


def _parts(annotation: Any) -> Iterator[Any]:
    """The classes in an annotation."""
    args = typing.get_args(annotation)
    if not args:
        yield annotation
    for arg in args:
        yield from _parts(arg)


def _matches(value: Any, annotation: Any) -> bool:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Union or origin is types.UnionType:
        return any(_matches(value, a) for a in args)
    if origin in (list, tuple) or (isinstance(origin, type) and issubclass(origin, Sequence)):
        return isinstance(value, (list, tuple)) and bool(value) and all(_matches(v, args[0]) for v in value)
    return (
        isinstance(value, annotation)
        if isinstance(annotation, type)
        else annotation is None and value is None
    )


def _is_own(annotation: Any) -> bool:
    """Whether a class is worth asking for: neither a tensor nor a Python value."""
    return (
        isinstance(annotation, type)
        and annotation not in (int, float, str, bytes, bool, complex, list, tuple, dict, type(None))
        and not issubclass(annotation, Tensor)
    )


def _has_own(value: Any, annotations: Sequence[Any]) -> bool:
    values = value if isinstance(value, (list, tuple)) else [value]
    own = tuple([part for a in annotations for part in _parts(a) if _is_own(part)])
    return any(isinstance(v, own) for v in values)


def _call(target: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    if "name" in kwargs and "name" not in inspect.signature(target).parameters:
        kwargs = {k: v for k, v in kwargs.items() if k != "name"}
    return target(*args, **kwargs)


def _check_signature(api: Any, target: Any) -> None:
    have, want = inspect.signature(target), inspect.signature(api)
    names = [p for p in have.parameters if p != "name"]
    expected = [p for p in want.parameters if p != "name"]
    variadic = any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in have.parameters.values())
    if not variadic and names != expected[: len(names)]:
        raise ValueError(f"Dispatch function's signature {have} does not match API's signature {want}.")


def _register(target: Any, functions: Any, rule: Callable[[Any], Any], annotations: Sequence[Any]) -> None:
    composite_only = all(issubclass(p, CompositeTensor) for a in annotations for p in _parts(a) if _is_own(p))
    for function in functions:
        made = rule(function)
        _RULES.setdefault(target, []).append(made)
        overrides.add_rule(function, made, only_composites=composite_only)
    overrides.install()


def dispatch_for_api(api: Callable[..., Any], *signatures: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Decorates the function that computes `api` when it is called with arguments of certain classes.

    Args:
      api: a public function, e.g. `tf.concat`.
      *signatures: for each a dict of parameter names and their classes (`Union`s, `List`s of them): all must match. The
        decorated function's annotations, if none is given.

    Raises:
      ValueError: there are neither signatures nor annotations, or the parameters are not those of `api`.

    >>> import headrace as tf
    >>> class Masked(tf.experimental.ExtensionType):
    ...     values: tf.Tensor
    >>> @tf.experimental.dispatch_for_api(tf.shape)
    ... def masked_shape(input: Masked, out_type=tf.int32):
    ...     return tf.shape(input.values, out_type)
    >>> tf.shape(Masked([1, 2, 3])).numpy().tolist()
    [3]
    """
    signature = inspect.signature(api)

    def decorate(target: Callable[..., Any]) -> Callable[..., Any]:
        wanted: list[Mapping[Any, Any]] = list(signatures)
        if not wanted:
            hints = {k: v for k, v in typing.get_type_hints(target).items() if k != "return"}
            hints = {k: v for k, v in hints.items() if any(_is_own(p) for p in _parts(v))}
            if not hints:
                raise ValueError(
                    "The dispatch_for_api decorator must be called with at least one signature, "
                    "or applied to a function that has type annotations on its parameters."
                )
            wanted.append(hints)
        _check_signature(api, target)
        names = list(signature.parameters)
        wanted = [{names[k] if isinstance(k, int) else k: v for k, v in s.items()} for s in wanted]
        for s in wanted:
            for name in s:
                if name not in names:
                    raise ValueError(
                        f"{getattr(api, '__name__', api)} has no parameter {name!r}; it has {names}."
                    )

        def rule(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError:
                return NotImplemented
            for s in wanted:
                if all(k in given and _matches(given[k], v) for k, v in s.items()) and any(
                    _has_own(given[k], [v]) for k, v in s.items()
                ):
                    return _call(target, args, kwargs)
            return NotImplemented

        _register(target, [api], lambda _: rule, [v for s in wanted for v in s.values()])
        return target

    return decorate


def dispatch_for_unary_elementwise_apis(x_type: Any) -> Callable[[Any], Any]:
    """Decorates `f(api, x)`, which computes every unary element-wise function `api` of an `x` of that type.

    >>> import headrace as tf
    >>> class Masked(tf.experimental.ExtensionType):
    ...     values: tf.Tensor
    >>> @tf.experimental.dispatch_for_unary_elementwise_apis(Masked)
    ... def masked_unary(api, x):
    ...     return Masked(api(x.values))
    >>> tf.abs(Masked([-1, 2])).values.numpy().tolist()
    [1, 2]
    """

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        def rule_of(function: Any) -> Any:
            def rule(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
                if not args or not _matches(args[0], x_type):
                    return NotImplemented
                return handler(lambda x: function(x, *args[1:], **kwargs), args[0])

            return rule

        _register(handler, elementwise.functions(elementwise.UNARY), rule_of, [x_type])
        return handler

    return decorate


def dispatch_for_binary_elementwise_apis(x_type: Any, y_type: Any) -> Callable[[Any], Any]:
    """Decorates `f(api, x, y)`, which computes every binary element-wise function `api` of arguments of these types."""

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        def rule_of(function: Any) -> Any:
            names = list(inspect.signature(function).parameters)[:2]

            def rule(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
                named = dict(kwargs)
                pair = [*args[:2], *[named.pop(n) for n in names[len(args[:2]) :] if n in named]]
                if len(pair) < 2 or not (_matches(pair[0], x_type) and _matches(pair[1], y_type)):
                    return NotImplemented
                return handler(lambda x, y: function(x, y, *args[2:], **named), *pair)

            return rule

        _register(handler, elementwise.functions(elementwise.BINARY), rule_of, [x_type, y_type])
        return handler

    return decorate


def dispatch_for_binary_elementwise_assert_apis(x_type: Any, y_type: Any) -> Callable[[Any], Any]:
    """Decorates `f(assert_api, x, y)`, which computes every `tf.debugging.assert_…` of two arguments of these types."""

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        def rule_of(function: Any) -> Any:
            def rule(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
                if len(args) < 2 or not (_matches(args[0], x_type) and _matches(args[1], y_type)):
                    return NotImplemented
                return handler(lambda x, y: function(x, y, *args[2:], **kwargs), *args[:2])

            return rule

        names = "assert_equal assert_none_equal assert_greater assert_greater_equal assert_less assert_less_equal assert_near"
        _register(handler, elementwise.functions({"debugging": names}), rule_of, [x_type, y_type])
        return handler

    return decorate


def unregister_dispatch_for(dispatch_target: Any) -> None:
    """Forgets a function that one of the decorators registered.

    Raises:
      ValueError: it was not registered.
    """
    rules = _RULES.pop(dispatch_target, None)
    if rules is None:
        raise ValueError(
            f"Function {dispatch_target} was not registered using a `@dispatch_for_*` decorator."
        )
    for rule in rules:
        overrides.remove_rule(rule)


__all__ = [
    "dispatch_for_api",
    "dispatch_for_binary_elementwise_apis",
    "dispatch_for_binary_elementwise_assert_apis",
    "dispatch_for_unary_elementwise_apis",
    "unregister_dispatch_for",
]
