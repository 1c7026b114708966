"""Reverse-mode differentiation: tapes record what ran, `backprop` walks a recording backwards.

The same walk serves eager tapes, tapes inside traced functions and symbolic `tf.gradients`: a gradient rule is written
with ops, so whatever it computes is run, traced or recorded again in turn."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from . import dtypes, nest
from .errors import NotFoundError
from .op import OpDef, lookup
from .shapes import known
from .state import set_tapes, state
from .tensor import Tensor

# Registered by users: for ops without a rule, and for overriding by name (`Graph.gradient_override_map`).
GRADIENTS: dict[str, Callable[..., Any]] = {}


class Record:
    """One op that ran, as its gradient rule sees it (a graph `Operation` has the same attributes)."""

    __slots__ = ("attrs", "inputs", "op_def", "outputs")
    private: Mapping[str, Any] = {}

    def __init__(
        self, op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any], outputs: Sequence[Tensor]
    ) -> None:
        self.op_def, self.inputs, self.attrs, self.outputs = op, inputs, attrs, outputs

    @property
    def type(self) -> str:
        return self.op_def.name

    @property
    def name(self) -> str:
        return self.op_def.name

    def get_attr(self, name: str) -> Any:
        return (
            self.attrs[name] if name in self.attrs else self.op_def.type_value(name, self.inputs, self.attrs)
        )


def not_differentiable(op: Any, *grads: Any) -> list[None]:
    """The gradient rule of ops through which nothing flows (comparisons, integer results, shapes …)."""
    return [None] * len(op.inputs)


class GradientTape:
    """Records ops on watched tensors and variables, for `gradient`.

    Args:
      persistent: whether `gradient` may be called more than once.
      watch_accessed_variables: whether trainable variables are watched as soon as they are read.

    >>> import headrace as tf
    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> float(tape.gradient(y, x))
    6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_accessed = watch_accessed_variables
        self._clear()
        self._active = False
        self._used = False

    def _clear(self) -> None:
        self._records: list[Record] = []
        self._watched: set[int] = set()
        self._kept: list[Any] = []  # watched tensors stay alive, so that their ids stay theirs
        self._variables: dict[int, Any] = {}

    def __enter__(self) -> GradientTape:
        if self._active:
            raise ValueError(
                "Tape is still recording, This can happen if you try to re-enter an already-active tape."
            )
        if not self._persistent:
            self._clear()
        self._start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._active:
            self._stop()

    def _start(self) -> None:
        set_tapes((*state.tapes, self))
        self._active = True

    def _stop(self) -> None:
        set_tapes(tuple([t for t in state.tapes if t is not self]))
        self._active = False

    # --------------------------------------------------------------------------------------------------------- recording
    def record(
        self, op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any], outputs: Sequence[Tensor]
    ) -> None:
        watched = self._watched
        for x in inputs:
            if id(x) in watched:
                break
        else:
            return
        flows = False
        for y in outputs:
            if y._dtype.is_trainable:
                watched.add(id(y))
                flows = True
        if flows:
            self._records.append(Record(op, inputs, attrs, outputs))

    def watch(self, tensor: Any) -> None:
        """Starts recording what is computed from `tensor` (a tensor, a variable or a nest of them)."""
        for t in [_differentiable(t) for t in nest.flatten(tensor)]:
            if hasattr(t, "handle"):
                self.watch_variable(t)
                continue
            if not isinstance(t, Tensor):
                raise ValueError(
                    f"Passed in object {t!r} of type {type(t).__name__}, not tf.Tensor or tf.Variable or ExtensionType."
                )
            if not t._dtype.is_trainable:
                import logging

                logging.getLogger("headrace").warning(
                    "The dtype of the watched tensor must be floating (e.g. tf.float32), got %r", t._dtype
                )
                continue
            self._watched.add(id(t))
            self._kept.append(t)

    def watch_variable(self, variable: Any) -> None:
        self._watched.add(id(variable.handle))
        self._kept.append(variable.handle)
        self._variables[id(variable.handle)] = variable

    def variable_accessed(self, variable: Any) -> None:
        if self._watch_accessed and id(variable.handle) not in self._watched:
            self.watch_variable(variable)

    def watched_variables(self) -> tuple[Any, ...]:
        return tuple(self._variables.values())

    def stop_recording(self) -> Any:
        """A context manager inside which this tape does not record."""
        from contextlib import contextmanager

        @contextmanager
        def paused() -> Any:
            if not self._active:
                raise ValueError("Tape is not recording.")
            self._stop()
            try:
                yield
            finally:
                self._start()

        return paused()

    def reset(self) -> None:
        """Forgets everything recorded so far."""
        active = self._active
        if active:
            self._stop()
        self._clear()
        if active:
            self._start()

    # --------------------------------------------------------------------------------------------------------- gradients
    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: Any = "none"
    ) -> Any:
        """The derivative of (the sum of) `target` with respect to `sources`, in the structure of `sources`.

        Args:
          target: a tensor, or a nest of tensors.
          output_gradients: one tensor per target (or None: ones) to multiply in; ones by default.
          unconnected_gradients: "none" gives None where target does not depend on a source, "zero" gives zeros.

        Raises:
          RuntimeError: called twice on a tape that is not persistent.
          LookupError: an op on the way has no gradient.
          ValueError: a source is no tensor, or there are not as many output_gradients as targets.
        """
        if self._used and not self._persistent:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
            )
        if self._active:
            if not self._persistent:
                self._stop()
            else:
                import logging

                logging.getLogger("headrace").debug(
                    "gradient() called inside the context of a persistent tape records the gradient computation too"
                )
        self._used = True
        leaves = nest.flatten(sources)
        flat_sources = [_differentiable(s) for s in leaves]
        for s in flat_sources:
            if not isinstance(s, Tensor) and not hasattr(s, "handle"):
                raise ValueError(
                    f"Passed in object {s!r} of type {type(s).__name__}, not tf.Tensor or tf.Variable or ExtensionType."
                )
        targets = [t.value() if hasattr(t, "handle") else _differentiable(t) for t in nest.flatten(target)]
        if target is None:
            raise TypeError(
                "Argument `target` should be a list or nested structure of Tensors, Variables or CompositeTensors to be differentiated, but received None."
            )
        if output_gradients is not None:
            grads = [None if g is None else _as_gradient(g) for g in nest.flatten(output_gradients)]
            if len(grads) != len(targets):
                raise ValueError(
                    f"GradientTape.gradient takes one gradient per target: there are {len(targets)} target(s), but {len(grads)} output_gradients. "
                    "A gradient of one target that is given as a list must be a tensor: tf.constant([...])."
                )
            grads = [
                _differentiable(g) if nest.is_composite(t) else g for t, g in zip(nest.flatten(target), grads)
            ]
        else:
            grads = [None] * len(targets)
        flat = [_source(s) for s in flat_sources]
        result = backprop(self._records, targets, flat, grads, unconnected_gradients, self._watched)
        if not self._persistent:
            variables = self._variables
            self._clear()
            self._variables = variables
        pairs = zip(leaves, result)
        return nest.pack_sequence_as(
            sources,
            [
                s._with_differentiable(to_dense(g)) if nest.is_composite(s) and g is not None else g
                for s, g in pairs
            ],
        )

    def _backprop(
        self,
        targets: Sequence[Any],
        sources: Sequence[Any],
        output_gradients: Sequence[Any],
        unconnected: Any,
    ) -> list[Any]:
        """Gradients of the sources; those that the tape never watched are not connected, whatever took them."""
        watched = [id(s) in self._watched for s in sources]
        found = iter(
            backprop(
                self._records,
                targets,
                [s for s, w in zip(sources, watched) if w],
                output_gradients,
                unconnected,
            )
        )
        zero = str(getattr(unconnected, "value", unconnected)).lower() == "zero"
        return [next(found) if w else _zeros_for(s) if zero else None for s, w in zip(sources, watched)]

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = "none",
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The derivative of every element of `target`, shape `target.shape + source.shape`, in the structure of `sources`."""
        from headrace.api.autodiff import jacobian

        return jacobian(self, target, sources, unconnected_gradients, experimental_use_pfor)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = "none",
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The derivative of `target[b]` with respect to `source[b]` for every b: shape `[b] + target.shape[1:] + source.shape[1:]`."""
        from headrace.api.autodiff import batch_jacobian

        return batch_jacobian(self, target, source, unconnected_gradients, experimental_use_pfor)


