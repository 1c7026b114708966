"""`tf.Variable`: a value that ops can change."""

from __future__ import annotations

import enum
import importlib
import weakref
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np

from headrace.core import convert, dtypes, errors
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.errors import invalid
from headrace.core.graph import current_scope
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape, as_raw, text
from headrace.core.state import EAGER, building, elsewhere, init_scope, state
from headrace.core.tape import is_slices
from headrace.core.tensor import Reference, Tensor, TensorLike, device_name, value_text, wrap, wrap_object
from headrace.core.trackable import Trackable
from headrace.ops import state as ops
from headrace.ops.state import VariableState

ROOT = __all__ = ["Variable", "VariableSynchronization", "VariableAggregation", "variable_creator_scope"]


class VariableSynchronization(enum.Enum):
    """When a distributed variable is synchronised."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How a distributed variable's values are combined."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


_creators: list[Callable[..., Any]] = []  # innermost last


@contextmanager
def variable_creator_scope(variable_creator: Callable[..., Any]) -> Any:
    """Inside, `variable_creator(next_creator, **kwargs)` makes the variables."""
    _creators.append(variable_creator)
    try:
        yield
    finally:
        _creators.remove(variable_creator)


class _Creating(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        make: Callable[..., Any] = super().__call__
        if cls is not Variable:
            return make(*args, **kwargs)
        if state.graph is not None and plain_graph() is not None:
            make = importlib.import_module("headrace.session.variables").new_variable
        if not _creators:
            return make(*args, **kwargs)
        names = (
            "initial_value",
            "trainable",
            "validate_shape",
            "caching_device",
            "name",
            "variable_def",
            "dtype",
        )
        kwargs.update(zip(names, args))
        for creator in _creators:
            make = lambda creator=creator, inner=make, **kw: creator(inner, **kw)
        return make(**kwargs)


def plain_graph() -> Any:
    """The graph of a session that is being built, around whatever functions; None when running eagerly."""
    graph = state.graph
    while graph is not None and graph.building_function:
        graph = graph.outer
    return graph


def after_creation(variable: Any) -> None:
    """Tells the `tf.function` being traced of a new variable."""
    graph: Any = state.graph
    while graph is not None:
        created = getattr(graph, "created_variables", None)
        if created is not None:
            created(variable)
            return
        graph = graph.outer


class Variable(TensorLike, Trackable, metaclass=_Creating):
    """A tensor-like value that persists and can be assigned to.

    Args:
      initial_value: anything convertible to a tensor, or a callable without arguments that returns it.
      trainable: whether gradient tapes watch it by themselves (True unless `synchronization` is ON_READ).
      dtype: converts the initial value.
      shape: a less specific shape, e.g. `tf.TensorShape(None)`, if later values may differ in shape.
      constraint: a function that an optimizer applies after an update.

    Raises:
      ValueError: no initial value, or one whose shape contradicts `shape`.

    >>> import headrace as tf
    >>> v = tf.Variable([1.0, 2.0])
    >>> v.assign_add([1.0, 1.0]).numpy().tolist()
    [2.0, 3.0]

    Methods that write take `use_locking` as TensorFlow's do. Nothing needs to be done for it: every update is atomic, since
    threads that write wait for each other in any case.
    """

    def __init__(
        self, initial_value: Any = None, trainable: bool | None = None, validate_shape: bool = True,
        caching_device: Any = None, name: str | None = None, variable_def: Any = None, dtype: Any = None,
        import_scope: Any = None, constraint: Callable[..., Any] | None = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE, shape: Any = None,
        experimental_enable_variable_lifting: bool = True,
    ) -> None:  # fmt: skip
        if variable_def is not None:
            raise NotImplementedError("Variables cannot be made of a VariableDef. Give an initial_value.")
        if initial_value is None:
            raise ValueError(
                "The `initial_value` arg to `tf.Variable` must be specified except when you are not "
                "providing a `variable_def`. You provided neither."
            )
        self._name = (name or "Variable").rstrip("/")
        scope = current_scope()
        value = _initial(initial_value, as_dtype(dtype) if dtype is not None else None)
        # Other calls may bring other shapes.
        traced = isinstance(initial_value, Tensor) and not initial_value._is_eager
        raw = as_raw(shape) if shape is not None else (initial_value if traced else value)._raw_shape
        if not TensorShape(raw).is_compatible_with(value.shape):
            raise ValueError(
                f"The initial value's shape {text(value._raw_shape)} is not compatible with the explicitly "
                f"supplied `shape` argument {text(raw)}."
            )
        self._full_name = scope + self._name
        self._dtype: DType = value._dtype
        self._raw_shape = raw
        self._trainable = (
            trainable if trainable is not None else synchronization is not VariableSynchronization.ON_READ
        )
        self._constraint, self._synchronization, self._aggregation = constraint, synchronization, aggregation
        self._caching_device, self._initial_value = caching_device, value if value._is_eager else None
        self._state = VariableState(self._dtype, raw, self._full_name)
        self._state.write(value._host())
        self.handle = wrap_object(self._state, dtypes.resource)
        self.handle.__dict__["_handle_data"] = (self._dtype, raw)
        self._unique_id = f"{self._full_name}_{id(self)}"
        after_creation(self)

    # ------------------------------------------------------------------------------------------------------- properties
    @property
    def name(self) -> str:
        return f"{self._full_name}:0"

    @property
    def _shared_name(self) -> str:
        return self._full_name

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self._raw_shape)

    def get_shape(self) -> TensorShape:
        return self.shape

    @property
    def ndim(self) -> int | None:
        return self.shape.rank

    @property
    def trainable(self) -> bool:
        return self._trainable

    @property
    def constraint(self) -> Any:
        return self._constraint

    @property
    def synchronization(self) -> VariableSynchronization:
        return self._synchronization

    @property
    def aggregation(self) -> VariableAggregation:
        return self._aggregation

    @property
    def device(self) -> str:
        return device_name(self._state.buffer)

    @property
    def graph(self) -> Any:
        return self.handle.graph

    @property
    def op(self) -> Any:
        return self.handle.op

    @property
    def initial_value(self) -> Any:
        return self._initial_value

    @property
    def create(self) -> Any:
        return None

    def is_initialized(self, name: str | None = None) -> Any:
        return lookup("VarIsInitializedOp")(self.handle, name=name)

    def _with_handle(self, handle: Any) -> Variable:
        """This variable as the body of a function sees it, to which it is passed: every variable like it may take its place."""
        stand_in: Variable = object.__new__(type(self))
        stand_in.__dict__.update(self.__dict__, handle=handle)
        return stand_in

    def ref(self) -> Reference:
        """A hashable stand-in for this variable, for use in sets and dicts."""
        return Reference(self)

    def set_shape(self, shape: Any) -> None:
        merged = self.shape.merge_with(shape)
        self._raw_shape = self._state.shape = merged._raw
        self.handle.__dict__["_handle_data"] = (self._dtype, self._raw_shape)

    # ---------------------------------------------------------------------------------------------------------- reading
    def value(self) -> Any:
        """The value, as a tensor that later assignments do not change."""
        if state.mode == EAGER:
            return wrap(self._state.read(), self._dtype)
        self._accessed()
        return ops.READ(self.handle, dtype=self._dtype)

    read_value = value

    def _accessed(self) -> None:
        if self._trainable:
            for tape in state.tapes:
                tape.variable_accessed(self)
        graph: Any = state.graph
        if graph is not None and graph.building_function:
            graph.variables.setdefault(id(self), weakref.ref(self))

    def numpy(self) -> Any:
        """The value as a NumPy array."""
        if state.graph is not None:
            raise NotImplementedError("numpy() is only available when eager execution is enabled.")
        array = self._state.read()
        return array[()] if array.ndim == 0 else np.array(array)

    def eval(self, session: Any = None) -> Any:
        return self.value().eval(session=session) if state.graph is not None else self.numpy()

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """Rows of the value: `tf.gather(v, indices)` whose gradient stays sparse."""
        self._accessed()
        return ops.GATHER(self.handle, indices, dtype=self._dtype, name=name)

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        return lookup("GatherNd")(self.value(), indices, name=name)

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Tensor:
        if dtype is not None and dtype is not self._dtype:
            raise ValueError(
                f"Incompatible type conversion requested to type '{dtype.name}' for variable of type "
                f"'{self._dtype.name}'"
            )
        return self.value()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.value()._host()
        return np.array(array, dtype) if dtype is not None else np.array(array)

    # ---------------------------------------------------------------------------------------------------------- writing
    def _convert(self, value: Any) -> Tensor:
        if isinstance(value, Variable):
            value = value.value()
        if (home := elsewhere((self,))) is not None:
            with building(home):
                return self._convert(value)
        return to_tensor(value, self._dtype)

    def _after(self, node: Any, read_value: bool) -> Any:
        graph: Any = state.graph
        if graph is None:
            return self if read_value else None
        if graph.building_function:
            graph.variables.setdefault(id(self), weakref.ref(self))
        if not read_value:
            return node
        with graph.control_dependencies([node]):
            return self.value()

    def assign(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Replaces the value. Returns the variable (in a graph: its new value)."""
        value = self._convert(value)
        if not self.shape.is_compatible_with(value.shape):
            raise ValueError(
                f"Cannot assign value to variable '{self.name}': Shape mismatch.The variable shape "
                f"{self.shape}, and the assigned value shape {value.shape} are incompatible."
            )
        return self._after(ops.ASSIGN(self.handle, value, name=name), read_value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Adds `delta` to the value."""
        return self._after(ops.ASSIGN_ADD(self.handle, self._convert(delta), name=name), read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Subtracts `delta` from the value."""
        return self._after(ops.ASSIGN_SUB(self.handle, self._convert(delta), name=name), read_value)

    def _scatter(self, op: Any, sparse_delta: Any, name: str | None) -> Any:
        if not is_slices(sparse_delta):
            raise TypeError(f"sparse_delta is not IndexedSlices: {sparse_delta!r}")
        return self._after(
            op(self.handle, sparse_delta.indices, to_tensor(sparse_delta.values, self._dtype), name=name),
            True,
        )

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Replaces the rows `sparse_delta.indices` (an IndexedSlices)."""
        return self._scatter(ops.SCATTER_UPDATE, sparse_delta, name)

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Adds an IndexedSlices."""
        return self._scatter(ops.SCATTER_ADD, sparse_delta, name)

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Subtracts an IndexedSlices."""
        return self._scatter(ops.SCATTER_SUB, sparse_delta, name)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Multiplies by an IndexedSlices."""
        return self._scatter(ops.SCATTER_MUL, sparse_delta, name)

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Divides by an IndexedSlices."""
        return self._scatter(ops.SCATTER_DIV, sparse_delta, name)

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Takes the element-wise minimum with an IndexedSlices."""
        return self._scatter(ops.SCATTER_MIN, sparse_delta, name)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Takes the element-wise maximum with an IndexedSlices."""
        return self._scatter(ops.SCATTER_MAX, sparse_delta, name)

    def batch_scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Like `scatter_update`, within each row of the leading dimensions of `indices`."""
        indices = to_tensor(sparse_delta.indices)
        rank = len(indices._raw_shape or ())
        shape = lookup("Shape")(indices)
        grids = []
        for axis in range(rank - 1):
            size = lookup("StridedSlice")(shape, [axis], [axis + 1], [1], shrink_axis_mask=1)
            line = lookup("Range")(0, size, 1)
            grids.append(
                lookup("BroadcastTo")(
                    lookup("Reshape")(line, [-1 if i == axis else 1 for i in range(rank)]), shape
                )
            )
        full = lookup("Pack")([*grids, lookup("Cast")(indices, DstT=dtypes.int32)], axis=rank)
        return self.scatter_nd_update(full, sparse_delta.values, name)

    def _scatter_nd(self, op_name: str, indices: Any, updates: Any, name: str | None) -> Any:
        return self.assign(lookup(op_name)(self.value(), indices, to_tensor(updates, self._dtype)), name=name)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Replaces the slices at the index vectors `indices[..., :]`."""
        return self._scatter_nd("TensorScatterUpdate", indices, updates, name)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Adds to the slices at the index vectors `indices[..., :]`."""
        return self._scatter_nd("TensorScatterAdd", indices, updates, name)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtracts from the slices at the index vectors `indices[..., :]`."""
        return self._scatter_nd("TensorScatterSub", indices, updates, name)

    def scatter_nd_max(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Takes the maximum with the slices at the index vectors `indices[..., :]`."""
        return self._scatter_nd("TensorScatterMax", indices, updates, name)

    def scatter_nd_min(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Takes the minimum with the slices at the index vectors `indices[..., :]`."""
        return self._scatter_nd("TensorScatterMin", indices, updates, name)

    def count_up_to(self, limit: int) -> Tensor:
        """Adds one to an int32 or int64 variable and returns its value before that; OutOfRangeError once it has reached `limit`."""
        if self._dtype not in dtypes.INDEX:
            raise invalid(
                f"count_up_to counts with int32 or int64 variables; {self.name!r} is {self._dtype.name}."
            )
        return ops.COUNT_UP_TO(self.handle, limit=limit, T=self._dtype)

    def load(self, value: Any, session: Any = None) -> None:
        """Replaces the value.

        Raises:
          ValueError: a session is given; this variable lives in none."""
        if session is not None:
            raise ValueError(
                f"load: {self.name!r} is not a variable of a session's graph, so a session means nothing to it. "
                "Leave `session` out, or use `assign`."
            )
        self.assign(value)

    # -------------------------------------------------------------------------------------------------------- checkpoints
    def _serialize_to_tensors(self) -> dict[str, Any]:
        return {"VARIABLE_VALUE": self.read_value()}

    def _restore_from_tensors(self, restored_tensors: dict[str, Any]) -> Any:
        value = restored_tensors["VARIABLE_VALUE"]
        if not self.shape.is_compatible_with(value.shape):
            raise ValueError(
                f"Received incompatible tensor with shape {value.shape} when attempting to restore variable with shape "
                f"{self.shape} and name {self.name}."
            )
        return self.assign(value)

    # ------------------------------------------------------------------------------------------------------- as a tensor
    def __getitem__(self, key: Any) -> Any:
        """A slice of the value; `v[key].assign(value)` changes just that part."""
        from headrace.ops.indexing import slice_arguments

        part = self.value()[key]
        if isinstance(part, Tensor):
            part.__dict__["assign"] = lambda value, use_locking=False, name=None, read_value=True: (
                self._assign_slice(slice_arguments(key), value, read_value)
            )
        return part

    def _assign_slice(self, where: Any, value: Any, read_value: bool) -> Any:
        begin, end, strides, masks = where
        update = lookup("TensorStridedSliceUpdate")
        value = to_tensor(value, self._dtype)
        return self.assign(update(self.value(), begin, end, strides, value, **masks), read_value=read_value)

    def __iter__(self) -> Any:
        return iter(self.value())

    def __len__(self) -> int:
        return len(self.value())

    def __bool__(self) -> bool:
        return bool(self.value())

    def __int__(self) -> int:
        return int(self.value())

    def __float__(self) -> float:
        return float(self.value())

    def __complex__(self) -> complex:
        return complex(self.value())

    def __index__(self) -> int:
        return self.value().__index__()

    def __format__(self, spec: str) -> str:
        return format(self.value(), spec)

    def __hash__(self) -> int:
        raise TypeError(
            "Variable is unhashable. Instead, use variable.ref() as the key. (Variable: "
            + repr(self.name)
            + ")"
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        if state.graph is not None:
            raise NotImplementedError("__deepcopy__() is only available when eager execution is enabled.")
        copied = Variable(self.value(), self._trainable, dtype=self._dtype, name=self._name, constraint=self._constraint, shape=self._raw_shape,
                          synchronization=self._synchronization, aggregation=self._aggregation)  # fmt: skip
        memo[id(self)] = copied
        return copied

    def __reduce__(self) -> Any:
        raise NotImplementedError(
            "Variables are not pickled: save them with tf.train.Checkpoint, or pickle `.numpy()`."
        )

    def __repr__(self) -> str:
        shape = (
            f"({', '.join('None' if d is None else str(d) for d in self._raw_shape)}{',' if len(self._raw_shape) == 1 else ''})"
            if self._raw_shape is not None
            else "<unknown>"
        )
        if state.graph is not None:
            return f"<tf.Variable '{self.name}' shape={shape} dtype={self._dtype.name}>"
        value = value_text(self.numpy(), repr) if self._state.initialized else "<uninitialized>"
        return f"<tf.Variable '{self.name}' shape={shape} dtype={self._dtype.name}, numpy={value}>"


def _delegate(name: str) -> None:
    def method(self: Variable, *args: Any) -> Any:
        return getattr(Tensor, name)(
            self.value(), *[a.value() if isinstance(a, Variable) else a for a in args]
        )

    method.__name__ = name
    setattr(Variable, name, method)


_OPERATORS = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor"]
for _op in [
    *[f"__{o}__" for o in _OPERATORS],
    *[f"__r{o}__" for o in _OPERATORS],
    "__neg__",
    "__abs__",
    "__invert__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
]:
    _delegate(_op)


def _eq(self: Variable, other: Any) -> Any:
    return Tensor.__eq__(self.value(), other.value() if isinstance(other, Variable) else other)


def _ne(self: Variable, other: Any) -> Any:
    return Tensor.__ne__(self.value(), other.value() if isinstance(other, Variable) else other)


Variable.__eq__ = _eq  # type: ignore[method-assign,assignment]
Variable.__ne__ = _ne  # type: ignore[method-assign,assignment]


def _initial(value: Any, dtype: DType | None) -> Any:
    """The initial value, computed now even if a function is being traced."""
    if callable(value) and not isinstance(value, (Tensor, Variable)) and not hasattr(value, "__tf_tensor__"):
        with init_scope():
            return _typed(value(), dtype)
    if isinstance(value, Tensor) and not value._is_eager:
        return _typed(_lift(value), dtype)
    with init_scope():
        return _typed(value, dtype)


def _typed(value: Any, dtype: DType | None) -> Tensor:
    if isinstance(value, Variable):
        value = value.value()
    if isinstance(value, Tensor):
        if dtype is not None and value._dtype is not dtype:
            raise ValueError(
                f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype {value._dtype.name}: "
                f"{value!r}"
            )
        return value
    return to_tensor(value, dtype)


def _stands_for(placeholder: Any) -> Any:
    """What a function's placeholder has as its value while tracing: an argument of the call, or what was captured."""
    graph = placeholder.graph
    if not graph.building_function:
        return None
    if id(placeholder) in graph.fed:
        return graph.fed[id(placeholder)]
    return next((outer for outer, inner in graph.captures.values() if inner is placeholder), None)


def _lift(tensor: Any) -> Any:
    """The value of a symbolic tensor, computed now: of constants, variables, random numbers and the arguments of the
    call for which the function is being traced."""
    from headrace.core.dispatch import run_eager

    values: dict[int, Any] = {}

    def visit(t: Any) -> Any:
        if t._is_eager:
            return t
        if id(t) not in values:
            node = t.op
            if node.type == "Placeholder":
                outside = _stands_for(t)
                if outside is None:
                    raise ValueError(
                        "The initial value of a tf.Variable made inside a tf.function depends on "
                        f"{t.name!r}, which has no value while the function is traced: it changes from one "
                        "iteration of a loop to the next, or the function was given a TensorSpec. Call the function "
                        "first, or create the variable outside of it."
                    )
                values[id(t)] = visit(outside)
            else:
                inputs = [visit(x) for x in node.inputs]
                with building(None, tapes=()):
                    for out, v in zip(node.outputs, run_eager(node.op_def, inputs, node.attrs)):
                        values[id(out)] = v
        return values[id(t)]

    return visit(tensor)


def _convert_variable(
    value: Variable, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    graph = state.graph
    if graph is None or graph.building_function:
        return value.__tf_tensor__(dtype, name)
    read: Tensor = graph.for_next(lambda: value.__tf_tensor__(dtype, name), "ReadVariableOp")
    return read


convert.register_tensor_conversion_function(Variable, _convert_variable)
