"""Differentiation: `tf.GradientTape`, `tf.gradients`, Jacobians, `tf.custom_gradient` and what is built with
it."""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from headrace.compiler.vectorize import vectorized_map
from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.dispatch import execute
from headrace.core.forward import ForwardAccumulator
from headrace.core.graph import name_scope
from headrace.core.op import TABLE, lookup
from headrace.core.state import set_tapes, state
from headrace.core.tape import GradientTape, Record, _source, backprop, not_differentiable, to_dense
from headrace.core.tensor import Tensor
from headrace.ops.barrier import BARRIER


class UnconnectedGradients(enum.Enum):
    """What a gradient is where the target does not depend on the source: None, or zeros."""

    NONE = "none"
    ZERO = "zero"


class AggregationMethod:
    """How gradients that meet are summed. All ways give one result here: the compiler plans the sum."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


# ----------------------------------------------------------------------------------------- rules for op types
# Registered by users: for ops without a rule, and for overriding by name.
GRADIENTS: dict[str, Callable[..., Any]] = {}


class RegisterGradient:
    """Decorator: `@tf.RegisterGradient("MyOp")` above `def grad(op, *output_gradients)` gives an op type its
    gradient.

    Raises:
      KeyError: the type has a gradient already.
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError(f"op_type must be a string, received {type(op_type).__name__}.")
        self._op_type = op_type

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        _register(self._op_type, f)
        return f


def _register(op_type: str, rule: Callable[..., Any]) -> None:
    op = TABLE.get(op_type)
    if op_type in GRADIENTS or (op is not None and op.grad is not None):
        raise KeyError(
            f"Registering two gradient with name '{op_type}'! An op type has one gradient; use"
            " tf.custom_gradient to replace it in one place."
        )
    GRADIENTS[op_type] = rule
    if op is not None:
        op.grad = rule


def no_gradient(op_type: str) -> None:
    """Says that nothing flows back through ops of a type.

    Raises:
      TypeError: `op_type` is not a string.
    """
    if not isinstance(op_type, str):
        raise TypeError(f"op_type must be a string, received {type(op_type).__name__}.")
    _register(op_type, not_differentiable)


NotDifferentiable = NoGradient = no_gradient


# ------------------------------------------------------------------------------------------- custom gradients
class _Listener:
    """Stands in for the tapes while a custom function runs: hears of variables, records nothing."""

    def __init__(self) -> None:
        self.variables: dict[int, Any] = {}

    def variable_accessed(self, variable: Any) -> None:
        self.variables[id(variable.handle)] = variable

    def record(self, *_: Any) -> None:
        pass


