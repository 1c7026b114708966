"""`tf.contrib.training`: train operations, and named hyperparameters."""

from __future__ import annotations

import json
from typing import Any

import headrace as tf
from headrace.api.compat_v1_summary import histogram, scalar
from headrace.api.compat_v1_train import get_or_create_global_step
from headrace.core.graph import get_default_graph
from headrace.core.slices import IndexedSlices
from headrace.core.state import state
from headrace.session.keys import GraphKeys

from .bucketing import bucket, bucket_by_sequence_length
from .evaluation import (
    StopAfterNEvalsHook,
    SummaryAtEndHook,
    checkpoints_iterator,
    evaluate_once,
    evaluate_repeatedly,
    get_or_create_eval_step,
    train,
    wait_for_new_checkpoint,
)
from .placement import GreedyLoadBalancingStrategy, RandomStrategy, byte_size_load_fn
from .sampling import rejection_sample, resample_at_rate, stratified_sample, weighted_resample

USE_GLOBAL_STEP: Any = object()


def create_train_op(
    total_loss: Any, optimizer: Any, global_step: Any = USE_GLOBAL_STEP, update_ops: Any = None,
    variables_to_train: Any = None, transform_grads_fn: Any = None, summarize_gradients: bool = False,
    gate_gradients: Any = None, aggregation_method: Any = None, colocate_gradients_with_ops: bool = False,
    check_numerics: bool = True,
) -> Any:  # fmt: skip
    """A tensor that trains when it is evaluated: the loss, after a step; it is in the collection "train_op".

    Args:
      global_step: counted up with each step: the graph's by default; None for none.
      update_ops: operations to run before the gradients; the collection "update_ops" by default.
      transform_grads_fn: a function of the list of (gradient, variable) pairs.
      check_numerics: whether a loss that is infinite or no number is an error.
    """
    if global_step is USE_GLOBAL_STEP:
        global_step = get_or_create_global_step()
    graph: Any = state.graph
    update_ops = set(graph.get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else update_ops)
    if update_ops:
        with graph.control_dependencies(list(update_ops)):
            barrier = tf.no_op(name="update_barrier")
        with graph.control_dependencies([barrier]):
            total_loss = tf.identity(total_loss, name="control_dependency")
    variables = variables_to_train or graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)
    options = {} if gate_gradients is None else {"gate_gradients": gate_gradients}
    pairs = optimizer.compute_gradients(
        total_loss, variables, aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops, **options,
    )  # fmt: skip
    if transform_grads_fn is not None:
        pairs = transform_grads_fn(pairs)
    if summarize_gradients:
        add_gradients_summaries(pairs)
    updated = optimizer.apply_gradients(pairs, global_step=global_step)
    with tf.name_scope("train_op"):
        if check_numerics:
            total_loss = tf.debugging.check_numerics(total_loss, "LossTensor is inf or nan")
        with graph.control_dependencies([updated]):
            train_op = tf.identity(total_loss, name="control_dependency")
    collection = get_default_graph().get_collection_ref(GraphKeys.TRAIN_OP)
    if not any(train_op is t for t in collection):
        collection.append(train_op)
    return train_op


def add_gradients_summaries(grads_and_vars: Any) -> list[Any]:
    """Summaries of the distribution and the norm of each gradient."""
    summaries = []
    for gradient, var in grads_and_vars:
        if gradient is None:
            continue
        values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
        summaries.append(histogram(var.op.name + "_gradient", values))
        summaries.append(scalar(var.op.name + "_gradient_norm", tf.linalg.global_norm([values])))
    return summaries


def clip_gradient_norms(gradients_to_variables: Any, max_norm: float) -> list[Any]:
    """Each gradient scaled down to a norm of at most `max_norm`."""
    return [(_clipped(g, max_norm), v) for g, v in gradients_to_variables]


def _clipped(gradient: Any, norm: float) -> Any:
    if gradient is None:
        return None
    if isinstance(gradient, IndexedSlices):
        return IndexedSlices(tf.clip_by_norm(gradient.values, norm), gradient.indices, gradient.dense_shape)
    return tf.clip_by_norm(gradient, norm)


