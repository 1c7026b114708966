"""Ops that meet the world outside: printing, assertions, Python callbacks, the clock. They run on the host,
in program order."""

from __future__ import annotations

import itertools
import logging
import sys
import time
import traceback
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import errors, memory, nest
from headrace.core.convert import to_array, to_tensor
from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef
from headrace.core.state import no_recording
from headrace.core.tape import GradientTape, not_differentiable
from headrace.core.tensor import EagerTensor, Tensor, wrap

from .summarize import ends, first

log = logging.getLogger("headrace")

NO_OP = OpDef(
    "NoOp",
    "->",
    shape=lambda c: [],
    kernel=list,
    lower=lambda b: [],
    grad=not_differentiable,
    doc="Does nothing; other ops can wait for it.",
)
TIMESTAMP = OpDef(
    "Timestamp",
    "-> ts: float64",
    shape=lambda c: (),
    kernel=lambda: np.asarray(time.time()),
    stateful=True,
    host=True,
    grad=not_differentiable,
)


# --------------------------------------------------------------------------------------------------- printing
def _string_format(
    inputs: Sequence[np.ndarray], template: Any, placeholder: Any, summarize: int
) -> np.ndarray:
    pieces = _bytes(template).split(_bytes(placeholder)) if inputs else [_bytes(template)]
    if len(pieces) != len(inputs) + 1:
        raise invalid(
            f"num placeholders in template and num inputs must match: {len(pieces) - 1} vs. {len(inputs)}"
        )
    out = pieces[0] + b"".join([ends(x, summarize) + piece for x, piece in zip(inputs, pieces[1:])])
    result = np.empty((), object)
    result[()] = out
    return result


def _bytes(text: Any) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


STRING_FORMAT = OpDef(
    "StringFormat",
    "inputs: [T] -> output: string",
    attrs={"template": "%s", "placeholder": "%s", "summarize": 3},
    shape=lambda c: (),
    host=True,
    kernel=_string_format,
    grad=not_differentiable,
    doc="A text with tensors in place of its placeholders.",
)
_LEVELS = {"log(info)": logging.INFO, "log(warning)": logging.WARNING, "log(error)": logging.ERROR}


def _print(text: np.ndarray, output_stream: Any, end: Any) -> list[Any]:
    line = (_bytes(text.item()) + _bytes(end)).decode("utf-8", "replace")
    where = output_stream if isinstance(output_stream, str) else output_stream.decode()
    if where.startswith("file://"):
        with open(where[len("file://") :], "a", encoding="utf-8") as file:
            file.write(line)
    elif where in _LEVELS:
        log.log(_LEVELS[where], "%s", line.rstrip("\n"))
    elif where in ("stdout", "stderr"):
        stream = sys.stdout if where == "stdout" else sys.stderr
        stream.write(line)
        stream.flush()
    else:
        raise invalid(
            f"Unknown output stream: {where}, Valid streams are: log(info), log(warning), log(error), stdout,"
            " stderr, file://<path>."
        )
    return []


PRINT = OpDef(
    "PrintV2",
    "input: string ->",
    attrs={"output_stream": "stderr", "end": "\n"},
    shape=lambda c: [],
    kernel=_print,
    stateful=True,
    host=True,
    grad=not_differentiable,
)


def _print_values(
    x: np.ndarray, data: Sequence[np.ndarray], message: Any, first_n: int, summarize: int
) -> np.ndarray:
    if first_n >= 0:  # counted per message: the op has no other identity
        _printed[_bytes(message)] = count = _printed.get(_bytes(message), 0) + 1
        if count > first_n:
            return x
    sys.stderr.write(
        (_bytes(message) + b"".join([b"[" + first(d, summarize) + b"]" for d in data])).decode(
            "utf-8", "replace"
        )
        + "\n"
    )
    return x


_printed: dict[bytes, int] = {}
OpDef(
    "Print",
    "input: T, data: [U] -> output: T",
    attrs={"message": "", "first_n": -1, "summarize": 3},
    shape=lambda c: c[0],
    kernel=_print_values,
    stateful=True,
    host=True,
    grad=lambda op, g: [g, *[None] * (len(op.inputs) - 1)],
)


