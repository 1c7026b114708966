"""Elements of several datasets in turns: chosen, drawn, or drawn so that classes are distributed as wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape
from headrace.core.specs import TensorSpec
from headrace.core.tensor import Tensor
from headrace.ops import iterators as ops

from . import structure
from .combining import common_spec
from .plan import INFINITE
from .sources_api import made

if TYPE_CHECKING:
    from .dataset import Dataset

_INDEX = TensorSpec(TensorShape(()), dtypes.int64)


def directed(selector: Dataset, datasets: Sequence[Dataset], stop: bool) -> Dataset:
    from .dataset import _merged

    spec = datasets[0].element_spec
    for dataset in datasets[1:]:
        spec = common_spec(spec, dataset.element_spec)
    result = made(
        ops.DIRECTED_INTERLEAVE, selector._variant_tensor, [d._variant_tensor for d in datasets], spec=spec,
        stop_on_empty_dataset=stop, **structure.flat_types(spec),
    )  # fmt: skip
    for dataset in datasets:
        result._own_options = _merged(result._own_options, dataset._own_options)
    return result


def choose_from_datasets(datasets: Any, choice_dataset: Dataset, stop_on_empty_dataset: bool) -> Dataset:
    datasets = list(datasets)
    if not datasets:
        raise ValueError("Invalid `datasets`. `datasets` should not be empty.")
    if not _INDEX.is_compatible_with(choice_dataset.element_spec):
        raise TypeError(
            "Invalid `choice_dataset`. Elements of `choice_dataset` must be scalar `tf.int64` tensors but are "
            f"{choice_dataset.element_spec}."
        )
    return directed(choice_dataset, datasets, stop_on_empty_dataset)


def sample_from_datasets(
    datasets: Any, weights: Any, seed: Any, stop_on_empty_dataset: bool, rerandomize: bool | None
) -> Dataset:
    from .dataset import Dataset

    datasets = list(datasets)
    if not datasets:
        raise ValueError("Invalid `datasets`. `datasets` should not be empty.")
    n = len(datasets)
    if isinstance(weights, Dataset):
        selector = Dataset.zip((weights, Dataset.random(seed, rerandomize))).map(_draw)
        return directed(selector, datasets, stop_on_empty_dataset)
    if weights is None:
        values = np.full(n, 1.0 / n, np.float64)
    else:
        tensor = to_tensor(weights)
        if tensor._dtype not in (dtypes.float32, dtypes.float64):
            raise TypeError(
                f"Invalid `weights`. `weights` type must be either `tf.float32` or `tf.float64` but is {tensor._dtype.name}."
            )
        if tensor._raw_shape is not None and tensor._raw_shape != (n,):
            raise ValueError(
                f"Invalid `weights`. The shape of `weights` should be compatible with `[len(datasets)]` but is {tensor.shape}."
            )
        if not tensor._is_eager:
            constant = Dataset.from_tensors(tensor).repeat()
            return sample_from_datasets(datasets, constant, seed, stop_on_empty_dataset, rerandomize)
        values = tensor._host().astype(np.float64)
        if n == 1:
            return datasets[0]
    kept = [(d, w) for d, w in zip(datasets, values) if w > 0]
    if not kept:
        raise ValueError("Invalid `weights`. At least one of them must be positive.")
    if len(kept) == 1:
        return kept[0][0]
    bounds = to_tensor(np.cumsum([w for _, w in kept]) / sum(w for _, w in kept))
    selector = Dataset.random(seed, rerandomize).map(lambda number: _place(number, bounds))
    return directed(selector, [d for d, _ in kept], stop_on_empty_dataset)


def _draw(weights: Tensor, number: Tensor) -> Tensor:
    weights = lookup("Cast")(weights, DstT=dtypes.float64)
    bounds = lookup("Cumsum")(weights, 0)
    return _place(number, lookup("RealDiv")(bounds, lookup("Sum")(weights, [0])))


def _place(number: Tensor, bounds: Tensor) -> Tensor:
    """How many of the bounds are at or below number / 2³²."""
    x = lookup("Mul")(lookup("Cast")(number, DstT=dtypes.float64), to_tensor(np.float64(2.0**-32)))
    below = lookup("Cast")(lookup("LessEqual")(bounds, x), DstT=dtypes.int64)
    last = lookup("Sub")(lookup("Size")(bounds, out_type=dtypes.int64), to_tensor(np.int64(1)))
    return lookup("Minimum")(lookup("Sum")(below, [0]), last)


def rejection_resample(
    dataset: Dataset, class_func: Callable[..., Any], target_dist: Any, initial_dist: Any, seed: Any
) -> Dataset:
    """Elements of class c are kept with a probability in proportion to target[c] / initial[c]."""
    from headrace.api import random

    from .dataset import Dataset

    target = lookup("Cast")(to_tensor(target_dist), DstT=dtypes.float32)
    classes = dataset.map(class_func)
    if not isinstance(classes.element_spec, TensorSpec) or not classes.element_spec.dtype.is_integer:
        raise TypeError(f"`class_func` must return an integer scalar, it returns {classes.element_spec}.")
    labelled = Dataset.zip((classes, dataset))
    if initial_dist is None:
        initial = classes.scan(to_tensor(np.zeros(target._raw_shape, np.int64)), _counted)
    else:
        initial = Dataset.from_tensors(lookup("Cast")(to_tensor(initial_dist), DstT=dtypes.float32)).repeat()

    def accept(label: Any, share: Any) -> Any:
        tiny = to_tensor(np.finfo(np.float32).tiny)
        ratio = lookup("RealDiv")(target, lookup("Maximum")(share, tiny))
        kept = lookup("RealDiv")(ratio, lookup("Max")(ratio, [0]))
        return lookup("Less")(random.uniform([], seed=seed), lookup("GatherV2")(kept, label, 0))

    both = Dataset.zip((labelled, initial))
    chosen = both.filter(lambda element, share: accept(element[0], share))
    return chosen.map(lambda element, share: element)


def _counted(counts: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Counts a class; the classes' shares so far, smoothed by one element of each."""
    counts = lookup("TensorScatterAdd")(
        counts, lookup("Reshape")(label, [1, 1]), to_tensor(np.ones(1, np.int64))
    )
    smooth = lookup("Cast")(lookup("AddV2")(counts, to_tensor(np.int64(1))), DstT=dtypes.float32)
    return counts, lookup("RealDiv")(smooth, lookup("Sum")(smooth, [0]))


__all__ = ["INFINITE", "choose_from_datasets", "directed", "rejection_resample", "sample_from_datasets"]
