"""Checkpoints: files byte for byte, savers, trees of objects, readers, errors."""

import os
import tempfile

import numpy as np
from conformance.harness import raises, snippet


def _folder():
    return tempfile.mkdtemp()


def _texts(path):
    """The names in a state file, without folders and times."""
    with open(path) as file:
        return [
            line.split('"')[0] + os.path.basename(line.split('"')[1]) if '"' in line else ""
            for line in file.read().splitlines()
            if "timestamp" not in line
        ]


@snippet(dtype=["bool", "uint8", "int8", "int16", "uint16", "int32", "int64", "uint32", "uint64", "float16", "bfloat16",
                "float32", "float64", "complex64", "complex128", "string"])  # fmt: skip
def bytes_of_version_2(tf, dtype):
    prefix = os.path.join(_folder(), "model")
    numbers = tf.constant([[0, 1, 2], [3, 4, 0]])
    values = tf.strings.as_string(numbers) if dtype == "string" else tf.cast(numbers, dtype)
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=["z/w", "a", "empty", "part", "part"],
        shape_and_slices=["", "", "", "4 3 0,2:-", "4 3 2,2:-"],
        tensors=[values, values[0, 0], values[:0], values, values],
    )  # fmt: skip
    out = []
    for name in sorted(os.listdir(os.path.dirname(prefix))):
        with open(os.path.join(os.path.dirname(prefix), name), "rb") as file:
            out.append((name, file.read()))
    back = tf.raw_ops.RestoreV2(
        prefix=prefix, tensor_names=["z/w"], shape_and_slices=[""], dtypes=[values.dtype],
    )  # fmt: skip
    return out, list(back)


@snippet
def many_tensors(tf):
    prefix = os.path.join(_folder(), "model")
    names = [f"{'deep/' * (i % 40)}layer_{i}/kernel" for i in range(3000)]
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=names,
        shape_and_slices=[""] * 3000,
        tensors=[tf.constant(i) for i in range(3000)],
    )
    with open(prefix + ".index", "rb") as file:
        return file.read()


@snippet(dtype=["uint8", "int8", "int16", "uint16", "int32", "int64", "float16", "float32", "float64", "string", "bool",
                "complex64"])  # fmt: skip
def bytes_of_version_1(tf, dtype):
    path = os.path.join(_folder(), "model")
    numbers = tf.constant([[0, 1, 2], [3, 4, 0]])
    values = tf.strings.as_string(numbers) if dtype == "string" else tf.cast(numbers, dtype)
    tf.raw_ops.SaveSlices(
        filename=path, tensor_names=["b", "a/c", "s"], shapes_and_slices=["", "", "4 3 2,2:-"],
        data=[values, values[0, 0], values],
    )  # fmt: skip
    with open(path, "rb") as file:
        data = file.read()
    back = tf.raw_ops.Restore(file_pattern=path, tensor_name="b", dt=values.dtype)
    part = tf.raw_ops.RestoreSlice(
        file_pattern=path, tensor_name="b", shape_and_slice="2 3 1,1:0,2", dt=values.dtype
    )
    return data, back, part


@snippet
def merging(tf):
    folder = _folder()
    prefixes = [os.path.join(folder, f"tmp{i}", "part") for i in range(2)]
    for i, prefix in enumerate(prefixes):
        tf.raw_ops.SaveV2(
            prefix=prefix, tensor_names=[f"only{i}", "both"], shape_and_slices=["", f"4 {i * 2},2"],
            tensors=[tf.constant(i), tf.constant([i, i])],
        )  # fmt: skip
    target = os.path.join(folder, "model")
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=prefixes, destination_prefix=target)
    reader = tf.train.load_checkpoint(target)
    return sorted(os.listdir(folder)), [reader.get_tensor(n) for n in ("only0", "only1", "both")]


@snippet
def names_of_shards(tf):
    names = tf.raw_ops.ShardedFilename(basename="a/b", shard=3, num_shards=12)
    return names, tf.raw_ops.ShardedFilespec(basename="a/b", num_shards=12)


