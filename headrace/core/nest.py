"""Nested structures (`tf.nest`): lists, tuples, named tuples, mappings in the order of their sorted keys, attrs
classes, and classes that define `__tf_flatten__`. Everything else, None included, is a leaf; composite tensors
are leaves unless `expand_composites` takes them apart.

What a class is, is found out once and remembered in `KINDS`. With that, walking small structures, the usual
case, takes half the time of a compiled tree library (which orders ordered dicts otherwise than is documented)."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping, MappingView, Sequence
from typing import Any, NamedTuple

from .specs import CompositeTensor, TypeSpec


class Kind(NamedTuple):
    """How structures of a class are taken apart and put together again."""

    keys: Callable[[Any], Sequence[Any]]  # what leads to the children, in their order
    children: Callable[[Any], Any]  # the children, or None for composites, whose parts are theirs to tell
    rebuild: Callable[[Any, Sequence[Any]], Any]  # a structure of the same form with other children


def _sorted_keys(structure: Mapping[Any, Any]) -> list[Any]:
    try:
        return sorted(structure)
    except TypeError:
        raise TypeError(
            f"nest only supports dicts with sortable keys; received the keys {list(structure)!r}. "
            "Make them all of one type."
        ) from None


def _rebuild_mapping(structure: Any, values: Sequence[Any]) -> Any:
    by_key = dict(zip(_sorted_keys(structure), values))
    items = [(key, by_key[key]) for key in structure]
    if isinstance(structure, collections.defaultdict):
        return type(structure)(structure.default_factory, items)
    try:
        return type(structure)(items)
    except TypeError:
        pass
    try:
        return type(structure)(dict(items))
    except TypeError as error:
        raise TypeError(
            f"A {type(structure).__name__} cannot be made like {structure!r}: its constructor must take an "
            f"iterable of (key, value) pairs ({error})."
        ) from error


def _rebuild_flattened(structure: Any, values: Sequence[Any]) -> Any:
    return type(structure).__tf_unflatten__(structure.__tf_flatten__()[0], tuple(values))


def _mapping_children(structure: Mapping[Any, Any]) -> list[Any]:
    return [structure[key] for key in _sorted_keys(structure)]


def _attrs_names(structure: Any) -> list[str]:
    return [a.name for a in type(structure).__attrs_attrs__]


def _itself(structure: Any) -> Any:
    return structure


def _positions(structure: Any) -> range:
    return range(len(structure))


_BY_TYPE = lambda structure, values: type(structure)(values)
SEQUENCE = Kind(_positions, _itself, _BY_TYPE)
ITERABLE = Kind(_positions, _itself, lambda structure, values: list(values))  # ranges, views of mappings
NAMED_TUPLE = Kind(lambda s: s._fields, _itself, lambda structure, values: type(structure)(*values))
MAPPING = Kind(_sorted_keys, _mapping_children, _rebuild_mapping)
ATTRS = Kind(
    _attrs_names,
    lambda s: [getattr(s, name) for name in _attrs_names(s)],
    lambda structure, values: type(structure)(*values),
)
FLATTENED = Kind(
    lambda s: range(len(s.__tf_flatten__()[1])), lambda s: s.__tf_flatten__()[1], _rebuild_flattened
)
COMPOSITE = Kind(lambda s: (), lambda s: None, lambda structure, values: structure)


def _classify(cls: type) -> Kind | None:
    if issubclass(cls, (str, bytes, collections.UserString)):
        return None
    if issubclass(cls, (CompositeTensor, TypeSpec)):
        return COMPOSITE
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return NAMED_TUPLE
    if issubclass(cls, Mapping):
        return MAPPING
    if hasattr(cls, "__tf_flatten__") and hasattr(cls, "__tf_unflatten__"):
        return FLATTENED
    if hasattr(cls, "__attrs_attrs__"):
        return ATTRS
    if issubclass(cls, (MappingView, range, memoryview)):
        return ITERABLE
    return SEQUENCE if issubclass(cls, Sequence) else None


class _Kinds(dict[type, "Kind | None"]):
    def __missing__(self, cls: type) -> Kind | None:
        kind = self[cls] = _classify(cls)
        return kind


KINDS = _Kinds()  # the kind of every class seen so far; None: a leaf


def is_nested(seq: Any) -> bool:
    """True for sequences and mappings, not for strings, tensors, or composites.

    >>> import headrace as tf
    >>> tf.nest.is_nested([1]), tf.nest.is_nested("text"), tf.nest.is_nested(None)
    (True, False, False)
    """
    kind = KINDS[type(seq)]
    return kind is not None and kind is not COMPOSITE


def is_composite(value: Any) -> bool:
    """A composite tensor: several tensors behind one face (RaggedTensor, SparseTensor, ExtensionType …)."""
    return isinstance(value, CompositeTensor)


def _children(structure: Any) -> list[tuple[Any, Any]]:
    """(key, child) of one level, in order: mappings by sorted key."""
    kind = KINDS[type(structure)]
    assert kind is not None
    return list(zip(kind.keys(structure), kind.children(structure)))


def rebuild(structure: Any, values: Sequence[Any]) -> Any:
    """One level of `structure` with other children, in the order of `_children`."""
    kind = KINDS[type(structure)]
    assert kind is not None
    return kind.rebuild(structure, values)


def _parts(value: Any) -> Any:
    """The nest of a composite's components, or of their specs if it is a spec; `value` if it has no parts."""
    if isinstance(value, CompositeTensor):
        return value._type_spec._to_components(value)
    return value._component_specs


