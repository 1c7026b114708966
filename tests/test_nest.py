"""Nested structures: their leaves, their forms, and back."""

from __future__ import annotations

import collections
import dataclasses
import types

import numpy as np
import pytest

import headrace as tf
from headrace.core import nest

Point = collections.namedtuple("Point", "b a")


class OwnDict(dict):
    pass


class OwnList(list):
    pass


class OwnTuple(tuple):
    pass


class OwnMapping(collections.abc.Mapping):
    def __repr__(self):  # test ids must not contain addresses
        return "OwnMapping"

    def __init__(self, items):
        self.items_ = dict(items)

    def __getitem__(self, key):
        return self.items_[key]

    def __iter__(self):
        return iter(self.items_)

    def __len__(self):
        return len(self.items_)


@dataclasses.dataclass
class Flattened:
    child: object
    constant: int

    def __tf_flatten__(self):
        return (self.constant,), (self.child,)

    @classmethod
    def __tf_unflatten__(cls, metadata, components):
        return cls(components[0], metadata[0])


LEAVES = [
    (None, [None]),
    ([], []),
    ((), []),
    (Point(1, 2), [1, 2]),
    ({"b": 1, "a": 2}, [2, 1]),
    (collections.OrderedDict([("b", 1), ("a", 2)]), [2, 1]),
    (range(3), [0, 1, 2]),
    ({1}, [{1}]),
    ({"b": 1, "a": 2}.values(), [1, 2]),
    ("ab", ["ab"]),
    (b"ab", [b"ab"]),
    (collections.deque([1, 2]), [1, 2]),
    (types.MappingProxyType({"b": 1, "a": 2}), [2, 1]),
    (collections.UserList([1, 2]), [1, 2]),
    (OwnMapping({"b": 1, "a": 2}), [2, 1]),
    ([1, (2, {"x": [3, None]})], [1, 2, 3, None]),
    (Flattened([1, 2], 5), [1, 2]),
    (collections.UserString("ab"), [collections.UserString("ab")]),
]


@pytest.mark.parametrize(("structure", "leaves"), LEAVES, ids=repr)
def test_flatten(structure, leaves):
    assert tf.nest.flatten(structure) == leaves


def test_arrays_tensors_and_shapes_are_leaves():
    for leaf in (np.ones(2), tf.constant([1]), tf.TensorShape([1]), tf.float32, object()):
        assert tf.nest.flatten(leaf)[0] is leaf
        assert not tf.nest.is_nested(leaf)


def test_keys_must_be_sortable():
    with pytest.raises(TypeError, match="sortable keys"):
        tf.nest.flatten({1: 2, "a": 3})


@pytest.mark.parametrize(
    ("structure", "packed"),
    [
        (Point(1, [2]), Point(5, [6])),
        ({"b": 1, "a": 2}, {"b": 6, "a": 5}),
        (collections.OrderedDict([("b", 1), ("a", 2)]), collections.OrderedDict([("b", 6), ("a", 5)])),
        (OwnDict(b=1, a=2), OwnDict(b=6, a=5)),
        (OwnList([1, 2]), OwnList([5, 6])),
        (OwnTuple([1, 2]), OwnTuple([5, 6])),
        (collections.deque([1, 2]), collections.deque([5, 6])),
        (range(2), [5, 6]),
        (Flattened((1, 2), 7), Flattened((5, 6), 7)),
    ],
    ids=repr,
)
def test_pack(structure, packed):
    result = tf.nest.pack_sequence_as(structure, [5, 6])
    assert result == packed
    assert type(result) is type(packed)


def test_pack_keeps_a_default_factory():
    result = tf.nest.pack_sequence_as(collections.defaultdict(list, b=1, a=2), [5, 6])
    assert result == {"b": 6, "a": 5}
    assert result["new"] == []


@pytest.mark.parametrize(("structure", "flat"), [([1, 2], [5]), (1, [5, 6]), ([1], [])])
def test_pack_needs_as_many_leaves(structure, flat):
    with pytest.raises(ValueError, match="Could not pack sequence"):
        tf.nest.pack_sequence_as(structure, flat)


def test_pack_needs_a_sequence():
    with pytest.raises(TypeError, match="must be a list or tuple"):
        tf.nest.pack_sequence_as([1], 5)


