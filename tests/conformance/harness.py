"""Runs conformance snippets on some `tf` module, records what they give, and compares two recordings.

A snippet is a function of the module under test, `tf`, that returns a nest of tensors, arrays, Python
values, shapes and dtypes, or raises. This file imports neither TensorFlow nor Headrace: the same code records
both, each in its own process. Recordings are JSON plus one .npz of plain arrays: nothing is unpickled.

As a program (this is what runs inside the TensorFlow environment):

    python -m conformance.harness SNIPPETS.py OUTPUT_STEM
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import json
import math
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

# ----------------------------------------------------------------------------------------------------
# Registration


@dataclass(frozen=True)
class Snippet:
    """One registered case: what to call, what kind of outcome is meant, and how closely it must agree."""

    name: str
    call: Callable[[Any], Any]
    outcome: str  # "value", "error" or "either": guards against a typo that fails alike on both sides
    rtol: float | None = None
    atol: float | None = None
    also: tuple[str, ...] = ()  # further error types accepted where TensorFlow's own choice is an accident


@dataclass
class Registry:
    snippets: dict[str, Snippet] = field(default_factory=dict)

    def add(self, snippet: Snippet) -> None:
        if snippet.name in self.snippets:
            raise ValueError(f"two snippets are named {snippet.name!r} in one file; rename one")
        self.snippets[snippet.name] = snippet


_current = Registry()


def _register(function, outcome, rtol, atol, also, axes):
    if not axes:
        _current.add(Snippet(function.__name__, function, outcome, rtol, atol, also))
        return function
    for values in itertools.product(*axes.values()):
        given = dict(zip(axes, values, strict=True))
        label = "-".join(_label(v) for v in values)

        def call(tf, given=given):
            return function(tf, **given)

        _current.add(Snippet(f"{function.__name__}[{label}]", call, outcome, rtol, atol, also))
    return function


def _label(value: Any) -> str:
    return value if isinstance(value, str) else repr(value).replace(" ", "")


def snippet(function=None, *, rtol=None, atol=None, either=False, **axes):
    """Registers a function `f(tf)` whose value is compared with TensorFlow's.

    Keyword arguments other than `rtol`, `atol` and `either` are axes: `@snippet(fn=["exp", "log"])` registers
    one case per value, passed by that name. With `either=True` a case may also raise, then must raise alike.
    """
    outcome = "either" if either else "value"
    if function is not None:
        return _register(function, outcome, rtol, atol, (), axes)
    return lambda f: _register(f, outcome, rtol, atol, (), axes)


def raises(function=None, *, also=(), **axes):
    """Registers a function `f(tf)` that must raise, with an error one can catch by TensorFlow's type.

    `also` names further acceptable types, for the cases where TensorFlow's differs by accident (say between
    an op's Python wrapper and its kernel).
    """
    if function is not None:
        return _register(function, "error", None, None, tuple(also), axes)
    return lambda f: _register(f, "error", None, None, tuple(also), axes)


def load(path: Path) -> dict[str, Snippet]:
    """The snippets of one file, by name."""
    global _current
    previous, _current = _current, Registry()
    try:
        spec = importlib.util.spec_from_file_location(f"conformance_snippets_{path.stem}", path)
        assert spec and spec.loader
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        return _current.snippets
    finally:
        _current = previous


# ----------------------------------------------------------------------------------------------------
# Recording: a nest becomes a flat list of leaves, each a small dict (arrays are kept beside it)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any], np.ndarray | None]]:
    """Yields `(path, description, array or None)` for each leaf, and one description for each container."""
    kind = type(value).__name__
    if isinstance(value, dict):
        yield path, {"kind": "dict", "keys": [str(k) for k in value]}, None
        for key, item in value.items():
            yield from leaves(item, f"{path}[{key!r}]")
    elif isinstance(value, (list, tuple)) and kind != "TensorShape":
        fields = list(getattr(value, "_fields", ()))
        container = "list" if isinstance(value, list) or kind == "ListWrapper" else "tuple"
        yield path, {"kind": container, "length": len(value), "fields": fields}, None
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}.{fields[index]}" if fields else f"{path}[{index}]")
    elif kind in _COMPOSITES:
        yield path, {"kind": kind}, None
        for name in _COMPOSITES[kind]:
            yield from leaves(getattr(value, name), f"{path}.{name}")
    elif kind == "TensorShape":
        yield path, {"kind": "shape", "value": None if value.rank is None else value.as_list()}, None
    elif kind == "DType":
        yield path, {"kind": "dtype", "value": value.name}, None
    elif kind == "TensorSpec":
        shape = None if value.shape.rank is None else value.shape.as_list()
        yield path, {"kind": "spec", "shape": shape, "dtype": value.dtype.name, "name": value.name}, None
    elif hasattr(value, "numpy") and hasattr(value, "dtype"):
        yield path, *_array("tensor", np.asarray(value.numpy()), value.dtype.name)
    elif isinstance(value, (np.ndarray, np.generic)):
        yield path, *_array("array", np.asarray(value), None)
    elif value is None or isinstance(value, (bool, int, str)):
        yield path, {"kind": "python", "type": kind, "value": value}, None
    elif isinstance(value, (float, complex)):
        yield path, *_array(f"python {kind}", np.asarray(value), None)
    elif isinstance(value, bytes):
        yield path, {"kind": "python", "type": kind, "value": value.decode("latin-1")}, None
    else:
        where = path or "the top"
        raise Unrecordable(f"a snippet returned a {type(value)} at {where}; return tensors or plain values")


_COMPOSITES = {
    "RaggedTensor": ("flat_values", "nested_row_splits"),
    "SparseTensor": ("indices", "values", "dense_shape"),
    "IndexedSlices": ("values", "indices", "dense_shape"),
}


def _array(kind: str, array: np.ndarray, dtype: str | None) -> tuple[dict[str, Any], np.ndarray | None]:
    dtype = dtype or array.dtype.name
    described = {"kind": kind, "dtype": dtype, "shape": list(array.shape)}
    if array.dtype.kind in "OSU":  # byte strings, kept as latin-1 text
        flat = [s.encode() if isinstance(s, str) else s for s in array.ravel().tolist()]
        return {**described, "strings": [s.decode("latin-1") for s in flat]}, None
    if array.dtype.kind == "V" or array.dtype.name not in np.sctypeDict:  # bfloat16… are exact in float32
        array = array.astype(np.float32 if "float" in dtype else np.int32)
    return described, array


def error_names(error: BaseException, tf: Any) -> list[str]:
    """The types one can catch `error` by, most specific first: Python's own and those of `tf.errors`."""
    public = {v for v in vars(tf.errors).values() if isinstance(v, type)} if hasattr(tf, "errors") else set()
    names = [c.__name__ for c in type(error).__mro__ if c in public or c.__module__ == "builtins"]
    return [n for n in names if n not in ("object", "BaseException")]


