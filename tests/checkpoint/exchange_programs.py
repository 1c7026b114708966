"""Writes checkpoints into a folder, or reads and checks what is there: on Headrace, or run as a program on TensorFlow.

python exchange_programs.py write|read FOLDER"""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np

ROWS = np.arange(24, dtype=np.float32).reshape(6, 4)


def net(tf: Any, scale: float) -> Any:
    """Every kind of object that a checkpoint holds."""
    out = tf.Module()
    out.w = tf.Variable(scale * tf.constant(ROWS), name="weights")
    out.types = [
        tf.Variable(tf.cast([1, 0, 2], t)) if scale else tf.Variable(tf.zeros([3], t)) for t in TYPES(tf)
    ]
    out.text = tf.Variable(["a", "", "\u00fc" * 100] if scale else ["x", "y", "z"])
    out.layers = [tf.Variable(3.0 * scale), tf.Module()]
    out.layers[1].b = tf.Variable(4.0 * scale)
    out.named = {"a/b.c": tf.Variable(5.0 * scale), "n": [(tf.Variable(6.0 * scale),)]}
    out.rng = tf.random.Generator.from_seed(3)
    if not scale:
        out.rng.skip(5)
    out.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    if scale:
        out.table.insert(["a", "b"], tf.constant([1, 2], tf.int64))
    out.up = out
    return out


def TYPES(tf: Any) -> list[Any]:
    names = (
        "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 float64 complex64 complex128"
    )
    return [getattr(tf, n) for n in names.split()]


def values(out: Any) -> list[Any]:
    parts = [
        out.w,
        *out.types,
        out.text,
        out.layers[0],
        out.layers[1].b,
        out.named["a/b.c"],
        out.named["n"][0][0],
    ]
    return [np.asarray(v.numpy()).tolist() for v in parts] + [
        out.rng.state.numpy().tolist(),
        out.table.lookup(["a", "b", "c"]).numpy().tolist(),
    ]


def graph(tf: Any) -> tuple[Any, Any]:
    """A variable in parts and the operation that trains it, in the default graph."""
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    parts = v1.get_variable("p", [6, 4], partitioner=v1.fixed_size_partitioner(3))
    bias = v1.get_variable("bias", initializer=[1.0, 2.0])
    loss = tf.add(
        tf.reduce_sum(tf.matmul(x, tf.convert_to_tensor(parts), transpose_b=True)),
        tf.reduce_sum(bias),
        name="loss",
    )
    v1.train.AdamOptimizer(0.1).minimize(loss, global_step=v1.train.get_or_create_global_step(), name="train")
    return parts, bias


KINDS = {
    "v2": {},
    "sharded": {"sharded": True},
    "v1": {"write_version": 1},
    "v1_sharded": {"write_version": 1, "sharded": True},
}


def write(tf: Any, folder: str) -> None:
    v1 = tf.compat.v1
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(net(tf, 1.0), step=tf.Variable(7)), os.path.join(folder, "objects"), max_to_keep=1
    )
    manager.save()
    manager.save()
    with tf.Graph().as_default(), v1.Session() as sess:
        parts, _ = graph(tf)
        savers = {kind: v1.train.Saver(name=kind, **options) for kind, options in KINDS.items()}
        sess.run(v1.global_variables_initializer())
        sess.run([p.assign(ROWS[2 * i : 2 * i + 2]) for i, p in enumerate(parts)])
        sess.run("train", {"x:0": np.ones([1, 4], np.float32)})
        for kind, saver in savers.items():
            os.makedirs(os.path.join(folder, kind))
            saver.save(sess, os.path.join(folder, kind, "model"), global_step=3)


def read(tf: Any, folder: str) -> None:
    v1 = tf.compat.v1
    found, step = net(tf, 0.0), tf.Variable(0)
    checkpoint = tf.train.Checkpoint(found, step=step)
    manager = tf.train.CheckpointManager(checkpoint, os.path.join(folder, "objects"), max_to_keep=1)
    status = checkpoint.restore(manager.latest_checkpoint)
    status.assert_consumed()
    assert values(found) == values(net(tf, 1.0)), values(found)
    assert int(step) == 7 and int(checkpoint.save_counter) == 2
    trained = ROWS - np.float32(0.1)
    for kind in KINDS:
        path = tf.train.latest_checkpoint(os.path.join(folder, kind))
        with tf.Graph().as_default(), v1.Session() as sess:  # variables of its own, whole
            p = v1.get_variable("p", [6, 4])
            v1.train.Saver([p]).restore(sess, path)
            np.testing.assert_allclose(sess.run(p), trained, rtol=1e-5, err_msg=kind)
        with tf.Graph().as_default(), v1.Session() as sess:  # and those of the graph that is there
            saver = v1.train.import_meta_graph(os.path.join(folder, kind, "model-3.meta"))
            saver.restore(sess, path)
            by_name = {v.op.name: v for v in v1.global_variables()}
            np.testing.assert_allclose(sess.run(by_name["p/part_1"]), trained[2:4], rtol=1e-5, err_msg=kind)
            sess.run("train", {"x:0": np.ones([1, 4], np.float32)})
            assert sess.run(by_name["global_step"]) == 2
            again = saver.save(sess, os.path.join(folder, kind, "again"))
            assert tf.train.list_variables(again) == tf.train.list_variables(path)


if __name__ == "__main__":
    import tensorflow

    {"write": write, "read": read}[sys.argv[1]](tensorflow, sys.argv[2])
