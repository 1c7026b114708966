"""`tf.layers.Layer`: variables and a call, found again by variable scope; and `InputSpec`, what a layer takes."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.dtypes import as_dtype, float32
from headrace.core.graph import Operation, get_default_graph, name_scope
from headrace.core.shapes import TensorShape, as_raw
from headrace.core.state import state
from headrace.core.tensor import Tensor
from headrace.session.keys import GraphKeys
from headrace.session.scopes import get_variable, make_variable, variable_scope

from . import style


class InputSpec:
    """What a layer takes: a type, a number of dimensions, sizes of some of them.

    Args:
      shape: the whole shape, None where any size will do.
      ndim, max_ndim, min_ndim: how many dimensions.
      axes: sizes by axis.
    """

    def __init__(
        self, dtype: Any = None, shape: Any = None, ndim: int | None = None, max_ndim: int | None = None,
        min_ndim: int | None = None, axes: dict[int, int | None] | None = None,
    ) -> None:  # fmt: skip
        self.dtype = None if dtype is None else as_dtype(dtype).name
        self.shape = shape
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(k): v for k, v in (axes or {}).items()}

    def __repr__(self) -> str:
        words = {
            "dtype": self.dtype, "shape": self.shape, "ndim": self.ndim, "max_ndim": self.max_ndim, "min_ndim": self.min_ndim,
            "axes": self.axes or None,
        }  # fmt: skip
        return f"InputSpec({', '.join(f'{k}={v}' for k, v in words.items() if v is not None)})"

    def check(self, x: Any, index: int, layer: str) -> None:
        """ValueError if the tensor is none of this kind."""
        shape = x.shape.as_list() if x.shape.rank is not None else None
        start = f"Input {index} of layer {layer} is incompatible with the layer: "
        if shape is None:
            if self.ndim is not None or self.axes or self.min_ndim is not None or self.max_ndim is not None:
                raise ValueError(
                    start + "its rank is undefined, but the layer requires a defined rank. Call set_shape()."
                )
            return
        end = f"Full shape received: {shape}"
        if self.ndim is not None and len(shape) != self.ndim:
            raise ValueError(f"{start}expected ndim={self.ndim}, found ndim={len(shape)}. {end}")
        if self.max_ndim is not None and len(shape) > self.max_ndim:
            raise ValueError(f"{start}expected max_ndim={self.max_ndim}, found ndim={len(shape)}. {end}")
        if self.min_ndim is not None and len(shape) < self.min_ndim:
            raise ValueError(f"{start}expected min_ndim={self.min_ndim}, found ndim={len(shape)}. {end}")
        if self.dtype is not None and x.dtype.name != self.dtype:
            raise ValueError(f"{start}expected dtype={self.dtype}, found dtype={x.dtype.name}.")
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                raise ValueError(
                    f"{start}expected axis {axis} of input shape to have value {size} but received input with shape {shape}"
                )
        for wanted, got in zip(self.shape or (), shape):
            if wanted is not None and got is not None and wanted != got:
                raise ValueError(f"{start}expected shape={tuple(self.shape)}, found shape={shape}.")


class Layer:
    """A function with variables, which it makes when first called: subclass it with `build` and `call`.

    Args:
      trainable: whether its variables are trained.
      name: the variable scope of its variables; the class's name in lower case, made unique, if not given.
      dtype: of its variables; that of the first input if not given.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> class Scale(v1.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.scale = self.add_weight("scale", [input_shape[-1]], initializer=v1.ones_initializer())
    ...     def call(self, x):
    ...         return x * self.scale
    >>> with tf.Graph().as_default():
    ...     y = Scale()(tf.zeros([2, 3]))
    ...     [v.name for v in v1.trainable_variables()]
    ['scale/scale:0']
    """

    # Known before `__init__`: subclasses of the time do not always call it.
    built, trainable, stateful = False, True, False
    input_spec: Any = None
    activity_regularizer: Any = None
    _dtype: Any = None
    _scope: Any = None
    _reuse: Any = None
    _name: str | None = None
    _base_name: str
    _keras_style: bool
    _trainable_weights: list[Any]
    _non_trainable_weights: list[Any]
    _losses: list[tuple[Any, bool]]  # values, and whether they depend on the inputs
    _updates: list[tuple[Any, bool]]
    _calls: list[tuple[Any, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        for name in ("_trainable_weights", "_non_trainable_weights", "_losses", "_updates", "_calls"):
            setattr(self, name, [])
        self._keras_style, self._base_name = style.is_keras(), snake_case(cls.__name__)
        return self

    def __init__(
        self, trainable: bool = True, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        self.activity_regularizer = kwargs.pop("activity_regularizer", None)
        if kwargs:
            raise TypeError("Keyword argument not understood:", next(iter(kwargs)))
        if self._keras_style and (scope is not None or self._reuse is not None):
            raise ValueError(
                "In Keras style a layer takes neither a scope nor `reuse`: call the layer object again to share its variables."
            )
        self.trainable = trainable
        self._dtype = None if dtype is None else as_dtype(dtype)
        if name is not None:
            self._base_name = self._name = name
        if scope:
            with variable_scope(scope) as captured:
                self._scope = captured

    # ------------------------------------------------------------------------------------------------------- properties
    @property
    def name(self) -> str:
        """The name given, or one made of the class's that no other layer of the graph has."""
        if self._name is None:
            self._name = _unique(self._base_name, first=None if self._keras_style else 1)
        return self._name

    @property
    def scope_name(self) -> str:
        """The name of its variable scope.

        Raises:
          ValueError: it was not called so far."""
        if self._scope is None:
            raise ValueError(
                f'No name available for layer scope because the layer "{self.name}" has not been used yet. The scope name is '
                "determined the first time the layer instance is called."
            )
        return self._scope.name

    @property
    def dtype(self) -> Any:
        return self._dtype

    @property
    def graph(self) -> Any:
        """The graph that it is part of."""
        return get_default_graph()

    @property
    def trainable_weights(self) -> list[Any]:
        return list(self._trainable_weights) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        return (
            list(self._non_trainable_weights)
            if self.trainable
            else [*self._trainable_weights, *self._non_trainable_weights]
        )

    @property
    def weights(self) -> list[Any]:
        return [*self.trainable_weights, *self.non_trainable_weights]

    @property
    def variables(self) -> list[Any]:
        return self.weights

    @property
    def trainable_variables(self) -> list[Any]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        return self.non_trainable_weights

    @property
    def updates(self) -> list[Any]:
        """Operations to run with each training step."""
        return [u for u, _ in self._updates] if self.trainable or self.stateful else []

    @property
    def losses(self) -> list[Any]:
        """What its regularisers add to the loss."""
        return [loss for loss, _ in self._losses]

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """The updates that depend on these inputs; for None those that depend on none."""
        return _depending(self._updates, inputs)

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """The losses that depend on these inputs; for None those that depend on none."""
        return _depending(self._losses, inputs)

    def count_params(self) -> int:
        """How many numbers its variables hold.

        Raises:
          ValueError: it has no variables so far."""
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built. Call it first."
            )
        return int(sum(np.prod(v.shape.as_list()) for v in self.weights))

    def _at(self, index: int, which: int, what: str) -> Any:
        if index >= len(self._calls):
            raise (AttributeError if not self._calls else ValueError)(
                f"Layer {self.name} was called {len(self._calls)} times: it has no {what} number {index}."
            )
        return self._calls[index][which]

    def get_input_at(self, node_index: int) -> Any:
        return self._at(node_index, 0, "input")

    def get_output_at(self, node_index: int) -> Any:
        return self._at(node_index, 1, "output")

    def get_input_shape_at(self, node_index: int) -> Any:
        return nest.map_structure(_dims, self.get_input_at(node_index))

    def get_output_shape_at(self, node_index: int) -> Any:
        return nest.map_structure(_dims, self.get_output_at(node_index))

    def _only(self, what: str) -> None:
        if len(self._calls) > 1:
            raise AttributeError(
                f'The layer "{self.name}" was called {len(self._calls)} times, hence "layer {what}" is ill-defined. Use '
                f"`get_{what.replace(' ', '_')}_at(node_index)`."
            )

    @property
    def input(self) -> Any:
        self._only("input")
        return self.get_input_at(0)

    @property
    def output(self) -> Any:
        self._only("output")
        return self.get_output_at(0)

    @property
    def input_shape(self) -> Any:
        self._only("input shape")
        return self.get_input_shape_at(0)

    @property
    def output_shape(self) -> Any:
        self._only("output shape")
        return self.get_output_shape_at(0)

    # --------------------------------------------------------------------------------------------------- for subclasses
    def build(self, input_shape: Any) -> None:
        """Makes the variables, at the first call."""
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes of its inputs."""
        return args[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for an input of that shape.

        Raises:
          NotImplementedError: the layer's class does not say."""
        raise NotImplementedError(f"{type(self).__name__} has no compute_output_shape.")

    def add_weight(
        self, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
        trainable: bool | None = None, constraint: Any = None, use_resource: bool | None = None, synchronization: Any = None,
        aggregation: Any = None, partitioner: Any = None,
    ) -> Any:  # fmt: skip
        """A variable of the layer: `get_variable` inside of its scope."""
        options: dict[str, Any] = {
            k: v for k, v in (("synchronization", synchronization), ("aggregation", aggregation)) if v is not None
        }  # fmt: skip
        if trainable is None:
            trainable = getattr(synchronization, "name", None) != "ON_READ"
        dtype = as_dtype(dtype or self._dtype or float32)
        options |= {"trainable": trainable and self.trainable, "constraint": constraint}
        known = len(get_default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES))
        if self._keras_style:
            variable = self._own_variable(name, shape, dtype, initializer, regularizer, options)
        else:
            if self._scope is None:
                self._set_scope(None)
            with (
                variable_scope(
                    self._scope, reuse=self.built or self._reuse, auxiliary_name_scope=False
                ) as scope,
                name_scope(scope.original_name_scope or None),
            ):
                before = {id(v) for v in get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES)}
                variable = get_variable(
                    name,
                    shape,
                    dtype,
                    initializer,
                    partitioner=partitioner,
                    use_resource=use_resource,
                    **options,
                )
                parts = variable if hasattr(variable, "_parts") else [variable]
                if regularizer is not None and not any(id(v) in before for v in parts):
                    self._regularise(name, regularizer, parts)
        losses = get_default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES)
        self._losses += [(loss, False) for loss in losses[known:]]
        kept = self._trainable_weights if trainable else self._non_trainable_weights
        for v in variable if hasattr(variable, "_parts") else [variable]:
            if not any(v is w for w in kept):
                kept.append(v)
        return variable

    add_variable = add_weight

    @staticmethod
    def _regularise(name: str, regularizer: Any, parts: Any) -> None:
        # Named by the layer's own word ("kernel") where the variable may have another ("weights"): as in TensorFlow 1.15.
        for part in parts:
            with name_scope(f"{name}/Regularizer"):
                loss = regularizer(part)
            if loss is not None:
                get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)

    def _own_variable(
        self, name: str, shape: Any, dtype: Any, initializer: Any, regularizer: Any, options: dict[str, Any]
    ) -> Any:
        from headrace.session.scopes import default_initializer

        make = initializer or default_initializer(name, dtype)
        raw = as_raw(TensorShape(shape))
        with name_scope(self.name + "/"):
            variable = make_variable(lambda: make(list(raw or ()), dtype=dtype), name=name, dtype=dtype, **options)  # fmt: skip
            if regularizer is not None:
                with name_scope(f"{name}/Regularizer"):
                    self.add_loss(regularizer(variable))
        return variable

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Adds operations to `updates` and to the collection "update_ops".

        Args:
          inputs: a value other than None says that they depend on the inputs.
        """
        self._add(self._updates, updates, inputs, GraphKeys.UPDATE_OPS)

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Adds tensors to `losses` and to the collection "regularization_losses".

        Args:
          inputs: a value other than None says that they depend on the inputs.
        """
        self._add(self._losses, losses, inputs, GraphKeys.REGULARIZATION_LOSSES)

    def _add(self, kept: list[tuple[Any, bool]], values: Any, inputs: Any, collection: str) -> None:
        for value in values if isinstance(values, (list, tuple)) else [values]:
            kept.append((value, inputs is not None))
            if state.graph is not None:
                where = get_default_graph().get_collection_ref(collection)
                if not any(value is v for v in where):
                    where.append(value)

    # ---------------------------------------------------------------------------------------------------------- calling
    def _set_scope(self, scope: Any) -> None:
        if self._scope is not None:
            return
        if scope is None and self._reuse:
            scope = self._base_name
        default = None if scope is not None else self._base_name
        with variable_scope(scope, default) as captured:
            self._scope = captured

    @contextmanager
    def _entered(self, scope: Any) -> Iterator[None]:
        if self._keras_style:
            with name_scope(self.name):
                yield
            return
        self._set_scope(scope)
        reuse = True if self.built else self._reuse
        with (
            variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as entered,
            name_scope(self._name_scope_of(entered)),
        ):
            yield

    def _name_scope_of(self, scope: Any) -> Any:
        name = scope.original_name_scope
        return name if not name or name.endswith("/") else name + "/"

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer, making its variables the first time.

        Args:
          scope: the variable scope (or its name) of its variables, at the first call.
        """
        with self._entered(kwargs.pop("scope", None)):
            inputs = nest.map_structure(_tensor, inputs)
            flat = nest.flatten(inputs)
            specs = self.input_spec if isinstance(self.input_spec, (list, tuple)) else [self.input_spec]
            for i, (x, spec) in enumerate(zip(flat, specs)):
                if spec is not None and isinstance(x, Tensor):
                    spec.check(x, i, self.name)
            if not self.built:
                if self._dtype is None and flat:
                    self._dtype = flat[0].dtype
                self.build(nest.map_structure(lambda x: x.shape, inputs))
                self.built = True
            outputs = self.call(inputs, *args, **kwargs)
            if self.activity_regularizer is not None:
                self._regularise_activity(outputs)
        self._calls.append((inputs, outputs))
        return outputs

    def _regularise_activity(self, outputs: Any) -> None:
        for y in nest.flatten(outputs):
            with name_scope("ActivityRegularizer"):
                mean = self.activity_regularizer(y) / _cast_size(y)
            self.add_loss(mean, inputs=True)

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer."""
        return self(inputs, *args, **kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        other = type(self).__new__(type(self))
        memo[id(self)] = other
        shared = ("_scope", "_calls", "_losses", "_updates")  # what belongs to graphs is not copied
        for key, value in self.__dict__.items():
            other.__dict__[key] = value if key in shared else copy.deepcopy(value, memo)
        return other


def snake_case(name: str) -> str:
    """>>> snake_case("BasicLSTMCell"), snake_case("Conv2DTranspose"), snake_case("_Own")
    ('basic_lstm_cell', 'conv2d_transpose', 'private__own')
    """
    snake = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", snake).lower()
    return f"private{snake}" if snake.startswith("_") else snake


def _unique(base: str, first: int | None) -> str:
    names: Counter[str] = get_default_graph().__dict__.setdefault("_layer_names", Counter())
    number = names[base] + (first or 0)
    names[base] += 1
    return f"{base}_{number}" if number else base


def _tensor(x: Any) -> Any:
    return to_tensor(x) if isinstance(x, (int, float, np.ndarray, np.generic, bool)) else x


def _dims(x: Any) -> Any:
    return tuple(x.shape.as_list()) if x.shape.rank is not None else None


def _cast_size(y: Any) -> Any:
    import headrace as tf

    return tf.cast(tf.shape(y)[0], y.dtype)


def _depending(kept: list[tuple[Any, bool]], inputs: Any) -> list[Any]:
    if inputs is None:
        return [value for value, conditional in kept if not conditional]
    wanted = {id(x) for x in nest.flatten(inputs)}
    return [value for value, conditional in kept if conditional and _reaches(value, wanted)]


def _reaches(value: Any, wanted: set[int]) -> bool:
    stack: list[Any] = [value if isinstance(value, Operation) else value.op]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if any(id(x) in wanted for x in node.inputs):
            return True
        stack.extend(x.op for x in node.inputs)
    return False
