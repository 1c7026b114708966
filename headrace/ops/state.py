"""Variables as ops see them: a handle tensor that holds a `VariableState`, and reads and writes through it.

In a compiled program a variable is a parameter, and a result if it is written; its memory is donated, so an update happens
in place."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from headrace.core import dtypes, errors, shapes
from headrace.core.dtypes import DType
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable
from headrace.core.tensor import EagerTensor, boxed, wrap, wrap_buffer

# Held while buffers are taken from variables and new ones put in their place: programs donate the old ones, and no other
# thread may come across those in between. (XLA's work goes on after that, outside of the lock.)
DONATION = threading.RLock()


class HostResource:
    """What else a handle may hold: an object that compiled programs know nothing of (a table, an iterator). Ops on it run
    on the host, between the programs."""

    shape: Raw = ()


class VariableState:
    """A variable's storage: a host array or a device buffer (or neither, before it is initialised)."""

    __slots__ = ("array", "buffer", "dtype", "name", "shape", "__weakref__")

    def __init__(self, dtype: DType, shape: Raw, name: str) -> None:
        self.dtype, self.shape, self.name = dtype, shape, name
        self.array: np.ndarray | None = None
        self.buffer: Any = None

    def read(self) -> np.ndarray:
        """The value on the host; a view, so that the buffer's memory is not reused while somebody looks at it."""
        array = self.array
        if array is not None:
            return array
        from headrace.core import tensor

        with DONATION:
            if self.buffer is not None:
                return tensor.fetch(self.buffer)
            if self.array is not None:  # another thread's, just now
                return self.array
        raise errors.FailedPreconditionError(
            None,
            None,
            f"Could not find variable {self.name}. This could mean that the variable has been deleted, or was never initialised: assign a value first.",
        )

    def write(self, array: np.ndarray) -> None:
        with DONATION:
            self.array, self.buffer = array, None

    def clear(self) -> None:
        with DONATION:
            self.array = self.buffer = None

    @property
    def initialized(self) -> bool:
        return self.array is not None or self.buffer is not None

    def current_shape(self) -> tuple[int, ...]:
        if self.array is not None:
            return self.array.shape
        return self.buffer.aval.shape if self.buffer is not None else self.read().shape

    def __repr__(self) -> str:
        return f"<variable {self.name}>"


def state_of(handle: np.ndarray) -> VariableState:
    return handle.item() if isinstance(handle, np.ndarray) else handle


def _handle_shape(c: ShapeContext) -> Raw:
    data = c.inputs[0].__dict__.get("_handle_data")
    return data[1] if data else None


VAR_HANDLE = OpDef(
    "VarHandleOp",
    "-> resource: resource",
    attrs={
        "dtype": REQUIRED,
        "shape": REQUIRED,
        "container": "",
        "shared_name": "",
        "debug_name": "",
        "allowed_devices": (),
    },
    shape=lambda c: (),
    stateful=True,
    host=True,
    grad=not_differentiable,
    kernel=lambda dtype, shape, shared_name, **_: boxed(VariableState(dtype, shape, shared_name)),
)


READ = OpDef(
    "ReadVariableOp",
    "resource: resource -> value: dtype",
    attrs={"dtype": REQUIRED},
    shape=_handle_shape,
    run=lambda handle, dtype: wrap(state_of(handle._host()).read(), dtype),
    lower=lambda b, cell, dtype: cell.value,
    stateful=True,
    grad=lambda op, g: [g],
)
READ.grad.accepts_slices = True  # type: ignore[union-attr]


def _check_assignment(state: VariableState, value: EagerTensor) -> None:
    if not shapes.compatible(state.shape, value._raw_shape):
        raise invalid(
            f"Cannot assign to variable {state.name} with shape {shapes.text(state.shape)}: the value has shape {shapes.text(value._raw_shape)}."
        )


def _check_same_shape(old: Raw, new: Raw) -> None:
    if old != new:
        left, right = [f"[{','.join(map(str, s or ()))}]" for s in (old, new)]
        raise invalid(
            f"Assign requires shapes of both tensors to match. lhs shape= {left} rhs shape= {right}"
        )


def _run_assign(
    handle: EagerTensor, value: EagerTensor, dtype: Any = None, validate_shape: bool = False
) -> None:
    state = state_of(handle._host())
    _check_assignment(state, value)
    if validate_shape and state.initialized:
        _check_same_shape(state.current_shape(), value._raw_shape)
    state.write(value._host())  # not its buffer: the tensor may live on, and buffers are donated


