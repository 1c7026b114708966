"""`tf.vectorized_map`: a function traced once for one element, then run for all elements at once.

Walking the traced graph in program order, every tensor either is the same for all elements, or is *stacked*:
it has one more dimension, the first. An op with a rule for stacked inputs runs once; a composite op is taken
apart into its body; any other op runs once per element, which is correct but slow. The rules of op types are
in `vectorize_rules.py`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.dispatch import execute, flatten_outputs
from headrace.core.graph import FuncGraph, Operation, graph_output, trace_body
from headrace.core.op import OpDef, lookup
from headrace.core.state import building, state
from headrace.core.tensor import Tensor

from .autograph import tf_convert
from .lower import needed

log = logging.getLogger("headrace")


class CannotVectorize(Exception):
    """An op has neither a rule for stacked inputs nor a way to run it element by element."""


class Stack:
    """A tensor while vectorizing: the values of all elements along the first dimension, or one that all
    share."""

    __slots__ = ("stacked", "tensor")

    def __init__(self, tensor: Any, stacked: bool) -> None:
        self.tensor, self.stacked = tensor, stacked

    @property
    def rank(self) -> int:
        """The rank of one element."""
        raw = self.tensor._raw_shape
        if raw is None:
            raise CannotVectorize(f"the rank of {self.tensor!r} is not known")
        return len(raw) - self.stacked

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape of one element."""
        self.rank  # noqa: B018 - raises where it is unknown
        return self.tensor._raw_shape[self.stacked :]


class Vectorizer:
    """Runs a traced graph's ops for `n` elements at once."""

    def __init__(self, n: Any) -> None:
        self.n = n  # a number, or a scalar tensor
        self.looped: list[str] = []  # op types that ran element by element
        self.env: dict[int, Stack] = {}  # what the tensors of the graph being run became

    # ------------------------------------------------------------------------------------------------ a graph
    def run(self, graph: FuncGraph, arguments: Sequence[Stack]) -> list[Stack]:
        env: dict[int, Stack] = {
            id(inner): Stack(outer, False) for outer, inner in graph.captures.values() if _reachable(outer)
        }
        env.update({id(t): a for t, a in zip(graph.inputs, arguments)})
        saved, self.env = self.env, env
        for node in needed(graph, graph.outputs):
            if node.outputs and id(node.outputs[0]) in env:
                continue
            if node.op_def.name == "Placeholder":
                raise CannotVectorize(f"{node.name} has no value")
            for t, value in zip(node.outputs, self.node(node, [env[id(t)] for t in node.inputs])):
                env[id(t)] = value
        self.env = saved
        return [env[id(t)] for t in graph.outputs]

    def node(self, node: Operation, inputs: Sequence[Stack]) -> list[Stack]:
        from . import vectorize_contractions  # noqa: F401 - registers its rules
        from .vectorize_rules import RANDOM, RULES

        op, attrs = node.op_def, node.attrs
        if op.name not in RANDOM and not any(x.stacked for x in inputs):
            return [Stack(t, False) for t in call(op, [x.tensor for x in inputs], attrs)]
        rule = RULES.get(op.name)
        if rule is not None:
            found = rule(self, node, inputs)
            if found is not None:
                return [
                    f if isinstance(f, Stack) else Stack(f, True)
                    for f in (found if isinstance(found, list) else [found])
                ]
        if op.body is not None:
            return self.run(trace_body(op, node.inputs, attrs), list(inputs))
        return self.loop(node, inputs)

    def loop(self, node: Operation, inputs: Sequence[Stack]) -> list[Stack]:
        """One element after the other."""
        if not isinstance(self.n, int):
            raise CannotVectorize(
                f"{node.type} has no rule for stacked inputs, and the number of elements is not known"
            )
        if self.n == 0:
            raise CannotVectorize(
                f"{node.type} has no rule for stacked inputs, and there is no element to run it on"
            )
        self.looped.append(node.type)
        unpack, pack = lookup("Unpack"), lookup("Pack")
        columns = [unpack(x.tensor, num=self.n, axis=0) if x.stacked else [x.tensor] * self.n for x in inputs]
        rows = [call(node.op_def, list(row), node.attrs) for row in zip(*columns)]
        return [Stack(pack(list(column), axis=0), True) for column in zip(*rows)]

    # ---------------------------------------------------------------------------------------- building blocks
    def stack(self, x: Stack) -> Any:
        """The tensor with the elements' dimension: repeated if it is the same for all."""
        if x.stacked:
            return x.tensor
        shape = [self.n, *dims(x.tensor)]
        return lookup("BroadcastTo")(x.tensor, vector(shape))

    def lifted(self, x: Stack, rank: int) -> Any:
        """The tensor with ones behind the elements' dimension, so that one element has `rank` dimensions; as
        it is, if shared (broadcasting does the rest)."""
        missing = rank - x.rank
        if not x.stacked or missing <= 0:
            return x.tensor
        sizes = dims(x.tensor)
        return reshape(x.tensor, [sizes[0], *[1] * missing, *sizes[1:]])