def _as_gradient(value: Any) -> Any:
    from .convert import to_tensor

    return value if is_slices(value) or nest.is_composite(value) else to_tensor(value)


def _differentiable(x: Any) -> Any:
    """The tensor through which gradients flow: a composite's values."""
    return x._differentiable if nest.is_composite(x) else x


def _source(x: Any) -> Tensor:
    return x.handle if hasattr(x, "handle") else x


def is_slices(value: Any) -> bool:
    """Whether a gradient is an IndexedSlices: rows and their indices, the gradient of a gather."""
    return hasattr(value, "indices") and hasattr(value, "values") and hasattr(value, "dense_shape")


def backprop(
    records: Sequence[Any],
    targets: Sequence[Any],
    sources: Sequence[Any],
    output_gradients: Sequence[Any],
    unconnected: Any = "none",
    watched: set[int] | None = None,
    gated: bool = False,
) -> list[Any]:
    """Gradients of the targets with respect to the sources, walking `records` (anything with `.op_def`, `.inputs`,
    `.outputs`, `.attrs`, in execution order) backwards. A source that is not among the ids in `watched` is unconnected.
    `gated`: in plain graphs, the gradients of the sources are called what TensorFlow's gates of an operation's gradients are."""
    unconnected = str(getattr(unconnected, "value", unconnected)).lower()
    if unconnected not in ("none", "zero"):
        raise ValueError(f"Unknown value for unconnected_gradients: {unconnected!r}; use 'none' or 'zero'.")
    reached = {id(s) for s in sources if watched is None or id(s) in watched}
    on_path = []
    for record in records:
        for x in record.inputs:
            if id(x) in reached:
                on_path.append(record)
                reached.update([id(y) for y in record.outputs])
                break
    # In plain graphs, the gradients of an operation lie in a scope of its name.
    named = state.graph is not None and not state.graph.building_function
    grads: dict[int, Any] = {}
    for i, (target, g) in enumerate(zip(targets, output_gradients)):
        if id(target) in reached and target._dtype.is_trainable:
            _accumulate(grads, target, lookup("OnesLike")(target, name=f"grad_ys_{i}") if g is None else g)
    kept = {id(s) for s in sources}
    gates = set(kept) if gated and named else set()  # sources, and reads of them
    for record in on_path if gates else ():
        if record.op_def.name in _READS and id(record.inputs[0]) in gates:
            gates.add(id(record.outputs[0]))
    parts: dict[int, list[Any]] = {}  # in plain graphs, what is still to be summed: once, when all is there

    def add_up(tensors: Sequence[Any]) -> None:
        for y in tensors:
            if id(y) in parts:
                _accumulate(grads, y, _sum(parts.pop(id(y))))

    for record in reversed(on_path):
        outputs = record.outputs
        if parts:
            add_up(outputs)
        received = [grads.get(id(y)) for y in outputs]
        if all(g is None for g in received):
            continue
        for y in outputs:
            if id(y) not in kept:
                grads.pop(id(y), None)
        scope = f"{record.name}_grad" if named and hasattr(record, "name") else None
        if scope is None:
            results = input_gradients(record, received, reached)
        else:
            with state.graph.name_scope(scope):  # type: ignore[union-attr]
                results = input_gradients(record, received, reached)
                if gates:
                    results = _gated(record, results, reached, gates)
        for x, g in zip(record.inputs, results):
            if g is not None and id(x) in reached:
                if state.graph is not None:
                    _give_shape(g, x)
                if named:
                    parts[id(x)] = [*parts.pop(id(x), ()), g]
                else:
                    _accumulate(grads, x, g)
    out = []
    last = {key: i for i, key in enumerate(parts)}  # what was complete first is summed first
    add_up(sorted(sources, key=lambda s: last.get(id(s), 0)))
    for s in sources:
        g = grads.get(id(s))
        if g is None and unconnected == "zero":
            g = _zeros_for(s)
        out.append(g)
    return out


