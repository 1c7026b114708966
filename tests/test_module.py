"""tf.Module: names, and the variables and modules it finds."""

from __future__ import annotations

import pytest

import headrace as tf


class Dense(tf.Module):
    def __init__(self, n, name=None):
        super().__init__(name=name)
        self.w = tf.Variable(tf.ones([n]), name="w")
        self.b = tf.Variable(0.0, name="b", trainable=False)

    @tf.Module.with_name_scope
    def __call__(self, x):
        if not hasattr(self, "c"):
            self.c = tf.Variable(1.0, name="c")
        return x * self.w + self.b


class Network(tf.Module):
    def __init__(self, name=None):
        super().__init__(name)
        self.layers = [Dense(2), Dense(3)]
        self.table = {"z": Dense(1), "a": tf.Variable(5.0, name="va")}
        self.pair = (Dense(4),)
        self.again = self.layers[0]


def test_names():
    net = Network()
    assert (net.name, net.name_scope.name, net.layers[0].name) == ("network", "network/", "dense")
    assert Network(name="foo").name == "foo"
    for cls, expected in (("CamelCaseMod", "camel_case_mod"), ("MLP2D", "mlp2_d"), ("MLP", "mlp")):
        assert type(cls, (tf.Module,), {})().name == expected


@pytest.mark.parametrize("name", ["foo bar", "1a", ""])
def test_bad_names(name):
    with pytest.raises(ValueError, match="valid Python identifiers"):
        Network(name=name)


def test_variables_come_in_a_fixed_order_and_once():
    net = Network()
    assert [v.name for v in net.variables] == ["va:0", "b:0", "w:0", "b:0", "w:0", "b:0", "w:0", "b:0", "w:0"]
    assert [v.shape.as_list() for v in net.trainable_variables] == [[], [2], [3], [4], [1]]
    assert len(net.non_trainable_variables) == 4
    assert len(net.submodules) == 4


def test_name_scope_of_methods():
    layer = Dense(2)
    layer(1.0)
    assert [v.name for v in layer.variables] == ["b:0", "dense/c:0", "w:0"]
    with tf.name_scope("outer"):
        inner = Dense(2, name="my")
        assert inner.name_scope.name == "outer/my/"
        inner(1.0)
    assert [v.name for v in inner.variables] == ["outer/b:0", "outer/my/c:0", "outer/w:0"]


def test_cycles_end():
    a, b = tf.Module("a"), tf.Module("b")
    a.other, b.other = b, a
    a.v = tf.Variable(1.0)
    assert a.submodules == (b,)
    assert b.variables == (a.v,)
    assert len(list(a._flatten(with_path=True, predicate=lambda v: isinstance(v, tf.Module)))) == 2


def test_lists_may_grow_later():
    m = tf.Module()
    m.items = []
    m.items.append(tf.Variable(1.0))
    m.items.append(Dense(1))
    assert (len(m.variables), len(m.submodules)) == (3, 1)


def test_paths():
    paths = [
        path for path, _ in Network()._flatten(with_path=True, predicate=lambda v: isinstance(v, tf.Variable))
    ]
    assert paths[0] == ("table", "a")
    assert ("again", "w") in paths
    assert ("layers", 0, "w") in paths


def test_the_constructor_must_run():
    class Forgetful(tf.Module):
        def __init__(self):
            self.v = tf.Variable(1.0)

    with pytest.raises(AttributeError):
        _ = Forgetful().name


def test_methods_may_be_functions():
    class Scale(tf.Module):
        def __init__(self):
            super().__init__()
            self.v = tf.Variable(2.0)

        @tf.function
        def __call__(self, x):
            return self.v * x

    scale = Scale()
    assert float(scale(3.0)) == 6.0
    assert len(scale.variables) == 1