@raises(
    kind=["missing", "key", "dtype", "shape", "spec", "counts", "twice", "text", "folder", "slice", "key1"]
)
def failures(tf, kind):
    folder = _folder()
    prefix, old = os.path.join(folder, "model"), os.path.join(folder, "old")
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=["a"], shape_and_slices=[""], tensors=[tf.constant([1.0, 2.0])]
    )
    tf.raw_ops.SaveSlices(filename=old, tensor_names=["a"], shapes_and_slices=[""], data=[tf.constant([1.0])])
    with open(os.path.join(folder, "text"), "w") as file:
        file.write("no checkpoint" * 20)

    def restore(prefix=prefix, name="a", spec="", dtype=tf.float32):
        return tf.raw_ops.RestoreV2(
            prefix=prefix, tensor_names=[name], shape_and_slices=[spec], dtypes=[dtype]
        )

    def save(names, specs, prefix=folder + "/x"):
        tensors = [tf.constant([1.0])] * len(specs)
        tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=specs, tensors=tensors)

    return {
        "missing": lambda: restore(os.path.join(folder, "nothing")),
        "key": lambda: restore(name="b"),
        "dtype": lambda: restore(dtype=tf.int32),
        "shape": lambda: restore(spec="3 0,1"),
        "spec": lambda: restore(spec="2 x"),
        "counts": lambda: save(["a", "b"], [""]),
        "twice": lambda: save(["a", "a"], ["", ""]),
        "text": lambda: restore(os.path.join(folder, "text")),
        "folder": lambda: save(["a"], [""], os.path.join(folder, "p", "q", "model")),
        "slice": lambda: save(["a"], ["3 0,2"]),
        "key1": lambda: restore(old, "b"),
    }[kind]()


@raises(what=["index", "data"], also=("DataLossError",))
def cut_short(tf, what):
    folder = _folder()
    prefix = os.path.join(folder, "model")
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=["a"], shape_and_slices=[""], tensors=[tf.constant([1.0, 2.0])]
    )
    path = next(os.path.join(folder, n) for n in os.listdir(folder) if what in n)
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(data[:-3])
    return tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32])


# ------------------------------------------------------------------------------------------------------------- savers
@snippet(version=[1, 2], sharded=[False, True])
def savers(tf, version, sharded):
    v1 = tf.compat.v1
    folder = _folder()
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.get_variable("v", initializer=[1.0, 2.0])
        p = v1.get_variable(
            "p", [4, 2], initializer=v1.ones_initializer(), partitioner=v1.fixed_size_partitioner(2)
        )
        step = v1.train.get_or_create_global_step()
        saver = v1.train.Saver(max_to_keep=2, write_version=version, sharded=sharded)
        sess.run(v1.global_variables_initializer())
        out = []
        for _ in range(3):
            out.append(os.path.basename(saver.save(sess, os.path.join(folder, "m"), global_step=step)))
            sess.run(v1.assign_add(step, 1))
        sess.run([v.assign([0.0, 0.0]), *[x.assign(0.0 * x) for x in p]])
        saver.restore(sess, tf.train.latest_checkpoint(folder))
        out += [sess.run([v, step]), sess.run(tf.convert_to_tensor(p))]
        kept = [os.path.basename(x) for x in saver.last_checkpoints]
        found = tf.train.list_variables(folder)
    definition = saver.as_saver_def()
    fields = (
        definition.filename_tensor_name, definition.restore_op_name, definition.max_to_keep, definition.sharded,
        definition.version,
    )  # fmt: skip
    return out, kept, found, sorted(os.listdir(folder)), _texts(os.path.join(folder, "checkpoint")), fields


@raises(kind=["nothing", "tensor", "twice", "names", "uninitialised", "missing", "none", "parent", "session", "path",
              "collides", "deferred"])  # fmt: skip
def saver_failures(tf, kind):
    v1 = tf.compat.v1
    path = os.path.join(_folder(), "m")
    with tf.Graph().as_default(), v1.Session() as sess:
        if kind == "nothing":
            return v1.train.Saver()
        v = v1.get_variable("v", initializer=[1.0, 2.0])
        if kind == "uninitialised":
            return v1.train.Saver().save(sess, path)
        sess.run(v1.global_variables_initializer())
        saver = v1.train.Saver()
        saved = saver.save(sess, path)
        return {
            "tensor": lambda: v1.train.Saver([tf.constant(1)]),
            "twice": lambda: v1.train.Saver([v, v]),
            "names": lambda: v1.train.Saver({"a": v, "b": v}),
            "missing": lambda: v1.train.Saver({"w": v}).restore(sess, saved),
            "none": lambda: saver.restore(sess, None),
            "parent": lambda: saver.save(sess, os.path.join(path, "a", "b")),
            "session": lambda: saver.save(None, path),
            "path": lambda: saver.restore(sess, path + "x"),
            "collides": lambda: saver.save(sess, os.path.join(os.path.dirname(path), "checkpoint")),
            "deferred": lambda: v1.train.Saver(defer_build=True).save(sess, path),
        }[kind]()