def _give_shape(g: Any, x: Any) -> None:
    """A gradient has the shape of what it is the gradient of; a user's rule may not know it (that of a Python function)."""
    if is_slices(g) or g._is_eager or g._raw_shape == x._raw_shape or known(g._raw_shape):
        return
    if g._dtype.kind != "v" and x._dtype.kind != "r" and g.shape.is_compatible_with(x.shape):
        g.set_shape(x.shape)


_READS = ("Identity", "ReadVariableOp")


def _gated(record: Any, results: Sequence[Any], reached: set[int], sources: set[int]) -> list[Any]:
    """The gradients of an operation; those of sources with names as if they had passed a gate together with the others.
    There is no gate, as compiled programs give them together: only the names, by which programs call their summaries."""
    there = [
        x._dtype.is_trainable and (g is not None or id(x) not in reached)
        for x, g in zip(record.inputs, results)
    ]
    out = list(results)
    if sum(there) > 1:
        for i, (x, g) in enumerate(zip(record.inputs, results)):
            if g is not None and id(x) in sources and not is_slices(g):
                k = sum(there[:i])
                name = "tuple/control_dependency" + (f"_{k}" if k else "")
                out[i] = lookup("Identity")(g, name=name)
    return out


_CALLS = (
    "PartitionedCall",
    "StatefulPartitionedCall",
)  # saved ones name a gradient of the program that saved them


