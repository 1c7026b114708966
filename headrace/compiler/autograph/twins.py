"""Converted functions: made once per code object, and kept on disk for later processes.

Converting takes tens of milliseconds a function: with the import of malt, a sixth of the second start of a small training
script."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import logging
import marshal
import os
import sys
import threading
import weakref
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any

from headrace.runtime import cache

from . import operators
from .options import Options, set_loop_options

log = logging.getLogger("headrace.autograph")


class Unconvertible(ValueError):
    """A function that AutoGraph cannot convert; the message says why. `quiet`: nobody would expect it to."""

    def __init__(self, why: str, quiet: bool = False) -> None:
        super().__init__(why)
        self.quiet = quiet


class Twin:
    """The converted code of a function; `bind` makes it a function with the closure and globals of one with
    that code."""

    def __init__(self, code: CodeType, text: str, options: Options) -> None:
        self.code, self.text = code, text
        self._operators = SimpleNamespace(**operators.NAMES, options=options)

    def bind(self, function: FunctionType) -> FunctionType:
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
        make = FunctionType(
            self.code, function.__globals__, closure=tuple([cells[name] for name in self.code.co_freevars])
        )
        made: FunctionType = make(self._operators)
        made.__defaults__ = function.__defaults__
        made.__kwdefaults__ = function.__kwdefaults__
        return made


# By id of the code: equal code may be from other files.
_twins: dict[int, tuple[Any, dict[Options, Twin | Unconvertible]]] = {}
_lock = threading.RLock()


def twin(function: FunctionType, options: Options) -> Twin:
    """The converted code of a function, made at most once for its code object.

    Raises:
      Unconvertible: always, or never, for a given code object."""
    code = function.__code__
    found = _twins.get(id(code))
    made = None if found is None else found[1].get(options)
    if made is None:
        with _lock:
            if id(code) not in _twins:
                key = id(code)
                _twins[key] = weakref.ref(code, lambda _: _twins.pop(key, None)), {}
            known = _twins[id(code)][1]
            if options not in known:
                known[options] = _make(function, options)
            made = known[options]
    if isinstance(made, Unconvertible):
        raise made
    return made


def _make(function: FunctionType, options: Options) -> Twin | Unconvertible:
    name = _entry(function, options)
    made = None if name is None else _load(name, options)
    if made is None:
        from . import source

        try:
            made = Twin(*source.convert(function, options), options)
        except Unconvertible as error:
            return error
        if name is not None:
            cache.write(name, marshal.dumps((made.code, made.text)))
    code = function.__code__
    log.debug(
        "AutoGraph converted %s (%s:%d):\n%s",
        function.__qualname__,
        code.co_filename,
        code.co_firstlineno,
        made.text,
    )
    return made


def _load(name: str, options: Options) -> Twin | None:
    data = cache.read(name)
    if data is None:
        return None
    try:
        code, text = marshal.loads(data)
    except (EOFError, ValueError, TypeError):  # whole, but not of this Python: it is made and written again
        return None
    return Twin(code, text, options)


def _entry(function: FunctionType, options: Options) -> str | None:
    """The name on disk of a function's twin: a hash of all that decides what it is. None for one that is not kept: what
    `set_loop_options` is called, only a function's surroundings tell."""
    if not cache.enabled() or any(_is_directive(function, name) for name in _names(function.__code__)):
        return None
    # Version 2 is the last one that does not tell how often an object is referred to.
    code = marshal.dumps(function.__code__, 2)
    how = f"{options.recursive} {sorted(options.features)} ".encode()
    return hashlib.sha256(_converter() + how + code).hexdigest() + cache.CODE


def _names(code: CodeType) -> set[str]:
    inner = [_names(c) for c in code.co_consts if isinstance(c, CodeType)]
    return {*code.co_names, *code.co_freevars}.union(*inner)


def _is_directive(function: FunctionType, name: str) -> bool:
    if name == set_loop_options.__name__ or function.__globals__.get(name) is set_loop_options:
        return True
    free = function.__code__.co_freevars
    if name not in free or function.__closure__ is None:
        return False
    try:
        return function.__closure__[free.index(name)].cell_contents is set_loop_options
    except ValueError:  # it has no value yet
        return False


@functools.cache
def _converter() -> bytes:
    """What converts: this Python, malt, and the passes here."""
    with open(os.path.join(os.path.dirname(__file__), "source.py"), "rb") as file:
        passes = hashlib.sha256(file.read()).hexdigest()
    return f"{sys.version} {importlib.metadata.version('diastatic-malt')} {passes} ".encode()
