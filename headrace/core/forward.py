"""Forward-mode differentiation: `ForwardAccumulator` carries a Jacobian-vector product along with every op.

An op has one derivative rule, its gradient `v ↦ Jᵀv`. That rule is linear in v and itself made of ops, so
differentiating it with respect to v gives `t ↦ Jt`: the forward rule, without a second table."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from . import nest
from .convert import to_tensor
from .derivative import origin
from .dispatch import execute, flatten_outputs
from .graph import FuncGraph, graph_output
from .op import OpDef, lookup
from .state import building, set_tapes, state
from .tape import GradientTape, Record, backprop, input_gradients, is_slices, to_dense
from .tensor import Tensor


class ForwardAccumulator:
    """Computes Jacobian-vector products while the computation runs.

    Args:
      primals: tensors or variables (or a nest of them) to differentiate with respect to.
      tangents: the vectors that multiply the Jacobian, each of its primal's shape.

    Accumulators and tapes nest: an outer one sees what an inner one computes, not the other way round.

    Raises:
      ValueError: a primal is given twice.

    >>> import headrace as tf
    >>> x = tf.constant(3.0)
    >>> with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as acc:
    ...     y = x * x
    >>> float(acc.jvp(y))
    6.0
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        self._jvps: dict[int, tuple[Any, Any]] = {}  # id of a tensor -> (weak reference to it, its product)
        # The listeners that were there before; they hear what is computed here.
        self._below: frozenset[int] | None = None
        self._active = False
        flat = nest.flatten(primals)
        nest.assert_same_structure(primals, tangents, check_types=False)
        if len({id(p) for p in flat}) != len(flat):
            raise ValueError(
                "A tensor was specified as a primal multiple times. This may indicate an error. If it was"
                " intended, please sum the corresponding tangents."
            )
        for primal, tangent in zip(flat, nest.flatten(tangents)):
            self._watch(primal, tangent)

    def _watch(self, primal: Any, tangent: Any) -> None:
        if primal.dtype.kind not in "fc":
            import logging

            logging.getLogger("headrace").warning(
                "The dtype of the watched primal must be floating (e.g. tf.float32), got %r", primal.dtype
            )
        tangent = to_tensor(tangent, primal.dtype)
        if not tangent.shape.is_compatible_with(primal.shape):
            raise ValueError(
                f"A tangent must have its primal's shape {primal.shape}, received {tangent.shape}."
            )
        self._set(primal.handle if hasattr(primal, "handle") else primal, tangent)

    def _set(self, tensor: Any, jvp: Any) -> None:
        jvps, key = self._jvps, id(tensor)
        old = jvps.get(key)
        if old is not None and old[0]() is tensor:
            jvp = lookup("AddV2")(old[1], jvp)
        jvps[key] = weakref.ref(tensor, lambda _: jvps.pop(key, None)), jvp

    def _get(self, tensor: Any) -> Any:
        found = self._jvps.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else None

    def __enter__(self) -> ForwardAccumulator:
        if self._active:
            raise ValueError("Accumulator is already recording.")
        self._active = True
        self._below = frozenset(id(t) for t in state.tapes)
        set_tapes((*state.tapes, self))
        return self

    def __exit__(self, *exc: object) -> None:
        if self._active:
            set_tapes(tuple([t for t in state.tapes if t is not self]))
            self._active = False

    def variable_accessed(self, variable: Any) -> None:
        """Listeners are told of every variable read; only the primals matter here."""

    def jvp(self, primals: Any, unconnected_gradients: Any = "none") -> Any:
        """The Jacobian-vector products that were computed for `primals`, in their structure.

        Args:
          unconnected_gradients: "none" gives None for tensors that do not depend on the primals, "zero" gives
            zeros.
        """
        unconnected = str(getattr(unconnected_gradients, "value", unconnected_gradients)).lower()
        if unconnected not in ("none", "zero"):
            raise ValueError(
                f"Unknown value for unconnected_gradients: {unconnected!r}; use 'none' or 'zero'."
            )

        def fetch(x: Any) -> Any:
            jvp = self._get(x.handle if hasattr(x, "handle") else x)
            return lookup("ZerosLike")(x) if jvp is None and unconnected == "zero" else jvp

        return nest.map_structure(fetch, primals)

    def record(
        self, op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any], outputs: Sequence[Tensor]
    ) -> None:
        """Called after every op: computes the products of its outputs from those of its inputs."""
        tangents = [self._get(x) for x in inputs]
        if all(t is None for t in tangents) or not any(y._dtype.kind in "fcv" for y in outputs):
            return
        saved = state.tapes
        below = self._below or frozenset()
        set_tapes(tuple([t for t in saved if id(t) in below]))
        try:
            for y, jvp in zip(outputs, jvps(op, inputs, attrs, outputs, tangents)):
                if jvp is not None:
                    self._set(y, jvp)
        finally:
            set_tapes(saved)


