"""`tf.data.Dataset`'s methods whose results have the same elements: some of them, again, in another order, or ahead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.specs import TensorSpec
from headrace.ops import iterators as ops

from . import structure
from .plan import UNKNOWN
from .sources_api import seeds
from .tracing import Traced
from .transforming import number

if TYPE_CHECKING:
    from .dataset import Dataset


class Selecting:
    """The methods of Dataset that pass elements on as they are."""

    _element_spec: Any
    _derived: Callable[..., Dataset]

    def shuffle(
        self,
        buffer_size: Any,
        seed: Any = None,
        reshuffle_each_iteration: bool | None = True,
        name: str | None = None,
    ) -> Dataset:
        """The elements in random order: each is drawn from a buffer of the next `buffer_size` elements.

        Args:
          buffer_size: a perfect shuffle needs the size of the dataset (`dataset.cardinality()`), or more.
          seed: the same seeds (this one, and `tf.random.set_seed`) give the same orders.
          reshuffle_each_iteration: False: every iteration has the same order.

        >>> import headrace as tf
        >>> sorted(int(x) for x in tf.data.Dataset.range(4).shuffle(4))
        [0, 1, 2, 3]
        """
        if buffer_size is None:
            buffer_size = UNKNOWN
        return self._derived(
            ops.SHUFFLE, number(buffer_size), *map(number, seeds(seed)), ops.NO_SEED_GENERATOR(),
            reshuffle_each_iteration=True if reshuffle_each_iteration is None else bool(reshuffle_each_iteration),
            name=name,
        )  # fmt: skip

    def repeat(self, count: Any = None, name: str | None = None) -> Dataset:
        """The elements `count` times; without end for None or -1.

        >>> import headrace as tf
        >>> [int(x) for x in tf.data.Dataset.range(2).repeat(2)]
        [0, 1, 0, 1]
        """
        return self._derived(ops.REPEAT, number(-1 if count is None else count), name=name)

    def take(self, count: Any, name: str | None = None) -> Dataset:
        """The first `count` elements; all of them for -1.

        >>> import headrace as tf
        >>> [int(x) for x in tf.data.Dataset.range(10).take(3)]
        [0, 1, 2]
        """
        return self._derived(ops.TAKE, number(count), name=name)

    def skip(self, count: Any, name: str | None = None) -> Dataset:
        """All but the first `count` elements; none for -1.

        >>> import headrace as tf
        >>> [int(x) for x in tf.data.Dataset.range(5).skip(3)]
        [3, 4]
        """
        return self._derived(ops.SKIP, number(count), name=name)

    def shard(self, num_shards: Any, index: Any, name: str | None = None) -> Dataset:
        """Every `num_shards`-th element, from number `index` on.

        >>> import headrace as tf
        >>> [int(x) for x in tf.data.Dataset.range(5).shard(num_shards=2, index=1)]
        [1, 3]
        """
        return self._derived(ops.SHARD, number(num_shards), number(index), name=name)

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements for which `predicate(element)`, a boolean scalar, is true.

        >>> import headrace as tf
        >>> [int(x) for x in tf.data.Dataset.range(5).filter(lambda x: x % 2 == 1)]
        [1, 3]
        """
        traced = self._predicate(predicate, "filter")
        return self._derived(ops.FILTER, traced.captured, predicate=traced.graph, name=name)

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements before the first one for which `predicate(element)` is false.

        >>> import headrace as tf
        >>> [int(x) for x in tf.data.Dataset.range(10).take_while(lambda x: x < 3)]
        [0, 1, 2]
        """
        traced = self._predicate(predicate, "take_while")
        return self._derived(ops.TAKE_WHILE, traced.captured, predicate=traced.graph, name=name)

    def _predicate(self, predicate: Callable[..., Any], what: str) -> Traced:
        traced = Traced(predicate, structure.as_arguments(self._element_spec), what)
        spec = traced.structure
        if not (
            isinstance(spec, TensorSpec) and spec.dtype is dtypes.bool_ and spec.shape.is_compatible_with([])
        ):
            raise ValueError(
                f"Invalid `predicate`. `predicate` must return a `tf.bool` scalar tensor, but its return type is {spec}."
            )
        return traced

    def unique(self, name: str | None = None) -> Dataset:
        """Each of the elements once. They are single tensors of int32, int64 or string.

        >>> import headrace as tf
        >>> [int(x) for x in tf.data.Dataset.from_tensor_slices([1, 37, 2, 37, 2, 1]).unique()]
        [1, 37, 2]
        """
        spec = structure.leaves(self._element_spec)
        if len(spec) != 1 or spec[0].dtype not in (dtypes.int32, dtypes.int64, dtypes.string):
            raise TypeError(
                f"`unique` takes elements of one component of type int32, int64 or string, not {self._element_spec}."
            )
        return self._derived(ops.UNIQUE, name=name)

    def cache(self, filename: Any = "", name: str | None = None) -> Dataset:
        """Keeps the elements when they are first iterated over, in memory, or in a file of that name.

        What is kept is whole only when an iteration has come to its end.

        >>> import headrace as tf
        >>> dataset = tf.data.Dataset.range(3).map(lambda x: x + 1).cache()
        >>> [int(x) for x in dataset], [int(x) for x in dataset]
        ([1, 2, 3], [1, 2, 3])
        """
        return self._derived(ops.CACHE, to_tensor(filename, dtypes.string), ops.NO_CACHE(), name=name)

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Dataset:
        """Makes up to `buffer_size` elements before they are asked for, in a thread, if making one takes long enough for that
        to pay off. `tf.data.AUTOTUNE` leaves the size open.

        >>> import headrace as tf
        >>> [int(x) for x in tf.data.Dataset.range(3).prefetch(tf.data.AUTOTUNE)]
        [0, 1, 2]
        """
        return self._derived(ops.PREFETCH, number(-1 if buffer_size is None else buffer_size), name=name)

    def ignore_errors(self, log_warning: bool = False, name: str | None = None) -> Dataset:
        """Leaves out the elements that raise errors while they are made.

        >>> import headrace as tf
        >>> dataset = tf.data.Dataset.from_tensor_slices([1.0, 0.0, 4.0])
        >>> dataset = dataset.map(lambda x: tf.debugging.check_numerics(1.0 / x, "x"))
        >>> [float(x) for x in dataset.ignore_errors()]
        [1.0, 0.25]
        """
        return self._derived(ops.IGNORE_ERRORS, log_warning=log_warning, name=name)

    def fingerprint(self) -> Any:
        """Not supported: it is the fingerprint of TensorFlow's own serialised graph."""
        raise NotImplementedError(
            "Dataset.fingerprint() is the fingerprint of a serialised graph, which datasets here do not have."
        )


__all__ = ["Selecting"]