@dataclass
class Recording:
    """What one snippet gave: leaves, or the names of the error it raised."""

    leaves: list[tuple[str, dict[str, Any], np.ndarray | None]]
    error: list[str] | None = None
    message: str = ""


class Unrecordable(TypeError):
    """A snippet returned something this file has no description for."""


def record(snippet: Snippet, tf: Any) -> Recording:
    tf.random.set_seed(0)  # so that no snippet depends on those before it
    try:
        return Recording(list(leaves(snippet.call(tf))))
    except Unrecordable as error:
        return Recording([], ["Unrecordable"], str(error))
    except Exception as error:  # noqa: BLE001 (whatever a snippet raises is its result)
        text = "".join(traceback.format_exception_only(error)).strip()
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        return Recording([], error_names(error, tf), f"{text[:2000]}\n  at {where}")


def save(recordings: dict[str, Recording], stem: Path) -> None:
    arrays: dict[str, np.ndarray] = {}
    document: dict[str, Any] = {}
    for name, recording in recordings.items():
        described = []
        for path, description, array in recording.leaves:
            if array is not None:
                key = f"a{len(arrays)}"
                arrays[key] = array
                description = {**description, "array": key}
            described.append([path, description])
        document[name] = {"leaves": described, "error": recording.error, "message": recording.message}
    np.savez(stem.with_suffix(".npz"), **arrays)
    # The JSON is written last and moved into place: a reader that finds it finds both files whole.
    partial = stem.with_suffix(".part")
    partial.write_text(json.dumps(document))
    partial.rename(stem.with_suffix(".json"))


