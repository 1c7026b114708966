"""`tf.data.Dataset`'s class methods that make datasets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core import dtypes, nest
from headrace.core.convert import to_tensor
from headrace.core.dtypes import as_dtype
from headrace.core.op import OpDef, lookup
from headrace.core.shapes import TensorShape, compatible
from headrace.core.specs import TensorSpec
from headrace.core.state import state
from headrace.core.tensor import Tensor, wrap
from headrace.ops import iterators as ops
from headrace.ops.script import guarded
from headrace.ops.seeds import get_seed

from . import structure
from .transforming import number
from .values import unbatched

if TYPE_CHECKING:
    from .dataset import Dataset


def made(op: OpDef, *inputs: Any, spec: Any, name: str | None = None, **attrs: Any) -> Dataset:
    """The dataset an op makes, which has elements of the structure `spec`."""
    from .dataset import Dataset

    return Dataset(op(*inputs, name=name, **attrs), spec)


def encoded(value: Any) -> list[Any]:
    """The leaves of an element as the inputs of an op: a composite is one variant."""
    out = []
    for leaf in structure.leaves(value):
        if isinstance(leaf, Tensor):
            out.append(leaf)
        elif leaf is not None:
            spec = leaf._type_spec
            out.append(ops.ENCODE(nest.flatten(leaf, expand_composites=True), metadata=spec))
    return out


def seeds(seed: Any) -> tuple[Any, Any]:
    """The pair of seeds of an op, as inputs."""
    if isinstance(seed, Tensor):
        first, _ = get_seed(0)
        return first or 0, lookup("Cast")(seed, DstT=dtypes.int64)
    one, two = get_seed(seed)
    return one or 0, two or 0


class Sources:
    """The class methods of Dataset that start from tensors, numbers, files or Python."""

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """A dataset of one element.

        Args:
          tensors: a structure of what converts to tensors.

        >>> import headrace as tf
        >>> [x.numpy().tolist() for x in tf.data.Dataset.from_tensors([1, 2, 3])]
        [[1, 2, 3]]
        """
        value = structure.convert(tensors)
        spec = structure.spec_of(value)
        types = {"output_shapes": structure.flat_types(spec)["output_shapes"]}
        return made(ops.TENSORS, encoded(value), spec=spec, name=name, **types)

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """A dataset with an element for each row of the tensors: their slices along the first dimension.

        Args:
          tensors: a structure of what converts to tensors, all of one length.

        Raises:
          ValueError: the tensors differ in length, are scalars, or there is none.

        >>> import headrace as tf
        >>> dataset = tf.data.Dataset.from_tensor_slices({"a": [1, 2], "b": [3.0, 4.0]})
        >>> [{k: v.item() for k, v in x.items()} for x in dataset.as_numpy_iterator()]
        [{'a': 1, 'b': 3.0}, {'a': 2, 'b': 4.0}]
        """
        value = structure.convert(tensors)
        leaves = structure.leaves(value)
        if not leaves:
            raise ValueError("Invalid `tensors`. `tensors` should not be empty.")
        spec = nest.map_structure(lambda s: unbatched(s), structure.spec_of(value))
        sizes = {
            n
            for leaf in leaves
            if leaf is not None and (s := leaf.shape).rank is not None and (n := s[0]) is not None
        }
        if len(sizes) > 1:
            shapes = ", ".join([str(leaf.shape) for leaf in leaves])
            raise ValueError(
                f"Dimensions {' and '.join(map(str, sorted(sizes)))} are not compatible: all tensors must have the same first "
                f"dimension, received shapes {shapes}."
            )
        types = {"output_shapes": structure.flat_types(spec)["output_shapes"]}
        return made(ops.TENSOR_SLICES, encoded(value), spec=spec, name=name, **types)

    @staticmethod
    def range(*args: Any, **kwargs: Any) -> Dataset:
        """The numbers from `start` (0) to before `stop`, `step` (1) apart: `range(stop)`, `range(start, stop)`,
        `range(start, stop, step)`. They are int64, or of the `output_type` given.

        >>> import headrace as tf
        >>> list(tf.data.Dataset.range(1, 5, 2).as_numpy_iterator())
        [np.int64(1), np.int64(3)]
        """
        dtype = as_dtype(kwargs.pop("output_type", dtypes.int64))
        name = kwargs.pop("name", None)
        if kwargs or not 1 <= len(args) <= 3:
            raise ValueError(
                f"Invalid `args`. The length of `args` should be between 1 and 3 but was {len(args)}, with the keywords {sorted(kwargs)}."
            )
        start, stop, step = (0, *args, 1) if len(args) == 1 else (*args, 1)[:3]
        inputs = [number(x) for x in (start, stop, step)]
        spec = TensorSpec(TensorShape(()), dtypes.int64)
        numbers = made(ops.RANGE, *inputs, spec=spec, name=name, **structure.flat_types(spec))
        if dtype is dtypes.int64:
            return numbers
        if not (dtype.is_integer or dtype.is_floating):
            raise TypeError(f"range() is of numbers, `output_type` {dtype.name} is none.")
        return numbers.map(lambda x: lookup("Cast")(x, DstT=dtype))

    @staticmethod
    def counter(start: Any = 0, step: Any = 1, dtype: Any = dtypes.int64, name: str | None = None) -> Dataset:
        """The numbers `start`, `start + step`, …, without end."""
        from .dataset import Dataset

        start, step = to_tensor(start, as_dtype(dtype)), to_tensor(step, as_dtype(dtype))
        return (
            Dataset.from_tensors(0, name=name)
            .repeat(None)
            .scan(start, lambda state, _: (state + step, state))
        )

    @staticmethod
    def random(
        seed: Any = None, rerandomize_each_iteration: bool | None = None, name: str | None = None
    ) -> Dataset:
        """Pseudo-random int64 numbers below 2³², without end.

        Args:
          seed: with it, every iteration has the same numbers.
          rerandomize_each_iteration: whether iterations have different numbers all the same.
        """
        spec = TensorSpec(TensorShape(()), dtypes.int64)
        return made(
            ops.RANDOM, *seeds(seed), ops.NO_SEED_GENERATOR(), spec=spec, name=name,
            rerandomize_each_iteration=bool(rerandomize_each_iteration), **structure.flat_types(spec),
        )  # fmt: skip

    @staticmethod
    def from_generator(
        generator: Callable[..., Any], output_types: Any = None, output_shapes: Any = None, args: Any = None,
        output_signature: Any = None, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """A dataset of what a Python generator yields.

        Args:
          generator: a callable that returns an iterable; called for every iteration over the dataset.
          output_types, output_shapes: the types and shapes of the elements; better use
          output_signature: a structure of TypeSpecs for the elements.
          args: tensors that the callable is called with, as NumPy arrays.

        Raises:
          InvalidArgumentError, UnknownError, while iterating: the generator raised (the message has its traceback), or yielded what
            is not of the promised type.

        >>> import headrace as tf
        >>> dataset = tf.data.Dataset.from_generator(lambda: iter([1, 2]), output_signature=tf.TensorSpec([], tf.int32))
        >>> list(dataset.as_numpy_iterator())
        [np.int32(1), np.int32(2)]
        """
        if not callable(generator):
            raise TypeError("`generator` must be a Python callable.")
        if output_signature is not None:
            if output_types is not None or output_shapes is not None:
                raise TypeError(
                    "The `output_types` and `output_shapes` arguments can not be used together with the `output_signature` "
                    "argument."
                )
            spec = structure.normalized(output_signature)
        else:
            if output_types is None:
                raise TypeError(
                    "To specify the output signature you need to provide either the `output_signature` argument or the "
                    "`output_types` argument."
                )
            spec = _spec_of_types(output_types, output_shapes)
        inputs = [] if args is None else [to_tensor(a) for a in args]
        read = Reader(spec)
        return made(
            ops.GENERATOR, inputs, [], [], spec=spec, name=name,
            init_func=lambda *values: _begun(generator, values), next_func=read, finalize_func=structure.leaves(spec),
            **structure.flat_types(spec),
        )  # fmt: skip

    @staticmethod
    def list_files(
        file_pattern: Any, shuffle: bool | None = None, seed: Any = None, name: str | None = None
    ) -> Dataset:
        """The names of the files that match one of the patterns (`*`, `?`, `[…]`), shuffled unless `shuffle=False`.

        Raises:
          InvalidArgumentError: no file matches.
        """
        from .dataset import Dataset
        from .reading import matching_files

        found = matching_files(file_pattern)
        names = Dataset.from_tensor_slices(found)
        return names if shuffle is False else names.shuffle(len(found), seed=seed)


def _spec_of_types(types: Any, shapes: Any) -> Any:
    types = nest.map_structure(as_dtype, _tuples(types))
    if shapes is None:
        return nest.map_structure(lambda t: TensorSpec(None, t), types)
    flat = nest.flatten_up_to(types, shapes, check_types=False) if nest.is_nested(types) else [shapes]
    return nest.pack_sequence_as(
        types, [TensorSpec(TensorShape(s), t) for s, t in zip(flat, nest.flatten(types))]
    )


def _tuples(value: Any) -> Any:
    return tuple([_tuples(v) for v in value]) if isinstance(value, list) else value


def _begun(generator: Callable[..., Any], values: Any) -> Any:
    return guarded(lambda: iter(generator(*values)))


class Reader:
    """Takes elements from a Python iterator: checks them against the promised types and gives their leaves."""

    def __init__(self, spec: Any) -> None:
        self.spec, self.leaves = spec, structure.leaves(spec)
        self.single = not nest.is_nested(spec)

    def __call__(self, iterator: Any) -> Any:
        try:
            value = next(iterator)
        except StopIteration:
            raise
        except Exception as error:  # noqa: BLE001 - `guarded` raises it as a documented error
            return guarded(_again, error)
        return guarded(self._read, value)

    def _read(self, value: Any) -> Any:
        if self.single:
            return (_leaf(value, self.leaves[0]),)
        try:
            flat = nest.flatten_up_to(self.spec, value, check_types=False)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"`generator` yielded an element that did not match the expected structure. The expected structure was {self.spec}, "
                f"but the yielded element was {value!r}."
            ) from error
        return tuple([_leaf(v, s) for v, s in zip(flat, self.leaves)])


def _again(error: Exception) -> Any:
    raise error


def _leaf(value: Any, spec: Any) -> Any:
    if not isinstance(spec, TensorSpec):
        if hasattr(value, "_type_spec") or value is None:
            if not spec.is_compatible_with(value):
                raise TypeError(
                    f"`generator` yielded an element of {value!r} where an element of {spec} was expected."
                )
            return value
        return to_tensor(value, getattr(spec, "dtype", None))
    dtype = spec._dtype
    try:
        if isinstance(value, np.ndarray) and dtype._np.kind != "O":
            tensor: Any = wrap(value.astype(dtype._np), dtype)  # a copy: the generator may write to its own
        elif isinstance(value, Tensor) and value._dtype is not dtype:
            raise TypeError(f"its type is {value._dtype.name}")
        else:
            tensor = to_tensor(value, dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"`generator` yielded an element that could not be converted to the expected type. The expected type was {dtype.name}, "
            f"but the yielded element was {value!r} ({error})."
        ) from error
    if not compatible(spec._raw_shape, tensor._raw_shape):
        raise TypeError(
            f"`generator` yielded an element of shape {tuple(tensor._raw_shape)} where an element of shape {spec.shape} was expected."
        )
    return tensor


__all__ = ["Sources", "encoded", "made", "seeds", "state"]
