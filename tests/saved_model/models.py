"""Programs that write SavedModels and read them again, with Headrace or TensorFlow, whichever module they are given.

As a program, in the environment of TensorFlow (1.15 or 2):

    python models.py write FOLDER     writes every model
    python models.py read FOLDER      loads every model into a session, and compares what it gives
    python models.py load FOLDER      loads them with tf.saved_model.load, and calls their signatures
    python models.py objects FOLDER   writes a model with tf.saved_model.save
"""

import os
import sys

import numpy as np


def save_line(tf, folder):
    """One signature, variables, no assets."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        w = v1.get_variable("w", initializer=[[1.0], [2.0], [3.0]])
        b = v1.get_variable("layer/b", initializer=[0.5])
        y = tf.add(tf.matmul(x, w), b, name="y")
        sess.run(v1.global_variables_initializer())
        sess.run(b.assign([1.5]))
        v1.saved_model.simple_save(sess, folder, {"x": x}, {"y": y})


def read_line(tf, folder):
    v1 = tf.compat.v1
    assert v1.saved_model.loader.maybe_saved_model_directory(folder)
    for scope in (None, "below"):
        with tf.Graph().as_default(), v1.Session() as sess:
            model = v1.saved_model.loader.load(sess, ["serve"], folder, import_scope=scope)
            signature = model.signature_def["serving_default"]
            assert signature.method_name == v1.saved_model.signature_constants.PREDICT_METHOD_NAME
            assert v1.saved_model.signature_def_utils.is_valid_signature(signature)
            assert [d.size for d in signature.inputs["x"].tensor_shape.dim] == [-1, 3]
            x, y = (
                v1.saved_model.utils.get_tensor_from_tensor_info(info, import_scope=scope)
                for info in (signature.inputs["x"], signature.outputs["y"])
            )
            np.testing.assert_allclose(sess.run(y, {x: [[1, 1, 1], [0, 0, 2]]}), [[7.5], [7.5]])
            assert len(v1.global_variables()) == 2


def save_words(tf, folder):
    """A table that is filled from an asset on loading, and a second file of the same name."""
    v1 = tf.compat.v1
    sources = [os.path.join(folder + suffix, "words.txt") for suffix in ("_source", "_other")]
    for i, path in enumerate(sources):
        os.makedirs(os.path.dirname(path))
        with open(path, "w") as file:
            file.write("emerson\nlake\npalmer\n" if i == 0 else "another")
    with tf.Graph().as_default(), v1.Session() as sess:
        index = tf.lookup.TextFileIndex if hasattr(tf.lookup, "TextFileIndex") else v1.lookup.TextFileIndex
        entries = tf.lookup.TextFileInitializer(
            sources[0], tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER
        )
        table = tf.lookup.StaticHashTable(entries, -1)
        x = v1.placeholder(tf.string, [None], name="x")
        y = table.lookup(x)
        tf.constant(sources[1], name="other")
        calls = v1.get_variable("calls", initializer=0, trainable=False)
        sess.run([v1.global_variables_initializer(), v1.tables_initializer()])
        assets = list(v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS))
        assert len(assets) == 1, assets
        builder = v1.saved_model.builder.SavedModelBuilder(folder)
        with tf.control_dependencies([v1.tables_initializer()]):
            loaded = v1.assign_add(calls, 10).op
        builder.add_meta_graph_and_variables(
            sess, [v1.saved_model.tag_constants.SERVING],
            {"find": v1.saved_model.predict_signature_def({"words": x}, {"places": y})},
            assets_collection=[*assets, sess.graph.get_tensor_by_name("other:0")], main_op=loaded, clear_devices=True,
        )  # fmt: skip
        builder.save()
    for path in sources:
        os.remove(path)


def read_words(tf, folder):
    v1 = tf.compat.v1
    assert sorted(os.listdir(os.path.join(folder, "assets"))) == ["words.txt", "words.txt_1"]
    for scope in (None, "below"):
        with tf.Graph().as_default(), v1.Session() as sess:
            model = v1.saved_model.load(sess, ["serve"], folder, import_scope=scope)
            prefix = scope + "/" if scope else ""
            signature = model.signature_def["find"]
            places, words = signature.outputs["places"].name, signature.inputs["words"].name
            np.testing.assert_array_equal(
                sess.run(prefix + places, {prefix + words: ["lake", "tarkus"]}), [1, -1]
            )
            (calls,) = v1.global_variables()
            assert sess.run(calls) == 10  # the main op ran once, after the variables were restored


def save_several(tf, folder):
    """Two graphs that share variables; the second one's are a part of the first one's."""
    v1 = tf.compat.v1
    builder = v1.saved_model.Builder(folder)
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [2], name="x")
        w = v1.get_variable("w", initializer=[1.0, 2.0], use_resource=False)
        loss = tf.reduce_sum(tf.square(w * x - 1.0), name="loss")
        step = v1.train.get_or_create_global_step()
        train = v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss, step, name="train")
        v1.add_to_collection("important", loss)
        v1.add_to_collection("rates", 0.1)
        sess.run(v1.global_variables_initializer())
        sess.run(train, {x: [1.0, 1.0]})
        signature = v1.saved_model.predict_signature_def({"x": x}, {"loss": loss})
        builder.add_meta_graph_and_variables(sess, ["train"], {"loss": signature})
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        w = v1.get_variable("w", [2], use_resource=False)
        y = tf.identity(x * w, name="y")
        double = tf.identity(y * 2.0, name="double")
        signatures = {
            "serving_default": v1.saved_model.predict_signature_def({"x": x}, {"y": y}),
            "double": v1.saved_model.predict_signature_def({"x": x}, {"y": double}),
        }
        builder.add_meta_graph(["serve", "cpu"], signatures, strip_default_attrs=True)
    builder.save()


def read_several(tf, folder):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        v1.saved_model.load(sess, {"cpu", "serve"}, folder)
        np.testing.assert_allclose(sess.run("double:0", {"x:0": [[1.0, 1.0]]}), [[2.0, 3.6]], rtol=1e-6)
        assert [v.op.name for v in v1.global_variables()] == ["w"]
    with tf.Graph().as_default(), v1.Session() as sess:
        v1.saved_model.load(sess, ["train"], folder)
        (loss,) = v1.get_collection("important")
        np.testing.assert_allclose(v1.get_collection("rates"), [0.1], rtol=1e-6)
        np.testing.assert_allclose(sess.run(loss, {"x:0": [1.0, 1.0]}), 0.64, rtol=1e-5)
        assert sess.run(v1.train.get_global_step()) == 1
        before = sess.run(v1.trainable_variables()[0])
        sess.run("train", {"x:0": [1.0, 1.0]})  # training goes on, with the slots that were saved
        after = sess.run(v1.trainable_variables()[0])
        np.testing.assert_allclose(after - before, [0.0, -0.34], rtol=1e-4, atol=1e-6)


def save_text(tf, folder):
    """The message as text; a sparse input, a loop, a conditional, and an op that runs first under its older name."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        s = v1.sparse_placeholder(tf.float32, [2, 3], name="s")
        n = v1.placeholder(tf.int32, [], name="n")
        dense = v1.sparse_tensor_dense_matmul(s, tf.ones([3, 1]))
        _, powers = v1.while_loop(lambda i, _: i < n, lambda i, a: (i + 1, a * 2.0), [tf.constant(0), dense])
        y = v1.cond(n > 2, lambda: powers + 1.0, lambda: powers - 1.0)
        local = v1.get_local_variable("local", initializer=3.0)
        path = tf.constant(__file__, name="path")
        size = tf.strings.length(path, name="size")
        builder = v1.saved_model.Builder(folder)
        builder.add_meta_graph_and_variables(
            sess, ["a", "b"], {"f": v1.saved_model.predict_signature_def({"s": s, "n": n}, {"y": y, "local": local.read_value()})},
            assets_collection=[path], legacy_init_op=v1.local_variables_initializer(),
        )  # fmt: skip
        assert size.dtype == tf.int32
        assert builder.save(as_text=True).endswith(b"saved_model.pbtxt")