def _rule_of(name: str) -> Callable[..., Any] | None:
    """The gradient that was registered under a name, or that of the op type of that name."""
    if name in GRADIENTS:
        return GRADIENTS[name]
    try:
        return lookup(name).grad
    except NotFoundError:
        return None


def wanted(x: Any) -> bool:
    """For gradient rules: whether the gradient of the input `x` is used at all. A rule may return None for it if not."""
    reached = state.reached
    return reached is None or id(x) in reached


def input_gradients(record: Any, received: Sequence[Any], reached: set[int] | None = None) -> Sequence[Any]:
    """Applies one op's gradient rule: explicit, or derived from its body. `reached`: the ids of the inputs that matter."""
    op = record.op_def
    named = record.private.get("_gradient_op_type") if record.private else None
    if named is not None and op.name not in _CALLS:
        rule = _rule_of(named.decode())
    else:
        rule = op.grad
        if rule is None and op.body is not None:
            return _derived(record, received)
    if rule is None:
        raise LookupError(
            f"No gradient defined for operation '{record.name}' (op type: {op.name}). Wrap it in tf.stop_gradient, or give it one with tf.custom_gradient."
        )
    if len(record.outputs) > 1:
        accepts_none = getattr(rule, "accepts_none", False)
        received = [
            _zeros_for(y)
            if g is None and y._dtype.is_trainable and y._dtype.kind in "fc" and not accepts_none
            else g
            for g, y in zip(received, record.outputs)
        ]
    elif is_slices(received[0]) and not getattr(rule, "accepts_slices", False):
        received = [to_dense(received[0])]
    if len(record.outputs) > 1:
        received = [to_dense(g) if is_slices(g) else g for g in received]
    saved, state.reached = state.reached, reached
    try:
        results = rule(record, *received)
    finally:
        state.reached = saved
    if results is None or isinstance(results, Tensor) or is_slices(results):
        results = [results]
    if len(results) != len(record.inputs):
        raise ValueError(
            f"The gradient rule of {op.name} returned {len(results)} gradients for {len(record.inputs)} inputs."
        )
    return results


