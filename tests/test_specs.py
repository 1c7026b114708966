"""TypeSpecs: what values they describe, and how they compare."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import headrace as tf
from headrace.core import specs

T = tf.TensorSpec


def test_tensor_spec_shows_its_parts():
    assert repr(T([None, 3])) == "TensorSpec(shape=(None, 3), dtype=tf.float32, name=None)"
    assert repr(T(None, tf.int32, name="x")) == "TensorSpec(shape=<unknown>, dtype=tf.int32, name='x')"
    spec = T.from_tensor(tf.ones([2, 1], tf.float64), name="t")
    assert (spec.shape, spec.dtype, spec.name) == (tf.TensorShape([2, 1]), tf.float64, "t")
    assert T.from_spec(T([2]), name="q") == T([2], name="q")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (T([None]), T([2]), True),
        (T([2]), T([3]), False),
        (T([2]), T([2], tf.int32), False),
        (T(None), T([2]), True),
    ],
)
def test_compatible_is_symmetric_up_to_unknown_dims(a, b, expected):
    assert a.is_compatible_with(b) is expected
    assert b.is_compatible_with(a) is expected


def test_tensor_spec_takes_tensors_and_variables_only():
    spec = T([2])
    assert spec.is_compatible_with(tf.ones([2]))
    assert spec.is_compatible_with(tf.Variable([1.0, 2.0]))
    assert not spec.is_compatible_with([1.0, 2.0])
    assert not spec.is_compatible_with(tf.ragged.constant([[1.0]]))


def test_subtypes_and_supertypes():
    assert T([2]).is_subtype_of(T([None]))
    assert not T([None]).is_subtype_of(T([2]))
    assert not T([2], name="a").is_subtype_of(T([None]))
    assert T([2]).is_subtype_of(T([None], name="b"))
    assert T([2]).most_specific_common_supertype([T([3])]) == T([None])
    assert T([2], name="q").most_specific_common_supertype([T([2])]) is None
    assert T([2]).most_specific_common_supertype([T([2], tf.int32)]) is None
    with pytest.raises(ValueError, match="No TypeSpec is compatible"):
        T([2]).most_specific_compatible_type(T([2], tf.int32))


def test_equality_and_hash():
    assert T([2]) == T((2,))
    assert T([2]) != T([2], name="a")
    assert hash(T([2])) == hash(T([2], name="a"))
    assert copy.deepcopy(T([2], name="a")) == T([2], name="a")


def test_bounded_spec():
    spec = specs.BoundedTensorSpec((3, 5), tf.float32, 0, (5,) * 5)
    assert spec == specs.BoundedTensorSpec((3, 5), tf.float32, 0, 5)
    assert spec.minimum == 0
    assert spec.maximum.tolist() == [5.0] * 5
    assert spec.is_compatible_with(tf.ones([3, 5]))
    with pytest.raises(ValueError, match="broadcast"):
        specs.BoundedTensorSpec((3, 5), tf.float32, 0, (1, 2))
    with pytest.raises(ValueError, match="can not be None"):
        specs.BoundedTensorSpec((3,), tf.float32, None, 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, T([], tf.int32)),
        (1.5, T([])),
        ("a", T([], tf.string)),
        ([1, 2], T([2], tf.int32)),
        (np.ones(3), T([3], tf.float64)),
        (None, tf.NoneTensorSpec()),
        (tf.Variable(1.0), specs.VariableSpec([])),
    ],
)
def test_spec_of_a_value(value, expected):
    assert tf.type_spec_from_value(value) == expected


@pytest.mark.parametrize("value", [{"a": 1}, object()])
def test_values_without_a_spec(value):
    with pytest.raises(TypeError, match="Could not build a TypeSpec"):
        tf.type_spec_from_value(value)


class PairSpec(tf.TypeSpec):
    """A spec as users write them."""

    def __init__(self, shape, n):
        self.shape, self.n = tf.TensorShape(shape), n

    value_type = property(lambda self: tuple)
    _component_specs = property(lambda self: [T(self.shape), T(self.shape)])

    def _serialize(self):
        return self.shape, self.n

    def _to_components(self, value):
        return list(value)

    def _from_components(self, components):
        return tuple(components)


def test_specs_of_users():
    a, b = PairSpec([2], 3), PairSpec([3], 3)
    assert repr(a) == "PairSpec(TensorShape([2]), 3)"
    assert a == PairSpec([2], 3)
    assert hash(a) == hash(PairSpec([2], 3))
    assert a != b
    assert a.is_compatible_with(PairSpec([None], 3))
    assert not a.is_compatible_with(PairSpec([2], 4))
    assert a.is_subtype_of(PairSpec([None], 3))
    assert a.most_specific_common_supertype([b]) == PairSpec([None], 3)
    assert a.most_specific_common_supertype([PairSpec([2], 4)]) is None
    assert a._from_tensor_list([tf.ones([2]), tf.zeros([2])])[0].shape == [2]
    with pytest.raises(ValueError, match="2 components"):
        a._from_tensor_list([tf.ones([2])])


def test_registered_converters():
    class Box:
        def __init__(self, value):
            self.value = value

    specs.register_type_spec_from_value_converter(Box, lambda box: T([box.value]))
    assert tf.type_spec_from_value(Box(4)) == T([4])


def test_slices_spec():
    s = tf.IndexedSlices(tf.ones([2, 3]), tf.constant([0, 4]), tf.constant([5, 3]))
    spec = tf.type_spec_from_value(s)
    assert spec == tf.IndexedSlicesSpec([5, 3], tf.float32, tf.int32, tf.int32, [2])
    assert spec.is_compatible_with(s)
    again = tf.nest.map_structure(lambda t: t, s, expand_composites=True)
    assert tf.convert_to_tensor(again).shape == [5, 3]


def test_slices_cross_functions():
    @tf.function
    def double(s):
        return tf.IndexedSlices(s.values * 2, s.indices, s.dense_shape)

    s = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([1]), tf.constant([3, 1]))
    assert tf.convert_to_tensor(double(s)).numpy().tolist() == [[0.0], [2.0], [0.0]]
    without = double(tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([1])))
    assert without.dense_shape is None
