"""Iterators of graphs that sessions run."""

from __future__ import annotations

import pytest

import headrace as tf

v1 = tf.compat.v1
Dataset = tf.data.Dataset


def test_one_shot():
    with tf.Graph().as_default():
        upcoming = v1.data.make_one_shot_iterator(Dataset.range(3).map(lambda x: x * 2)).get_next()
        with v1.Session() as session:
            assert [int(session.run(upcoming)) for _ in range(3)] == [0, 2, 4]
            with pytest.raises(tf.errors.OutOfRangeError):
                session.run(upcoming)


def test_initializable():
    with tf.Graph().as_default():
        n = v1.placeholder(tf.int64, [])
        iterator = v1.data.make_initializable_iterator(Dataset.range(n).batch(2))
        upcoming = iterator.get_next()
        with v1.Session() as session:
            with pytest.raises(tf.errors.FailedPreconditionError):
                session.run(upcoming)
            for size, expected in ((3, [[0, 1], [2]]), (4, [[0, 1], [2, 3]])):
                session.run(iterator.initializer, {n: size})
                assert [session.run(upcoming).tolist() for _ in range(2)] == expected


def test_older_names_of_a_dataset():
    with tf.Graph().as_default(), v1.Session() as session:
        n = v1.placeholder(tf.int64, [])
        pairs = Dataset.zip((Dataset.range(n), Dataset.from_tensor_slices(["a", "b"]))).batch(2)
        assert pairs.output_types == (tf.int64, tf.string) and pairs.output_classes == (tf.Tensor, tf.Tensor)
        assert [s.as_list() for s in pairs.output_shapes] == [[None], [None]]
        iterator = pairs.make_initializable_iterator()
        session.run(iterator.initializer, {n: 2})
        assert [x.tolist() for x in session.run(iterator.get_next())] == [[0, 1], [b"a", b"b"]]
        upcoming = Dataset.range(3).shuffle(3, seed=1).make_one_shot_iterator().get_next()
        assert sorted(int(session.run(upcoming)) for _ in range(3)) == [0, 1, 2]


def test_two_elements_of_one_run():
    with tf.Graph().as_default():
        iterator = v1.data.make_one_shot_iterator(Dataset.range(4))
        a, b = iterator.get_next(), iterator.get_next()
        with v1.Session() as session:
            assert sorted(int(x) for x in session.run([a, b])) == [0, 1]


def test_reinitializable_and_feedable():
    with tf.Graph().as_default():
        first, second = Dataset.range(3), Dataset.range(10, 13)
        iterator = v1.data.Iterator.from_structure(
            v1.data.get_output_types(first), v1.data.get_output_shapes(first)
        )
        upcoming = iterator.get_next()
        begin = iterator.make_initializer(first), iterator.make_initializer(second)
        name = v1.placeholder(tf.string, [])
        fed = v1.data.Iterator.from_string_handle(name, tf.int64, []).get_next()
        with v1.Session() as session:
            session.run(begin[0])
            assert session.run(upcoming) == 0
            session.run(begin[1])
            assert session.run(upcoming) == 10
            handle = session.run(iterator.string_handle())
            assert session.run(fed, {name: handle}) == 11
            with pytest.raises(tf.errors.InvalidArgumentError, match="handle"):
                session.run(fed, {name: b"nothing"})
        with pytest.raises(TypeError, match="elements"):
            iterator.make_initializer(Dataset.from_tensors(1.0))


def test_a_placeholder_needs_an_initializer():
    with tf.Graph().as_default():
        n = v1.placeholder(tf.int64, [])
        upcoming = v1.data.make_one_shot_iterator(Dataset.range(n)).get_next()
        with v1.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="initializable"):
            session.run(upcoming, {n: 3})


def test_eagerly():
    assert [int(x) for x in v1.data.make_one_shot_iterator(Dataset.range(2))] == [0, 1]
    with pytest.raises(RuntimeError, match="eager"):
        v1.data.make_initializable_iterator(Dataset.range(2))


def test_files_of_a_pattern(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    with tf.Graph().as_default(), v1.Session() as session:
        upcoming = v1.data.make_one_shot_iterator(Dataset.list_files(str(tmp_path / "*"))).get_next()
        assert sorted(session.run(upcoming)[-1:] for _ in range(2)) == [b"a", b"b"]
        with pytest.raises(NotImplementedError, match="known"):
            Dataset.list_files(v1.placeholder(tf.string, []))