def _assign_shape(c: ShapeContext) -> list[Raw]:
    want = _handle_shape(c)
    if not shapes.compatible(want, c[1]):
        raise ShapeError(
            f"Cannot assign a value of shape {shapes.text(c[1])} to a variable of shape {shapes.text(want)}"
        )
    return []


def _lower_assign(
    b: Any, cell: Any, value: Any, dtype: Any = None, validate_shape: bool = False
) -> list[Any]:
    if validate_shape:
        _check_same_shape(cell.shape, value.shape)
    b.write(cell, value)
    return []


ASSIGN = OpDef(
    "AssignVariableOp",
    "resource: resource, value: dtype ->",
    attrs={"validate_shape": False},
    shape=_assign_shape,
    run=_run_assign,
    lower=_lower_assign,
    stateful=True,
    grad=not_differentiable,
)


def _update(name: str, kernel: Any, hlo: str) -> OpDef:
    def run(handle: EagerTensor, value: EagerTensor) -> None:
        state = state_of(handle._host())
        with DONATION:
            old = state.read()
            if not shapes.compatible(old.shape, value._raw_shape):
                raise invalid(
                    f"Cannot update variable {state.name} with shape {list(old.shape)} using a Tensor with shape "
                    f"{list(value._raw_shape or ())}, shapes must be equal."
                )
            state.write(np.asarray(kernel(old, value._host()), state.dtype._np))

    def lower(b: Any, cell: Any, value: Any) -> list[Any]:
        b.write(cell, b.binary(hlo, cell.value, value))
        return []

    return OpDef(
        name,
        "resource: resource, value: dtype ->",
        shape=_assign_shape,
        run=run,
        lower=lower,
        stateful=True,
        grad=not_differentiable,
    )


ASSIGN_ADD = _update("AssignAddVariableOp", np.add, "add")
ASSIGN_SUB = _update("AssignSubVariableOp", np.subtract, "subtract")


def _lower_variable_shape(b: Any, cell: Any, out_type: DType) -> np.ndarray:
    return np.asarray(cell.value.shape, out_type._np)


VARIABLE_SHAPE = OpDef(
    "VariableShape",
    "input: resource -> output: out_type",
    attrs={"out_type": dtypes.int32},
    stateful=True,
    grad=not_differentiable,
    shape=lambda c: (None if _handle_shape(c) is None else len(_handle_shape(c) or ()),),
    run=lambda handle, out_type: wrap(
        np.asarray(state_of(handle._host()).current_shape(), out_type._np), out_type
    ),
    lower=_lower_variable_shape,
)
IS_INITIALIZED = OpDef(
    "VarIsInitializedOp",
    "resource: resource -> is_initialized: bool",
    shape=lambda c: (),
    stateful=True,
    host=True,
    grad=not_differentiable,
    kernel=lambda handle: np.asarray(state_of(handle).initialized),
)


def _destroy(handle: np.ndarray, ignore_lookup_error: bool) -> list[Any]:
    state = state_of(handle)
    if not state.initialized and not ignore_lookup_error:
        raise errors.NotFoundError(None, None, f"Resource {state!r} does not exist.")
    state.clear()
    return []


DESTROY = OpDef(
    "DestroyResourceOp",
    "resource: resource ->",
    attrs={"ignore_lookup_error": True},
    shape=lambda c: [],
    kernel=_destroy,
    stateful=True,
    host=True,
)


def _run_count_up_to(handle: EagerTensor, limit: int, T: DType) -> EagerTensor:
    state = state_of(handle._host())
    with DONATION:
        before = np.array(state.read())
        if before >= limit:
            raise errors.OutOfRangeError(None, None, f"Reached limit of {limit}")
        state.write(before + before.dtype.type(1))
    return wrap(before, T)


COUNT_UP_TO = OpDef(
    "ResourceCountUpTo",
    "resource: resource -> output: T",
    attrs={"limit": REQUIRED, "T": REQUIRED},
    shape=_handle_shape,
    run=_run_count_up_to,
    stateful=True,
    host=True,
    grad=not_differentiable,
)