def nest_specs(spec: Any) -> list[Any]:
    """The component specs of a composite's TypeSpec (a TensorSpec is its own only component)."""
    return flatten(spec, expand_composites=True)


# ------------------------------------------------------------------------------------------- flatten and pack
def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves, left to right; mappings in the order of their sorted keys. A leaf alone gives `[leaf]`.

    >>> import headrace as tf
    >>> tf.nest.flatten({"b": 2, "a": [1, (3,)]})
    [1, 3, 2]
    """
    out: list[Any] = []
    kind = KINDS[type(structure)]
    if kind is None or kind is COMPOSITE:
        _flatten((structure,), expand_composites, out)
    else:
        _flatten(kind.children(structure), expand_composites, out)
    return out


def _flatten(children: Any, expand: bool, out: list[Any]) -> None:
    for child in children:
        kind = KINDS[type(child)]
        if kind is None:
            out.append(child)
        elif kind is not COMPOSITE:
            _flatten(kind.children(child), expand, out)
        elif not expand:
            out.append(child)
        else:
            parts = _parts(child)
            if parts is child:
                out.append(child)
            else:
                _flatten((parts,), True, out)


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """`flat_sequence` in the form of `structure`.

    Raises:
      TypeError: `flat_sequence` is no sequence.
      ValueError: it has another number of elements than `structure` has leaves.

    >>> import headrace as tf
    >>> tf.nest.pack_sequence_as({"b": 0, "a": [0, (0,)]}, [1, 3, 2])
    {'b': 2, 'a': [1, (3,)]}
    """
    if not is_nested(flat_sequence):
        raise TypeError(
            f"Attempted to pack {flat_sequence!r} of type {type(flat_sequence).__name__} into a structure; "
            "`flat_sequence` must be a list or tuple of the leaves."
        )
    flat = list(flat_sequence)
    it = iter(flat)
    try:
        packed = _pack(structure, it, expand_composites)
    except StopIteration:
        packed = it
    if packed is it or next(it, it) is not it:
        raise ValueError(
            f"Could not pack sequence. The structure had {len(flatten(structure, expand_composites))} leaves, "
            f"but flat_sequence had {len(flat)} items. "
            f"Structure: {structure!r}, flat_sequence: {flat_sequence!r}."
        )
    return packed


def _pack(structure: Any, it: Any, expand: bool) -> Any:
    kind = KINDS[type(structure)]
    if kind is None:
        return next(it)
    if kind is not COMPOSITE:
        return kind.rebuild(structure, [_pack(child, it, expand) for child in kind.children(structure)])
    if not expand:
        return next(it)
    parts = _parts(structure)
    if parts is structure:
        return next(it)
    spec = structure._type_spec if isinstance(structure, CompositeTensor) else structure
    return spec._from_components(_pack(parts, it, True))


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """`func` applied to the leaves of structures of one form.

    Args:
      func: takes as many leaves as there are structures.
      check_types: whether the structures' sequence types must agree, too (True unless given).
      expand_composites: whether the components of composite tensors are the leaves (False unless given).

    Raises:
      TypeError: `func` is not callable, or the sequence types differ.
      ValueError: the structures differ in form.

    >>> import headrace as tf
    >>> tf.nest.map_structure(lambda a, b: a + b, {"x": 1}, {"x": 2})
    {'x': 3}
    """
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    if kwargs:
        raise ValueError(
            "Only valid keyword arguments are `check_types` and `expand_composites`, "
            f"not: `{'`, `'.join(kwargs)}`"
        )
    if not callable(func):
        raise TypeError(f"`func` must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    first, *others = structure
    if not others:
        return _map(func, first, expand)
    for other in others:
        assert_same_structure(first, other, check_types, expand)
    flat = [flatten(s, expand) for s in structure]
    return pack_sequence_as(first, [func(*leaves) for leaves in zip(*flat)], expand)


def _map(func: Callable[[Any], Any], structure: Any, expand: bool) -> Any:
    kind = KINDS[type(structure)]
    if kind is None:
        return func(structure)
    if kind is not COMPOSITE:
        return kind.rebuild(structure, [_map(func, child, expand) for child in kind.children(structure)])
    if not expand:
        return func(structure)
    return pack_sequence_as(structure, [func(leaf) for leaf in flatten(structure, True)], True)


# -------------------------------------------------------------------------------------------- same structures
class _Differs(Exception):
    """The reason and the documented error class."""


def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Checks that two structures have the same form.

    Raises:
      ValueError: they differ in form.
      TypeError: they differ in their sequence types, and `check_types` is True.

    >>> import headrace as tf
    >>> tf.nest.assert_same_structure([1, {"a": 2}], ["x", {"a": "y"}])
    """
    try:
        _same(nest1, nest2, check_types, expand_composites)
    except _Differs as error:
        cls, why = error.args
        raise cls(
            "The two structures don't have the same nested structure.\n\n"
            f"First structure: {nest1!r}\n\nSecond structure: {nest2!r}\n\n{why}"
        ) from None