SAME = [
    ([1, 2], [3, 4]),
    ({"a": 1}, collections.OrderedDict(a=1)),
    ({"a": 1}, OwnDict(a=1)),
    ([1], OwnList([1])),
    (None, 1),
    (Point(1, 2), collections.namedtuple("Point", "b a")(3, 4)),
]
DIFFERENT = [
    ([1, 2], (3, 4), TypeError),
    ([1, 2], [3], ValueError),
    ([1], 1, ValueError),
    ({"a": 1}, {"b": 1}, ValueError),
    (Point(1, 2), (1, 2), TypeError),
    (Point(1, 2), collections.namedtuple("Other", "b a")(1, 2), TypeError),
    ([[1], [2]], [1, [2]], ValueError),
    ({"a": 1, "b": [2]}, {"a": 1, "b": (2,)}, TypeError),
    ((1,), OwnTuple((1,)), TypeError),
    ("a", ["a"], ValueError),
]


@pytest.mark.parametrize(("a", "b"), SAME, ids=repr)
def test_same_structure(a, b):
    tf.nest.assert_same_structure(a, b)


@pytest.mark.parametrize(("a", "b", "error"), DIFFERENT, ids=repr)
def test_different_structure(a, b, error):
    with pytest.raises(error, match="don't have the same nested structure"):
        tf.nest.assert_same_structure(a, b)


def test_types_need_not_be_checked():
    tf.nest.assert_same_structure([1, 2], (3, 4), check_types=False)
    with pytest.raises(ValueError, match="leaf"):
        tf.nest.assert_same_structure({"a": 1, "b": [2]}, [1, 2], check_types=False)


def test_map_structure():
    assert tf.nest.map_structure(lambda x: x + 1, {"b": 1, "a": (2, [3])}) == {"b": 2, "a": (3, [4])}
    assert tf.nest.map_structure(lambda a, b: a + b, [1], (2,), check_types=False) == [3]
    assert tf.nest.map_structure(lambda a, b: (a, b), {"a": 1, "b": 2}, {"b": 5, "a": 6}) == {
        "a": (1, 6),
        "b": (2, 5),
    }


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: tf.nest.map_structure(1, [1]), TypeError),
        (lambda: tf.nest.map_structure(lambda: 0), ValueError),
        (lambda: tf.nest.map_structure(lambda x: x, [1], foo=1), ValueError),
        (lambda: tf.nest.map_structure(lambda a, b: a, [1], (2,)), TypeError),
    ],
)
def test_map_structure_misuse(call, error):
    with pytest.raises(error):
        call()


def test_composites_are_expanded_on_demand():
    r, deeper, s = (
        tf.ragged.constant([[1], [2, 3]]),
        tf.ragged.constant([[[1]], []]),
        tf.sparse.from_dense([1.0]),
    )
    assert len(tf.nest.flatten([r, s])) == 2
    assert len(tf.nest.flatten([r, s], expand_composites=True)) == 5
    doubled = tf.nest.map_structure(
        lambda x: x * 2 if x.dtype == tf.int32 else x, [r], expand_composites=True
    )
    assert doubled[0].to_list() == [[2], [4, 6]]
    tf.nest.assert_same_structure(r, tf.ragged.constant([[9, 9]]), expand_composites=True)
    tf.nest.assert_same_structure(r, tf.RaggedTensorSpec([None, None], tf.int32), expand_composites=True)
    for other in (s, deeper, tf.ragged.constant([[1.0]]), 1):
        with pytest.raises(ValueError, match="nested structure"):
            tf.nest.assert_same_structure(r, other, expand_composites=True)
    assert tf.nest.flatten(r._type_spec, expand_composites=True)[0].dtype == tf.int32


def test_up_to():
    assert nest.flatten_up_to([1, (2,)], [[1, 2], ([3],)]) == [[1, 2], [3]]
    assert nest.map_structure_up_to([1, 2], lambda a, b: (a, b), [[1], 2], [3, [4]]) == [([1], 3), (2, [4])]
    for structure, error in (([1, 2], ValueError), ((1,), TypeError), (1, TypeError)):
        with pytest.raises(error):
            nest.flatten_up_to([1], structure)
    with pytest.raises(ValueError, match="keys"):
        nest.flatten_up_to({"a": 1}, {"b": 1})


def test_paths():
    paths = nest.flatten_with_paths({"b": [1, 2], "a": 3})
    assert paths == [(("a",), 3), (("b", 0), 1), (("b", 1), 2)]