@snippet
def starting_from_checkpoints(tf):
    v1 = tf.compat.v1
    folder = _folder()
    with tf.Graph().as_default(), v1.Session() as sess:
        with v1.variable_scope("a"):
            v1.get_variable("x", initializer=[1.0, 2.0])
            v1.get_variable("y", initializer=np.arange(8.0).reshape(4, 2))
        sess.run(v1.global_variables_initializer())
        v1.train.Saver().save(sess, os.path.join(folder, "m"))
    with tf.Graph().as_default(), v1.Session() as sess:
        with v1.variable_scope("b"):
            x = v1.get_variable("x", [2])
            y = v1.get_variable("y", [4, 2], tf.float64, partitioner=v1.fixed_size_partitioner(2))
        z = v1.get_variable("z", [2])
        v1.train.init_from_checkpoint(folder, {"a/": "b/", "a/x": z})
        w = v1.get_variable("w", [2])
        v1.train.warm_start(folder, "w", var_name_to_prev_var_name={"w": "a/x"})
        sess.run(v1.global_variables_initializer())
        return [sess.run(v) for v in (x, *y, z, w)]


@snippet
def state_of_a_folder(tf):
    v1 = tf.compat.v1
    folder = _folder()
    out = [tf.train.latest_checkpoint(folder), tf.train.get_checkpoint_state(folder)]
    v1.train.update_checkpoint_state(folder, os.path.join(folder, "a"), [os.path.join(folder, "b")])
    out.append(tf.train.latest_checkpoint(folder))
    state = tf.train.get_checkpoint_state(folder)
    out += [os.path.basename(p) for p in (state.model_checkpoint_path, *state.all_model_checkpoint_paths)]
    proto = v1.train.generate_checkpoint_state_proto("rel", "rel/a", ["rel/b"])
    out += [proto.model_checkpoint_path, list(proto.all_model_checkpoint_paths)]
    return out, _texts(os.path.join(folder, "checkpoint"))


# ------------------------------------------------------------------------------------------------------------ objects
def _net(tf, scale):
    net = tf.Module()
    net.w = tf.Variable([1.0 * scale, 2.0 * scale], name="weights")
    net.layers = [tf.Variable(3.0 * scale), tf.Module()]
    net.layers[1].b = tf.Variable(4.0 * scale)
    net.named = {"a/b.c": tf.Variable(5.0 * scale), "n": [(tf.Variable(6.0 * scale),)]}
    net.rng = tf.random.Generator.from_seed(3)
    net.same = net.w
    return net


def _values(net):
    return net.w, net.layers[0], net.layers[1].b, net.named["a/b.c"], net.named["n"][0][0], net.rng.state


@snippet
def objects(tf):
    folder = _folder()
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    table.insert(["a", "b"], tf.constant([1, 2], tf.int64))
    path = tf.train.Checkpoint(net=_net(tf, 1.0), table=table).save(os.path.join(folder, "m"))
    net, other = _net(tf, 0.0), tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    checkpoint = tf.train.Checkpoint(net=net, table=other)
    status = checkpoint.restore(path)
    status.assert_consumed()
    found = [(n, s) for n, s in tf.train.list_variables(path)]
    files = sorted(os.listdir(folder)), _texts(os.path.join(folder, "checkpoint"))
    return found, _values(net), other.lookup(["a", "b", "c"]), checkpoint.save_counter, files


@snippet
def objects_that_come_later(tf):
    path = tf.train.Checkpoint(net=_net(tf, 1.0)).save(os.path.join(_folder(), "m"))
    checkpoint = tf.train.Checkpoint(net=tf.Module())
    checkpoint.restore(path)
    net = checkpoint.net
    net.w = tf.Variable([0.0, 0.0])
    net.layers = []
    net.layers.append(tf.Variable(0.0))
    net.layers.append(tf.Module())
    net.layers[1].b = tf.Variable(0.0)
    net.named = {"a/b.c": tf.Variable(0.0)}
    net.named["n"] = [(tf.Variable(0.0),)]
    net.rng = tf.random.Generator.from_seed(1)
    return _values(net)