def _same(a: Any, b: Any, check_types: bool, expand: bool) -> None:
    kind, other = KINDS[type(a)], KINDS[type(b)]
    if expand and (kind is COMPOSITE) and (other is COMPOSITE):
        first, second = (x._type_spec if isinstance(x, CompositeTensor) else x for x in (a, b))
        if (
            first._without_tensor_names().most_specific_common_supertype([second._without_tensor_names()])
            is None
        ):
            raise _Differs(ValueError, f"Incompatible composite types: {first} against {second}.")
        return
    leaf = kind is None or (kind is COMPOSITE and not expand)
    other_leaf = other is None or (other is COMPOSITE and not expand)
    if leaf != other_leaf or (not leaf and COMPOSITE in (kind, other)):
        raise _Differs(
            ValueError,
            f"{a!r} of type {type(a).__name__} stands where the other structure has {b!r} of type "
            f"{type(b).__name__}: one of them is a leaf, the other a structure.",
        )
    if leaf:
        return
    assert kind is not None and other is not None
    mappings = kind is MAPPING and other is MAPPING
    if check_types and type(a) is not type(b) and not mappings and not _same_sequence_type(a, b):
        raise _Differs(
            TypeError,
            f"The sequence types differ: {a!r} is a {type(a).__name__}, {b!r} a {type(b).__name__}.",
        )
    first_keys, second_keys = list(kind.keys(a)), list(other.keys(b))
    if len(first_keys) != len(second_keys):
        raise _Differs(
            ValueError,
            f"The numbers of elements differ: {len(first_keys)} in {a!r}, {len(second_keys)} in {b!r}.",
        )
    if mappings and first_keys != second_keys:
        raise _Differs(ValueError, f"The dictionaries' keys differ: {first_keys} against {second_keys}.")
    for x, y in zip(kind.children(a), other.children(b)):
        _same(x, y, check_types, expand)