def _reachable(outer: Any) -> bool:
    """Whether a captured tensor can be used where the vectorized ops go (a graph that is gone left a constant
    behind)."""
    if outer._is_eager:
        return True
    graph = state.graph
    while graph is not None and graph is not outer.op.graph:
        graph = graph.outer
    return graph is not None


def call(op: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> list[Any]:
    """Runs an op; its flat outputs."""
    result = execute(op, list(inputs), attrs)
    return [] if isinstance(result, Operation) else flatten_outputs(result)


def dims(x: Any) -> list[Any]:
    """The sizes of a tensor's dimensions: numbers where they are known, scalars otherwise."""
    raw = x._raw_shape
    if raw is None:
        raise CannotVectorize(f"the rank of {x!r} is not known")
    if None not in raw:
        return list(raw)
    shape = lookup("Shape")(x)
    return [
        d if d is not None else lookup("StridedSlice")(shape, [i], [i + 1], [1], shrink_axis_mask=1)
        for i, d in enumerate(raw)
    ]


def vector(entries: Sequence[Any]) -> Any:
    """Numbers and scalar tensors as one int32 vector."""
    from headrace.core import dtypes

    if not any(isinstance(e, Tensor) for e in entries):
        return to_tensor(list(entries), dtypes.int32)
    return lookup("Pack")(
        [
            lookup("Cast")(e, DstT=dtypes.int32) if isinstance(e, Tensor) else to_tensor(e, dtypes.int32)
            for e in entries
        ],
        axis=0,
    )


def reshape(x: Any, sizes: Sequence[Any]) -> Any:
    return lookup("Reshape")(x, vector(sizes))


# ----------------------------------------------------------------------------------------------- the function
def _count(tensors: Sequence[Any]) -> Any:
    n: Any = None
    for t in tensors:
        raw = t._raw_shape
        if raw == ():
            raise ValueError(
                "The elements of vectorized_map must have at least one dimension, along which it maps;"
                " received a scalar."
            )
        if raw is not None and raw[0] is not None and raw[0] != 1:
            if n is not None and n != raw[0]:
                raise ValueError(
                    f"The elements of vectorized_map differ in their first dimension: {n} and {raw[0]}."
                )
            n = raw[0]
    if n is None:
        if all(t._raw_shape is not None and t._raw_shape[0] == 1 for t in tensors):
            return 1
        first = next(t for t in tensors if t._raw_shape is None or t._raw_shape[0] is None)
        n = lookup("StridedSlice")(lookup("Shape")(first), [0], [1], [1], shrink_axis_mask=1)
    return n


def vectorized_map(
    fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True
) -> Any:
    """`fn` of every element along the first dimension of `elems`, computed for all at once: `tf.map_fn`, only
    much faster.

    Args:
      fn: takes one element (in the structure of `elems`), returns tensors; traced once.
      elems: a tensor `[n, ...]`, or a nest of them. First dimensions of size 1 go with every element.
      fallback_to_while_loop: whether ops that know no such way run element by element; else they are an
        error.
      warn: whether that is logged.

    Raises:
      ValueError: an op cannot be vectorized and `fallback_to_while_loop` is False; or first dimensions
        differ.

    >>> import headrace as tf
    >>> x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    >>> tf.vectorized_map(lambda v: v * tf.reduce_sum(v), x).numpy().tolist()
    [[3.0, 6.0], [21.0, 28.0]]
    """
    fn = tf_convert(fn)
    structure = nest.map_structure(
        lambda x: to_tensor(x) if not isinstance(x, Tensor) else x, elems, expand_composites=True
    )
    tensors = nest.flatten(structure, expand_composites=True)
    if not tensors:
        raise ValueError("vectorized_map needs at least one tensor to map over.")
    n = _count(tensors)
    graph = FuncGraph("vectorized_map")
    with building(graph, tapes=()):
        inner = [
            graph.argument(t._dtype, None if t._raw_shape is None else t._raw_shape[1:], "element")
            for t in tensors
        ]
        for placeholder, t in zip(inner, tensors):
            if "_handle_data" in t.__dict__:
                placeholder.__dict__["_handle_data"] = t.__dict__["_handle_data"]
        result = fn(nest.pack_sequence_as(structure, inner, expand_composites=True))
        result = nest.map_structure(
            lambda x: None if x is None or isinstance(x, Operation) else to_tensor(x),
            result,
            expand_composites=True,
        )
        graph.outputs = [
            graph_output(graph, t) for t in nest.flatten(result, expand_composites=True) if t is not None
        ]
    for ref in graph.variables.values():
        variable = ref()
        if variable is not None:
            variable._accessed()  # tapes outside did not hear of it while the function was traced
    vectorizer = Vectorizer(n)
    arguments = [
        Stack(
            _first(t) if t._raw_shape is not None and t._raw_shape[0] == 1 and n != 1 else t,
            not (t._raw_shape is not None and t._raw_shape[0] == 1 and n != 1),
        )
        for t in tensors
    ]
    try:
        found = vectorizer.run(graph, arguments)
    except CannotVectorize as error:
        if not fallback_to_while_loop:
            raise ValueError(
                f"vectorized_map cannot vectorize the function: {error}. Allow fallback_to_while_loop, or use"
                " tf.map_fn."
            ) from None
        return _mapped(fn, structure, result, str(error), warn)
    if vectorizer.looped:
        names = ", ".join(sorted(set(vectorizer.looped)))
        if not fallback_to_while_loop:
            raise ValueError(
                f"vectorized_map has no rule for {names}. Allow fallback_to_while_loop, or use tf.map_fn."
            )
        if warn:
            log.info("vectorized_map runs %s element by element: no rule for stacked inputs.", names)
    out = iter([vectorizer.stack(s) for s in found])
    return nest.pack_sequence_as(
        result,
        [None if t is None else next(out) for t in nest.flatten(result, expand_composites=True)],
        expand_composites=True,
    )


def _first(t: Any) -> Any:
    return lookup("Squeeze")(t, squeeze_dims=[0])


def _mapped(fn: Callable[..., Any], elems: Any, result: Any, why: str, warn: bool) -> Any:
    from headrace.api.higher_order import map_fn

    if warn:
        log.warning("vectorized_map falls back to a loop over the elements: %s.", why)
    signature = nest.map_structure(lambda t: t.dtype, result)
    return map_fn(fn, elems, fn_output_signature=signature)


__all__ = ["CannotVectorize", "Stack", "Vectorizer", "call", "dims", "reshape", "vector", "vectorized_map"]
