"""`tf.contrib.checkpoint`: trees of objects that are saved together."""

from __future__ import annotations

import io
from collections import UserDict, UserList
from typing import Any

import numpy as np

from headrace.api.train import CheckpointManager
from headrace.api.train_experimental import PythonState
from headrace.checkpoint.bundle import BundleReader
from headrace.checkpoint.object_graph import read_graph
from headrace.core.trackable import AutoTrackable, Trackable, TrackableView

Checkpointable, CheckpointableBase, PythonStateWrapper = AutoTrackable, Trackable, PythonState


class List(Trackable, UserList):  # type: ignore[type-arg]
    """A list whose members are saved, by their places.

    >>> import headrace as tf
    >>> variables = List([tf.Variable(1.0)])
    >>> variables.append(tf.Variable(2.0))
    >>> list(tf.train.TrackableView.children(variables)), len(variables)
    (['0', '1'], 2)
    """

    def __init__(self, *args: Any) -> None:
        UserList.__init__(self, *args)

    def _trackable_children(self, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        return {str(i): v for i, v in enumerate(self.data) if isinstance(v, Trackable)}

    def append(self, item: Any) -> None:
        super().append(item)
        self._resolve(str(len(self) - 1), item)

    def extend(self, other: Any) -> None:
        for item in other:
            self.append(item)


class Mapping(Trackable, UserDict):  # type: ignore[type-arg]
    """A dict of texts whose values are saved, by their keys; none can be taken out or replaced."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        UserDict.__init__(self, *args, **kwargs)

    def _trackable_children(self, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        return {k: v for k, v in self.data.items() if isinstance(v, Trackable)}

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"Keys must be texts, by which values are saved. Received {key!r}.")
        if self.data.get(key, value) is not value:
            raise ValueError(f"There is a value for {key!r} already, which cannot be replaced.")
        super().__setitem__(key, value)
        self._resolve(key, value)

    def __delitem__(self, key: Any) -> None:
        raise TypeError("A value of a Mapping cannot be taken out.")


class UniqueNameTracker(Trackable):
    """Objects that are saved by names which need not be unique: "slot", "slot_1" …

    >>> import headrace as tf
    >>> slots = UniqueNameTracker()
    >>> _ = slots.track(tf.Variable(0.0), "a"), slots.track(tf.Variable(1.0), "a")
    >>> list(tf.train.TrackableView.children(slots))
    ['a', 'a_1']
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def track(self, trackable: Any, base_name: str) -> Any:
        """Adds an object; returns it.

        Raises:
          ValueError: it is none that a checkpoint can hold."""
        if not isinstance(trackable, Trackable):
            raise ValueError(f"Expected a trackable value, got {trackable!r}.")
        count = self._counts.get(base_name, 0)
        while (name := f"{base_name}_{count}" if count else base_name) in self._trackable_children():
            count += 1
        self._counts[base_name] = count + 1
        return self._track_trackable(trackable, name)


class NumpyState(Trackable):
    """NumPy arrays as attributes, which are saved.

    Raises (when something else is assigned):
      NotImplementedError: it is no array.

    >>> arrays = NumpyState()
    >>> arrays.x = np.ones([2])
    >>> arrays.x
    array([1., 1.])
    """

    def _lookup_dependency(self, name: str, cached_dependencies: Any = None) -> Any:
        found = super()._lookup_dependency(name)
        return self._track_trackable(_Array(np.zeros([0])), name) if found is None else found

    def _defer(self, name: str, restoration: Any, node_id: int) -> None:
        restoration.bind(
            self._lookup_dependency(name), node_id
        )  # what was saved is there when it is restored

    def __getattr__(self, name: str) -> Any:
        found = None if name.startswith("_") else self._self_children.get(name)
        if found is None:
            raise AttributeError(f"NumpyState has no array {name!r}.")
        return found.array

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_self_"):
            super().__setattr__(name, value)
        elif isinstance(value, (np.ndarray, np.generic)):
            self._lookup_dependency(name).array = value
        else:
            raise NotImplementedError(f"Assigned {value!r} to {name!r}, which is no NumPy array.")


class _Array(PythonState):
    def __init__(self, array: Any) -> None:
        self.array = array

    def serialize(self) -> bytes:
        file = io.BytesIO()
        np.save(file, self.array, allow_pickle=False)
        return file.getvalue()

    def deserialize(self, string_value: bytes) -> None:
        self.array = np.load(io.BytesIO(string_value), allow_pickle=False)


def list_objects(root_checkpointable: Any) -> list[Any]:
    """An object and all that is saved with it."""
    return TrackableView(root_checkpointable).descendants()


def object_metadata(save_path: str) -> Any:
    """The message in a checkpoint that tells which objects it has, by what names: a `TrackableObjectGraph`.

    Raises:
      ValueError: it is a checkpoint of names only."""
    found = read_graph(BundleReader(save_path))
    if found is None:
        raise ValueError(
            f"The checkpoint {save_path!r} is not one of objects: it has variables by name only."
        )
    return found


__all__ = [
    "CheckpointManager", "Checkpointable", "CheckpointableBase", "List", "Mapping", "NumpyState", "PythonStateWrapper",
    "UniqueNameTracker", "list_objects", "object_metadata",
]  # fmt: skip
