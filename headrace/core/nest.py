"""Nested structures (`tf.nest`), through optree: lists, tuples, dicts (sorted by key), named tuples, attrs classes and
dataclass-like composites."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_SCALARS = frozenset({int, float, str, bytes, bool, complex, type(None)})


def _is_attrs(value: Any) -> bool:
    return hasattr(type(value), "__attrs_attrs__")


def is_nested(structure: Any) -> bool:
    """True for sequences and mappings (not for strings or tensors)."""
    if isinstance(structure, (list, tuple, dict)):
        return True
    if isinstance(structure, (str, bytes)) or type(structure) in _SCALARS:
        return False
    return isinstance(structure, (Mapping, collections.abc.MappingView)) or _is_attrs(structure) or (isinstance(structure, Sequence) and not hasattr(structure, "dtype") and not isinstance(structure, range))


def is_composite(value: Any) -> bool:
    """A composite tensor: several tensors behind one face (RaggedTensor, SparseTensor, IndexedSlices, ExtensionType)."""
    return hasattr(value, "_type_spec") and hasattr(type(value), "_headrace_composite")


def _children(structure: Any) -> list[tuple[Any, Any]]:
    """(key, child) of one level, in the documented order: mappings by sorted key."""
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return list(zip(structure._fields, structure))
    if isinstance(structure, Mapping):
        try:
            keys = sorted(structure)
        except TypeError:
            raise TypeError(f"nest only supports dicts with sortable keys; received keys {list(structure)!r}.") from None
        return [(k, structure[k]) for k in keys]
    if isinstance(structure, collections.abc.MappingView):
        return list(enumerate(sorted(structure)))
    if _is_attrs(structure):
        return [(a.name, getattr(structure, a.name)) for a in type(structure).__attrs_attrs__]
    return list(enumerate(structure))


def rebuild(structure: Any, values: Sequence[Any]) -> Any:
    """One level of `structure` with other children, in the order of `_children`."""
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*values)
    if isinstance(structure, Mapping):
        by_key = dict(zip(sorted(structure), values))
        ordered = [(k, by_key[k]) for k in structure]
        if isinstance(structure, collections.defaultdict):
            return type(structure)(structure.default_factory, ordered)
        try:
            return type(structure)(ordered)
        except TypeError:
            return dict(ordered)
    if _is_attrs(structure):
        return type(structure)(*values)
    if type(structure) in (list, tuple):
        return type(structure)(values)
    if isinstance(structure, tuple):
        return type(structure)(values) if type(structure).__new__ is tuple.__new__ else tuple(values)
    if isinstance(structure, collections.abc.MappingView):
        return list(values)
    return type(structure)(values)


def _builtin_only(structure: Any) -> bool:
    return type(structure) in (list, tuple, dict)


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves, left to right; mappings in the order of their sorted keys. A leaf alone gives a list of one.

    >>> from headrace.core import nest
    >>> nest.flatten({"b": 2, "a": [1, (3,)]})
    [1, 3, 2]
    """
    kind = type(structure)
    if not expand_composites and kind in (tuple, list) and not any([isinstance(v, (list, tuple, dict)) or is_nested(v) for v in structure]):
        return list(structure)
    out: list[Any] = []
    _flatten(structure, expand_composites, out)
    return out


def _flatten(structure: Any, expand: bool, out: list[Any]) -> None:
    if is_nested(structure):
        for _, child in _children(structure):
            _flatten(child, expand, out)
    elif expand and is_composite(structure):
        for part in structure._type_spec._to_components(structure):
            if part is not None:
                _flatten(part, expand, out)
    elif expand and hasattr(structure, "_component_specs"):
        for part in nest_specs(structure):
            out.append(part)
    else:
        out.append(structure)


def nest_specs(spec: Any) -> list[Any]:
    """The component specs of a composite's TypeSpec (a TensorSpec is its own only component)."""
    parts = spec._component_specs
    return [spec] if parts is spec else flatten(parts)


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any], expand_composites: bool = False) -> Any:
    """`flat_sequence` in the shape of `structure`; ValueError when their sizes differ."""
    flat = list(flat_sequence)
    if not is_nested(structure) and not (expand_composites and (is_composite(structure) or hasattr(structure, "_component_specs"))):
        if len(flat) != 1:
            raise ValueError(f"The target structure is of type `{type(structure).__name__}`, but the flat sequence has {len(flat)} elements: it must have exactly one.")
        return flat[0]
    it = iter(flat)
    size = len(flatten(structure, expand_composites))
    if size != len(flat):
        raise ValueError(f"Could not pack sequence. Structure had {size} atoms, but flat_sequence had {len(flat)} items. Structure: {structure!r}.")
    return _pack(structure, it, expand_composites)


