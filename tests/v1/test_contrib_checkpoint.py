"""`tf.contrib.checkpoint`: what is saved with its objects comes back, in objects there before and in those made later."""

import numpy as np
import pytest

import headrace as tf
from headrace.v1.contrib import checkpoint


def test_containers_come_back(tmp_path):
    arrays, names = checkpoint.NumpyState(), checkpoint.UniqueNameTracker()
    arrays.x = np.arange(3.0)
    for value in (5.0, 6.0):
        names.track(tf.Variable(value), "v")
    mapping, members = checkpoint.Mapping(a=tf.Variable(1.0)), checkpoint.List([tf.Variable(2.0)])
    root = tf.train.Checkpoint(arrays=arrays, names=names, mapping=mapping, members=members)
    path = root.save(str(tmp_path / "ck"))
    assert len(checkpoint.list_objects(root)) >= 9
    saved = {a.full_name for node in checkpoint.object_metadata(path).nodes for a in node.attributes}
    assert "Variable" in saved

    arrays, names = checkpoint.NumpyState(), checkpoint.UniqueNameTracker()
    mapping, members = checkpoint.Mapping(), checkpoint.List()
    tf.train.Checkpoint(arrays=arrays, names=names, mapping=mapping, members=members).restore(path)
    assert arrays.x.tolist() == [0.0, 1.0, 2.0]
    mapping["a"] = tf.Variable(0.0)
    members.extend([tf.Variable(0.0)])
    made = [names.track(tf.Variable(0.0), "v") for _ in range(2)]
    assert [float(v) for v in (mapping["a"], members[0], *made)] == [1.0, 2.0, 5.0, 6.0]


def test_what_cannot_be_saved(tmp_path):
    mapping = checkpoint.Mapping(a=tf.Variable(1.0))
    with pytest.raises(ValueError, match="replaced"):
        mapping["a"] = tf.Variable(2.0)
    with pytest.raises(TypeError, match="taken out"):
        del mapping["a"]
    with pytest.raises(TypeError, match="texts"):
        mapping[3] = tf.Variable(2.0)
    with pytest.raises(ValueError, match="trackable"):
        checkpoint.UniqueNameTracker().track(3.0, "v")
    with pytest.raises(NotImplementedError, match="NumPy"):
        checkpoint.NumpyState().x = 3.0
    with pytest.raises(AttributeError, match="no array"):
        checkpoint.NumpyState().x
    with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        v = tf.compat.v1.get_variable("v", [2])
        sess.run(v.initializer)
        path = tf.compat.v1.train.Saver([v]).save(sess, str(tmp_path / "names"))
    with pytest.raises(ValueError, match="by name only"):
        checkpoint.object_metadata(path)
