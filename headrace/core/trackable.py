"""Objects that hold state to be saved: each knows its children by name, and a checkpoint is the tree of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any


class Trackable:
    """Base of whatever a checkpoint can hold."""

    # On the class, too: what walks over the attributes of an object that has more than its class (Keras's saving does)
    # must not take these for the object's own.
    _self_children: Mapping[str, Any] = MappingProxyType({})
    _self_untracked: frozenset[str] = frozenset()
    _self_deferred: Mapping[str, Any] = MappingProxyType({})

    def _track_trackable(self, trackable: Any, name: str, overwrite: bool = False) -> Any:
        """Makes `trackable` the child called `name`.

        Raises:
          TypeError: it is no `Trackable`.
          ValueError: there is another child of that name, and `overwrite` is not set.
        """
        if not isinstance(trackable, Trackable):
            raise TypeError(
                f"Only trackable objects can be children; {name!r} is a {type(trackable).__name__}."
            )
        children = self.__dict__.setdefault("_self_children", {})
        if not overwrite and children.get(name, trackable) is not trackable:
            raise ValueError(
                f"There is another child called {name!r} already. Pass overwrite=True to replace it."
            )
        children[name] = trackable
        self._resolve(name, trackable)
        return trackable

    def _lookup_dependency(self, name: str, cached_dependencies: Any = None) -> Any:
        return self._trackable_children().get(name)

    def _trackable_children(self, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        """The children by name; `save_type` is "checkpoint" or "savedmodel"."""
        return dict(self._self_children)

    def _no_dependency(self, value: Any) -> Any:
        return value

    # ------------------------------------------------------------------------------------------------------- checkpoints
    def _serialize_to_tensors(self) -> dict[str, Any]:
        """The object's own state (that of its children is theirs): tensors by name."""
        raise NotImplementedError(f"A {type(self).__name__} has no state of its own.")

    def _restore_from_tensors(self, restored_tensors: dict[str, Any]) -> Any:
        """Takes the state that `_serialize_to_tensors` gave."""
        raise NotImplementedError(f"A {type(self).__name__} has no state of its own.")

    def _defer(self, name: str, restoration: Any, node_id: int) -> None:
        """Notes that a child of that name, once it is there, is to be restored."""
        self.__dict__.setdefault("_self_deferred", {}).setdefault(name, []).append((restoration, node_id))

    def _resolve(self, name: str, child: Any) -> None:
        """Restores a child that a checkpoint was waiting for."""
        deferred = self.__dict__.get("_self_deferred")
        if deferred:
            for restoration, node_id in deferred.pop(name, ()):
                restoration.bind(child, node_id)


class TrackableResource(Trackable):
    """A `Trackable` whose state lives behind a handle: a lookup table.

    A subclass says how the handle is made (`_create_resource`), and what fills it when a model is loaded (`_initialize`).

    Args:
      device: where the handle is made.

    >>> import headrace as tf
    >>> class Five(tf.saved_model.experimental.TrackableResource):
    ...     def _create_resource(self):
    ...         return tf.constant(5)
    >>> Five().resource_handle.numpy()
    np.int32(5)
    """

    _resource_handle_value: Any = None
    _resource_device = ""

    def __init__(self, device: str = "") -> None:
        self._resource_device = device

    def _create_resource(self) -> Any:
        """Makes the handle."""
        raise NotImplementedError("TrackableResource._create_resource not implemented.")

    def _initialize(self) -> Any:
        """Fills the resource."""

    @property
    def resource_handle(self) -> Any:
        """The handle, made when it is first asked for."""
        if self._resource_handle_value is None:
            from headrace.api.control import device

            with device(self._resource_device or None):
                self._resource_handle_value = self._create_resource()
        return self._resource_handle_value


class AutoTrackable(Trackable):
    """A `Trackable` whose children are also the trackable values of its attributes."""

    def _trackable_children(self, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        hidden = self._self_untracked
        found = {k: v for k, v in vars(self).items() if isinstance(v, Trackable) and k not in hidden}
        return found | super()._trackable_children(save_type, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        waited_for = name in self._self_deferred
        if waited_for and type(value) in (list, dict):
            value = ListWrapper(value) if type(value) is list else _DictWrapper(value)
        super().__setattr__(name, value)
        if waited_for and isinstance(value, (Trackable, list, dict, tuple)):
            self._resolve(name, value)

    def __delattr__(self, name: str) -> None:
        self.__dict__.get("_self_children", {}).pop(name, None)
        super().__delattr__(name)


def no_automatic_dependency_tracking(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method whose assignments to attributes make no children."""

    @wraps(method)
    def untracked(self: Any, *args: Any, **kwargs: Any) -> Any:
        before, tracking = dict(vars(self)), getattr(self, "_self_setattr_tracking", True)
        self._self_setattr_tracking = False
        try:
            return method(self, *args, **kwargs)
        finally:
            self._self_setattr_tracking = tracking
            assigned = {k for k, v in vars(self).items() if before.get(k) is not v}
            self.__dict__["_self_untracked"] = self._self_untracked | assigned

    return untracked


class TrackableView:
    """The tree of trackable objects below one.

    >>> import headrace as tf
    >>> module = tf.Module()
    >>> module.v = tf.Variable(1.0)
    >>> list(tf.train.TrackableView.children(module))
    ['v']
    >>> len(tf.train.TrackableView(module).descendants())
    2
    """

    def __init__(self, root: Any) -> None:
        self._root = root

    @property
    def root(self) -> Any:
        return self._root

    @classmethod
    def children(cls, obj: Any, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        """The children of a trackable object, by name."""
        return {
            k: v for k, v in obj._trackable_children(save_type, **kwargs).items() if isinstance(v, Trackable)
        }

    def descendants(self) -> list[Any]:
        """The root and all that is below it, each once, breadth first."""
        found = [self._root]
        seen = {id(self._root)}
        for obj in found:  # which grows meanwhile
            for child in self.children(obj).values():
                if id(child) not in seen:
                    seen.add(id(child))
                    found.append(child)
        return found


class _Waiting:
    """A list or dict that was assigned where a checkpoint waited for one: its members are restored as they come."""

    def _defer(self, name: str, restoration: Any, node_id: int) -> None:
        self.__dict__.setdefault("_deferred", {}).setdefault(name, []).append((restoration, node_id))

    def _settle(self, members: Iterable[tuple[Any, Any]]) -> None:
        deferred = self.__dict__.get("_deferred")
        for name, member in members if deferred else ():
            for restoration, node_id in deferred.pop(str(name), ()):  # type: ignore[union-attr]
                restoration.bind(member, node_id)


class ListWrapper(_Waiting, list):  # type: ignore[type-arg]
    """A list whose members a checkpoint is to restore as they are added."""

    def append(self, value: Any) -> None:
        super().append(value)
        self._settle(enumerate(self))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend(values)
        self._settle(enumerate(self))

    def insert(self, index: Any, value: Any) -> None:
        super().insert(index, value)
        self._settle(enumerate(self))

    def __iadd__(self, values: Iterable[Any]) -> ListWrapper:  # type: ignore[misc]
        self.extend(values)
        return self


class _DictWrapper(_Waiting, dict):  # type: ignore[type-arg]
    """A dict whose values a checkpoint is to restore as they are added."""

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self._settle([(key, value)])

    def update(self, *args: Any, **kwargs: Any) -> None:
        super().update(*args, **kwargs)
        self._settle(list(self.items()))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        value = super().setdefault(key, default)
        self._settle([(key, value)])
        return value