# ------------------------------------------------------------------------------------------------- assertions
def _assert(condition: np.ndarray, data: Sequence[np.ndarray], summarize: int) -> list[Any]:
    if not condition.all():
        text = b" ".join([b"[" + first(d, summarize) + b"]" for d in data])
        raise invalid("assertion failed: " + text.decode("utf-8", "replace"))
    return []


ASSERT = OpDef(
    "Assert",
    "condition: bool, data: [T] ->",
    attrs={"summarize": 3},
    shape=lambda c: [],
    kernel=_assert,
    stateful=True,
    host=True,
    grad=not_differentiable,
)


# -------------------------------------------------------------------------------------------------- callbacks
class Callback:
    """A Python function that graphs call by its token. Lives as long as a node, or anybody, holds it."""

    _numbers = itertools.count()

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.token = f"pyfunc_{next(self._numbers)}"
        self.differentiated = False  # a gradient was taken: runs keep what it needs
        # Those whose gradient was not yet asked for.
        self.runs: list[tuple[list[EagerTensor], list[Any], GradientTape]] = []
        _callbacks[self.token] = self

    def attrs(self, tout: Sequence[DType]) -> dict[str, Any]:
        return {"token": self.token, "Tout": list(tout), "_callback": self}


_callbacks: weakref.WeakValueDictionary[str, Callback] = weakref.WeakValueDictionary()
_KINDS = (
    ((TypeError, ValueError), errors.InvalidArgumentError),
    (StopIteration, errors.OutOfRangeError),
    (MemoryError, errors.ResourceExhaustedError),
    (NotImplementedError, errors.UnimplementedError),
)
KEPT_RUNS = 64  # runs of a differentiated callback whose gradient nobody has asked for yet


def find(token: Any) -> Callback:
    token = token if isinstance(token, str) else token.decode()
    found = _callbacks.get(token)
    if found is None:
        raise errors.UnknownError(
            None,
            None,
            f"ValueError: callback {token} is not found. The process that made this graph has its Python"
            " functions; a loaded graph does not.",
        )
    return found


def guarded(function: Callable[..., Any], *args: Any) -> Any:
    """Calls user code; its exceptions become the documented errors, with the user's traceback."""
    try:
        return function(*args)
    except errors.OpError:
        raise
    except Exception as error:
        kind = next((k for classes, k in _KINDS if isinstance(error, classes)), errors.UnknownError)
        text = "".join(traceback.format_exception(error))
        raise kind(None, None, f"{type(error).__name__}: {error}\n{text}") from error


def as_results(result: Any, tout: Sequence[DType], token: str) -> list[Any]:
    """What a function returned, as a flat list of the promised length."""
    flat = [] if result is None else nest.flatten(result) if isinstance(result, (list, tuple)) else [result]
    if len(flat) != len(tout):
        raise invalid(f"{token} returns {len(flat)} values, but expects to see {len(tout)} values.")
    return flat


def _convert(value: Any, dtype: DType) -> Any:
    if value is None:
        return wrap(np.zeros((), dtype._np), dtype)
    if hasattr(value, "handle"):
        value = value.value()
    return to_tensor(value, dtype)


def call_eagerly(callback: Callback, args: Sequence[Any], tout: Sequence[DType]) -> list[Any]:
    """Runs the function on tensors; whatever tapes listen, listen to what it does."""
    result = guarded(callback.function, *args)
    flat = as_results(result, tout, callback.token)
    return [guarded(_convert, v, d) for v, d in zip(flat, tout)]


def _run_eager(inputs: Sequence[EagerTensor], token: Any, Tout: Any, is_async: bool = False) -> list[Any]:
    callback = find(token)
    if not callback.differentiated:
        with no_recording():
            return call_eagerly(callback, inputs, Tout)
    inputs = [wrap(x._host(), x._dtype) if x._buf is None else x for x in inputs]
    with GradientTape(persistent=True) as tape:
        for x in inputs:
            if x._dtype.is_trainable:
                tape.watch(x)
        outputs = call_eagerly(callback, inputs, Tout)
    callback.runs.append((list(inputs), outputs, tape))
    del callback.runs[:-KEPT_RUNS]
    return outputs