def read_text(tf, folder):
    v1 = tf.compat.v1
    assert os.listdir(os.path.join(folder, "assets")) == ["models.py"]
    with tf.Graph().as_default(), v1.Session() as sess:
        f = v1.saved_model.load(sess, ["b", "a"], folder).signature_def["f"]
        s, n, y, local = (
            v1.saved_model.get_tensor_from_tensor_info(i)
            for i in (f.inputs["s"], f.inputs["n"], f.outputs["y"], f.outputs["local"])
        )
        given = v1.SparseTensorValue([[0, 1], [1, 2]], [1.0, 2.0], [2, 3])
        np.testing.assert_allclose(sess.run(y, {s: given, n: 3}), [[9.0], [17.0]])
        np.testing.assert_allclose(sess.run(y, {s: given, n: 1}), [[1.0], [3.0]])
        assert sess.run(local) == 3.0


def save_serving(tf, folder):
    """Signatures of servers, which take serialized Examples."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        examples = v1.placeholder(tf.string, [None], name="examples")
        x = tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([2], tf.float32)})["x"]
        w = v1.get_variable("w", initializer=[[1.0, -1.0], [0.5, 2.0]])
        scores = tf.matmul(x, w, name="scores")
        classes = tf.tile(tf.constant([["cat", "dog"]]), [tf.shape(scores)[0], 1])
        first = tf.reshape(scores[:, :1], [-1, 1])
        sess.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(folder)
        signatures = {
            "serving_default": v1.saved_model.classification_signature_def(examples, classes, scores),
            "regress": v1.saved_model.regression_signature_def(examples, first),
        }
        builder.add_meta_graph_and_variables(sess, ["serve"], signatures)
        builder.save()


def read_serving(tf, folder):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        signatures = v1.saved_model.load(sess, ["serve"], folder).signature_def
        assert all(v1.saved_model.is_valid_signature(s) for s in signatures.values())
        example = tf.train.Example()
        example.features.feature["x"].float_list.value.extend([1.0, 2.0])
        feed = {signatures["regress"].inputs["inputs"].name: [example.SerializeToString()]}
        out = signatures["serving_default"].outputs
        scores, classes = sess.run([out["scores"].name, out["classes"].name], feed)
        np.testing.assert_allclose(scores, [[2.0, 3.0]])
        assert classes.tolist() == [[b"cat", b"dog"]]
        np.testing.assert_allclose(sess.run(signatures["regress"].outputs["outputs"].name, feed), [[2.0]])


def save_bare(tf, folder):
    """No variables, no assets; a ragged input where there are such."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [None], name="x")
        r = tf.RaggedTensor.from_row_splits(
            v1.placeholder(tf.float32, [None], name="values"), v1.placeholder(tf.int64, [None], name="splits"), validate=False
        )  # fmt: skip
        signature = v1.saved_model.predict_signature_def(
            {"x": x, "r": r}, {"y": tf.identity(x + 1.0, name="y"), "sums": tf.reduce_sum(r, axis=1)}
        )
        v1.saved_model.Builder(folder).save()
        os.remove(os.path.join(folder, "saved_model.pb"))
        builder = v1.saved_model.Builder(folder)
        builder.add_meta_graph_and_variables(sess, ["serve"], {"serving_default": signature})
        builder.save()