def restore(stem: Path) -> dict[str, Recording]:
    document = json.loads(stem.with_suffix(".json").read_text())
    recordings = {}
    with np.load(stem.with_suffix(".npz"), allow_pickle=False) as arrays:
        for name, entry in document.items():
            found = [(path, d, arrays[d["array"]] if "array" in d else None) for path, d in entry["leaves"]]
            recordings[name] = Recording(found, entry["error"], entry["message"])
    return recordings


# ----------------------------------------------------------------------------------------------------
# Comparison

# How far two correct implementations drift apart on one op, by dtype (relative, absolute).
TOLERANCE = {
    "float64": (1e-9, 1e-10), "complex128": (1e-9, 1e-10),
    "float32": (2e-5, 2e-6), "complex64": (2e-5, 2e-6),
    "float16": (4e-3, 1e-3), "bfloat16": (2e-2, 1e-2),
}  # fmt: skip


def differences(snippet: Snippet, expected: Recording, got: Recording) -> list[str]:
    """What is wrong with `got`, one line each; empty when it agrees with TensorFlow's `expected`."""
    if expected.error is not None:
        wanted = expected.error[0] if expected.error else "an error"
        if snippet.outcome == "either" and "Could not find device for node" in expected.message:
            return []  # TensorFlow has no CPU kernel for these dtypes: it says nothing about the right answer
        if snippet.outcome == "value" or wanted == "Unrecordable":
            return [f"the snippet itself is wrong: TensorFlow raised {wanted}: {expected.message}"]
        if got.error is None:
            return [f"nothing raised; TensorFlow raises {wanted}: {expected.message}"]
        if not {wanted, *snippet.also} & set(got.error):
            return [f"raised {got.message}\n  but TensorFlow raises {wanted}: {expected.message}"]
        return []
    if snippet.outcome == "error":
        return ["the snippet itself is wrong: TensorFlow raised nothing"]
    if got.error is not None:
        return [f"raised {got.message}"]
    if [p for p, _, _ in expected.leaves] != [p for p, _, _ in got.leaves]:
        return [f"structure differs: TensorFlow gives {_outline(expected)}, got {_outline(got)}"]
    lines = []
    for (path, want, want_array), (_, have, have_array) in zip(expected.leaves, got.leaves, strict=True):
        plain_want, plain_have = ({k: v for k, v in d.items() if k != "array"} for d in (want, have))
        if plain_want != plain_have:
            lines.append(f"at {path or 'the result'}: TensorFlow gives {plain_want}, got {plain_have}")
        elif want_array is not None and have_array is not None:
            difference = _array_difference(snippet, want["dtype"], want_array, have_array)
            lines.extend([f"at {path or 'the result'}: {difference}"] if difference else [])
    return lines


def _outline(recording: Recording) -> str:
    return "; ".join(f"{path or '.'} {d['kind']}" for path, d, _ in recording.leaves)


def _array_difference(snippet: Snippet, dtype: str, want: np.ndarray, have: np.ndarray) -> str | None:
    if want.shape != have.shape:
        return f"values of shape {have.shape}, TensorFlow's have {want.shape}"
    if want.dtype.kind not in "fc":
        equal = want == have
    else:
        rtol, atol = TOLERANCE.get(dtype, (0.0, 0.0))
        rtol = rtol if snippet.rtol is None else snippet.rtol
        atol = atol if snippet.atol is None else snippet.atol
        equal = np.isclose(have, want, rtol=rtol, atol=atol, equal_nan=True)
    if np.all(equal):
        return None
    wrong = np.argwhere(~np.atleast_1d(equal))
    first = tuple(int(i) for i in wrong[0])
    w, h = np.atleast_1d(want)[first], np.atleast_1d(have)[first]
    gap = abs(complex(w) - complex(h)) if dtype != "bool" else math.nan
    return (
        f"{len(wrong)} of {want.size} {dtype} values differ, first at {list(first)}: "
        f"TensorFlow {w!r}, got {h!r} (difference {gap:.3g})"
    )


# ----------------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    source, stem = Path(arguments[0]), Path(arguments[1])
    tf = importlib.import_module("tensorflow")
    save({name: record(s, tf) for name, s in load(source).items()}, stem)
    return 0


if __name__ == "__main__":
    # Running as a script makes this file `__main__`; snippets import it by its real name, and must meet the
    # same registry.
    from conformance import harness

    sys.exit(harness.main(sys.argv[1:]))