def _same_sequence_type(a: Any, b: Any) -> bool:
    """Two classes pass for one if both are lists, or named tuples of one name and the same fields."""
    if isinstance(a, list):
        return isinstance(b, list)
    same_fields = getattr(a, "_fields", ()) == getattr(b, "_fields", None)
    return same_fields and type(a).__name__ == type(b).__name__


# ----------------------------------------------------------------------------------------- prefixes and paths
def flatten_with_paths(structure: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """(path, leaf) pairs, a path being the keys that lead to the leaf."""
    if not is_nested(structure):
        return [(prefix, structure)]
    return [item for key, child in _children(structure) for item in flatten_with_paths(child, (*prefix, key))]


def map_structure_up_to(
    shallow: Any, func: Callable[..., Any], *inputs: Any, check_types: bool = True
) -> Any:
    """Like `map_structure`, but only as deep as `shallow` goes: `func` gets what the inputs have there."""
    for structure in inputs:
        assert_shallow(shallow, structure, check_types)
    flat = [flatten_up_to(shallow, structure, check_types) for structure in inputs]
    return pack_sequence_as(shallow, [func(*values) for values in zip(*flat)])


def flatten_up_to(shallow: Any, structure: Any, check_types: bool = True) -> list[Any]:
    """What `structure` has where `shallow` has its leaves.

    >>> from headrace.core import nest
    >>> nest.flatten_up_to([0, (0,)], [[1, 2], ([3],)])
    [[1, 2], [3]]
    """
    assert_shallow(shallow, structure, check_types)
    out: list[Any] = []
    _flatten_up_to(shallow, structure, out)
    return out


def _flatten_up_to(shallow: Any, structure: Any, out: list[Any]) -> None:
    if not is_nested(shallow):
        out.append(structure)
        return
    for (_, s), (_, x) in zip(_children(shallow), _children(structure)):
        _flatten_up_to(s, x, out)


def assert_shallow(shallow: Any, structure: Any, check_types: bool = True) -> None:
    """Checks that `structure` has the form of `shallow`, and perhaps goes deeper.

    Raises:
      TypeError: `structure` has a leaf, or another sequence type, where `shallow` has a sequence.
      ValueError: lengths or keys differ.
    """
    if not is_nested(shallow):
        return
    if not is_nested(structure):
        raise TypeError(
            "If the shallow structure is a sequence, the input must also be a sequence. "
            f"The shallow structure is {shallow!r}, the input {structure!r}, a {type(structure).__name__}."
        )
    mappings = isinstance(shallow, Mapping) and isinstance(structure, Mapping)
    different = type(shallow) is not type(structure) and not mappings
    if check_types and different and not _same_sequence_type(shallow, structure):
        raise TypeError(
            f"The two structures don't have the same sequence type: the input {structure!r} is a "
            f"{type(structure).__name__}, the shallow structure {shallow!r} a {type(shallow).__name__}."
        )
    above, below = _children(shallow), _children(structure)
    if len(above) != len(below):
        raise ValueError(
            "The two structures don't have the same sequence length: "
            f"the input {structure!r} has {len(below)} elements, the shallow structure {shallow!r} {len(above)}."
        )
    if mappings and [k for k, _ in above] != [k for k, _ in below]:
        raise ValueError(
            f"The two structures don't have the same keys: the input has {[k for k, _ in below]}, "
            f"the shallow structure {[k for k, _ in above]}."
        )
    for (_, s), (_, x) in zip(above, below):
        assert_shallow(s, x, check_types)
