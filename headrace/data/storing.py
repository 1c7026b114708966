"""`Dataset.save`, `load` and `snapshot`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from headrace.core.state import state

from . import structure

if TYPE_CHECKING:
    from .dataset import Dataset


class Storing:
    """The methods of Dataset that write and read directories."""

    _element_spec: Any

    def save(
        self, path: Any, compression: str | None = None, shard_func: Any = None, checkpoint_args: Any = None
    ) -> None:
        """Writes the elements to a directory, from which `Dataset.load` reads them.

        Args:
          path: the directory; it is there when everything is written, and replaced if it was there before.
          compression: None or "GZIP".
          shard_func: which file an element goes to: a function from an element to an int64 scalar. One file, if not given.

        Raises:
          TypeError: the elements hold what cannot be written (datasets, resources).
        """
        from .files import write

        _outside_of_functions("save")
        if checkpoint_args is not None:
            raise NotImplementedError(
                "Dataset.save writes everything or nothing: `checkpoint_args` are not supported."
            )
        shard, plan = _shards(self, shard_func), cast(Any, self)._plan
        write(_text(path), plan.start(), self._element_spec, _compression(compression), shard)

    @staticmethod
    def load(path: Any, element_spec: Any = None, compression: str | None = None, reader_func: Any = None, wait: bool = False) -> Dataset:  # fmt: skip
        """The dataset that `save` wrote.

        Args:
          element_spec: what the elements are; checked, if given.
          compression: as it was saved; checked, if given.
          reader_func: makes the result of a dataset of datasets, one for each file (`save`'s `shard_func`).

        Raises:
          NotFoundError, DataLossError: there is no such dataset; its files are damaged.
        """
        from .dataset import DatasetSpec, of_plan
        from .files import Stored, described

        _outside_of_functions("load")
        if wait:
            raise NotImplementedError(
                "Dataset.load does not wait for datasets that are not written yet: leave out `wait`."
            )
        path = _text(path)
        spec, found, shards = described(path)
        if element_spec is not None and element_spec != spec:
            raise ValueError(
                f"The dataset in {path} has elements of {spec}, not of `element_spec`: {element_spec}."
            )
        if compression is not None and _compression(compression) != found:
            raise ValueError(
                f"The dataset in {path} has the compression {found or None!r}, not {compression!r}."
            )
        leaves = structure.leaves(spec)
        if reader_func is None:
            return of_plan(Stored(path, leaves, found, shards), spec)
        from .batching import Elements

        parts = [(of_plan(Stored(path, leaves, found, [shard]), spec),) for shard in shards]
        inner = DatasetSpec(spec)
        return reader_func(of_plan(Elements(parts, (inner,)), inner))

    def snapshot(
        self,
        path: Any,
        compression: str | None = "AUTO",
        reader_func: Any = None,
        shard_func: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """The elements, which are written to a directory when they are first needed and read from there afterwards.

        Args:
          compression: "AUTO" (none), None or "GZIP".
          shard_func, reader_func: as for `save` and `load`.
        """
        from headrace.io import files

        from .dataset import Dataset

        _outside_of_functions("snapshot")
        path = _text(path)
        if not files.exists(files.join(path, "dataset.json")):
            self.save(path, None if compression == "AUTO" else compression, shard_func)
        return Dataset.load(path, self._element_spec, None, reader_func)


def _outside_of_functions(what: str) -> None:
    if state.graph is not None:
        raise NotImplementedError(
            f"Dataset.{what} writes or reads files at once, and cannot be part of a tf.function."
        )


def _text(path: Any) -> str:
    from headrace.io.files import path_text

    return path_text(path.numpy() if hasattr(path, "numpy") else path)


def _compression(compression: str | None) -> str:
    if compression not in (None, "", "NONE", "GZIP"):
        raise ValueError(f"`compression` must be None or 'GZIP', received {compression!r}.")
    return "GZIP" if compression == "GZIP" else ""


def _shards(dataset: Any, shard_func: Callable[..., Any] | None) -> Callable[[Any], int]:
    if shard_func is None:
        return lambda element: 0
    from .grouping import as_int64
    from .tracing import Runner, Traced

    traced = Traced(as_int64(shard_func, "shard_func"), structure.as_arguments(dataset.element_spec), "save")
    run = Runner(traced.graph, traced.captured)
    return lambda element: int(run(element)[0]._host())


__all__ = ["Storing"]