def clip_gradient_norms_fn(max_norm: float) -> Any:
    """`clip_gradient_norms` to that norm, for `transform_grads_fn`."""
    return lambda pairs: clip_gradient_norms(pairs, max_norm)


def multiply_gradients(grads_and_vars: Any, gradient_multipliers: Any) -> list[Any]:
    """Gradients times numbers, by variable or its name.

    Raises:
      ValueError: there are no multipliers, or no gradient for one."""
    if not isinstance(grads_and_vars, list):
        raise TypeError("`grads_and_vars` must be a list.")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise TypeError("`gradient_multipliers` must be a dict.")
    out = []
    for gradient, var in grads_and_vars:
        factor = gradient_multipliers.get(var, gradient_multipliers.get(var.op.name))
        if factor is not None:
            if gradient is None:
                raise ValueError(f"Requested multiple of `None` gradient: {var.op.name}.")
            if isinstance(gradient, IndexedSlices):
                gradient = IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
            else:
                gradient = gradient * tf.cast(factor, gradient.dtype)
        out.append((gradient, var))
    return out


class HParams:
    """Hyperparameters by name, each of a type: bool, int, float, str, or a list of one of these.

    >>> h = HParams(rate=0.1, layers=[64, 64], name="net")
    >>> h = h.parse("rate=0.5,layers=[32,16],layers[1]=8")
    >>> h.rate, h.layers, "name" in h
    (0.5, [32, 8], True)
    """

    _types: dict[str, tuple[type, bool]]

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any) -> None:
        if hparam_def is not None:
            raise NotImplementedError("HParams cannot be made of a HParamDef. Give the values as arguments.")
        self._types = {}
        self._model_structure = model_structure
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """Adds one; its type is that of the value.

        Raises:
          ValueError: there is one of that name, or the value is an empty list."""
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved or there already: {name}")
        if isinstance(value, (list, tuple)):
            if not value:
                raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
            self._types[name] = type(value[0]), True
        else:
            self._types[name] = type(value), False
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Changes one, to a value of its type.

        Raises:
          ValueError: the value is of another type, or a list where it is none."""
        kind, several = self._known(name)
        if isinstance(value, list) != several:
            raise ValueError(f"Must {'' if several else 'not '}pass a list for the hyperparameter {name}.")
        setattr(self, name, [_typed(name, kind, v) for v in value] if several else _typed(name, kind, value))

    def _known(self, name: str) -> tuple[type, bool]:
        if name not in self._types:
            raise KeyError(
                f"There is no hyperparameter {name!r}: there are {', '.join(sorted(self._types))}."
            )
        return self._types[name]

    def del_hparam(self, name: str) -> None:
        """Removes one."""
        if name in self._types:
            delattr(self, name)
            del self._types[name]

    def parse(self, values: str) -> HParams:
        """Changes those of "name=value,name=[value,…],name[index]=value".

        Raises:
          ValueError: it cannot be read, or names what is not there."""
        for name, index, text in _assignments(values):
            if name not in self._types:
                raise ValueError(f"Unknown hyperparameter type for {name}")
            kind, several = self._types[name]
            if index is not None:
                if not several or text.startswith("["):
                    raise ValueError(
                        f"Could not parse {name}[{index}]={text}: one entry of a list is one value."
                    )
                getattr(self, name)[index] = _read(name, kind, text)
            elif text.startswith("["):
                if not several:
                    raise ValueError(f"Must not pass a list for single-valued parameter: {name}")
                inner = text[1:-1].strip()
                setattr(self, name, [_read(name, kind, t.strip()) for t in inner.split(",")] if inner else [])
            elif several:
                raise ValueError(f"Must pass a list for multi-valued parameter: {name}.")
            else:
                setattr(self, name, _read(name, kind, text))
        return self

    def override_from_dict(self, values_dict: dict[str, Any]) -> HParams:
        """Changes those of a dict."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def parse_json(self, values_json: str) -> HParams:
        """Changes those of a JSON object."""
        return self.override_from_dict(json.loads(values_json))

    def to_json(self, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
        """All of them as a JSON object."""
        return json.dumps(self.values(), indent=indent, separators=separators, sort_keys=sort_keys)

    def values(self) -> dict[str, Any]:
        """All of them as a dict."""
        return {name: getattr(self, name) for name in self._types}

    def get(self, key: str, default: Any = None) -> Any:
        """The value of one, or `default` where there is none."""
        return getattr(self, key) if key in self._types else default

    def get_model_structure(self) -> Any:
        return self._model_structure

    def set_model_structure(self, model_structure: Any) -> None:
        self._model_structure = model_structure

    def __contains__(self, key: str) -> bool:
        return key in self._types

    def __repr__(self) -> str:
        return f"HParams({', '.join(f'{k}={v!r}' for k, v in sorted(self.values().items()))})"


def _typed(name: str, kind: type, value: Any) -> Any:
    message = f"Could not cast hparam '{name}' of type '{kind.__name__}' from value {value!r}"
    if value is None or kind is type(None):
        return value
    if isinstance(value, str) != issubclass(kind, str) or (isinstance(value, bool) != issubclass(kind, bool)):
        raise ValueError(message)
    if issubclass(kind, int) and isinstance(value, float):
        raise ValueError(message)
    return kind(value)


def _read(name: str, kind: type, text: str) -> Any:
    try:
        if kind is bool:
            return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
        return kind(text)
    except (ValueError, KeyError):
        raise ValueError(
            f"Could not parse hparam '{name}' of type '{kind.__name__}' with value {text!r}"
        ) from None


def parse_values(values: str, type_map: dict[str, type], ignore_unknown: bool = False) -> dict[str, Any]:
    """The values of "name=value,name=[value,…],name[index]=value", by name; those with an index as dicts by index.

    Args:
      type_map: the type of each name's values.
      ignore_unknown: whether other names are passed over.

    Raises:
      ValueError: it cannot be read, names what is not in `type_map`, or the same thing twice.

    >>> parse_values("a=1,b=[2.5,3],c[1]=x", {"a": int, "b": float, "c": str})
    {'a': 1, 'b': [2.5, 3.0], 'c': {1: 'x'}}
    """
    found: dict[str, Any] = {}
    for name, index, text in _assignments(values):
        if name not in type_map:
            if ignore_unknown:
                continue
            raise ValueError(f"Unknown hyperparameter type for {name}")
        kind, several = type_map[name], text.startswith("[")
        if index is not None:
            by_index = found.setdefault(name, {})
            if several or not isinstance(by_index, dict) or index in by_index:
                raise ValueError(f"Multiple or malformed assignments to {name}[{index}] in {values!r}")
            by_index[index] = _read(name, kind, text)
            continue
        if name in found:
            raise ValueError(f"Multiple assignments to variable '{name}' in {values!r}")
        if several:
            inner = text[1:-1].strip()
            found[name] = [_read(name, kind, t.strip()) for t in inner.split(",")] if inner else []
        else:
            found[name] = _read(name, kind, text)
    return found


def _assignments(text: str) -> list[tuple[str, int | None, str]]:
    """The assignments of "a=1,b=[1,2],c[0]=3"."""
    import re

    pattern = re.compile(
        r"\s*(?P<name>[a-zA-Z][\w.]*)(?:\[\s*(?P<index>\d+)\s*\])?\s*=\s*(?P<value>\[[^\]]*\]|[^,\[]*)\s*(?:,|$)"
    )
    out, position = [], 0
    while position < len(text):
        found = pattern.match(text, position)
        if found is None:
            raise ValueError(f"Malformed hyperparameter value: {text[position:]}")
        index = found["index"]
        out.append((found["name"], None if index is None else int(index), found["value"].strip()))
        position = found.end()
    return out


__all__ = [
    "GreedyLoadBalancingStrategy", "HParams", "RandomStrategy", "StopAfterNEvalsHook", "SummaryAtEndHook",
    "add_gradients_summaries", "bucket", "bucket_by_sequence_length", "byte_size_load_fn", "checkpoints_iterator",
    "clip_gradient_norms", "clip_gradient_norms_fn", "create_train_op", "evaluate_once", "evaluate_repeatedly",
    "get_or_create_eval_step", "multiply_gradients", "parse_values", "rejection_sample", "resample_at_rate",
    "stratified_sample", "train", "wait_for_new_checkpoint", "weighted_resample",
]  # fmt: skip