def _pack(structure: Any, it: Any, expand: bool) -> Any:
    if is_nested(structure):
        return rebuild(structure, [_pack(child, it, expand) for _, child in _children(structure)])
    if expand and is_composite(structure):
        spec = structure._type_spec
        parts = [None if p is None else _pack(p, it, expand) for p in spec._to_components(structure)]
        return None if all(p is None for p in parts) else spec._from_components(parts)
    if expand and hasattr(structure, "_component_specs") and structure._component_specs is not structure:
        return structure._from_components([next(it) for _ in nest_specs(structure)])
    return next(it)


def map_structure(func: Callable[..., Any], *structure: Any, check_types: bool = True, expand_composites: bool = False, **kwargs: Any) -> Any:
    """`func` applied to the leaves of structures of one form.

    >>> from headrace.core import nest
    >>> nest.map_structure(lambda a, b: a + b, {"x": 1}, {"x": 2})
    {'x': 3}
    """
    if kwargs:
        raise ValueError(f"Only valid keyword arguments are `check_types` and `expand_composites`, not: `{'`, `'.join(kwargs)}`")
    if not callable(func):
        raise TypeError(f"Argument `func` must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types, expand_composites)
    flat = [flatten(s, expand_composites) for s in structure]
    return pack_sequence_as(structure[0], [func(*leaves) for leaves in zip(*flat)], expand_composites)


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """ValueError when the two structures differ in form, TypeError when they differ in their sequence types."""
    try:
        _same(nest1, nest2, check_types, expand_composites)
    except (ValueError, TypeError) as error:
        raise type(error)(f"The two structures don't have the same nested structure.\n\nFirst structure: {nest1!r}\n\nSecond structure: {nest2!r}\n\n{error}") from None


def _same(a: Any, b: Any, check_types: bool, expand: bool) -> None:
    if expand and is_composite(a) and is_composite(b):
        if type(a) is not type(b) and check_types:
            raise TypeError(f"{type(a).__name__} is not {type(b).__name__}.")
        return
    if is_nested(a) != is_nested(b):
        raise ValueError(f"One is a structure and the other is a leaf: {type(a).__name__} against {type(b).__name__}.")
    if not is_nested(a):
        return
    mappings = isinstance(a, Mapping) and isinstance(b, Mapping)
    if check_types and type(a) is not type(b) and not mappings and not (isinstance(a, list) and isinstance(b, list)):
        same_tuple = hasattr(a, "_fields") and hasattr(b, "_fields") and type(a).__name__ == type(b).__name__ and a._fields == b._fields
        plain = isinstance(a, tuple) and isinstance(b, tuple) and not hasattr(a, "_fields") and not hasattr(b, "_fields")
        if not (same_tuple or plain):
            raise TypeError(f"First has type {type(a).__name__}, second has type {type(b).__name__}.")
    first, second = _children(a), _children(b)
    if len(first) != len(second):
        raise ValueError(f"They do not have the same number of elements: {len(first)} against {len(second)}.")
    if mappings and [k for k, _ in first] != [k for k, _ in second]:
        raise ValueError(f"Their keys differ: {[k for k, _ in first]} against {[k for k, _ in second]}.")
    for (_, x), (_, y) in zip(first, second):
        _same(x, y, check_types, expand)


def flatten_with_paths(structure: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """(path, leaf) pairs, for error messages and reports."""
    if not is_nested(structure):
        return [(prefix, structure)]
    return [item for key, child in _children(structure) for item in flatten_with_paths(child, (*prefix, key))]


def map_structure_up_to(shallow: Any, func: Callable[..., Any], *inputs: Any) -> Any:
    """Like `map_structure`, but only as deep as `shallow` goes."""
    if not is_nested(shallow):
        return func(*inputs)
    levels = [_children(x) for x in inputs]
    return rebuild(shallow, [map_structure_up_to(child, func, *[level[i][1] for level in levels]) for i, (_, child) in enumerate(_children(shallow))])


def flatten_up_to(shallow: Any, structure: Any) -> list[Any]:
    if not is_nested(shallow):
        return [structure]
    assert_shallow(shallow, structure)
    return [leaf for (_, s), (_, x) in zip(_children(shallow), _children(structure)) for leaf in flatten_up_to(s, x)]


def assert_shallow(shallow: Any, structure: Any) -> None:
    if is_nested(shallow) and (not is_nested(structure) or len(_children(shallow)) != len(_children(structure))):
        raise ValueError(f"The shallow structure {shallow!r} is not a prefix of {structure!r}.")
