"""`variable_scope` and `get_variable`: variables found again by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

from headrace.api.variables import Variable, VariableAggregation, VariableSynchronization, plain_graph
from headrace.core import dtypes
from headrace.core.convert import to_array, to_tensor
from headrace.core.dtypes import DType, as_dtype, from_numpy
from headrace.core.graph import name_scope as enter_name_scope
from headrace.core.shapes import TensorShape
from headrace.core.state import init_scope, state
from headrace.core.tensor import Tensor

from .keys import GraphKeys
from .partitions import PartitionedVariable, counts, shards
from .variable_store import AUTO_REUSE, VariableScope, get_variable_scope, store
from .variables import GraphVariable


# ----------------------------------------------------------------------------------------------------- get_variable
def get_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool | None = None, collections: Any = None, caching_device: Any = None, partitioner: Any = None,
    validate_shape: bool = True, use_resource: bool | None = None, custom_getter: Any = None, constraint: Any = None,
    synchronization: VariableSynchronization = VariableSynchronization.AUTO,
    aggregation: VariableAggregation = VariableAggregation.NONE,
) -> Any:  # fmt: skip
    """The variable of that name below the current variable scope: an existing one where the scope reuses, else a new one.

    Args:
      shape: needed for a new variable, unless the initialiser is a tensor.
      initializer: a tensor, or a callable of a shape; the scope's, or Glorot uniform (zeros for integers), if not given.
      regularizer: a function of the variable whose result is added to the collection "regularization_losses".
      partitioner: a function of shape and dtype that says into how many parts each dimension is cut.
      custom_getter: called as `custom_getter(getter, name=…, …)` in place of the usual way.

    Raises:
      ValueError: the variable exists and reuse was not allowed, does not exist and reuse was asked for, or has another shape
        or type.
    """
    scope = get_variable_scope()
    if not isinstance(name, str) or not name:
        raise ValueError(f"Name parameter must be a non-empty string. Received: {name!r}")
    reuse = scope._reuse
    if state.graph is None:
        reuse = False
    own = {
        "initializer": scope._initializer if initializer is None else initializer,
        "regularizer": scope._regularizer if regularizer is None else regularizer,
        "caching_device": scope._caching_device if caching_device is None else caching_device,
        "partitioner": scope._partitioner if partitioner is None else partitioner,
        "constraint": scope._constraint if constraint is None else constraint,
        "use_resource": scope._use_resource if use_resource is None else use_resource,
    }
    if trainable is None:
        trainable = synchronization is not VariableSynchronization.ON_READ
    full = f"{scope._name}/{name}" if scope._name else name
    if own["initializer"] is not None and not callable(own["initializer"]):
        dtype = _type_of_value(own["initializer"], dtype)
    if dtype is None:
        dtype = scope._dtype
    arguments = dict(
        shape=shape, dtype=dtype, reuse=reuse, trainable=trainable, collections=collections, validate_shape=validate_shape,
        synchronization=synchronization, aggregation=aggregation, **own,
    )  # fmt: skip
    getter = _composed(scope._custom_getter, custom_getter)
    with _unscoped():
        if getter is None:
            return _get(full, **arguments)
        # `**_` takes what older custom getters were not told of.
        return getter(getter=_get, name=full, **arguments)


def _type_of_value(initializer: Any, dtype: Any) -> Any:
    """The type of a value that a variable is initialised with: the variable's, too.

    Raises:
      ValueError: another type was asked for.
    """
    own = getattr(initializer, "dtype", None)
    own = from_numpy(to_array(initializer, None).dtype) if not isinstance(own, DType) else own
    if dtype is not None and as_dtype(dtype) is not own:
        raise ValueError(
            f"Initializer type '{own.name}' and explicit dtype '{as_dtype(dtype).name}' don't match. Convert the value, or "
            "leave dtype out."
        )
    return own


@contextmanager
def _unscoped() -> Iterator[None]:
    """No name scope, neither here nor in the graph around (inside a loop's body), where variables are made."""
    graph: Any = state.graph
    while graph is not None and graph.building_function and graph.outer is not None:
        graph = graph.outer
    with enter_name_scope(None):
        if graph is None or graph is state.graph:
            yield
        else:
            with graph.name_scope(None):
                yield


def _composed(outer: Any, inner: Any) -> Any:
    if outer is None or inner is None:
        return inner or outer

    def both(getter: Any, *args: Any, **kwargs: Any) -> Any:
        return inner(partial(outer, getter), *args, **kwargs)

    return both


def _get(
    name: str, shape: Any = None, dtype: Any = dtypes.float32, initializer: Any = None, regularizer: Any = None,
    reuse: Any = None, trainable: bool | None = None, collections: Any = None, caching_device: Any = None,
    partitioner: Any = None, validate_shape: bool = True, use_resource: bool | None = None, custom_getter: Any = None,
    constraint: Any = None, synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:  # fmt: skip
    if custom_getter is not None:
        raise ValueError("A custom getter's getter takes no custom_getter.")
    here = store()
    wanted = as_dtype(dtype)
    static = None if shape is None else TensorShape(shape)
    kept = state.graph is not None or here.keeps_eager
    found = here.variables.get(name) if kept else None
    if state.graph is None and here.keeps_eager:
        reuse = AUTO_REUSE
    if found is not None:
        if reuse is False or reuse is None:
            where = getattr(found.op, "site", "") if isinstance(found, GraphVariable) else ""
            raise ValueError(
                f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in "
                f"VarScope? Originally defined at: {where}"
            )
        if static is not None and not static.is_compatible_with(found.shape):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {static} and found shape {found.shape}."
            )
        if wanted is not found.dtype.base_dtype:
            raise ValueError(
                f"Trying to share variable {name}, but specified dtype {wanted.name} and found dtype {found.dtype.name}."
            )
        if isinstance(found, PartitionedVariable) and partitioner is not None:
            numbers = counts(found.shape, wanted, partitioner)
            if numbers != found._get_partitions():
                raise ValueError(
                    f"Trying to reuse partitioned variable {name}, but specified partitions {numbers} and found partitions "
                    f"{found._get_partitions()}."
                )
        return found
    if reuse is True:
        raise ValueError(
            f"Variable {name} does not exist, or was not created with tf.get_variable(). Did you mean to set "
            "reuse=tf.AUTO_REUSE in VarScope?"
        )
    if initializer is None:
        initializer = default_initializer(name, wanted)
    common = {
        "trainable": trainable, "collections": collections, "caching_device": caching_device, "validate_shape": validate_shape,
        "constraint": constraint, "use_resource": use_resource, "synchronization": synchronization, "aggregation": aggregation,
    }  # fmt: skip
    if partitioner is not None and static is None and not callable(initializer):
        initializer = to_tensor(initializer, wanted)
        static = initializer.shape
    if partitioner is not None and static is not None:
        parts = shards(name, static, wanted, partitioner)
        if parts is not None:
            made = [
                _make(
                    f"{name}/part_{i}",
                    TensorShape(part.shape) if callable(initializer) else None,
                    wanted,
                    _part_of(initializer, part),
                    common,
                )
                for i, part in enumerate(parts)
            ]
            for variable, part in zip(made, parts):
                variable._save_slice_info = part.info(name, static)
            whole = here.variables[name] = PartitionedVariable(name, static, wanted, made, parts)
            _regularise(name, regularizer, made)
            return whole
    variable = _make(name, static, wanted, initializer, common)
    if kept:
        here.variables[name] = variable
    _regularise(name, regularizer, [variable])
    return variable


def _make(name: str, shape: TensorShape | None, dtype: Any, initializer: Any, options: dict[str, Any]) -> Any:
    if isinstance(initializer, type):
        initializer = initializer()
    if callable(initializer) and not isinstance(initializer, (Tensor, Variable)):
        if shape is not None and shape.is_fully_defined():
            initial: Any = partial(_call_initializer, initializer, shape.as_list(), dtype)
        elif _takes_arguments(initializer):
            raise ValueError(
                f"Shape of a new variable ({name}) must be fully defined, but instead was {shape or '<unknown>'}."
            )
        else:
            initial = initializer  # a function of nothing gives the initial value itself
    else:
        if shape is not None and shape.rank is not None:
            raise ValueError("If initializer is a constant, do not specify shape.")
        initial = initializer
        given = getattr(initializer, "dtype", None)
        if isinstance(initializer, (Tensor, Variable)) and given is not None:
            dtype = given
    if plain_graph() is None:  # eagerly, or in a function that eager code calls
        options = {k: v for k, v in options.items() if k not in ("collections", "use_resource")}
        return Variable(initial, name=name, dtype=dtype, **options)
    return make_variable(initial, name=name, dtype=dtype, **options)


def make_variable(initial_value: Any, **options: Any) -> Any:
    """A variable of the graph, through the variable creators in force."""
    return Variable(initial_value=initial_value, **options)


def _takes_arguments(f: Any) -> bool:
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(
        p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters
    )


def _call_initializer(initializer: Any, shape: Sequence[int | None], dtype: Any) -> Any:
    try:
        names = inspect.signature(initializer).parameters
    except (TypeError, ValueError):
        names = {}  # type: ignore[assignment]
    takes = any(p.kind is p.VAR_KEYWORD for p in names.values()) or "dtype" in names
    return initializer(shape, dtype=dtype) if takes else initializer(shape)


def _part_of(initializer: Any, part: Any) -> Any:
    """The initialiser of one shard."""
    if isinstance(initializer, type):
        initializer = initializer()
    if not callable(initializer) or isinstance(initializer, Tensor):
        from headrace.core.op import lookup

        return lookup("Slice")(initializer, part.offset, part.shape)
    try:
        takes = "partition_info" in inspect.signature(initializer).parameters
    except (TypeError, ValueError):
        takes = False
    if not takes:
        return initializer
    return lambda shape, dtype: initializer(shape, dtype=dtype, partition_info=part)


def _regularise(name: str, regularizer: Any, variables: Sequence[Any]) -> None:
    if regularizer is None or state.graph is None:
        return
    graph: Any = state.graph
    for variable in variables:
        with init_scope(), enter_name_scope(f"{name}/Regularizer/"):
            loss = regularizer(variable)
        if loss is not None:
            graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)


