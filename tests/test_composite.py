"""Extension types, and public functions on classes of the user's own."""

# ruff: noqa: UP006, UP007, UP035, UP037, UP045 - annotations as programs have them

from __future__ import annotations

import typing
from typing import List, Optional, Tuple, Union

import numpy as np
import pytest

import headrace as tf

E = tf.experimental.ExtensionType


class Masked(E):
    values: tf.Tensor
    mask: tf.Tensor

    @property
    def shape(self):
        return self.values.shape


class Settings(E):
    name: str
    n: int = 5
    x: float = 1.0
    flag: bool = False
    shape: tf.TensorShape = tf.TensorShape([None])
    dtype: tf.DType = tf.float32


class Mixed(E):
    maybe: Optional[tf.Tensor]
    either: Union[tf.Tensor, tf.RaggedTensor, None]
    numbers: Tuple[int, ...]
    pair: tuple[tf.Tensor, str]
    table: typing.Mapping[str, tf.Tensor]
    inner: Masked


class Span(E):
    start: tf.Tensor
    end: tf.Tensor

    def __init__(self, start, length):
        self.start = start
        self.end = start + length

    def __validate__(self):
        self.start.shape.assert_is_compatible_with(self.end.shape)


class Tree(E):
    value: int
    child: Optional["Tree"] = None


class Pair(tf.experimental.BatchableExtensionType):
    x: tf.Tensor
    y: tf.Tensor


def masked():
    return Masked([1, 2, 3], [True, False, True])


def mixed():
    return Mixed(None, tf.ragged.constant([[1], []]), (1, 2), ([1], "s"), {"b": 1.0, "a": 2.0}, masked())


# -------------------------------------------------------------------------------------------------------------- values
def test_values():
    m = masked()
    assert m.values.dtype == tf.int32
    assert repr(Masked(1, True)).startswith("Masked(values=<tf.Tensor: shape=(), dtype=int32, numpy=")
    assert bool(m == masked())
    assert not bool(m == Masked([1, 2, 4], [True, False, True]))
    assert (m == 5) is False
    assert (m != 5) is True
    with pytest.raises(TypeError, match="unhashable"):
        hash(m)
    for change in (lambda: setattr(m, "values", 1), lambda: delattr(m, "values")):
        with pytest.raises(AttributeError, match="Cannot mutate attribute `values`"):
            change()


