"""`tf.compat.v1.train.do_quantize_training_on_graphdef`: a graph that trains with the numbers that quantised inference will see.

What goes into a matrix product or a convolution is rounded to `num_bits` and back. Where what makes it does not say its range
(`Relu6`: 0 to 6), smallest and largest values are variables that follow the values of the steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.io.tensor_proto import make_tensor_proto
from headrace.proto import graph_pb2

from .reading import as_message
from .tools import source_of

PRODUCTS = frozenset({"Conv2D", "MatMul"})
RANGES = {"Relu6": (0.0, 6.0), "Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0)}
PASS_ON = frozenset({"AvgPool", "Identity", "MaxPool", "Reshape"})  # the values of their first input
DECAY = 0.999  # of the ranges that are followed
FLOAT, INT32 = 1, 3  # numbers of types in messages
Range = tuple[
    bool, tuple[float, float] | None
]  # whether there are negative values; the range, if it is known


def do_quantize_training_on_graphdef(input_graph: Any, num_bits: int) -> Any:
    """A graph in which the inputs of `MatMul` and `Conv2D` nodes are quantised, except of those that compute gradients.

    The new variables (`x/Min/Variable`, `x/Max/Variable`) are in no collection. They start with the values of the first step.

    Args:
      input_graph: a `GraphDef`.
      num_bits: of the integers between which numbers are rounded, 1 to 63.

    Raises:
      TypeError: `input_graph` is no `GraphDef`.
      IndexError: `num_bits` is out of range.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default() as graph:
    ...     y = tf.matmul(tf.nn.relu6(v1.placeholder(tf.float32, [1, 2], name="x"), name="r"), tf.ones([2, 1]), name="y")
    >>> made = v1.train.do_quantize_training_on_graphdef(graph.as_graph_def(), 8)
    >>> next(n.input[0] for n in made.node if n.name == "y")
    'r/QuantizeAndDequantizeV2'
    """
    if not 1 <= num_bits <= 63:
        raise IndexError(f"num_bits should be in range [1, 63] but is: {num_bits}")
    out = graph_pb2.GraphDef()
    out.CopyFrom(as_message(input_graph))
    nodes = {n.name: n for n in out.node}
    rounded: dict[str, str] = {}
    for node in list(out.node):
        if node.op not in PRODUCTS or node.name.startswith("gradients"):
            continue
        for i, text in enumerate(list(node.input[:2])):
            if text not in rounded:
                rounded[text] = _Quantizer(out, text).quantize(_range(nodes, text), num_bits)
            node.input[i] = rounded[text]
    return out


def _range(nodes: Any, text: str) -> Range:
    """What is known of a tensor's values from the node that makes it."""
    node = nodes.get(source_of(text))
    while node is not None and node.op in PASS_ON and node.input:
        node = nodes.get(source_of(node.input[0]))
    if node is None:
        return True, None
    if node.op == "Relu":
        return False, None
    if node.op in RANGES:
        return RANGES[node.op][0] < 0, RANGES[node.op]
    if node.op == "ConcatV2":
        found = [_range(nodes, t) for t in node.input[: node.attr["N"].i]]
        known = [r for _, r in found if r is not None]
        whole = (min(r[0] for r in known), max(r[1] for r in known)) if len(known) == len(found) else None
        return any(negative for negative, _ in found), whole
    return True, None


class _Quantizer:
    """Adds to a graph what quantises one tensor."""

    def __init__(self, graph: Any, tensor: str) -> None:
        self.graph, self.tensor = graph, tensor
        self.prefix = tensor.replace(":", "_")

    def add(self, name: str, op: str, *inputs: str, **attrs: Any) -> str:
        node = self.graph.node.add(name=f"{self.prefix}/{name}", op=op)
        node.input.extend(inputs)
        for key, value in attrs.items():
            if isinstance(value, bool):
                node.attr[key].b = value
            elif isinstance(value, bytes):
                node.attr[key].s = value
            elif key in ("T", "Tidx", "dtype"):
                node.attr[key].type = value
            else:
                node.attr[key].i = value
        return str(node.name)

    def constant(self, name: str, value: float, dtype: int = FLOAT) -> str:
        made = self.add(name, "Const", dtype=dtype)
        kind = dtypes.float32 if dtype == FLOAT else dtypes.int32
        self.graph.node[-1].attr["value"].tensor.CopyFrom(
            make_tensor_proto(np.asarray(value, kind._np), kind)
        )
        return made

    def quantize(self, known: Range, num_bits: int) -> str:
        negative, limits = known
        if limits is not None:
            low, high = self.constant("InputMin", limits[0]), self.constant("InputMax", limits[1])
        else:
            decay = self.constant("Decay", DECAY)
            start = self.constant("ReductionAxes/RangeStart", 0, INT32)
            step = self.constant("ReductionAxes/RangeDelta", 1, INT32)
            rank = self.add("ReductionAxes/InputRank", "Rank", self.tensor, T=FLOAT)
            axes = self.add("ReductionAxes/ReductionAxes", "Range", start, rank, step, Tidx=INT32)
            low, high = self.followed("Min", axes, decay), self.followed("Max", axes, decay)
        return self.add(
            "QuantizeAndDequantizeV2", "QuantizeAndDequantizeV2", self.tensor, low, high, signed_input=negative,
            range_given=True, num_bits=num_bits, round_mode=b"HALF_TO_EVEN", narrow_range=False, axis=-1, T=FLOAT,
        )  # fmt: skip

    def followed(self, kind: str, axes: str, decay: str) -> str:
        """The moving average of the smallest or largest values; the first one is where it starts."""
        now = self.add(kind, kind, self.tensor, axes, keep_dims=False, T=FLOAT, Tidx=INT32)
        average = self.add(f"{kind}/Variable", "VariableV2", shared_name=b"", container=b"", dtype=FLOAT)
        self.graph.node[-1].attr["shape"].shape.SetInParent()
        started = self.add(f"{kind}/IsInitialized", "IsVariableInitialized", average, dtype=FLOAT)
        switch = self.add(f"{kind}/Switch", "Switch", now, started, T=FLOAT)
        one = self.constant(f"{kind}/EMA/OneConst", 1.0)
        share = self.add(f"{kind}/EMA/DecayComplement", "Sub", one, decay, T=FLOAT)
        difference = self.add(f"{kind}/EMA/ValueDiff", "Sub", average, f"{switch}:1", T=FLOAT)
        update = self.add(f"{kind}/EMA/UpdateValue", "Mul", difference, share, T=FLOAT)
        value = self.add(f"{kind}/EMA/EMAValue", "Sub", average, update, T=FLOAT)
        merged = self.add(f"{kind}/Merge", "Merge", switch, value, T=FLOAT, N=2)
        return self.add(
            f"{kind}/AssignValue", "Assign", average, merged, validate_shape=True, use_locking=True, T=FLOAT
        )


__all__ = ["do_quantize_training_on_graphdef"]