@raises(
    kind=[
        "consumed",
        "matched",
        "nontrivial",
        "shape",
        "dtype",
        "missing",
        "none",
        "number",
        "keep",
        "interval",
    ]
)
def object_failures(tf, kind):
    path = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).save(os.path.join(_folder(), "m"))
    checkpoint = tf.train.Checkpoint(w=tf.Variable(1.0))
    return {
        "consumed": lambda: checkpoint.restore(path).assert_consumed(),
        "matched": lambda: checkpoint.restore(path).assert_existing_objects_matched(),
        "nontrivial": lambda: checkpoint.read(path).assert_nontrivial_match(),
        "shape": lambda: tf.train.Checkpoint(v=tf.Variable([1.0])).restore(path),
        "dtype": lambda: tf.train.Checkpoint(v=tf.Variable([1, 2])).restore(path),
        "missing": lambda: checkpoint.restore(path + "x"),
        "none": lambda: checkpoint.restore(None).assert_consumed(),
        "number": lambda: tf.train.Checkpoint(v=3),
        "keep": lambda: tf.train.CheckpointManager(checkpoint, "x", 0),
        "interval": lambda: tf.train.CheckpointManager(checkpoint, "x", 1, checkpoint_interval=3),
    }[kind]()


@snippet
def managers(tf):
    folder = _folder()
    v = tf.Variable(0)
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(v=v), folder, max_to_keep=2, step_counter=v, checkpoint_interval=2
    )
    out = [manager.restore_or_initialize()]
    for _ in range(7):
        saved = manager.save()
        out.append(saved and os.path.basename(saved))
        v.assign_add(1)
    out += [[os.path.basename(p) for p in manager.checkpoints], sorted(os.listdir(folder))]
    v.assign(100)
    again = tf.train.CheckpointManager(tf.train.Checkpoint(v=v), folder, max_to_keep=1)
    out += [os.path.basename(again.restore_or_initialize()), v]
    out += [os.path.basename(again.save()), [os.path.basename(p) for p in again.checkpoints]]
    return out, sorted(os.listdir(folder)), _texts(os.path.join(folder, "checkpoint"))


@snippet
def names_across_kinds(tf):
    """Objects from a saver's checkpoint, and a saver from objects'."""
    v1 = tf.compat.v1
    folder = _folder()
    named = os.path.join(folder, "named")
    with tf.Graph().as_default(), v1.Session() as sess:
        v1.get_variable("weights", initializer=[7.0, 8.0])
        sess.run(v1.global_variables_initializer())
        v1.train.Saver().save(sess, named)
    w = tf.Variable([0.0, 0.0], name="weights")
    tf.train.Checkpoint(w=w).restore(named).assert_existing_objects_matched()
    path = tf.train.Checkpoint(x=tf.Variable([1.0, 2.0], name="weights")).save(
        os.path.join(folder, "objects")
    )
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.get_variable("weights", [2])
        v1.train.Saver().restore(sess, path)
        return w, sess.run(v)


@snippet
def readers(tf):
    prefix = os.path.join(_folder(), "model")
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=["a", "b"], shape_and_slices=["", ""],
        tensors=[tf.constant([[1.0]]), tf.constant("text")],
    )  # fmt: skip
    reader = tf.compat.v1.train.NewCheckpointReader(prefix)
    return (
        sorted(reader.get_variable_to_shape_map().items()), sorted(reader.get_variable_to_dtype_map().items()),
        reader.has_tensor("a"), reader.has_tensor("c"), reader.get_tensor("a"), reader.get_tensor("b"),
        tf.train.load_variable(prefix, "a"), tf.compat.v1.train.checkpoint_exists(prefix),
    )  # fmt: skip


@snippet
def views(tf):
    path = tf.train.Checkpoint(a=tf.Variable(1.0), m=tf.Module()).save(os.path.join(_folder(), "m"))
    view = tf.train.CheckpointView(path)
    return sorted(view.children(0)), view.descendants()