# ---------------------------------------------------------------------------------------------------- sparse updates
def _rows(state: VariableState, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    array = np.array(state.read())
    if indices.size and (indices.min() < 0 or indices.max() >= array.shape[0]):
        bad = indices.reshape(-1)[(indices.reshape(-1) < 0) | (indices.reshape(-1) >= array.shape[0])][0]
        raise invalid(f"indices = {bad} is not in [0, {array.shape[0]}) for variable {state.name}")
    return array, indices


def check_scattered(variable: Raw, indices: Raw, updates: Raw) -> None:
    """Raises a ShapeError unless updates of these shapes fit the rows of a variable: one for each index, or a scalar."""
    if variable is None or indices is None or not updates:
        return
    if not variable or not shapes.compatible(updates, (*indices, *variable[1:])):
        raise ShapeError(
            f"Updates of shape {shapes.text(updates)} do not fit indices of shape {shapes.text(indices)} into a variable of shape "
            f"{shapes.text(variable)}: its first dimension is replaced by theirs"
        )


def _scattered_shape(c: ShapeContext) -> list[Raw]:
    data = getattr(c.inputs[0], "_handle_data", None)
    check_scattered(None if data is None else data[1], c[1], c[2])
    return []


def _scatter(name: str, update: Any, kind: str | None) -> OpDef:
    def run(handle: EagerTensor, indices: EagerTensor, updates: EagerTensor) -> None:
        state = state_of(handle._host())
        with DONATION:
            array, where = _rows(state, indices._host())
            values = np.broadcast_to(updates._host(), where.shape + array.shape[1:])
            if update is None:
                array[where] = values
            else:
                update.at(array, where, values)
            state.write(array)

    def lower(b: Any, cell: Any, indices: Any, updates: Any) -> list[Any]:
        x = cell.value
        rank = len(indices.shape)
        b.check_indices(indices, x.shape[0])
        updates = b.broadcast_to(updates, indices.shape + x.shape[1:])
        if kind == "divide":
            updates = b.div(b.full(updates.shape, 1, updates.dtype), updates)
        elif kind == "subtract":
            updates = b.neg(updates)
        how = {"divide": "multiply", "subtract": "add"}.get(kind or "", kind)
        sound = b.sound()
        # Rows that do not exist are passed over; choosing between tables would copy them.
        if sound is not None:
            nowhere = b.full(indices.shape, x.shape[0], indices.dtype)
            indices = b.select(sound, indices, nowhere)
        cell.assign(
            b.scatter(
                x,
                indices,
                updates,
                how,
                window_dims=range(rank, len(updates.shape)),
                inserted=[0],
                dims_map=[0],
                index_dim=rank,
            )
        )
        return []

    return OpDef(
        name,
        "resource: resource, indices: Tindices, updates: dtype ->",
        types={"Tindices": dtypes.INDEX},
        shape=_scattered_shape,
        run=run,
        lower=lower,
        stateful=True,
        grad=not_differentiable,
    )


SCATTER_UPDATE = _scatter("ResourceScatterUpdate", None, None)
SCATTER_ADD = _scatter("ResourceScatterAdd", np.add, "add")
SCATTER_SUB = _scatter("ResourceScatterSub", np.subtract, "subtract")
SCATTER_MUL = _scatter("ResourceScatterMul", np.multiply, "multiply")
SCATTER_DIV = _scatter("ResourceScatterDiv", np.divide, "divide")
SCATTER_MIN = _scatter("ResourceScatterMin", np.minimum, "minimum")
SCATTER_MAX = _scatter("ResourceScatterMax", np.maximum, "maximum")


def _gather_shape(c: ShapeContext) -> Raw:
    data = _handle_shape(c)
    return None if data is None or c[1] is None else c[1] + data[1:]


def _run_gather(
    handle: EagerTensor, indices: EagerTensor, dtype: DType, batch_dims: int, validate_indices: bool
) -> EagerTensor:
    from headrace.core.op import lookup

    return lookup("GatherV2")(wrap(state_of(handle._host()).read(), dtype), indices, 0, batch_dims=batch_dims)


def _lower_gather(
    b: Any, cell: Any, indices: Any, dtype: DType, batch_dims: int, validate_indices: bool
) -> Any:
    from headrace.core.op import lookup

    return lookup("GatherV2").lower(b, cell.value, indices, np.asarray(0, np.int32), batch_dims=batch_dims)  # type: ignore[misc]


def _gather_grad(op: Any, g: Any) -> list[Any]:
    from headrace.core.op import lookup
    from headrace.core.slices import IndexedSlices

    handle, indices = op.inputs
    shape = VARIABLE_SHAPE(handle)
    row = lookup("ConcatV2")([[-1], lookup("Slice")(shape, [1], [-1])], 0)
    return [IndexedSlices(lookup("Reshape")(g, row), lookup("Reshape")(indices, [-1]), shape), None]


GATHER = OpDef(
    "ResourceGather",
    "resource: resource, indices: Tindices -> output: dtype",
    attrs={"dtype": REQUIRED, "batch_dims": 0, "validate_indices": True},
    types={"Tindices": dtypes.INDEX},
    shape=_gather_shape,
    run=_run_gather,
    lower=_lower_gather,
    grad=_gather_grad,
    stateful=True,
)

__all__ = ["VariableState", "state_of", "wrap_buffer"]
