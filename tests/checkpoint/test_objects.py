"""`tf.train.Checkpoint` and `CheckpointManager`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headrace as tf
from headrace.checkpoint.objects import write_tree

v1 = tf.compat.v1


class Net(tf.Module):
    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.w = tf.Variable(scale * tf.constant([1.0, 2.0]), name="weights")
        self.layers = [tf.Variable(3.0 * scale), tf.Module()]
        self.layers[1].b = tf.Variable(4.0 * scale)
        self.by_name = {"a/b.c": tf.Variable(5.0 * scale), "n": [(tf.Variable(6.0 * scale),)]}
        self.rng = tf.random.Generator.from_seed(3)
        self.text = ["not", "state"]
        self.same = self.w
        self.up = self  # a cycle


def values(net: Any) -> list[Any]:
    return [net.w.numpy().tolist(), net.layers[0].numpy(), net.layers[1].b.numpy(), net.by_name["a/b.c"].numpy(),
            net.by_name["n"][0][0].numpy()]  # fmt: skip


NOW = [[1.0, 2.0], 3.0, 4.0, 5.0, 6.0]


def saved(tmp_path: Path, **more: Any) -> str:
    return tf.train.Checkpoint(net=Net(), **more).save(tmp_path / "model")


def test_keys_are_paths(tmp_path: Path) -> None:
    names = [name for name, _ in tf.train.list_variables(saved(tmp_path))]
    end = "/.ATTRIBUTES/VARIABLE_VALUE"
    assert names == sorted(["_CHECKPOINTABLE_OBJECT_GRAPH"] + [n + end for n in (
        "net/by_name/a.Sb..c", "net/by_name/n/0/0", "net/layers/0", "net/layers/1/b", "net/rng/_state_var", "net/w",
        "save_counter")])  # fmt: skip


def test_there_and_back(tmp_path: Path) -> None:
    path = saved(tmp_path)
    net = Net(0.0)
    net.rng.skip(100)
    checkpoint = tf.train.Checkpoint(net=net)
    status = checkpoint.restore(path)
    assert status.assert_consumed() is status and status.assert_existing_objects_matched() is status
    assert values(net) == NOW
    np.testing.assert_array_equal(net.rng.state, tf.random.Generator.from_seed(3).state)
    assert checkpoint.save_counter.numpy() == 1
    assert os.path.basename(checkpoint.save(tmp_path / "model")) == "model-2"
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "model-2")


def test_a_root_with_its_own_names(tmp_path: Path) -> None:
    step = tf.Variable(7)
    path = tf.train.Checkpoint(Net(), step=step).save(tmp_path / "model")
    net, other = Net(0.0), tf.Variable(0)
    tf.train.Checkpoint(net, step=other).restore(path).assert_consumed()
    assert values(net) == NOW and other.numpy() == 7
    with pytest.raises(ValueError, match="already exists"):
        tf.train.Checkpoint(net, w=tf.Variable(1.0))


def test_what_comes_later(tmp_path: Path) -> None:
    """Attributes, lists and dicts that are assigned after `restore`."""
    path = saved(tmp_path)
    checkpoint = tf.train.Checkpoint()
    status = checkpoint.restore(path)
    with pytest.raises(AssertionError, match="Unresolved object"):
        status.assert_consumed()
    checkpoint.net = net = tf.Module()
    net.w = tf.Variable([0.0, 0.0])
    net.layers = []
    net.layers.append(tf.Variable(0.0))
    net.layers += [tf.Module()]
    net.layers[1].b = tf.Variable(0.0)
    net.by_name = {}
    net.by_name["a/b.c"] = tf.Variable(0.0)
    net.by_name["n"] = [(tf.Variable(0.0),)]
    net.rng = tf.random.Generator.from_seed(1)
    assert values(net) == NOW
    status.assert_consumed()


def test_what_does_not_match(tmp_path: Path) -> None:
    path = saved(tmp_path)
    status = tf.train.Checkpoint(net=tf.Module(), extra=tf.Variable(1.0)).restore(path)
    with pytest.raises(AssertionError, match=r"Unresolved object in checkpoint \(root\)\.net\.w"):
        status.assert_consumed()
    with pytest.raises(AssertionError, match="1 Python objects that were not bound"):
        status.assert_existing_objects_matched()
    assert status.expect_partial() is status
    status.assert_nontrivial_match()
    with pytest.raises(AssertionError, match="Nothing except the root"):
        tf.train.Checkpoint(z=tf.Variable(1.0)).read(path).assert_nontrivial_match()


def test_shapes_and_types(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).save(tmp_path / "model")
    with pytest.raises(
        ValueError, match=r"incompatible tensor with shape \(2,\) .* variable with shape \(3,\)"
    ):
        tf.train.Checkpoint(v=tf.Variable([1.0, 2.0, 3.0])).restore(path)
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected dtype int32"):
        tf.train.Checkpoint(v=tf.Variable([1, 2])).restore(path)
    loose = tf.Variable([0.0], shape=[None])
    tf.train.Checkpoint(v=loose).restore(path)
    assert loose.numpy().tolist() == [1.0, 2.0]


def test_nothing_there(tmp_path: Path) -> None:
    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
    with pytest.raises(tf.errors.NotFoundError, match="double-check that the path"):
        checkpoint.restore(tmp_path / "model")
    status = checkpoint.restore(None)
    status.expect_partial().initialize_or_restore()
    with pytest.raises(AssertionError, match="nothing is being restored"):
        status.assert_consumed()


def test_damaged(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).save(tmp_path / "model")
    data = Path(f"{path}.data-00000-of-00001")
    content = bytearray(data.read_bytes())
    content[-2] ^= 1
    data.write_bytes(content)
    v = tf.Variable([0.0, 0.0])
    with pytest.raises(tf.errors.DataLossError):
        tf.train.Checkpoint(v=v).restore(path)
        tf.train.load_checkpoint(path).get_tensor("v/.ATTRIBUTES/VARIABLE_VALUE")


def test_an_object_graph_that_makes_no_sense(tmp_path: Path) -> None:
    from headrace.checkpoint.bundle import BundleWriter
    from headrace.proto.checkpoint_pb2 import TrackableObjectGraph

    graph = TrackableObjectGraph()
    graph.nodes.add().children.add(node_id=7, local_name="v")
    for i, text in enumerate([graph.SerializeToString(), b"\xff\xff"]):
        box = np.empty((), object)
        box[()] = text
        with BundleWriter(str(tmp_path / f"m{i}")) as writer:
            writer.add("_CHECKPOINTABLE_OBJECT_GRAPH", box)
        with pytest.raises(tf.errors.DataLossError):
            tf.train.Checkpoint(v=tf.Variable(1.0)).restore(tmp_path / f"m{i}")


def test_object_graphs_with_nonsense(tmp_path: Path) -> None:
    """Restoring from a damaged tree ends in a documented error, or restores what is right in it."""
    import random

    from headrace.checkpoint.bundle import BundleReader, BundleWriter

    with BundleReader(saved(tmp_path)) as reader:
        tensors = {name: (reader.tensor(name), reader.dtype(name)) for name in reader.names()}
    data = tensors.pop("_CHECKPOINTABLE_OBJECT_GRAPH")[0].item()
    draw = random.Random(5)
    for i in range(150):
        bad = bytearray(data)
        for _ in range(1 + i % 3):
            bad[draw.randrange(len(bad))] = draw.choice([0, 1, 2, 9, 0x7F, 0xFF])
        box = np.empty((), object)
        box[()] = bytes(bad)
        with BundleWriter(str(tmp_path / "bad")) as writer:
            writer.add("_CHECKPOINTABLE_OBJECT_GRAPH", box)
            for name, (value, dtype) in tensors.items():
                writer.add(name, value, dtype)
        try:
            status = tf.train.Checkpoint(net=Net(0.0)).restore(tmp_path / "bad")
            status.assert_consumed()
        except (tf.errors.OpError, ValueError, AssertionError):
            pass


def test_what_is_no_state(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expecting a to be a trackable object"):
        tf.train.Checkpoint(a=3)
    with pytest.raises(ValueError, match="expecting root"):
        tf.train.Checkpoint(3)
    with pytest.raises(ValueError, match="non-string key"):
        tf.train.Checkpoint(d={1: tf.Variable(1.0)}).save(tmp_path / "model")
    with pytest.raises(NotImplementedError, match="enable_async"):
        tf.train.CheckpointOptions(enable_async=True)


def test_tables(tmp_path: Path) -> None:
    def table(checkpoint: bool = True) -> Any:
        return tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1, checkpoint=checkpoint)

    first, left_out = table(), table(False)
    first.insert(["a", "b"], [1, 2])
    left_out.insert(["c"], [3])
    path = tf.train.Checkpoint(t=first, o=left_out).save(tmp_path / "model")
    second = table()
    second.insert(["z"], [9])
    tf.train.Checkpoint(t=second).restore(path)
    assert second.lookup(["a", "b", "z"]).numpy().tolist() == [1, 2, -1]
    assert not any("o/" in name for name, _ in tf.train.list_variables(path))


def test_inside_functions(tmp_path: Path) -> None:
    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
    for action in (checkpoint.save, checkpoint.write, checkpoint.restore, checkpoint.read):
        with pytest.raises(NotImplementedError, match=r"outside of the tf\.function"):
            tf.function(lambda action=action: action(tmp_path / "model"))()


def test_state_of_python(tmp_path: Path) -> None:
    class Words(tf.train.experimental.PythonState):  # type: ignore[misc, name-defined]
        def __init__(self, words: Any) -> None:
            self.words = words

        def serialize(self) -> Any:
            return self.words

        def deserialize(self, string_value: Any) -> None:
            assert isinstance(string_value, bytes)
            self.words = string_value

    for text in ("a b", b"\xff\x00"):
        path = tf.train.Checkpoint(words=Words(text)).save(tmp_path / "model")
        words = Words("")
        tf.train.Checkpoint(words=words).restore(path).assert_consumed()
        assert words.words == (text.encode() if isinstance(text, str) else text)


def test_callbacks(tmp_path: Path) -> None:
    paths: list[Any] = []
    options = tf.train.CheckpointOptions(
        experimental_write_callbacks=[paths.append, lambda: paths.append(None)]
    )
    path = tf.train.Checkpoint(v=tf.Variable(1.0)).save(tmp_path / "model", options)
    assert paths == [path, None]


def test_views(tmp_path: Path) -> None:
    path = saved(tmp_path)
    view = tf.train.CheckpointView(path)
    assert set(view.children(0)) == {"net", "save_counter"}
    assert view.descendants()[:2] == [0, 1]
    other = tf.train.Checkpoint(net=Net(), more=tf.Variable(1.0))
    matched = view.match(other)
    assert matched[view.children(0)["net"]] is other.net
    objects, nodes, _ = view.diff(other)
    assert objects == [other.more] and nodes == [view.children(0)["save_counter"]]


# ------------------------------------------------------------------------------------------------ graphs and names
def test_a_savers_checkpoint(tmp_path: Path) -> None:
    """Variables are found by their names."""
    with tf.Graph().as_default(), v1.Session() as sess:
        v1.get_variable("weights", initializer=[7.0, 8.0])
        sess.run(v1.global_variables_initializer())
        path = v1.train.Saver().save(sess, str(tmp_path / "model"), write_meta_graph=False)
    w = tf.Variable([0.0, 0.0], name="weights")
    status = tf.train.Checkpoint(w=w).restore(path)
    assert w.numpy().tolist() == [7.0, 8.0]
    status.assert_consumed().assert_existing_objects_matched()
    with pytest.raises(AssertionError, match="not assigned"):
        tf.train.Checkpoint(o=tf.Variable(1.0, name="other")).restore(path).assert_existing_objects_matched()


def test_a_saver_reads_objects(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with tf.Graph().as_default(), v1.Session() as sess:
        w = v1.get_variable("weights", [2])
        v1.train.Saver().restore(sess, path)
        assert sess.run(w).tolist() == [1.0, 2.0]


def test_graphs(tmp_path: Path) -> None:
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.get_variable("v", initializer=[1.0, 2.0])
        checkpoint = tf.train.Checkpoint(v=v)
        sess.run(v.initializer)
        path = checkpoint.save(tmp_path / "model")
        assert os.path.basename(path) == "model-1"
        sess.run(v.assign([0.0, 0.0]))
        checkpoint.restore(path).assert_consumed().run_restore_ops()
        assert sess.run(v).tolist() == [1.0, 2.0]
    with tf.Graph().as_default():
        v = v1.get_variable("v", [2])
        status = tf.train.Checkpoint(v=v).restore(path)
        with pytest.raises(ValueError, match="in a session"):
            status.run_restore_ops()
        with v1.Session() as sess:
            status.initialize_or_restore(sess)
            assert sess.run(v).tolist() == [1.0, 2.0]
        old = v1.train.Checkpoint(v=v)  # takes the session by position
        with v1.Session() as sess:
            sess.run(v.initializer)
            assert old.save(tmp_path / "old", sess).endswith("old-1")
            assert old.write(tmp_path / "exact", sess).endswith("exact")
            assert isinstance(old, tf.train.Checkpoint)
    eager = tf.Variable([0.0, 0.0])
    tf.train.Checkpoint(v=eager).restore(path).assert_consumed()
    assert eager.numpy().tolist() == [1.0, 2.0]


# ----------------------------------------------------------------------------------------------------------- managers
def names(paths: Any) -> list[str]:
    return [os.path.basename(p) for p in paths]


def test_the_last_few(tmp_path: Path) -> None:
    v = tf.Variable(0)
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=v), tmp_path, max_to_keep=2)
    assert manager.latest_checkpoint is None and manager.restore_or_initialize() is None
    for _ in range(4):
        v.assign_add(1)
        manager.save()
    assert names(manager.checkpoints) == ["ckpt-3", "ckpt-4"]
    assert sorted(os.listdir(tmp_path)) == [
        "checkpoint", "ckpt-3.data-00000-of-00001", "ckpt-3.index", "ckpt-4.data-00000-of-00001", "ckpt-4.index",
    ]  # fmt: skip
    v.assign(0)
    again = tf.train.CheckpointManager(tf.train.Checkpoint(v=v), tmp_path, max_to_keep=2)
    assert names(again.checkpoints) == ["ckpt-3", "ckpt-4"]
    assert again.restore_or_initialize() == again.latest_checkpoint
    assert v.numpy() == 4
    assert names([again.save()]) == ["ckpt-5"] and names(again.checkpoints) == ["ckpt-4", "ckpt-5"]


def test_one_in_so_many_hours(tmp_path: Path) -> None:
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(v=tf.Variable(0)), tmp_path, max_to_keep=1, keep_checkpoint_every_n_hours=1e-9
    )
    for _ in range(3):
        manager.save()
    assert names(manager.checkpoints) == ["ckpt-3"]
    assert len([n for n in os.listdir(tmp_path) if n.endswith(".index")]) == 3


def test_intervals(tmp_path: Path) -> None:
    step = tf.Variable(0)
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(step=step),
        tmp_path,
        None,
        step_counter=step,
        checkpoint_interval=2,
        checkpoint_name="m",
    )
    done = []
    for _ in range(5):
        done.append(manager.save())
        step.assign_add(1)
    assert [d is not None for d in done] == [True, False, True, False, True]
    assert manager.save(check_interval=False, checkpoint_number=40).endswith("m-40")
    with pytest.raises(ValueError, match="step_counter"):
        tf.train.CheckpointManager(tf.train.Checkpoint(), tmp_path, 1, checkpoint_interval=2)
    with pytest.raises(ValueError, match="positive"):
        tf.train.CheckpointManager(tf.train.Checkpoint(), tmp_path, 0)


def test_the_first_run(tmp_path: Path) -> None:
    called = []
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(v=tf.Variable(0)), tmp_path, 1, init_fn=lambda: called.append(1)
    )
    manager.restore_or_initialize()
    assert called == [1]


def test_waiting_for_checkpoints(tmp_path: Path) -> None:
    checkpoint = tf.train.Checkpoint(v=tf.Variable(0))
    checkpoint.save(tmp_path / "model")
    found = []
    for path in tf.train.checkpoints_iterator(tmp_path, timeout=0):
        found.append(os.path.basename(path))
        if len(found) < 3:
            checkpoint.save(tmp_path / "model")
    assert found == ["model-1", "model-2", "model-3"]


def test_a_failed_save_leaves_nothing(tmp_path: Path) -> None:
    class Broken(tf.Module):
        def _serialize_to_tensors(self) -> dict[str, Any]:
            return {"state": np.array([object()])}

    with pytest.raises(TypeError):
        write_tree(str(tmp_path / "model"), tf.train.Checkpoint(v=tf.Variable(1.0), b=Broken()), {})
    assert os.listdir(tmp_path) == []
