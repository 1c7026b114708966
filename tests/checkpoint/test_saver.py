"""`tf.compat.v1.train.Saver`, the `checkpoint` file, and variables that start from checkpoints."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headrace as tf

v1 = tf.compat.v1
train = v1.train
PLAIN = {"write_meta_graph": False}


@pytest.fixture
def sess() -> Any:
    with tf.Graph().as_default(), v1.Session() as session:
        yield session


def two(sess: Any) -> tuple[Any, Any]:
    v = v1.get_variable("v", initializer=[1.0, 2.0, 3.0])
    p = v1.get_variable("p", [4, 2], partitioner=v1.fixed_size_partitioner(2))
    sess.run(v1.global_variables_initializer())
    sess.run(p.assign(np.arange(8, dtype=np.float32).reshape(4, 2)))
    return v, p


def clear(sess: Any, *variables: Any) -> None:
    sess.run([x.assign(tf.zeros_like(x)) for v in variables for x in (v if hasattr(v, "_parts") else [v])])


def indexes(folder: Path) -> list[str]:
    return sorted(f.stem for f in folder.glob("*.index"))


@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("version", [train.SaverDef.V1, train.SaverDef.V2])
@pytest.mark.parametrize("sequentially", [False, True])
def test_there_and_back(sess: Any, tmp_path: Path, sharded: bool, version: int, sequentially: bool) -> None:
    v, p = two(sess)
    saver = train.Saver(sharded=sharded, write_version=version, restore_sequentially=sequentially)
    path = saver.save(sess, str(tmp_path / "model"), global_step=7)
    expected = "model-7-?????-of-00001" if sharded and version == train.SaverDef.V1 else "model-7"
    assert os.path.basename(path) == expected == os.path.basename(tf.train.latest_checkpoint(tmp_path))
    assert (tmp_path / "model-7.meta").exists()
    clear(sess, v, p)
    saver.restore(sess, path)
    assert sess.run(v).tolist() == [1.0, 2.0, 3.0]
    assert sess.run(tf.convert_to_tensor(p)).tolist() == np.arange(8).reshape(4, 2).tolist()
    assert tf.train.list_variables(path) == [("p", [4, 2]), ("v", [3])]


def test_devices_have_shards(sess: Any, tmp_path: Path) -> None:
    with tf.device("/cpu:0"):
        v1.get_variable("a", initializer=[1.0])
    v1.get_variable("b", initializer=[2.0])
    sess.run(v1.global_variables_initializer())
    saver = train.Saver(sharded=True)
    path = saver.save(sess, str(tmp_path / "model"), **PLAIN)
    assert len(list(tmp_path.glob("model.data-*"))) == 2 and len(os.listdir(tmp_path)) == 4
    assert tf.train.load_variable(path, "a") == [1.0] and tf.train.load_variable(path, "b") == [2.0]
    saver.restore(sess, path)


def test_other_ways_of_cutting(sess: Any, tmp_path: Path) -> None:
    """A variable saved in parts is restored whole, or in other parts; and a whole one in parts."""
    two(sess)
    path = train.Saver().save(sess, str(tmp_path / "model"), **PLAIN)
    for partitioner in (None, v1.fixed_size_partitioner(3), v1.fixed_size_partitioner(2, axis=1)):
        with tf.Graph().as_default(), v1.Session() as other:
            q = v1.get_variable("p", [4, 2], partitioner=partitioner)
            saver = train.Saver()
            saver.restore(other, path)
            assert other.run(tf.convert_to_tensor(q)).tolist() == np.arange(8).reshape(4, 2).tolist()
            again = saver.save(other, str(tmp_path / "again"), **PLAIN)
            assert tf.train.load_variable(again, "p").tolist() == np.arange(8).reshape(4, 2).tolist()


def test_names(sess: Any, tmp_path: Path) -> None:
    v, _ = two(sess)
    path = train.Saver({"other": v}).save(sess, str(tmp_path / "model"), **PLAIN)
    assert tf.train.list_variables(path) == [("other", [3])]
    with pytest.raises(ValueError, match="same name"):
        train.Saver([v, v])
    with pytest.raises(ValueError, match="two names"):
        train.Saver({"a": v, "b": v})
    with pytest.raises(TypeError, match="not a Variable"):
        train.Saver([tf.constant(1)])
    with pytest.raises(TypeError):
        train.Saver({"v": tf.constant(1)})
    with pytest.raises(TypeError):
        train.Saver({1: v})
    with pytest.raises(TypeError, match="neither a variable"):
        train.Saver({"v": "v"})


def test_what_saves_itself(sess: Any, tmp_path: Path) -> None:
    from headrace.checkpoint.saveable import SaveableObject, SaveSpec

    v, _ = two(sess)

    class Halves(SaveableObject):
        def __init__(self) -> None:
            specs = [SaveSpec(v[:1], "", "halves/a"), SaveSpec(v[1:], "", "halves/b")]
            super().__init__(v, specs, "halves")

        def restore(self, restored_tensors: Any, restored_shapes: Any) -> Any:
            return v.assign(tf.concat(restored_tensors, 0)).op

    saver = train.Saver([Halves()])
    path = saver.save(sess, str(tmp_path / "model"), **PLAIN)
    assert [name for name, _ in tf.train.list_variables(path)] == ["halves/a", "halves/b"]
    clear(sess, v)
    saver.restore(sess, path)
    assert sess.run(v).tolist() == [1.0, 2.0, 3.0]


def test_reshaping(sess: Any, tmp_path: Path) -> None:
    two(sess)
    path = train.Saver().save(sess, str(tmp_path / "model"), **PLAIN)
    column = v1.get_variable("column", [3, 1])
    train.Saver({"v": column}, reshape=True).restore(sess, path)
    assert sess.run(column).tolist() == [[1.0], [2.0], [3.0]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="most likely due to a mismatch"):
        train.Saver({"v": column}).restore(sess, path)


def test_what_is_missing(sess: Any, tmp_path: Path) -> None:
    two(sess)
    saver = train.Saver()
    path = saver.save(sess, str(tmp_path / "model"), **PLAIN)
    more = v1.get_variable("more", [])
    with pytest.raises(
        tf.errors.NotFoundError, match=r"(?s)a Variable name or other graph key.*Key more not found"
    ):
        train.Saver([more]).restore(sess, path)
    with pytest.raises(tf.errors.FailedPreconditionError, match="more"):
        train.Saver([more]).save(sess, str(tmp_path / "model"), **PLAIN)
    with pytest.raises(ValueError, match="not a valid checkpoint"):
        saver.restore(sess, str(tmp_path / "nothing"))
    with pytest.raises(ValueError, match="None"):
        saver.restore(sess, None)
    with pytest.raises(ValueError, match="Parent directory"):
        saver.save(sess, str(tmp_path / "a" / "b" / "model"), **PLAIN)
    with pytest.raises(TypeError, match="must be a Session"):
        saver.save(None, str(tmp_path / "model"), **PLAIN)
    with pytest.raises(ValueError, match="path components"):
        saver.save(sess, str(tmp_path / "model"), latest_filename="a/b")
    with pytest.raises(ValueError, match="collides"):
        saver.save(sess, str(tmp_path / "checkpoint"))


def test_damage(sess: Any, tmp_path: Path) -> None:
    v, _ = two(sess)
    saver = train.Saver([v])
    path = saver.save(sess, str(tmp_path / "model"), **PLAIN)
    for file in tmp_path.glob("model.*"):
        data = file.read_bytes()
        file.write_bytes(data[:-3])
        with pytest.raises(tf.errors.OutOfRangeError if ".data-" in file.name else tf.errors.DataLossError):
            saver.restore(sess, path)
        file.write_bytes(data)
    saver.restore(sess, path)


def test_nothing_to_save(sess: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No variables to save"):
        train.Saver()
    saver = train.Saver(allow_empty=True)
    assert saver.save(sess, str(tmp_path / "model"), **PLAIN) is None and os.listdir(tmp_path) == []
    saver.restore(sess, "nowhere")


def test_later(sess: Any, tmp_path: Path) -> None:
    saver = train.Saver(defer_build=True)
    with pytest.raises(RuntimeError, match="build"):
        saver.save(sess, str(tmp_path / "model"))
    v, _ = two(sess)
    saver.build()
    assert saver.save(sess, str(tmp_path / "model"), **PLAIN)
    with pytest.raises(ValueError, match="deferred"):
        train.Saver([v], defer_build=True)


# ------------------------------------------------------------------------------------------------------------- keeping
def test_the_last_few(sess: Any, tmp_path: Path) -> None:
    two(sess)
    saver = train.Saver(max_to_keep=2)
    for i in range(4):
        saver.save(sess, str(tmp_path / "m"), global_step=i)
    assert indexes(tmp_path) == ["m-2", "m-3"] and len(list(tmp_path.glob("*.meta"))) == 2
    assert [os.path.basename(p) for p in saver.last_checkpoints] == ["m-2", "m-3"]
    state = tf.train.get_checkpoint_state(tmp_path)
    assert [os.path.basename(p) for p in state.all_model_checkpoint_paths] == ["m-2", "m-3"]
    assert len(state.all_model_checkpoint_timestamps) == 2
    again = train.Saver(max_to_keep=2, name="again")
    again.recover_last_checkpoints([*state.all_model_checkpoint_paths, str(tmp_path / "gone")])
    again.save(sess, str(tmp_path / "m"), global_step=4)
    assert indexes(tmp_path) == ["m-3", "m-4"]
    again.set_last_checkpoints([str(tmp_path / "m-3")])
    assert again.last_checkpoints == [str(tmp_path / "m-3")]
    with pytest.raises(TypeError):
        again.set_last_checkpoints("m-3")


def test_keeping_all_and_one_in_so_many_hours(sess: Any, tmp_path: Path) -> None:
    two(sess)
    for folder, saver in {
        "all": train.Saver(max_to_keep=None),
        "none": train.Saver(max_to_keep=0),
        "hours": train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=1e-12),
    }.items():
        for i in range(3):
            saver.save(sess, str(tmp_path / folder / "m"), global_step=i, **PLAIN)
        assert indexes(tmp_path / folder) == ["m-0", "m-1", "m-2"]
    v1s = train.Saver(max_to_keep=1, write_version=train.SaverDef.V1)
    for i in range(2):
        v1s.save(sess, str(tmp_path / "old"), global_step=i, **PLAIN)
    assert [f.name for f in tmp_path.glob("old*")] == ["old-1"]


def test_steps_in_names(sess: Any, tmp_path: Path) -> None:
    two(sess)
    step = train.get_or_create_global_step()
    sess.run(step.initializer)
    saver = train.Saver(pad_step_number=True, save_relative_paths=True)
    assert saver.save(sess, str(tmp_path / "m"), global_step=step, **PLAIN).endswith("m-00000000")
    saver.save(sess, str(tmp_path / "m"), global_step=12, latest_filename="newest", **PLAIN)
    assert 'model_checkpoint_path: "m-00000012"' in (tmp_path / "newest").read_text()
    moved = tmp_path.rename(tmp_path.with_name(tmp_path.name + "-moved"))
    assert tf.train.latest_checkpoint(moved, "newest") == str(moved / "m-00000012")
    saver.save(sess, str(moved / "quiet"), write_state=False, **PLAIN)
    assert "quiet" not in (moved / "checkpoint").read_text()


def test_state_files(tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert tf.train.latest_checkpoint(folder) is None and tf.train.get_checkpoint_state(folder) is None
    train.update_checkpoint_state(folder, f"{folder}/a", [f"{folder}/b", f"{folder}/a"])
    state = tf.train.get_checkpoint_state(folder)
    assert state.model_checkpoint_path == f"{folder}/a"
    assert list(state.all_model_checkpoint_paths) == [f"{folder}/b", f"{folder}/a"]
    assert tf.train.latest_checkpoint(folder) is None  # it is not there
    (tmp_path / "checkpoint").write_text("rubbish")
    assert tf.train.get_checkpoint_state(folder) is None
    (tmp_path / "checkpoint").write_text("")
    with pytest.raises(ValueError, match="Invalid checkpoint state"):
        tf.train.get_checkpoint_state(folder)
    proto = train.generate_checkpoint_state_proto("rel", "rel/a", ["rel/b"])
    assert proto.model_checkpoint_path == "a" and list(proto.all_model_checkpoint_paths) == ["b", "a"]
    with pytest.raises(ValueError, match="timestamps"):
        train.generate_checkpoint_state_proto(folder, "a", ["a"], [1.0, 2.0])
    with pytest.raises(RuntimeError, match="conflicts"):
        train.update_checkpoint_state(folder, f"{folder}/checkpoint")
    (tmp_path / "checkpoint").unlink()
    with pytest.raises(ValueError, match="Couldn't find 'checkpoint' file"):
        tf.train.load_checkpoint(folder)


def test_readers(sess: Any, tmp_path: Path) -> None:
    two(sess)
    path = train.Saver().save(sess, str(tmp_path / "model"), **PLAIN)
    reader = train.NewCheckpointReader(path)
    assert reader.has_tensor("v") and not reader.has_tensor("w")
    assert reader.get_variable_to_shape_map() == {"p": [4, 2], "v": [3]}
    assert reader.get_variable_to_dtype_map()["v"] is tf.float32
    assert b"v (DT_FLOAT) [3]" in reader.debug_string()
    with pytest.raises(tf.errors.NotFoundError):
        reader.get_tensor("w")
    assert train.checkpoint_exists(path) and not train.checkpoint_exists(path + "x")
    assert len(train.get_checkpoint_mtimes([path, path + "x"])) == 1
    train.remove_checkpoint(path)
    assert not train.checkpoint_exists(path) and os.listdir(tmp_path) == ["checkpoint"]


# -------------------------------------------------------------------------------------------------------------- protos
def test_protos(sess: Any, tmp_path: Path) -> None:
    v, _ = two(sess)
    with tf.name_scope("outer"):
        saver = train.Saver([v])
    proto = saver.to_proto()
    assert proto is saver.as_saver_def() and proto.save_tensor_name.startswith("outer/save/")
    inner = saver.to_proto("outer")
    assert inner.restore_op_name == "save/restore_all" and saver.to_proto("elsewhere") is None
    path = saver.save(sess, str(tmp_path / "model"), **PLAIN)
    clear(sess, v)
    train.Saver.from_proto(inner, "outer").restore(sess, path)
    train.Saver(saver_def=proto).restore(sess, path)
    assert sess.run(v).tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="saver_def"):
        train.Saver(saver_def="x")
    with pytest.raises(ValueError, match="save_tensor_name"):
        train.Saver(saver_def=train.SaverDef())


def test_meta_graphs(sess: Any, tmp_path: Path) -> None:
    v, _ = two(sess)
    tf.identity(v * 2.0, name="double")
    path = train.Saver().save(sess, str(tmp_path / "model"))
    with tf.Graph().as_default(), v1.Session() as other:
        saver = train.import_meta_graph(path + ".meta")
        saver.restore(other, path)
        assert other.run("double:0").tolist() == [2.0, 4.0, 6.0]
        assert saver.save(other, str(tmp_path / "again"))


def test_eagerly(tmp_path: Path) -> None:
    v = tf.Variable([1.0, 2.0], name="v")
    saver = train.Saver([v])
    path = saver.save(None, str(tmp_path / "m"), global_step=3)
    v.assign([0.0, 0.0])
    saver.restore(None, path)
    assert v.numpy().tolist() == [1.0, 2.0] and tf.train.latest_checkpoint(tmp_path) == path
    with pytest.raises(RuntimeError, match="var_list"):
        train.Saver()
    with pytest.raises(RuntimeError, match="eager"):
        saver.build()


# ---------------------------------------------------------------------------------------------------- starting from one
def started(make: Any) -> list[Any]:
    with tf.Graph().as_default(), v1.Session() as other:
        variables = make()
        other.run(v1.global_variables_initializer())
        return [other.run(v).tolist() for v in variables]


def test_init_from_checkpoint(sess: Any, tmp_path: Path) -> None:
    with v1.variable_scope("a"):
        two(sess)
    train.Saver().save(sess, str(tmp_path / "model"), **PLAIN)

    def parts() -> list[Any]:
        with v1.variable_scope("b"):
            v = v1.get_variable("v", [3])
            p = v1.get_variable("p", [4, 2], partitioner=v1.fixed_size_partitioner(2))
        train.init_from_checkpoint(tmp_path, {"a/": "b/"})
        return [v, *p]

    assert started(parts) == [[1.0, 2.0, 3.0], [[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0], [6.0, 7.0]]]

    def by_name() -> list[Any]:
        x, y = v1.get_variable("x", [3]), v1.get_variable("y", [3])
        train.init_from_checkpoint(str(tmp_path / "model"), [("a/v", x), ("a/v", "y")])
        return [x, y]

    assert started(by_name) == [[1.0, 2.0, 3.0]] * 2
    x = v1.get_variable("x", [2])
    for wrong, message in {
        ("a/v", x): "doesn't match with shape", ("nope", x): "is not found in", ("a/v", "z"): "not found in current graph",
        ("a", "b/"): "should map to scope only",
    }.items():  # fmt: skip
        with pytest.raises(ValueError, match=message):
            train.init_from_checkpoint(tmp_path, [wrong])


def test_references_start_from_checkpoints(sess: Any, tmp_path: Path) -> None:
    v1.get_variable("emb", initializer=np.arange(6, dtype=np.float32).reshape(3, 2))
    sess.run(v1.global_variables_initializer())
    train.Saver().save(sess, str(tmp_path / "model"), **PLAIN)
    for name, lines in (("old", "a\nb\nc\n"), ("new", "c\na\n")):
        (tmp_path / name).write_text(lines)
    info = train.VocabInfo(str(tmp_path / "new"), 2, 0, str(tmp_path / "old"))

    def references() -> list[Any]:
        with v1.variable_scope("n", use_resource=False):
            x, emb = v1.get_variable("x", [3, 2]), v1.get_variable("emb", [2, 2])
        train.init_from_checkpoint(tmp_path, {"emb": "n/x"})
        train.warm_start(
            tmp_path,
            "n/emb",
            var_name_to_vocab_info={"n/emb": info},
            var_name_to_prev_var_name={"n/emb": "emb"},
        )
        return [x, emb]

    assert started(references) == [[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], [[4.0, 5.0], [0.0, 1.0]]]


def test_warm_start(sess: Any, tmp_path: Path) -> None:
    v1.get_variable("emb", initializer=np.arange(6, dtype=np.float32).reshape(3, 2))
    v1.get_variable("w", initializer=[1.0, 2.0])
    sess.run(v1.global_variables_initializer())
    train.Saver().save(sess, str(tmp_path / "model"), **PLAIN)
    (tmp_path / "old").write_text("a\nb\nc\n")
    (tmp_path / "new").write_text("c\nz\na\nq\n")
    nines = v1.constant_initializer(9.0)
    info = train.VocabInfo(str(tmp_path / "new"), 4, 1, str(tmp_path / "old"), backup_initializer=nines)

    def both() -> list[Any]:
        w, emb = v1.get_variable("w", [2]), v1.get_variable("emb", [5, 2])
        train.warm_start(tmp_path, var_name_to_vocab_info={"emb": info})
        return [w, emb]

    moved = [[4.0, 5.0], [9.0, 9.0], [0.0, 1.0], [9.0, 9.0], [9.0, 9.0]]
    assert started(both) == [[1.0, 2.0], moved]

    def only_vocabularies() -> list[Any]:
        w, emb = v1.get_variable("w", [2], initializer=nines), v1.get_variable("emb", [5, 2])
        train.warm_start(tmp_path, None, {"emb": info})
        return [w, emb]

    assert started(only_vocabularies) == [[9.0, 9.0], moved]

    def renamed() -> list[Any]:
        y = v1.get_variable("y", [2])
        train.warm_start(tmp_path, "y", var_name_to_prev_var_name={"y": "w"})
        return [y]

    assert started(renamed) == [[1.0, 2.0]]
    with pytest.raises(ValueError, match="not warm-started"):
        train.warm_start(tmp_path, "zzz", var_name_to_prev_var_name={"y": "w"})
    with pytest.raises(ValueError, match="must be all"):
        train.warm_start(tmp_path, ["a", 3])
    with pytest.raises(ValueError, match="axis"):
        train.VocabInfo("a", 1, 1, "b", axis=2)


def test_tables(sess: Any, tmp_path: Path) -> None:
    """Tables of a graph are saved with its variables, unless they say otherwise."""
    tables = tf.lookup.experimental
    words = tables.MutableHashTable(tf.string, tf.int64, -1, name="words")
    tables.MutableHashTable(tf.string, tf.int64, -1, name="left_out", checkpoint=False)
    v1.get_variable("v", initializer=1.0)
    sess.run(
        [v1.global_variables_initializer(), words.insert(tf.constant(["a"]), tf.constant([5], tf.int64))]
    )
    saver = train.Saver()
    path = saver.save(sess, str(tmp_path / "model"))
    assert [name for name, _ in tf.train.list_variables(path)] == ["v", "words-keys", "words-values"]
    sess.run(words.insert(tf.constant(["z"]), tf.constant([9], tf.int64)))
    saver.restore(sess, path)
    assert sess.run(words.lookup(tf.constant(["a", "z"]))).tolist() == [5, -1]


def test_what_programs_of_the_time_import(
    sess: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`tensorflow.python.tools.inspect_checkpoint` and the like."""
    from headrace.hook import PRIVATE
    from headrace.internals.checkpoints import NewCheckpointReader, print_tensors_in_checkpoint_file

    assert PRIVATE["tensorflow.python.pywrap_tensorflow"] == "headrace.internals.checkpoints"
    v1.get_variable("v", initializer=[1.0, 2.0])
    v1.get_variable("w", initializer=[3.0])
    sess.run(v1.global_variables_initializer())
    path = train.Saver().save(sess, str(tmp_path / "model"), **PLAIN)
    assert NewCheckpointReader(path).get_tensor("w") == [3.0]
    print_tensors_in_checkpoint_file(path, "v", all_tensors=False)
    assert capsys.readouterr().out == "tensor: v (float32) [2]\n[1. 2.]\n# Total number of params: 3\n"
    print_tensors_in_checkpoint_file(path, "", True, count_exclude_pattern="v")
    assert capsys.readouterr().out.endswith("tensor: w (float32) [1]\n[3.]\n# Total number of params: 1\n")
    print_tensors_in_checkpoint_file(path, "", False)
    assert "w (DT_FLOAT) [1]" in capsys.readouterr().out