def jvps(
    op: OpDef,
    inputs: Sequence[Tensor],
    attrs: Mapping[str, Any],
    outputs: Sequence[Tensor],
    tangents: Sequence[Any],
) -> list[Any]:
    """J·tangents of one op, by differentiating its gradient rule with respect to the output gradients."""
    if outputs[0]._is_eager and isinstance(attrs.get("f"), FuncGraph):
        return _of_call(inputs, attrs["f"], outputs, tangents)
    tape = GradientTape(persistent=True, watch_accessed_variables=False)
    seeds: list[Any] = [None] * len(outputs)
    saved = state.tapes
    set_tapes((*saved, tape))
    try:
        for i, y in enumerate(outputs):
            if y._dtype.kind in "fcv":
                seeds[i] = lookup("ZerosLike")(y)
                tape.watch(seeds[i])
        results = input_gradients(Record(op, inputs, attrs, outputs), seeds)
        targets, weights = [], []
        for g, tangent in zip(results, tangents):
            if g is None or tangent is None:
                continue
            if is_slices(g) and g.dense_shape is not None:
                targets.append(g.values)
                weights.append(lookup("GatherV2")(tangent, g.indices, 0))
            else:
                targets.append(to_dense(g))
                weights.append(tangent)
    finally:
        set_tapes(saved)
    sources = [s for s in seeds if s is not None]
    found = iter(backprop(tape._records, targets, sources, weights))
    return [None if s is None else next(found) for s in seeds]


# -------------------------------------------------------------------------------- calls of graphs, when eager
class _TangentGraph(FuncGraph):
    """Computes the tangents of a function's outputs from those of its inputs. It takes what the function's
    run left (inputs, outputs, among them what the backward pass needs); anything else inside the function is
    computed again."""

    def __init__(self, graph: FuncGraph, given: Sequence[bool]) -> None:
        super().__init__(f"{graph.name}_tangent", outer=origin(graph))
        self._primal = graph
        self._left = {id(t) for t in (*graph.inputs, *graph.outputs)}
        self._again: dict[int, list[Any]] = {}
        tangents: dict[int, Any] = {}
        with building(self, tapes=()):
            for t, g in zip(graph.inputs, given):
                if g:
                    data = t.__dict__.get("_handle_data")
                    tangents[id(t)] = (
                        self.argument(data[0], data[1]) if data else self.argument(t._dtype, t._raw_shape)
                    )
            for node in _leading_to(graph):
                found = [tangents.get(id(t)) for t in node.inputs]
                if any(f is not None for f in found) and any(y._dtype.kind in "fcv" for y in node.outputs):
                    for y, jvp in zip(
                        node.outputs, jvps(node.op_def, node.inputs, node.attrs, node.outputs, found)
                    ):
                        if jvp is not None:
                            tangents[id(y)] = jvp
            self.reached = [id(t) in tangents for t in graph.outputs]
            self.outputs = [graph_output(self, tangents[id(t)]) for t in graph.outputs if id(t) in tangents]

    def capture(self, tensor: Any, name: str | None = None) -> Any:
        inside = not tensor._is_eager and tensor.op.graph is self.outer
        if not inside or id(tensor) in self._left or tensor.op.op_def.stateful:
            return super().capture(tensor, name)
        node = tensor.op
        # A gradient may have given it more outputs since.
        if tensor.value_index >= len(self._again.get(id(node), ())):
            result = execute(node.op_def, list(node.inputs), node.attrs)
            self._again[id(node)] = flatten_outputs(result)
        return self._again[id(node)][tensor.value_index]


def _leading_to(graph: FuncGraph) -> list[Any]:
    """The nodes that the outputs depend on, in program order."""
    wanted: set[int] = set()
    stack = [t.op for t in graph.outputs if not t._is_eager]
    while stack:
        node = stack.pop()
        if id(node) not in wanted:
            wanted.add(id(node))
            stack.extend([t.op for t in node.inputs])
    return [n for n in graph.operations if id(n) in wanted]


def _of_call(
    inputs: Sequence[Any], graph: FuncGraph, outputs: Sequence[Any], tangents: Sequence[Any]
) -> list[Any]:
    from headrace.ops.functional import call

    given = tuple([t is not None for t in tangents])
    made = graph.memo.setdefault("tangents", {})
    key = given, tuple([id(t) for t in graph.outputs])
    tangent = made.get(key)
    if tangent is None:
        tangent = made[key] = _TangentGraph(graph, given)
    values = {id(t): v for t, v in zip((*graph.inputs, *graph.outputs), (*inputs, *outputs))}
    arguments = [t for t in tangents if t is not None] + [
        values.get(id(t), t) for t in tangent.external_captures
    ]
    found = iter(call(tangent, arguments))
    return [next(found) if reached else None for reached in tangent.reached]
