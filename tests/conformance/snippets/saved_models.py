"""`tf.compat.v1.saved_model`: messages of signatures, what is loaded, wrong input."""

from conformance.harness import raises, snippet


def _graph(tf):
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 2], name="x")
    w = v1.get_variable("w", initializer=[2.0, 3.0])
    return x, w, tf.identity(x * w, name="y")


def _folder():
    import os
    import tempfile

    return os.path.join(tempfile.mkdtemp(), "model")


def _saved(tf, **options):
    v1 = tf.compat.v1
    folder = _folder()
    with tf.Graph().as_default(), v1.Session() as sess:
        x, w, y = _graph(tf)
        sess.run(w.initializer)
        builder = v1.saved_model.Builder(folder)
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder.add_meta_graph_and_variables(sess, ["serve"], {"f": signature}, **options)
        builder.save()
    return folder


@snippet
def constants(tf):
    saved_model = tf.compat.v1.saved_model
    spaces = (saved_model.constants, saved_model.signature_constants, saved_model.tag_constants)
    names = [sorted(n for n in dir(space) if n.isupper()) for space in spaces]
    return [[(n, getattr(space, n)) for n in own] for space, own in zip(spaces, names)]


@snippet(kind=["dense", "sparse", "ragged", "slices", "text", "scalar", "unknown", "dataset", "variable"])
def tensor_infos(tf, kind):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        if kind == "sparse":
            value = v1.sparse_placeholder(tf.float32, [2, 3], name="s")
        elif kind == "ragged":
            splits = v1.placeholder(tf.int64, [None], name="splits")
            value = tf.RaggedTensor.from_row_splits(v1.placeholder(tf.int32, [None], name="v"), splits, False)
        elif kind == "slices":
            value = tf.IndexedSlices(v1.placeholder(tf.float32, [None, 2]), tf.constant([1]))
        elif kind == "dataset":
            value = tf.data.Dataset.range(3)
        elif kind == "variable":
            value = v1.get_variable("v", [2], use_resource=True)
        else:
            dtype, shape = {
                "dense": (tf.float64, [None, 2]), "text": (tf.string, [3]), "scalar": (tf.bool, []), "unknown": (tf.int8, None),
            }[kind]  # fmt: skip
            value = v1.placeholder(dtype, shape, name="p")
        info = v1.saved_model.build_tensor_info(value)
        info.composite_tensor.ClearField("components")  # names of parts are not promised
        if kind not in ("ragged", "slices", "dataset"):
            info.ClearField("composite_tensor") if info.WhichOneof("encoding") == "composite_tensor" else None
        return info.SerializeToString(deterministic=True)


@snippet(kind=["predict", "regress", "classify", "scores", "empty"])
def signatures(tf, kind):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        text = v1.placeholder(tf.string, [None], name="text")
        scores = v1.placeholder(tf.float32, [None, 2], name="scores")
        make = {
            "predict": lambda: v1.saved_model.predict_signature_def({"a": text, "b": scores}, {"c": scores}),
            "regress": lambda: v1.saved_model.regression_signature_def(text, scores),
            "classify": lambda: v1.saved_model.classification_signature_def(text, text, scores),
            "scores": lambda: v1.saved_model.classification_signature_def(text, None, scores),
            "empty": lambda: v1.saved_model.build_signature_def(method_name="m", defaults={"d": tf.constant(2.0)}),
        }[kind]  # fmt: skip
        signature = make()
        default = tf.make_ndarray(signature.defaults["d"]) if kind == "empty" else None
        signature.defaults.clear()
        valid = v1.saved_model.is_valid_signature(signature)
        return signature.SerializeToString(deterministic=True), valid, default


@snippet
def load_and_run(tf):
    v1 = tf.compat.v1
    folder = _saved(tf)
    out = []
    for scope in (None, "a"):
        with tf.Graph().as_default() as graph, v1.Session() as sess:
            model = v1.saved_model.load(sess, ["serve"], folder, import_scope=scope)
            signature = model.signature_def["f"]
            x, y = (
                v1.saved_model.get_tensor_from_tensor_info(info, import_scope=scope)
                for info in (signature.inputs["x"], signature.outputs["y"])
            )
            out.append((x.name, y.name, sess.run(y, {x: [[1.0, 2.0]]}), list(model.meta_info_def.tags)))
            out.append(sorted(k for k in graph.get_all_collection_keys() if isinstance(k, str)))
    return out


@snippet
def files(tf):
    import os

    folder = _saved(tf)
    return sorted(
        os.path.relpath(os.path.join(f, n), folder) for f, _, names in os.walk(folder) for n in names
    )


@snippet
def main_op_runs_after_restoring(tf):
    v1 = tf.compat.v1
    folder = _folder()
    with tf.Graph().as_default(), v1.Session() as sess:
        w = v1.get_variable("w", initializer=1.0)
        local = v1.get_local_variable("local", initializer=3.0)
        sess.run(w.assign(5.0))
        with tf.control_dependencies([v1.local_variables_initializer()]):
            main_op = w.assign_add(10.0).op
        builder = v1.saved_model.Builder(folder)
        builder.add_meta_graph_and_variables(sess, ["a"], main_op=main_op)
        builder.save(as_text=True)
    with tf.Graph().as_default(), v1.Session() as sess:
        v1.saved_model.load(sess, ["a"], folder)
        return sess.run([v1.global_variables()[0], v1.local_variables()[0]]), local.name