def read_bare(tf, folder):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        signature = v1.saved_model.load(sess, ["serve"], folder).signature_def["serving_default"]
        assert sess.run("y:0", {"x:0": [1.0]}).tolist() == [2.0]
        if tf.__version__.startswith("1."):
            return  # TensorFlow 1.15 writes such signatures and cannot read them
        r = v1.saved_model.get_tensor_from_tensor_info(signature.inputs["r"])
        assert isinstance(r, tf.RaggedTensor)
        sums = v1.saved_model.get_tensor_from_tensor_info(signature.outputs["sums"])
        fed = {r.flat_values: [1.0, 2.0, 3.0], r.row_splits: [0, 2, 2, 3]}
        assert sess.run(sums, fed).tolist() == [3.0, 0.0, 3.0]
        assert sess.run(r, fed).to_list() == [[1.0, 2.0], [], [3.0]]


def save_objects(tf, folder):
    """What TensorFlow 2 writes: graphs that call functions, without the attributes that have their defaults."""
    path = folder + "_words.txt"
    with open(path, "w") as file:
        file.write("lake\npalmer\n")

    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable([[1.0], [2.0]], name="w")
            self.calls = tf.Variable(0)
            index = tf.lookup.TextFileIndex
            entries = tf.lookup.TextFileInitializer(
                path, tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER
            )
            self.table = tf.lookup.StaticHashTable(entries, -1)

        @tf.function(input_signature=[tf.TensorSpec([None, 2]), tf.TensorSpec([None], tf.string)])
        def serve(self, x, words):
            self.calls.assign_add(1)
            for _ in tf.range(2):
                x = x * 2.0
            return {
                "y": tf.matmul(x, self.w),
                "places": self.table.lookup(words),
                "calls": self.calls.read_value(),
            }

    model = Model()
    tf.saved_model.save(model, folder, signatures=model.serve)
    os.remove(path)