def _derived(record: Any, received: Sequence[Any]) -> Sequence[Any]:
    from .dispatch import _public, flatten_outputs

    op = record.op_def
    saved = state.tapes  # outer tapes record the recomputed body too: its derivative is theirs to take
    tape = GradientTape(persistent=True, watch_accessed_variables=False)
    set_tapes((*saved, tape))
    try:
        tape._watched.update(id(x) for x in record.inputs if x._dtype.is_trainable)
        ys = flatten_outputs(
            op.body(*op.regroup(record.inputs, record.inputs, record.attrs), **_public(record.attrs))
        )
    finally:
        set_tapes(tuple([t for t in state.tapes if t is not tape]))
    pairs = [(y, to_dense(g) if is_slices(g) else g) for y, g in zip(ys, received) if g is not None]
    return backprop(tape._records, [y for y, _ in pairs], list(record.inputs), [g for _, g in pairs])


def _zeros_for(tensor: Any) -> Any:
    if tensor._dtype.kind == "r":
        tensor = lookup("ReadVariableOp")(tensor, dtype=tensor.__dict__["_handle_data"][0])
    return lookup("ZerosLike")(tensor)


def _accumulate(grads: dict[int, Any], tensor: Any, g: Any) -> None:
    key = id(tensor)
    old = grads.get(key)
    grads[key] = g if old is None else add_gradients(old, g)


def _sum(gradients: Sequence[Any]) -> Any:
    """The sum of gradients of one tensor."""
    if len(gradients) > 2 and not any(is_slices(g) for g in gradients):
        return lookup("AddN")(list(gradients), name="AddN")
    return functools.reduce(add_gradients, gradients)


def add_gradients(a: Any, b: Any) -> Any:
    """The sum of two gradients; two IndexedSlices are concatenated, a mixed pair becomes dense."""
    if is_slices(a) and is_slices(b):
        concat, indices = lookup("ConcatV2"), [a.indices, b.indices]
        if a.indices._dtype is not b.indices._dtype:  # int32 and int64
            indices = [
                i if i._dtype is dtypes.int64 else lookup("Cast")(i, DstT=dtypes.int64) for i in indices
            ]
        return type(a)(concat([a.values, b.values], 0), concat(indices, 0), a.dense_shape)
    if is_slices(a) or is_slices(b):
        a, b = to_dense(a), to_dense(b)
    if a._dtype.kind == "v":
        return lookup("AddN")([a, b])
    return lookup("AddV2")(a, b, name="AddN")


def to_dense(g: Any) -> Any:
    """A gradient as a tensor: IndexedSlices rows are summed into place."""
    if not is_slices(g):
        return g
    if g.dense_shape is None:
        raise ValueError("Cannot turn an IndexedSlices without dense_shape into a tensor.")
    return lookup("UnsortedSegmentSum")(
        g.values, g.indices, lookup("StridedSlice")(g.dense_shape, [0], [1], [1], shrink_axis_mask=1)
    )


def watch_and_run(function: Callable[..., Any], inputs: Iterable[Any]) -> tuple[Any, GradientTape]:
    """Runs `function(*inputs)` under a new persistent tape that watches `inputs`."""
    tape = GradientTape(persistent=True, watch_accessed_variables=False)
    inputs = list(inputs)
    with tape:
        for x in inputs:
            if x._dtype.is_trainable:
                tape._watched.add(id(x))
                tape._kept.append(x)
        return function(*inputs), tape