@snippet
def assets(tf):
    import os

    v1 = tf.compat.v1
    folder = _folder()
    paths = [os.path.join(os.path.dirname(folder), d, "f.txt") for d in "abc"]
    for path, text in zip(paths, ("one", "two", "one")):
        os.makedirs(os.path.dirname(path))
        with open(path, "w") as file:
            file.write(text)
    with tf.Graph().as_default(), v1.Session() as sess:
        tensors = [tf.constant(p) for p in paths] + [tf.constant(paths[0], name="again")]
        builder = v1.saved_model.Builder(folder)
        builder.add_meta_graph_and_variables(sess, ["a"], assets_collection=tensors)
        builder.save()
        model = v1.saved_model.load(sess, ["a"], folder, import_scope="b")
    packed = model.collection_def["saved_model_assets"].any_list.value
    return sorted(os.listdir(os.path.join(folder, "assets"))), [(a.type_url, a.value) for a in packed]


@snippet
def functions(tf):
    model = tf.saved_model.load(_saved(tf))
    f = model.signatures["f"]
    half = model.prune("x:0", "y:0")
    with tf.GradientTape() as tape:
        y = f(x=tf.constant([[1.0, 2.0]]))["y"]
    return (
        y, f(tf.constant([[1.0, 1.0]])), half(tf.constant([[0.0, 1.0]])), tape.gradient(y, model.variables),
        [v.name for v in model.variables], sorted(model.signatures), f.structured_input_signature,
    )  # fmt: skip


@snippet
def method_names(tf):
    folder = _saved(tf)
    updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(folder)
    updater.replace_method_name("f", "other", tags="serve")
    updater.save()
    with tf.compat.v1.Session(graph=tf.Graph()) as sess:
        return tf.compat.v1.saved_model.load(sess, ["serve"], folder).signature_def["f"].method_name


@raises(tags=[["serve", "gpu"], [], ["x"]])
def unknown_tags(tf, tags):
    with tf.compat.v1.Session(graph=tf.Graph()) as sess:
        tf.compat.v1.saved_model.load(sess, tags, _saved(tf))


@raises(what=["folder", "empty", "cut", "variables", "index"])
def damaged(tf, what):
    import os
    import shutil

    folder = _saved(tf)
    if what == "folder":
        folder += "_absent"
    elif what == "variables":
        shutil.rmtree(os.path.join(folder, "variables"))
    else:
        path = os.path.join(folder, "saved_model.pb" if what != "index" else "variables/variables.index")
        with open(path, "rb") as file:
            data = file.read()
        with open(path, "wb") as file:
            file.write(data[: 0 if what == "empty" else 20])
    with tf.compat.v1.Session(graph=tf.Graph()) as sess:
        tf.compat.v1.saved_model.load(sess, ["serve"], folder)


@raises(asset=["placeholder", "number", "vector", "text", "empty"])
def wrong_assets(tf, asset):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        made = {
            "placeholder": lambda: v1.placeholder(tf.string, []), "number": lambda: tf.constant(1), "text": lambda: "path",
            "vector": lambda: tf.constant(["a", "b"]), "empty": lambda: tf.constant(""),
        }[asset]()  # fmt: skip
        v1.saved_model.Builder(_folder()).add_meta_graph_and_variables(sess, ["a"], assets_collection=[made])


@raises(
    what=["not_empty", "order", "twice", "reserved", "no_name", "no_type", "two_main_ops", "uninitialized"]
)
def wrong_building(tf, what):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x, w, y = _graph(tf)
        if what != "uninitialized":
            sess.run(w.initializer)
        folder = _saved(tf) if what == "not_empty" else _folder()
        builder = v1.saved_model.Builder(folder)
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        if what in ("no_name", "no_type"):
            signature.inputs["x"].ClearField("name" if what == "no_name" else "dtype")
        if what == "order":
            builder.add_meta_graph(["a"])
        main_op = tf.no_op()
        key = "__saved_model_init_op" if what == "reserved" else "f"
        builder.add_meta_graph_and_variables(sess, ["a"], {key: signature}, main_op=main_op)
        if what == "twice":
            builder.add_meta_graph_and_variables(sess, ["b"])
        builder.add_meta_graph(["b"], main_op=main_op)


@raises(what=["none", "number", "out", "classes", "scores", "nothing"])
def wrong_signatures(tf, what):
    saved_model = tf.compat.v1.saved_model
    with tf.Graph().as_default():
        text, number = tf.constant("a"), tf.constant(1.0)
        return {
            "none": lambda: saved_model.regression_signature_def(None, number),
            "number": lambda: saved_model.regression_signature_def(number, number),
            "out": lambda: saved_model.regression_signature_def(text, text),
            "classes": lambda: saved_model.classification_signature_def(text, number, None),
            "scores": lambda: saved_model.classification_signature_def(text, None, text),
            "nothing": lambda: saved_model.predict_signature_def({}, {"y": number}),
        }[what]()


@raises
def eager_tensor_info(tf):
    tf.compat.v1.saved_model.build_tensor_info(tf.constant(1))


@raises(what=["namespaces", "policy", "format"])
def wrong_options(tf, what):
    tf.saved_model.SaveOptions(**{
        "namespaces": {"namespace_whitelist": [1]}, "policy": {"experimental_variable_policy": "x"},
        "format": {"experimental_image_format": True},
    }[what])  # fmt: skip
