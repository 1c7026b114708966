"""Calls in converted code: what is called is converted too, unless it is a library's."""

from __future__ import annotations

import functools
import inspect
import logging
import os
import sys
from collections.abc import Callable, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from headrace.core.graph import name_scope

from . import _status, builtins
from .options import Options
from .undefined import UndefinedReturnValue

log = logging.getLogger("headrace.autograph")

# Their functions are called as they are: written for graphs already, or of no use in them. The standard
# library is another.
LIBRARIES = frozenset({
    "headrace", "keras", "tensorflow", "tensorflow_probability", "numpy", "scipy", "ml_dtypes",
    "jaxlib", "jax", "malt", "matplotlib", "pandas", "PIL", "absl", "wrapt", "pytest", "_pytest",
    "pluggy", "IPython", "ipdb", "mock",
})  # fmt: skip
ARTIFACT = "autograph_info__"
_GENERATOR = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

_library: dict[str | None, bool] = {}  # by module name


def _of_library(module: str | None) -> bool:
    known = _library.get(module)
    if known is None:
        root = module.partition(".")[0] if isinstance(module, str) else ""
        known = _library[module] = root in LIBRARIES or (
            root in sys.stdlib_module_names and _is_standard(root)
        )
    return known


def _is_standard(root: str) -> bool:
    """Not a program's own module that happens to be called like one of Python's."""
    file = getattr(sys.modules.get(root), "__file__", None)
    return file is None or file.startswith(os.path.dirname(os.__file__) + os.sep)


def artifact(function: Any) -> Any:
    """Marks a callable as converted, or as not to be."""
    setattr(getattr(function, "__func__", function), ARTIFACT, {})
    return function


def is_artifact(function: Any) -> bool:
    return hasattr(function, ARTIFACT)


def _leave(function: FunctionType) -> bool:
    """Whether a Python function is called as it is."""
    return (
        _of_library(function.__module__)
        or ARTIFACT in function.__dict__
        or function.__code__.co_flags & _GENERATOR != 0
    )


def converted_call(f: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None, scope: Any) -> Any:
    """`f(*args, **kwargs)` as converted code does it. The common cases come first: most calls are of library
    functions."""
    kind = type(f)
    if kind is FunctionType:
        if _leave(f):
            return f(*args, **kwargs) if kwargs else f(*args)
        return _run(f, f, args, args, kwargs, scope.options)
    if kind is BuiltinFunctionType or kind is type:
        overload = builtins.OVERLOADS.get(f)
        if overload is not None:
            return overload(*args, **kwargs) if kwargs else overload(*args)
        if f in builtins.IN_SCOPE:
            return builtins.IN_SCOPE[f](f, args, scope)
        return f(*args, **kwargs) if kwargs else f(*args)
    return _converted_object_call(f, args, kwargs, scope.options, scope)


def _converted_object_call(
    f: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None, options: Options, scope: Any = None
) -> Any:
    """Calls of methods, partials and other callable objects."""
    kind = type(f)
    if kind is MethodType:
        function = f.__func__
        if type(function) is FunctionType:
            if _leave(function) or _is_test_case(f.__self__):
                return f(*args, **kwargs) if kwargs else f(*args)
            return _run(function, f, (f.__self__, *args), args, kwargs, options)
        return _converted_object_call(function, (f.__self__, *args), kwargs, options, scope)
    if kind is functools.partial and ARTIFACT not in f.__dict__:
        merged = {**f.keywords, **kwargs} if kwargs else f.keywords
        return _any_call(f.func, (*f.args, *args), merged, options, scope)
    if not isinstance(f, type) and not hasattr(f, ARTIFACT):
        call = kind.__call__
        if type(call) is FunctionType and not _leave(call):
            return _run(call, f, (f, *args), args, kwargs, options)
    return f(*args, **kwargs) if kwargs else f(*args)


def _any_call(
    f: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None, options: Options, scope: Any
) -> Any:
    if type(f) is FunctionType or type(f) is BuiltinFunctionType or type(f) is type:
        return converted_call(f, args, kwargs, scope if scope is not None else FunctionScope("", "", options))
    return _converted_object_call(f, args, kwargs, options, scope)


def _is_test_case(owner: Any) -> bool:
    unittest = sys.modules.get("unittest")
    return unittest is not None and isinstance(owner, unittest.TestCase)


def _run(
    function: FunctionType,
    f: Any,
    converted_args: tuple[Any, ...],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None,
    options: Options,
    asked: bool = False,
) -> Any:
    """Runs the converted twin of `function` with `converted_args`; where there is none, `f(*args)`. `asked`:
    by the user."""
    if (asked or options.recursive) and _status.enabled is not False:
        from . import twins

        try:
            f, args = twins.twin(function, options).bind(function), converted_args
        except twins.Unconvertible as why:
            _warn(function, f, why)
    return f(*args, **kwargs) if kwargs else f(*args)


_warned: set[Any] = set()


def _warn(function: FunctionType, f: Any, why: Any) -> None:
    key = function.__code__
    if not why.quiet and key not in _warned:
        _warned.add(key)
        log.warning(
            "AutoGraph could not transform %s and will run it as-is.\nCause: %s\n"
            "To silence this warning, decorate the function with @tf.autograph.experimental.do_not_convert",
            f,
            why,
        )


def convert_and_call(
    f: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None, options: Options
) -> Any:
    """Calls what the user asked to be converted, be it a library's; the package's own functions are left
    alone even so."""
    function, bound = (f.__func__, (f.__self__, *args)) if type(f) is MethodType else (f, args)
    if (
        type(function) is FunctionType
        and ARTIFACT not in function.__dict__
        and not function.__code__.co_flags & _GENERATOR
        and not (function.__module__ or "").startswith("headrace.")
    ):
        return _run(function, f, bound, args, kwargs, options, asked=True)
    return _any_call(f, args, kwargs, options, None)


# ----------------------------------------------------------------------------------------------------- scopes
class FunctionScope:
    """Surrounds the body of a converted function: `ag__.FunctionScope(its name, the name this has in it,
    options)`."""

    __slots__ = ("_scope", "name", "options")

    def __init__(self, function_name: str, scope_name: str, options: Options) -> None:
        self.name, self.options = scope_name, options
        self._scope = (
            name_scope(function_name.lstrip("_") or "fn")
            if options.features and ("NAME_SCOPES" in options.features or "ALL" in options.features)
            else None
        )

    def __enter__(self) -> FunctionScope:
        if self._scope is not None:
            self._scope.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        if self._scope is not None:
            self._scope.__exit__(*exc)

    def ret(self, value: Any, did_return: Any) -> Any:
        """The function's result: None when it ended without a `return`."""
        return None if type(value) is UndefinedReturnValue else value


def with_function_scope(thunk: Callable[[FunctionScope], Any], scope_name: str, options: Options) -> Any:
    """A lambda's body in its scope."""
    return thunk(FunctionScope("lambda_", scope_name, options))