def read_objects(tf, folder):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        signature = v1.saved_model.load(sess, ["serve"], folder).signature_def["serving_default"]
        feed = {signature.inputs["x"].name: [[1.0, 1.0]], signature.inputs["words"].name: ["lake", "moog"]}
        fetch = {key: info.name for key, info in signature.outputs.items()}
        for calls in (1, 2):
            out = sess.run(fetch, feed)
            np.testing.assert_allclose(out["y"], [[12.0]])
            assert out["places"].tolist() == [0, -1]
            assert out["calls"] == calls


NAMES = ["line", "words", "several", "text", "serving", "bare"]


def write(tf, folder):
    for name in NAMES:
        globals()["save_" + name](tf, os.path.join(folder, name))


def read(tf, folder):
    for name in NAMES:
        globals()["read_" + name](tf, os.path.join(folder, name))


def load(tf, folder):
    """As programs of TensorFlow 2 load them."""
    line = tf.saved_model.load(os.path.join(folder, "line"))
    y = line.signatures["serving_default"](x=tf.constant([[1.0, 1.0, 1.0]]))["y"]
    np.testing.assert_allclose(y, [[7.5]])
    assert sorted(v.name for v in line.variables) == ["layer/b:0", "w:0"]
    words = tf.saved_model.load(os.path.join(folder, "words"), tags="serve")
    out = words.signatures["find"](words=tf.constant(["palmer", "moog"]))
    assert out["places"].numpy().tolist() == [2, -1]
    several = tf.saved_model.load(os.path.join(folder, "several"), tags=["serve", "cpu"])
    out = several.signatures["double"](x=tf.constant([[1.0, 1.0]]))["y"]
    np.testing.assert_allclose(out, [[2.0, 3.6]], rtol=1e-6)
    assert sorted(several.signatures) == ["double", "serving_default"]
    serving = tf.saved_model.load(os.path.join(folder, "serving"))
    example = tf.train.Example()
    example.features.feature["x"].float_list.value.extend([1.0, 2.0])
    out = serving.signatures["serving_default"](inputs=tf.constant([example.SerializeToString()]))
    assert out["classes"].numpy().tolist() == [[b"cat", b"dog"]]


if __name__ == "__main__":
    import tensorflow

    {"write": write, "read": read, "load": load, "objects": save_objects}[sys.argv[1]](
        tensorflow, sys.argv[2]
    )