def test_constants_are_converted():
    s = Settings("a", shape=[1, 2], dtype="int32")
    assert (s.shape, s.dtype) == (tf.TensorShape([1, 2]), tf.int32)
    assert (
        repr(Settings("a"))
        == "Settings(name='a', n=5, x=1.0, flag=False, shape=TensorShape([None]), dtype=tf.float32)"
    )
    assert bool(Settings("a") == Settings("a"))
    assert (Settings("a") == Settings("b")) is False
    assert repr(Tree(1, Tree(2))) == "Tree(value=1, child=Tree(value=2, child=None))"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Masked(1), "missing a required argument: 'mask'"),
        (lambda: Masked([1], [True], [2]), "too many positional arguments"),
        (lambda: Masked(values=[1], mask=[True], foo=1), "unexpected keyword argument 'foo'"),
        (lambda: Masked({"a": 1}, [True]), "values: expected a Tensor, got 'dict'"),
        (lambda: Settings(5), "name: expected 'str', got 'int'"),
        (lambda: Settings("a", n="b"), "n: expected 'int', got 'str'"),
        (lambda: Settings("a", x=3), "x: expected 'float', got 'int'"),
        (lambda: Mixed(None, None, 5, ([1], "s"), {}, masked()), "numbers: expected a tuple"),
        (lambda: Mixed(None, None, (), ([1],), {}, masked()), "length 2"),
        (lambda: Mixed(None, None, (), ([1], "s"), 5, masked()), "expected mapping"),
        (lambda: Mixed(None, None, (), ([1], "s"), {}, 5), "inner: expected 'Masked'"),
        (lambda: Mixed(None, "text" and object(), (), ([1], "s"), {}, masked()), "either: expected one of"),
    ],
)  # fmt: skip
def test_wrong_arguments(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_nested_fields():
    m = mixed()
    assert float(m.table["a"]) == 2.0
    with pytest.raises(TypeError):
        m.table["c"] = 1
    assert m.numbers == (1, 2)
    assert len(tf.nest.flatten(m, expand_composites=True)) == 7
    again = tf.nest.map_structure(lambda t: t, m, expand_composites=True)
    assert bool(again == m)
    assert isinstance(Mixed(1.0, [2.0], [1], ([1], "s"), {}, masked()).either, tf.Tensor)


def test_own_constructors_and_validation():
    span = Span(tf.constant([1]), tf.constant([3]))
    assert span.end.numpy().tolist() == [4]
    with pytest.raises(ValueError, match="incompatible"):
        Span(tf.constant([1]), tf.constant([[3, 4]]))

    class Named(Span):
        label: str

        def __init__(self, start, length, label):
            super().__init__(start, length)
            self.label = label

    named = Named(tf.constant([1]), tf.constant([3]), "x")
    assert (named.label, int(named.end[0])) == ("x", 4)

    class Incomplete(E):
        a: tf.Tensor

        def __init__(self):
            pass

    with pytest.raises(AttributeError, match="did not set the field `a`"):
        Incomplete()


def test_subclasses_add_fields():
    class More(Masked):
        extra: tf.Tensor

    more = More([1], [True], 5.0)
    assert isinstance(more, Masked)
    assert list(tf.experimental.extension_type.as_dict(more)) == ["values", "mask", "extra"]


@pytest.mark.parametrize(
    ("namespace", "error"),
    [
        ({"__annotations__": {"x": list}}, TypeError),
        ({"x": 1}, ValueError),
        ({"__annotations__": {"Spec": int}}, ValueError),
        ({"__annotations__": {"_tf_extension_type_x": int}}, ValueError),
        ({"__annotations__": {"x": dict[str, int]}}, TypeError),
        ({"__annotations__": {"x": list[tf.Tensor]}}, TypeError),
        ({"__annotations__": {"x": int}, "x": "text"}, TypeError),
    ],
)
def test_fields_that_cannot_be(namespace, error):
    with pytest.raises(error):
        type(E)("Bad", (E,), namespace)


# --------------------------------------------------------------------------------------------------------------- specs
def test_specs():
    spec = Masked.Spec(tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.bool))
    assert repr(tf.type_spec_from_value(Masked([1], [True]))) == (
        "Masked.Spec(values=TensorSpec(shape=(1,), dtype=tf.int32, name=None), mask=TensorSpec(shape=(1,), dtype=tf.bool, name=None))"
    )
    assert spec.is_compatible_with(masked())
    assert spec.values == tf.TensorSpec([None], tf.int32)
    assert masked()._type_spec.most_specific_common_supertype([Masked([1], [True])._type_spec]) == spec
    assert mixed()._type_spec == mixed()._type_spec
    assert hash(mixed()._type_spec) == hash(mixed()._type_spec)
    with pytest.raises(TypeError):
        Masked.Spec(tf.TensorSpec([None], tf.int32), 5)


def test_functions():
    @tf.function
    def f(m):
        return Masked(m.values + 1, m.mask), m.values

    assert f(masked())[0].values.numpy().tolist() == [2, 3, 4]
    assert f(Masked([1], [True]))[0].values.numpy().tolist() == [2]
    f(masked())
    assert f.experimental_get_tracing_count() == 2
    g = tf.function(
        lambda m: m.values,
        input_signature=[Masked.Spec(tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.bool))],
    )
    assert g(masked()).shape == [3]
    assert g(Masked([1], [True])).shape == [1]
    assert g.experimental_get_tracing_count() == 1
    h = tf.function(lambda m: (m.table["a"] + float(m.numbers[0]), m.pair[1] == "s"))
    assert float(h(mixed())[0]) == 3.0


def test_branches_and_loops():
    m = masked()
    picked = tf.function(lambda p: tf.cond(p, lambda: m, lambda: Masked(m.values, ~m.mask)))
    assert picked(tf.constant(False)).mask.numpy().tolist() == [False, True, False]
    _, looped = tf.function(
        lambda: tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, Masked(x.values + 1, x.mask)), (0, m))
    )()
    assert looped.values.numpy().tolist() == [4, 5, 6]


def test_gradients_of_fields():
    with tf.GradientTape() as tape:
        m = Masked(tf.constant([1.0, 2.0]), [True, False])
        tape.watch(m.values)
        y = tf.reduce_sum(m.values**2)
    assert tape.gradient(y, m.values).numpy().tolist() == [2.0, 4.0]


def test_batches():
    assert Pair.Spec(tf.TensorSpec([2]), tf.TensorSpec([3]))._batch(5) == Pair.Spec(
        tf.TensorSpec([5, 2]), tf.TensorSpec([5, 3])
    )
    sums = tf.map_fn(lambda p: p.x + p.y, Pair([1, 2], [3, 4]), fn_output_signature=tf.int32)
    assert sums.numpy().tolist() == [4, 6]
    spec = Pair.Spec(tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.int32))
    pairs = tf.map_fn(lambda x: Pair(x, x + 1), tf.constant([1, 2]), fn_output_signature=spec)
    assert pairs.y.numpy().tolist() == [2, 3]