class _CustomGradient:
    """A function with its own gradient; a descriptor, so that it works as a method too."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        functools.update_wrapper(self, function)

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self if instance is None else _CustomGradient(self._function.__get__(instance, owner))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _call_custom(self._function, args, kwargs)


def custom_gradient(f: Callable[..., Any] | None = None) -> Any:
    """Decorator for a function that returns `(result, grad)`: its result, and how to differentiate it.

    `grad(*dresults)` takes one gradient per result and returns one per argument. If the function reads
    variables, it must be `grad(*dresults, variables)` and return the pair (argument gradients, variable
    gradients).

    Raises:
      TypeError: the function reads variables and `grad` does not take them.

    >>> import headrace as tf
    >>> @tf.custom_gradient
    ... def clip(x):
    ...     return x, lambda g: tf.clip_by_value(g, -1.0, 1.0)
    >>> x = tf.constant(2.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = 5.0 * clip(x)
    >>> float(tape.gradient(y, x))
    1.0
    """
    return custom_gradient if f is None else _CustomGradient(f)


def _call_custom(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    saved = state.tapes
    if state.graph is not None:
        args = nest.map_structure(
            lambda x: to_tensor(x) if _is_numeric(x) else x, args, expand_composites=True
        )
    listener = _Listener()
    set_tapes((listener,))
    try:
        result, grad = function(*args, **kwargs)
    finally:
        set_tapes(saved)
    own = {id(x.handle) for x in nest.flatten([args, kwargs]) if hasattr(x, "handle")}
    variables = [v for key, v in listener.variables.items() if key not in own]
    for tape in saved:
        for v in listener.variables.values():
            tape.variable_accessed(v)
    if variables and not _takes_variables(grad):
        raise TypeError(
            "@tf.custom_gradient grad_fn must accept keyword argument 'variables', since function uses"
            f" variables: {variables}"
        )
    if not saved and state.graph is None:
        return result
    return _attach(function, result, grad, args, variables)


def _is_numeric(x: Any) -> bool:
    import numpy as np

    return (
        hasattr(x, "handle")
        or isinstance(x, (int, float, complex, np.ndarray, np.generic))
        or (hasattr(x, "__tf_tensor__") and not isinstance(x, Tensor))
    )


def _takes_variables(grad: Callable[..., Any]) -> bool:
    spec = inspect.getfullargspec(grad)
    return "variables" in spec.args or "variables" in spec.kwonlyargs or spec.varkw is not None


def _attach(
    function: Callable[..., Any], result: Any, grad: Callable[..., Any], args: Any, variables: Sequence[Any]
) -> Any:
    """Passes results, arguments and variables through one identity, whose gradient is the user's."""
    leaves = nest.flatten(result)
    flat_result = [to_tensor(t) for t in nest.flatten(result, expand_composites=True) if t is not None]
    flat_args = nest.flatten(args, expand_composites=True)
    places = [i for i, x in enumerate(flat_args) if isinstance(x, Tensor) or _is_numeric(x)]
    inputs = [to_tensor(flat_args[i]) for i in places]
    n, name = len(flat_result), getattr(function, "__name__", "function")

    def rule(op: Any, *received: Any) -> list[Any]:
        flat = [
            lookup("ZerosLike")(y) if g is None and y._dtype.kind in "fc" else g
            for g, y in zip(received[:n], op.outputs)
        ]
        dresults = _regroup(leaves, flat)
        if variables:
            found = grad(*dresults, variables=list(variables))
            if not isinstance(found, (list, tuple)) or len(found) != 2:
                raise ValueError(
                    f"The gradient of {name} must return (argument gradients, variable gradients), as it"
                    f" reads {len(variables)} variables."
                )
            arg_grads, variable_grads = found
            variable_grads = nest.flatten(variable_grads)
            if len(variable_grads) != len(variables):
                raise ValueError("Must return gradient for each variable from @custom_gradient grad_fn.")
        else:
            arg_grads, variable_grads = grad(*dresults), []
        flat_grads = _flat_gradients(arg_grads)
        if len(flat_grads) != len(flat_args):
            raise ValueError(
                f"custom_gradient function expected to return {len(flat_args)} gradients, but returned"
                f" {len(flat_grads)} instead."
            )
        return (
            [None] * n
            + [None if flat_grads[i] is None else _tensor(flat_grads[i]) for i in places]
            + list(variable_grads)
        )

    handles = [v.handle for v in variables]
    outputs = execute(lookup("IdentityN"), [*flat_result, *inputs, *handles], {"_gradient": rule})
    found = iter(outputs[:n])
    return nest.pack_sequence_as(
        result,
        [None if t is None else next(found) for t in nest.flatten(result, expand_composites=True)],
        expand_composites=True,
    )


def _regroup(leaves: Sequence[Any], flat: Sequence[Any]) -> list[Any]:
    """One gradient per result: those of composite results in their structure."""
    it = iter(flat)
    out: list[Any] = []
    for leaf in leaves:
        if leaf is None:
            out.append(None)
        elif nest.is_composite(leaf):
            parts = [next(it) for _ in nest.flatten(leaf, expand_composites=True)]
            out.append(nest.pack_sequence_as(leaf, parts, expand_composites=True))
        else:
            out.append(next(it))
    return out


def _flat_gradients(grads: Any) -> list[Any]:
    if not isinstance(grads, (list, tuple, dict)):
        grads = [grads]
    out: list[Any] = []
    for g in nest.flatten(grads):
        out.extend(
            nest.flatten(g, expand_composites=True)
            if nest.is_composite(g) and not hasattr(g, "dense_shape")
            else [g]
        )
    return out


def _tensor(g: Any) -> Any:
    return g if hasattr(g, "indices") else to_tensor(g)


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, whose intermediate results are not kept for the gradient but computed again: less memory for more
    time.

    >>> import headrace as tf
    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = tf.recompute_grad(lambda x: x * x * x)(x)
    >>> float(tape.gradient(y, x))
    27.0
    """

    @custom_gradient
    @functools.wraps(f)
    def inner(*args: Any, **kwargs: Any) -> Any:
        result = f(*args, **kwargs)

        def grad(*dresults: Any, variables: Any = None) -> Any:
            flat = [x for x in nest.flatten(args, expand_composites=True) if isinstance(x, Tensor)]
            held = BARRIER(
                [*flat, *dresults]
            )  # after the barrier, so that the recomputation is not merged with the first one
            it = iter(held)
            with GradientTape() as tape:
                again = nest.map_structure(
                    lambda x: next(it) if isinstance(x, Tensor) else x, args, expand_composites=True
                )
                sources = [
                    x
                    for x in nest.flatten(again, expand_composites=True)
                    if isinstance(x, Tensor) or hasattr(x, "handle")
                ]
                tape.watch([x for x in sources if hasattr(x, "handle") or x._dtype.is_trainable])
                if variables:
                    tape.watch(list(variables))
                recomputed = f(*again, **kwargs)
            grads = tape.gradient(
                recomputed,
                [*sources, *(variables or [])],
                output_gradients=held[len(flat) :],
                unconnected_gradients="none",
            )
            by_leaf = iter(grads[: len(sources)])
            leaves = nest.flatten(args, expand_composites=True)
            arg_grads = [
                next(by_leaf) if isinstance(x, Tensor) or hasattr(x, "handle") else None for x in leaves
            ]
            return (arg_grads, grads[len(sources) :]) if variables else arg_grads

        return result, grad

    return inner


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, whose gradient is the identity's: as if `f` were not there.

    >>> import headrace as tf
    >>> x = tf.constant(2.6)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = tf.grad_pass_through(tf.round)(x) * 2.0
    >>> float(y), float(tape.gradient(y, x))
    (6.0, 2.0)
    """

    @custom_gradient
    @functools.wraps(f)
    def inner(*args: Any, **kwargs: Any) -> Any:
        def grad(*dresults: Any, variables: Any = None) -> Any:
            return (dresults, [None] * len(variables)) if variables else dresults

        return f(*args, **kwargs), grad

    return inner


# -------------------------------------------------------------------------------------------- graph gradients
def _as_list(x: Any) -> list[Any]:
    return list(x) if isinstance(x, (list, tuple)) else [x]


def _symbol(x: Any, graph: Any) -> Any:
    """The tensor of `graph` that stands for a tensor or a variable, or the thing itself where the graph does
    not use it."""
    tensor: Any = _source(x)
    if not isinstance(tensor, Tensor):
        tensor = to_tensor(tensor)
    if not tensor._is_eager and tensor.op.graph is graph:
        return tensor
    found = getattr(graph, "captures", {}).get(id(tensor))
    return tensor if found is None else found[1]


def _graph_of(ys: Sequence[Any]) -> Any:
    for y in ys:
        if isinstance(y, Tensor) and not y._is_eager:
            return y.op.graph  # type: ignore[attr-defined]
    return state.graph


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> list[Any]:
    """The derivatives of the sum of `ys` with respect to each of `xs`, as new ops of the graph being built.

    Args:
      ys, xs: tensors (`xs` also variables) or lists of them.
      grad_ys: gradients of the ys to start from (ones where None).
      gate_gradients: whether no gradient is available before all are.
      aggregation_method: one of `tf.AggregationMethod`; all give one result.
      stop_gradients: tensors through which nothing flows back.
      unconnected_gradients: what the gradient is where ys do not depend on x.

    Raises:
      RuntimeError: called in eager mode; use `tf.GradientTape` there.
      LookupError: an op on the way has no gradient.

    >>> import headrace as tf
    >>> f = tf.function(lambda x: tf.gradients(x * x, x)[0])
    >>> float(f(tf.constant(3.0)))
    6.0
    """
    if state.graph is None:
        raise RuntimeError(
            "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead."
        )
    if aggregation_method not in (None, 0, 1, 2):
        raise ValueError(
            f"Invalid aggregation_method specified: {aggregation_method}. Use one of tf.AggregationMethod."
        )
    ys, xs = _as_list(ys), _as_list(xs)
    graph = _graph_of(ys)
    targets = [_symbol(y.value() if hasattr(y, "handle") else y, graph) for y in ys]
    seeds = [None] * len(targets) if grad_ys is None else _as_list(grad_ys)
    if len(seeds) != len(targets):
        raise ValueError(
            f"Must have as many gradients in `grad_ys` as there are `ys`: {len(seeds)} against"
            f" {len(targets)}."
        )
    with name_scope(name):
        start = []
        for y, g in zip(targets, seeds):
            if g is not None and not hasattr(g, "indices"):
                g = to_tensor(g, y._dtype)
                if not g.shape.is_compatible_with(y.shape):
                    raise ValueError(
                        f"Incompatible shapes between op input and calculated input gradient: {g.shape} for a"
                        f" y of shape {y.shape}."
                    )
            start.append(g)
        records = _stopped(graph.operations, [_symbol(t, graph) for t in _as_list(stop_gradients or [])])
        found = backprop(
            list(records), targets, [_symbol(x, graph) for x in xs], start, unconnected_gradients
        )
        if gate_gradients:
            from .script import tuple as gated

            found = gated(found)
    return found


def _stopped(operations: Sequence[Any], stops: Sequence[Any]) -> Sequence[Any]:
    """The operations as records in which the outputs in `stops` are somebody else's, so that no gradient
    finds its producer."""
    if not stops:
        return operations
    cut = {id(t) for t in stops}
    out: list[Any] = []
    for node in operations:
        hit = [id(y) in cut for y in node.outputs]
        if not any(hit):
            out.append(node)
        elif not all(hit):
            outputs = [lookup("Identity")(y) if h else y for y, h in zip(node.outputs, hit)]
            out.append(Record(node.op_def, node.inputs, node.attrs, outputs))
    return out


def hessians(
    ys: Any,
    xs: Any,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    name: str = "hessians",
) -> list[Any]:
    """The matrix of second derivatives of the sum of `ys` for each of `xs`: shape `x.shape + x.shape`.

    Raises:
      RuntimeError: called in eager mode.
    """
    xs = _as_list(xs)
    with name_scope(name):
        first = gradients(ys, xs, gate_gradients=gate_gradients, aggregation_method=aggregation_method)
        graph = _graph_of(_as_list(ys))
        out = []
        for g, x in zip(first, xs):
            source = _symbol(x, graph)
            out.append(
                None if g is None else _rows(graph.operations, to_dense(g), [source], [True], "none", True)[0]
            )
    return out


# -------------------------------------------------------------------------------------------------- Jacobians
def _size(x: Any) -> Any:
    n = x.shape.num_elements()
    return lookup("Size")(x) if n is None else n


def _shape(x: Any) -> Any:
    raw = x._raw_shape
    return (
        lookup("Shape")(x)
        if raw is None or None in raw
        else to_tensor(list(raw))
        if raw
        else to_tensor([], lookup("Shape")(x)._dtype)
    )


def _eye(n: Any, dtype: Any) -> Tensor:
    index = lookup("Range")(0, n, 1)
    one, zero = to_tensor(1, dtype), to_tensor(0, dtype)
    return lookup("OneHot")(index, to_tensor(n), one, zero, axis=-1)


def _rows(
    records: Sequence[Any],
    target: Any,
    sources: Sequence[Any],
    watched: Sequence[bool],
    unconnected: str,
    vectorize: bool,
) -> list[Any]:
    """d target / d source for every source, `target.shape + source.shape`: one backward pass per element of
    target, all at once where `vectorize`."""
    records = list(records)
    n = _size(target)
    seeds = lookup("Reshape")(
        _eye(n, target._dtype), lookup("ConcatV2")([lookup("Reshape")(to_tensor(n), [1]), _shape(target)], 0)
    )
    found = _pulled(records, target, sources, watched, seeds, n, vectorize)
    out = []
    for s, g in zip(sources, found):
        if g is None:
            out.append(_unconnected(target, s) if unconnected == "zero" else None)
            continue
        value_shape = (
            lookup("StridedSlice")(lookup("Shape")(g), [1], [0], [1], end_mask=1)
            if not _known(g)
            else to_tensor(list(g._raw_shape[1:]), lookup("Shape")(g)._dtype)
        )
        jacobian = lookup("Reshape")(g, lookup("ConcatV2")([_shape(target), value_shape], 0))
        out.append(jacobian)
    return out


def _known(g: Any) -> bool:
    return g._raw_shape is not None and None not in g._raw_shape[1:]


def _unconnected(target: Any, source: Any) -> Tensor:
    if source._dtype.kind == "r":
        source = lookup("ReadVariableOp")(source, dtype=source.__dict__["_handle_data"][0])
    return lookup("Fill")(
        lookup("ConcatV2")([_shape(target), _shape(source)], 0), to_tensor(0, source._dtype)
    )


def _pulled(
    records: Sequence[Any],
    target: Any,
    sources: Sequence[Any],
    watched: Sequence[bool],
    seeds: Any,
    n: Any,
    vectorize: bool,
) -> list[Any]:
    """The gradients for each of a batch of output gradients, stacked; None where nothing flows."""
    connected: list[bool] = []
    live = [s for s, w in zip(sources, watched) if w]

    def pull(seed: Any) -> list[Any]:
        found = iter(backprop(records, [target], live, [seed]))
        grads = [next(found) if w else None for w in watched]
        connected[:] = [g is not None for g in grads]
        return [to_dense(g) for g in grads if g is not None]

    if not vectorize and isinstance(n, int):
        rows = [pull(lookup("StridedSlice")(seeds, [i], [i + 1], [1], shrink_axis_mask=1)) for i in range(n)]
        stacked = [lookup("Pack")(list(column), axis=0) for column in zip(*rows)]
    else:
        stacked = vectorized_map(pull, seeds)
    if not connected:  # no rows at all: one more pass tells which sources are connected, and their shapes
        rows0 = pull(lookup("ZerosLike")(target))
        stacked = [
            lookup("Fill")(lookup("ConcatV2")([[0], _shape(g)], 0), to_tensor(0, g._dtype)) for g in rows0
        ]
    it = iter(stacked)
    return [next(it) if c else None for c in connected]


def _finish(tape: GradientTape) -> None:
    """A tape that is not persistent answers once."""
    if tape._used and not tape._persistent:
        raise RuntimeError(
            "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
        )
    if tape._active and not tape._persistent:
        tape._stop()
    tape._used = True


def _mode(unconnected: Any) -> str:
    text = str(getattr(unconnected, "value", unconnected)).lower()
    if text not in ("none", "zero"):
        raise ValueError(f"Unknown value for unconnected_gradients: {text!r}; use 'none' or 'zero'.")
    return text


def _checked_target(target: Any) -> Any:
    if hasattr(target, "handle"):
        return target.value()
    if not isinstance(target, Tensor):
        raise TypeError(f"A Jacobian's target must be one tensor, received {target!r}.")
    return target


def jacobian(tape: GradientTape, target: Any, sources: Any, unconnected: Any, use_pfor: bool) -> Any:
    """`GradientTape.jacobian`."""
    mode = _mode(unconnected)
    _finish(tape)
    target = _checked_target(target)
    leaves = nest.flatten(sources, expand_composites=True)
    for s in leaves:
        if not isinstance(s, Tensor) and not hasattr(s, "handle"):
            raise TypeError(f"A Jacobian's sources must be tensors or variables, received {s!r}.")
    flat = [_source(s) for s in leaves]
    found = _rows(tape._records, target, flat, [id(s) in tape._watched for s in flat], mode, use_pfor)
    if not tape._persistent:
        tape._records = []
    return nest.pack_sequence_as(sources, found, expand_composites=True)


def batch_jacobian(tape: GradientTape, target: Any, source: Any, unconnected: Any, use_pfor: bool) -> Any:
    """`GradientTape.batch_jacobian`: as example b of the target depends on example b of the source alone, one
    backward pass
    serves all examples."""
    mode = _mode(unconnected)
    _finish(tape)
    target = _checked_target(target)
    t, s = (
        target._raw_shape,
        _source(source)._raw_shape if not hasattr(source, "handle") else source.shape._raw,
    )
    if t is None or s is None:
        raise ValueError(
            f"batch_jacobian needs target and source of known rank, received shapes {target.shape} and"
            f" {source.shape}."
        )
    for name, raw in (("target", t), ("source", s)):
        if len(raw) < 2:
            raise ValueError(f"The {name} of batch_jacobian must have rank at least 2, received shape {raw}.")
    if t[0] is not None and s[0] is not None and t[0] != s[0]:
        raise ValueError(
            f"Need first dimension of target shape ({target.shape}) and source shape ({source.shape}) to"
            " match."
        )
    shape = lookup("Shape")
    rest = (
        to_tensor(list(t[1:]), shape(target)._dtype)
        if None not in t[1:]
        else lookup("StridedSlice")(shape(target), [1], [0], [1], end_mask=1)
    )
    size = 1
    for d in t[1:]:
        size = None if d is None or size is None else size * d  # type: ignore[assignment]
    n = size if size is not None else lookup("Prod")(rest, [0], keep_dims=False)
    batch = lookup("StridedSlice")(shape(target), [0], [1], [1])
    wide = lookup("ConcatV2")([lookup("Reshape")(to_tensor(n), [1]), batch, rest], 0)
    eye = lookup("Reshape")(
        _eye(n, target._dtype), lookup("ConcatV2")([lookup("Reshape")(to_tensor(n), [1]), [1], rest], 0)
    )
    watched = [id(_source(source)) in tape._watched]
    grad = _pulled(
        list(tape._records), target, [_source(source)], watched, lookup("BroadcastTo")(eye, wide), n, use_pfor
    )[0]
    if not tape._persistent:
        tape._records = []
    value = source.value() if hasattr(source, "handle") else source
    inner = lookup("StridedSlice")(shape(value), [1], [0], [1], end_mask=1)
    full = lookup("ConcatV2")([batch, rest, inner], 0)
    if grad is None:
        return lookup("Fill")(full, to_tensor(0, value._dtype)) if mode == "zero" else None
    rank = len(s) + 1
    out = lookup("Reshape")(lookup("Transpose")(grad, [1, 0, *range(2, rank)]), full)
    if not out._is_eager:
        out.set_shape((t[0] if t[0] is not None else s[0], *t[1:], *s[1:]))
    return out


__all__ = ["ForwardAccumulator", "GradientTape"]
ROOT = [
    "AggregationMethod",
    "GradientTape",
    "RegisterGradient",
    "UnconnectedGradients",
    "custom_gradient",
    "grad_pass_through",
    "gradients",
    "hessians",
    "no_gradient",
    "recompute_grad",
    "vectorized_map",
]