def default_initializer(name: str, dtype: Any) -> Any:
    """Glorot uniform for floats, zeros for other numbers and text."""
    from headrace.api import compat_v1_initializers as initializers

    if dtype.is_floating or dtype.is_complex:
        return initializers.glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_bool or dtype is dtypes.string:
        return initializers.zeros_initializer()
    raise ValueError(f"An initializer for variable {name} of {dtype.name} is required.")


# --------------------------------------------------------------------------------------------------- variable_scope
class variable_scope:
    """A context in which `get_variable` prefixes names, reuses variables and has defaults; ops are named below it, too.

    Args:
      name_or_scope: a name, or a scope to enter again.
      default_name: made unique and used where `name_or_scope` is None; nothing can be reused then.
      reuse: True (variables must exist), `AUTO_REUSE`, or None (as around).
      auxiliary_name_scope: whether a name scope is opened as well.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default():
    ...     with v1.variable_scope("layer", reuse=v1.AUTO_REUSE):
    ...         a = v1.get_variable("w", [2])
    ...     with v1.variable_scope("layer", reuse=True):
    ...         b = v1.get_variable("w", [2])
    ...     a.name, a is b
    ('layer/w:0', True)
    """

    def __init__(
        self, name_or_scope: Any, default_name: str | None = None, values: Any = None, initializer: Any = None,
        regularizer: Any = None, caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None,
        reuse: Any = None, dtype: Any = None, use_resource: bool | None = None, constraint: Any = None,
        auxiliary_name_scope: bool = True,
    ) -> None:  # fmt: skip
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if name_or_scope is not None and not isinstance(name_or_scope, (str, VariableScope)):
            raise TypeError(
                f"The variable scope must be a string or a VariableScope, received {name_or_scope!r}."
            )
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(
                f"The auxiliary_name_scope must be `True` or `False`, while get {auxiliary_name_scope}"
            )
        if reuse is not None and not isinstance(reuse, bool) and reuse is not AUTO_REUSE:
            raise ValueError(
                f"The reuse parameter must be True, False, None or tf.AUTO_REUSE, received {reuse!r}."
            )
        self._given: Any = name_or_scope
        self._default_name = default_name
        self._reuse = False if reuse is None else reuse
        if name_or_scope is None and reuse:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        self._values = values
        self._changes = {
            "initializer": initializer, "regularizer": regularizer, "caching_device": caching_device,
            "partitioner": partitioner, "dtype": dtype, "use_resource": use_resource, "constraint": constraint,
        }  # fmt: skip
        self._custom_getter, self._auxiliary = custom_getter, auxiliary_name_scope

    def __enter__(self) -> VariableScope:
        self._context = self._entered()
        return self._context.__enter__()

    def __exit__(self, *exc: Any) -> Any:
        return self._context.__exit__(*exc)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        import functools

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self._entered():
                return function(*args, **kwargs)

        return inside

    @contextmanager
    def _entered(self) -> Iterator[VariableScope]:
        here, given = store(), self._given
        old = here.scope
        own_name_scope: str | None
        if given is None:
            given = here.unique(self._default_name or "")
        if isinstance(given, VariableScope):
            base, name, own_name_scope = given, given._name, given._name.split("/")[-1]
            reuse = self._reuse or given._reuse
        else:
            base, name = old, f"{old._name}/{given}" if old._name else given
            own_name_scope = self._default_name if self._given is None else given
            reuse = self._reuse or old._reuse
        changes = {k: v for k, v in self._changes.items() if v is not None}
        changes["custom_getter"] = _composed(base._custom_getter, self._custom_getter)
        counts = dict(here.counts)
        with _scoped(own_name_scope if self._auxiliary else None) as full:
            if isinstance(self._given, VariableScope):
                original = given._name_scope
            else:
                original = full if self._auxiliary and full is not None else _prefixed(old, given)
            scope = base.copy(name=name, reuse=reuse, name_scope=original, **changes)
            here.open(name)
            here.scope = scope
            try:
                yield scope
            finally:
                here.close_inside(name)
                if isinstance(self._given, VariableScope):
                    here.counts = counts
                here.scope = old