# ------------------------------------------------------------------------------------------------------------ dispatch
def test_dispatch_for_api():
    @tf.experimental.dispatch_for_api(tf.shape)
    def shape(input: Masked, out_type=tf.int32):
        return tf.shape(input.values, out_type=out_type)

    @tf.experimental.dispatch_for_api(tf.math.add, {"x": Masked, "y": Masked})
    def add(x, y, name=None):
        return Masked(x.values + y.values, x.mask & y.mask)

    @tf.experimental.dispatch_for_api(tf.stack)
    def stack(values: List[Masked], axis=0):
        return "stacked"

    try:
        assert tf.shape(masked()).numpy().tolist() == [3]
        assert tf.shape([1, 2]).numpy().tolist() == [2]
        assert tf.add(masked(), masked()).values.numpy().tolist() == [2, 4, 6]
        assert int(tf.add(1, 2)) == 3
        assert tf.stack([masked(), masked()]) == "stacked"
        assert tf.stack([1, 2]).numpy().tolist() == [1, 2]
        with pytest.raises((TypeError, ValueError)):
            tf.add(masked(), 1)
    finally:
        for target in (shape, add, stack):
            tf.experimental.unregister_dispatch_for(target)
    with pytest.raises((TypeError, ValueError)):
        tf.shape(masked())
    with pytest.raises(ValueError, match="not registered"):
        tf.experimental.unregister_dispatch_for(shape)


def test_dispatch_for_elementwise():
    @tf.experimental.dispatch_for_unary_elementwise_apis(Masked)
    def unary(api, x):
        return Masked(api(x.values), x.mask)

    @tf.experimental.dispatch_for_binary_elementwise_apis(Masked, Masked)
    def binary(api, x, y):
        return Masked(api(x.values, y.values), x.mask & y.mask)

    @tf.experimental.dispatch_for_binary_elementwise_apis(Masked, Union[tf.Tensor, int])
    def mixed_binary(api, x, y):
        return Masked(api(x.values, y), x.mask)

    try:
        assert tf.abs(Masked([-1, 2], [True, False])).values.numpy().tolist() == [1, 2]
        assert tf.cast(masked(), tf.float32).values.dtype == tf.float32
        np.testing.assert_allclose(tf.math.sin(Masked([1.0], [True])).values.numpy(), [0.84147096], rtol=1e-6)
        assert tf.multiply(masked(), masked()).values.numpy().tolist() == [1, 4, 9]
        assert tf.maximum(masked(), 2).values.numpy().tolist() == [2, 2, 3]
    finally:
        for target in (unary, binary, mixed_binary):
            tf.experimental.unregister_dispatch_for(target)


def test_plain_python_classes_dispatch_too():
    class Box:
        def __init__(self, value):
            self.value = value

    @tf.experimental.dispatch_for_api(tf.reduce_sum, {"input_tensor": Box})
    def total(input_tensor, axis=None, keepdims=False, name=None):
        return tf.reduce_sum(input_tensor.value)

    try:
        assert int(tf.reduce_sum(Box([1, 2]))) == 3
        assert int(tf.reduce_sum([1, 5])) == 6
    finally:
        tf.experimental.unregister_dispatch_for(total)


def test_dispatch_misuse():
    with pytest.raises(ValueError, match="at least one signature"):

        @tf.experimental.dispatch_for_api(tf.shape)
        def untyped(input, out_type=None):
            return 0

    with pytest.raises(ValueError, match="does not match API's signature"):

        @tf.experimental.dispatch_for_api(tf.shape)
        def misnamed(x: Masked):
            return 0


def test_raw_ops():
    assert int(tf.raw_ops.AddV2(x=1, y=2)) == 3
    top = tf.raw_ops.TopKV2(input=[1.0, 3.0], k=1)
    assert (top.values.numpy().tolist(), top.indices.numpy().tolist()) == ([3.0], [1])
    assert "AddV2" in dir(tf.raw_ops)
    with pytest.raises(TypeError):
        tf.raw_ops.AddV2(1, 2)
    with pytest.raises(TypeError, match="missing"):
        tf.raw_ops.AddV2(x=1)
    with pytest.raises(AttributeError):
        _ = tf.raw_ops.NoSuchOp


def test_dlpack():
    t = tf.constant([[1.0, 2.0]])
    assert tf.experimental.dlpack.from_dlpack(tf.experimental.dlpack.to_dlpack(t)).numpy().tolist() == [
        [1.0, 2.0]
    ]
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.experimental.dlpack.to_dlpack([1.0])