def _py_gradient(op: Any, *gys: Any) -> list[Any]:
    """The gradient runs on the host too: on the tape of the forward run, the latest of which comes first in
    the backward pass."""
    callback: Callback = op.attrs["_callback"]
    callback.differentiated = True
    wanted = [i for i, x in enumerate(op.inputs) if x._dtype.is_trainable]
    places = [i for i, g in enumerate(gys) if g is not None]
    n = len(places)

    def backward(*args: Any) -> list[Any]:
        tout = op.attrs["Tout"]
        inputs, outputs, tape = callback.runs.pop() if callback.runs else _record(callback, args[n:], tout)
        return tape.gradient(
            [outputs[i] for i in places], [inputs[i] for i in wanted], list(args[:n]), "zero"
        )

    tout = [op.inputs[i]._dtype for i in wanted]
    grads = EAGER_PY_FUNC([*[gys[i] for i in places], *op.inputs], **Callback(backward).attrs(tout))
    for g, i in zip(grads, wanted):
        if not g._is_eager:
            g.set_shape(op.inputs[i]._raw_shape)
    out: list[Any] = [None] * len(op.inputs)
    for i, g in zip(wanted, grads):
        out[i] = g
    return out


def _record(
    callback: Callback, args: Sequence[Any], tout: Sequence[DType]
) -> tuple[list[Any], list[Any], GradientTape]:
    with GradientTape(persistent=True) as tape:
        tape.watch([x for x in args if x._dtype.is_trainable])
        outputs = call_eagerly(callback, args, tout)
    return list(args), outputs, tape


_py_gradient.accepts_none = True  # type: ignore[attr-defined]


def _unknown(c: Any) -> list[Any]:
    return [None] * len(c.attrs["Tout"])


EAGER_PY_FUNC = OpDef(
    "EagerPyFunc",
    "input: [Tin] -> output: [Tout]",
    attrs={"token": REQUIRED, "Tout": REQUIRED, "is_async": False, "_callback": None},
    shape=_unknown,
    run=_run_eager,
    stateful=True,
    host=True,
    reenters=True,
    grad=_py_gradient,
)


def _run_numpy(inputs: Sequence[np.ndarray], token: Any, Tout: Any) -> list[np.ndarray]:
    callback = find(token)
    result = guarded(callback.function, *[x.copy() if x.ndim else x[()] for x in inputs])
    out = []
    for i, (value, dtype) in enumerate(zip(as_results(result, Tout, callback.token), Tout)):
        array = (
            value
            if isinstance(value, np.ndarray)
            else value._host()
            if isinstance(value, EagerTensor)
            else np.asarray(value)
        )
        if array.dtype.kind in "SUO":
            array = to_array(array.astype(object))
        if (
            not isinstance(value, (np.ndarray, np.generic))
            and array.dtype.kind in "iu"
            and dtype.kind in "iu"
        ):
            array = array.astype(dtype._np)
        if array.dtype != dtype._np:
            raise invalid(
                f"{i}-th value returned by {callback.token} is {array.dtype}, but expects {dtype.name}"
            )
        # The function may keep its array and write to it: programs read tensors where they are, and perhaps later.
        out.append(memory.copy(array, array.dtype) if isinstance(value, np.ndarray) else array)
    return out


def _py_func(name: str, stateful: bool) -> OpDef:
    return OpDef(
        name,
        "input: [Tin] -> output: [Tout]",
        attrs={"token": REQUIRED, "Tout": REQUIRED, "_callback": None},
        shape=_unknown,
        kernel=_run_numpy,
        host=True,
        stateful=stateful,
        reenters=True,
        grad=not_differentiable,
    )


PY_FUNC = _py_func("PyFunc", True)
PY_FUNC_STATELESS = _py_func("PyFuncStateless", False)

__all__ = [
    "ASSERT",
    "EAGER_PY_FUNC",
    "NO_OP",
    "PRINT",
    "PY_FUNC",
    "PY_FUNC_STATELESS",
    "STRING_FORMAT",
    "TIMESTAMP",
    "Callback",
    "Tensor",
    "call_eagerly",
    "guarded",
]