def _prefixed(old: VariableScope, name: str) -> str:
    base = old._name_scope
    if base and not base.endswith("/"):
        base += "/"
    return f"{base}{name}" if name else base


@contextmanager
def _scoped(name: str | None) -> Iterator[str | None]:
    if not name:
        yield None
        return
    with enter_name_scope(name) as full:
        yield full


@contextmanager
def variable_op_scope(
    values: Any, name_or_scope: Any, default_name: str | None = None, initializer: Any = None, regularizer: Any = None,
    caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None, reuse: Any = None,
    dtype: Any = None, use_resource: bool | None = None, constraint: Any = None,
) -> Iterator[VariableScope]:  # fmt: skip
    """`variable_scope` with another order of arguments."""
    with variable_scope(
        name_or_scope, default_name, values, initializer, regularizer, caching_device, partitioner, custom_getter, reuse,
        dtype, use_resource, constraint,
    ) as scope:  # fmt: skip
        yield scope


@wraps(get_variable, assigned=())
def get_local_variable(name: str, *args: Any, **kwargs: Any) -> Any:
    """`get_variable` for a variable of the collection "local_variables", which is not trained, whatever `trainable` says."""
    names = list(inspect.signature(get_variable).parameters)[1:]
    kwargs.update(zip(names, args), trainable=False)
    kwargs["collections"] = [*(kwargs.get("collections") or []), GraphKeys.LOCAL_VARIABLES]
    return get_variable(name, **kwargs)
