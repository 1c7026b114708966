"""What a model takes and gives, by name: `SignatureDef`s, made of graphs' tensors and found in graphs again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headrace.core import dtypes, nest
from headrace.core.graph import Graph, get_default_graph
from headrace.core.specs import CompositeTensor
from headrace.core.state import state
from headrace.core.static import static_value
from headrace.core.tensor import EagerTensor, SymbolicTensor, Tensor
from headrace.graphs.variables import below
from headrace.io.tensor_proto import make_tensor_proto, shape_proto
from headrace.proto.meta_graph_pb2 import SignatureDef, TensorInfo

from . import constants

STRING, FLOAT = dtypes.string.as_datatype_enum, dtypes.float32.as_datatype_enum


# ------------------------------------------------------------------------------------------------------- tensors as messages
def build_tensor_info(tensor: Any) -> TensorInfo:
    """The message that names a tensor of a graph.

    Args:
      tensor: a tensor, variable, SparseTensor, or another composite value (ragged …).

    Raises:
      RuntimeError: in eager mode, where tensors have no names.
      AttributeError: it is no tensor.
      NotImplementedError: values of its type have no message.

    >>> import headrace as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.compat.v1.placeholder(tf.float32, [None, 3], name="x")
    ...     info = tf.compat.v1.saved_model.build_tensor_info(x)
    >>> info.name, [d.size for d in info.tensor_shape.dim]
    ('x:0', [-1, 3])
    """
    if state.graph is None:
        raise RuntimeError("`build_tensor_info` is not supported in eager execution.")
    return _tensor_info(tensor)


def _tensor_info(tensor: Any) -> TensorInfo:
    from headrace.composites.sparse.tensor import SparseTensor

    info = TensorInfo()
    if isinstance(tensor, CompositeTensor) and not isinstance(tensor, SparseTensor):
        from .structures import encode_spec

        info.composite_tensor.type_spec.CopyFrom(encode_spec(tensor._type_spec))
        for component in nest.flatten(tensor, expand_composites=True):
            info.composite_tensor.components.add().CopyFrom(_tensor_info(component))
        return info
    info.dtype = tensor.dtype.as_datatype_enum
    info.tensor_shape.CopyFrom(shape_proto(tensor.shape._raw))
    if isinstance(tensor, SparseTensor):
        info.coo_sparse.values_tensor_name = tensor.values.name
        info.coo_sparse.indices_tensor_name = tensor.indices.name
        info.coo_sparse.dense_shape_tensor_name = tensor.dense_shape.name
    else:
        info.name = tensor.name
    return info


def get_tensor_from_tensor_info(
    tensor_info: Any, graph: Graph | None = None, import_scope: str | None = None
) -> Any:
    """The tensor, or composite value, of a graph that a message names.

    Args:
      tensor_info: a `TensorInfo`.
      graph: the default graph if not given.
      import_scope: is put before the names.

    Raises:
      KeyError: there is no such tensor in the graph.
      ValueError: the message names none, or a value of a type that cannot be read.
    """
    graph = graph or get_default_graph()

    def named(name: str) -> Any:
        return graph.get_tensor_by_name(below(name, import_scope))

    encoding = tensor_info.WhichOneof("encoding")
    if encoding == "name":
        return named(tensor_info.name)
    if encoding == "coo_sparse":
        from headrace.composites.sparse.tensor import SparseTensor

        parts = tensor_info.coo_sparse
        with graph.as_default():
            return SparseTensor(
                named(parts.indices_tensor_name),
                named(parts.values_tensor_name),
                named(parts.dense_shape_tensor_name),
            )
    if encoding == "composite_tensor":
        from .structures import decode_spec

        spec = decode_spec(tensor_info.composite_tensor.type_spec)
        components = [named(c.name) for c in tensor_info.composite_tensor.components]
        return nest.pack_sequence_as(spec, components, expand_composites=True)
    raise ValueError(
        f"Invalid TensorInfo.encoding: {encoding}. Expected `coo_sparse`, `composite_tensor`, or `name` for a dense tensor."
    )


# ---------------------------------------------------------------------------------------------------------------- signatures
def build_signature_def(
    inputs: Mapping[str, Any] | None = None, outputs: Mapping[str, Any] | None = None,
    method_name: str | None = None, defaults: Mapping[str, Any] | None = None,
) -> SignatureDef:  # fmt: skip
    """A `SignatureDef`.

    Args:
      inputs, outputs: `TensorInfo`s by name.
      method_name: what kind of signature it is: `PREDICT_METHOD_NAME` …
      defaults: values of inputs that need not be given, by name: eager tensors, or constants of a graph.

    Raises:
      ValueError: a default's value is not known before the graph runs.
    """
    signature = SignatureDef(method_name=method_name or "")
    for given, into in ((inputs, signature.inputs), (outputs, signature.outputs)):
        for key, info in (given or {}).items():
            into[key].CopyFrom(_own(info))
    for key, default in (defaults or {}).items():
        known = isinstance(default, EagerTensor) or (
            isinstance(default, SymbolicTensor) and default.op.type == "Const"
        )
        if not known:
            raise ValueError(
                f"Unable to convert object {default} of type {type(default)} to TensorProto. Expected an eager tensor or a "
                "constant."
            )
        value = static_value(default)
        assert value is not None
        signature.defaults[key].CopyFrom(make_tensor_proto(value, default.dtype))
    return signature


def _own(info: Any) -> TensorInfo:
    """A `TensorInfo` of our own class, of whatever class it is."""
    return info if isinstance(info, TensorInfo) else TensorInfo.FromString(info.SerializeToString())


def _checked(tensor: Any, dtype: int | None, what: str, type_name: str) -> TensorInfo:
    info = build_tensor_info(tensor)
    if dtype is not None and info.dtype != dtype:
        raise ValueError(f"{what} must be of type {type_name}. Found a tensor of type {tensor.dtype.name}.")
    return info


def _examples(examples: Any, kind: str) -> TensorInfo:
    if examples is None:
        raise ValueError(f"{kind} `examples` cannot be None.")
    if not isinstance(examples, Tensor):
        raise ValueError(
            f"Expected {kind.lower()} `examples` to be of type Tensor. Found `examples` of type {type(examples)}."
        )
    return _checked(examples, STRING, f"{kind} input tensors", "string")


def regression_signature_def(examples: Any, predictions: Any) -> SignatureDef:
    """A signature for serving regressions: it takes serialized `Example`s.

    Args:
      examples: a string tensor.
      predictions: a float32 tensor.

    Raises:
      ValueError: either is missing, or of another type.
    """
    info = _examples(examples, "Regression")
    if predictions is None:
        raise ValueError("Regression `predictions` cannot be None.")
    out = _checked(predictions, FLOAT, "Regression output tensors", "float")
    return build_signature_def(
        {constants.REGRESS_INPUTS: info}, {constants.REGRESS_OUTPUTS: out}, constants.REGRESS_METHOD_NAME
    )


def classification_signature_def(examples: Any, classes: Any, scores: Any) -> SignatureDef:
    """A signature for serving classifications: it takes serialized `Example`s.

    Args:
      examples: a string tensor.
      classes: a string tensor of labels, or None.
      scores: a float32 tensor, or None.

    Raises:
      ValueError: the examples, or both outputs, are missing; or one is of another type.
    """
    info = _examples(examples, "Classification")
    if classes is None and scores is None:
        raise ValueError("Classification `classes` and `scores` cannot both be None.")
    outputs = {}
    if classes is not None:
        outputs[constants.CLASSIFY_OUTPUT_CLASSES] = _checked(
            classes, STRING, "Classification classes", "string"
        )
    if scores is not None:
        outputs[constants.CLASSIFY_OUTPUT_SCORES] = _checked(scores, FLOAT, "Classification scores", "float")
    return build_signature_def({constants.CLASSIFY_INPUTS: info}, outputs, constants.CLASSIFY_METHOD_NAME)


def predict_signature_def(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> SignatureDef:
    """A signature for serving predictions.

    Args:
      inputs, outputs: tensors by name.

    Raises:
      ValueError: there are none.

    >>> import headrace as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.compat.v1.placeholder(tf.float32, name="x")
    ...     signature = tf.compat.v1.saved_model.predict_signature_def({"x": x}, {"y": x * 2.0})
    >>> signature.method_name, signature.inputs["x"].name
    ('tensorflow/serving/predict', 'x:0')
    """
    for given, what in ((inputs, "inputs"), (outputs, "outputs")):
        if not given:
            raise ValueError(f"Prediction `{what}` cannot be None or empty.")
    return build_signature_def(
        {key: build_tensor_info(t) for key, t in inputs.items()},
        {key: build_tensor_info(t) for key, t in outputs.items()},
        constants.PREDICT_METHOD_NAME,
    )


# What servers take, by the method's name: whether the types of inputs and outputs are right.
def _right(given: Mapping[str, Any], allowed: Mapping[str, int], all_of_them: bool) -> bool:
    keys = set(given)
    there = keys == set(allowed) if all_of_them else bool(keys) and keys <= set(allowed)
    return there and all(given[k].dtype == allowed[k] for k in keys)


_VALID: dict[str, Callable[[Any], bool]] = {
    constants.PREDICT_METHOD_NAME: lambda s: bool(s.inputs) and bool(s.outputs),
    constants.REGRESS_METHOD_NAME: lambda s: (
        _right(s.inputs, {constants.REGRESS_INPUTS: STRING}, True)
        and _right(s.outputs, {constants.REGRESS_OUTPUTS: FLOAT}, True)
    ),
    constants.CLASSIFY_METHOD_NAME: lambda s: (
        _right(s.inputs, {constants.CLASSIFY_INPUTS: STRING}, True)
        and _right(
            s.outputs,
            {constants.CLASSIFY_OUTPUT_CLASSES: STRING, constants.CLASSIFY_OUTPUT_SCORES: FLOAT},
            False,
        )
    ),
}


def is_valid_signature(signature_def: Any) -> bool:
    """Whether servers can serve a signature: a prediction, regression or classification with what these need."""
    if signature_def is None:
        return False
    valid = _VALID.get(signature_def.method_name)
    return valid is not None and valid(signature_def)


def validate(signatures: Mapping[str, Any]) -> None:
    """Checks signatures before they are saved.

    Raises:
      AssertionError: a tensor has no name or no type.
      KeyError: a name is reserved.
    """
    for signature in signatures.values():
        for infos in (signature.inputs, signature.outputs):
            for info in infos.values():
                _validate_info(info)
    for key, purpose in (
        (constants.INIT_OP_SIGNATURE_KEY, "initialization"),
        (constants.TRAIN_OP_SIGNATURE_KEY, "the train op"),
    ):
        if key in signatures:
            raise KeyError(
                f'SignatureDef map key "{key}" is reserved for {purpose}. Please use a different key.'
            )


def _validate_info(info: Any) -> None:
    encoding = info.WhichOneof("encoding")
    if encoding is None:
        raise AssertionError(
            f"Invalid `tensor_info`: {info}. All TensorInfo protos used in the SignatureDefs must have one of the 'encoding' "
            "fields (e.g., name or coo_sparse) set."
        )
    if encoding == "composite_tensor":
        for component in info.composite_tensor.components:
            _validate_info(component)
    elif not info.dtype:
        raise AssertionError(
            f"Invalid `tensor_info`: {info}. All TensorInfo protos used in the SignatureDefs must have the dtype field set."
        )


__all__ = [
    "build_signature_def", "build_tensor_info", "classification_signature_def", "get_tensor_from_tensor_info",
    "is_valid_signature", "predict_signature_def", "regression_signature_def", "validate",
]  # fmt: skip
