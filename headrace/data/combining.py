"""`tf.data.Dataset`'s methods that combine several datasets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from headrace.core import nest
from headrace.ops import iterators as ops

from . import structure
from .sources_api import made

if TYPE_CHECKING:
    from .dataset import Dataset


class Combining:
    """The methods of Dataset that take further datasets."""

    _element_spec: Any
    _variant_tensor: Any
    _derived: Callable[..., Dataset]

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """Elements of datasets side by side, as long as each has one.

        Args:
          args: datasets, or one structure of datasets, which becomes the structure of the elements.

        >>> import headrace as tf
        >>> a, b = tf.data.Dataset.range(1, 4), tf.data.Dataset.range(4, 7)
        >>> [(int(x), int(y)) for x, y in tf.data.Dataset.zip(a, b)]
        [(1, 4), (2, 5), (3, 6)]
        """
        from .dataset import Dataset

        if not args and datasets is None:
            raise TypeError("Must pass at least one dataset to `zip`.")
        if args and datasets is not None:
            raise TypeError("Both `*args` and `datasets` cannot be set.")
        if datasets is None:
            datasets = args[0] if len(args) == 1 else tuple(args)
        if isinstance(datasets, list):
            raise TypeError(
                f"Invalid input to `zip`: received {datasets!r}. Use a tuple of datasets, a list is no structure of elements."
            )
        flat = nest.flatten(datasets)
        for dataset in flat:
            if not isinstance(dataset, Dataset):
                raise TypeError(
                    f"Invalid input to `zip`: expected datasets, or a structure of datasets, received {type(dataset).__name__}."
                )
        spec = nest.pack_sequence_as(datasets, [d.element_spec for d in flat])
        zipped = made(
            ops.ZIP, [d._variant_tensor for d in flat], spec=spec, name=name, **structure.flat_types(spec)
        )
        return _with_options_of(zipped, flat)

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """The elements of this dataset, then those of another, which must be of the same types.

        >>> import headrace as tf
        >>> [int(x) for x in tf.data.Dataset.range(2).concatenate(tf.data.Dataset.range(5, 7))]
        [0, 1, 5, 6]
        """
        spec = common_spec(self._element_spec, dataset.element_spec)
        return self._derived(
            ops.CONCATENATE, dataset._variant_tensor, spec=spec, others=(dataset,), name=name
        )

    @staticmethod
    def choose_from_datasets(
        datasets: Any, choice_dataset: Dataset, stop_on_empty_dataset: bool = True
    ) -> Dataset:
        """Elements of datasets, each from the one whose number `choice_dataset` says.

        Args:
          stop_on_empty_dataset: whether to end when the chosen dataset is at its end, instead of passing over it.

        >>> import headrace as tf
        >>> datasets = [tf.data.Dataset.from_tensors(x).repeat() for x in ("foo", "bar")]
        >>> choice = tf.data.Dataset.from_tensor_slices(tf.constant([0, 1, 0], tf.int64))
        >>> [x.numpy() for x in tf.data.Dataset.choose_from_datasets(datasets, choice)]
        [b'foo', b'bar', b'foo']
        """
        from .mixing import choose_from_datasets

        return choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)

    @staticmethod
    def sample_from_datasets(
        datasets: Any, weights: Any = None, seed: Any = None, stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Dataset:  # fmt: skip
        """Elements of datasets, each from one drawn at random with the probabilities `weights` (equal, if not given)."""
        from .mixing import sample_from_datasets

        return sample_from_datasets(
            datasets, weights, seed, stop_on_empty_dataset, rerandomize_each_iteration
        )

    def rejection_resample(
        self, class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: Any = None,
        name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Leaves out elements at random so that their classes are distributed like `target_dist`; yields (class, element).

        Args:
          class_func: an element's class, an int32 scalar.
          initial_dist: how classes are distributed before; estimated while iterating, if not given.
        """
        from .mixing import rejection_resample

        return rejection_resample(cast(Any, self), class_func, target_dist, initial_dist, seed)


def common_spec(first: Any, second: Any) -> Any:
    """The type of elements that may be of either."""
    try:
        nest.assert_same_structure(first, second)
        spec = nest.map_structure(lambda a, b: a.most_specific_common_supertype([b]), first, second)
    except (TypeError, ValueError) as error:
        raise TypeError(f"Incompatible types of elements: {first} and {second}.") from error
    if any(s is None for s in nest.flatten(spec)):
        raise TypeError(
            f"Incompatible types of elements: {first} and {second}. They must have the same structure and dtypes."
        )
    return spec


def _with_options_of(dataset: Dataset, sources: Any) -> Dataset:
    from .dataset import _merged

    for source in sources:
        dataset._own_options = _merged(dataset._own_options, source._own_options)
    return dataset


__all__ = ["Combining", "common_spec"]
