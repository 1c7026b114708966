"""`tf.compat.v1.feature_column` in graphs: variables, their names and collections, sessions, training, checkpoints."""

from conformance.harness import raises, snippet


def features_of(tf):
    return {
        "x": tf.constant([[1.0, 2.0], [3.0, 4.0]]),
        "c": tf.constant(["a", "b"]),
        "d": tf.constant([[1, 2], [0, -1]], tf.int64),
    }


def columns_of(fc):
    x = fc.numeric_column("x", shape=(2,))
    c = fc.categorical_column_with_vocabulary_list("c", ["a", "b", "z"])
    return x, c, fc.categorical_column_with_identity("d", 4)


def collections(graph):
    keys = ("variables", "trainable_variables", "model_variables", "mine", "regularization_losses")
    return {k: [(v.name, v.shape.as_list()) for v in graph.get_collection(k)] for k in keys}


@snippet
def names_of_inputs(tf):
    fc = tf.compat.v1.feature_column
    with tf.Graph().as_default() as graph:
        x, c, d = columns_of(fc)
        variables, outputs = {}, {}
        columns = [fc.embedding_column(c, 3), x, fc.indicator_column(d), fc.bucketized_column(x, [1.5, 3.0])]
        y = fc.input_layer(features_of(tf), columns, ["mine"], True, variables, outputs)
        again = fc.input_layer(features_of(tf), columns[:2], trainable=False)
        return (
            [y.name, again.name], [y.shape, again.shape], collections(graph),
            {c.name: [v.name for v in vs] for c, vs in variables.items()},
            {c.name: (t.name, t.shape) for c, t in outputs.items()},
        )  # fmt: skip


@snippet
def names_of_linear_models(tf):
    fc = tf.compat.v1.feature_column
    with tf.Graph().as_default() as graph:
        x, c, d = columns_of(fc)
        variables = {}
        y = fc.linear_model(features_of(tf), [d, c, x], weight_collections=["mine"], cols_to_vars=variables)
        again = fc.linear_model(features_of(tf), [x, fc.embedding_column(c, 2)], units=3, trainable=False)
        return (
            [y.name, again.name], [y.shape, again.shape], collections(graph),
            {getattr(c, "name", c): [v.name for v in vs] for c, vs in variables.items()},
        )  # fmt: skip


@snippet(parts=[2, 3])
def in_parts_and_reused(tf, parts):
    v1 = tf.compat.v1
    fc = v1.feature_column
    with tf.Graph().as_default() as graph, v1.Session() as sess:
        x, c, d = columns_of(fc)
        out = []
        for reuse in (None, True):
            with v1.variable_scope("m", partitioner=v1.fixed_size_partitioner(parts), reuse=reuse):
                a = fc.linear_model(features_of(tf), [x, c, d], units=2)
                b = fc.input_layer(
                    features_of(tf), [fc.embedding_column(c, 3, initializer=v1.ones_initializer()), x]
                )
                out += [a, b]
        sess.run([v1.global_variables_initializer(), v1.tables_initializer()])
        for i, v in enumerate(v1.global_variables()):
            sess.run(v.assign(tf.ones_like(v) * float(i + 1)))
        return [t.name for t in out], collections(graph), sess.run(out)


@snippet
def scopes(tf):
    v1 = tf.compat.v1
    fc = v1.feature_column
    with tf.Graph().as_default() as graph:
        x, c, _ = columns_of(fc)
        with v1.variable_scope("net", regularizer=lambda w: tf.reduce_sum(w * w)):
            fc.input_layer(features_of(tf), [fc.embedding_column(c, 3)])
            fc.linear_model(features_of(tf), [x])
        losses = [t.shape for t in graph.get_collection("regularization_losses")]
        return [v.name for v in v1.global_variables()], losses


@snippet(combiner=["sum", "mean", "sqrtn"], units=[1, 2])
def linear_values(tf, combiner, units):
    v1 = tf.compat.v1
    fc = v1.feature_column
    with tf.Graph().as_default(), v1.Session() as sess:
        x, _, d = columns_of(fc)
        words = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], ["p", "q", "p"], [2, 2])
        weights = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [0.5, 2.0, 3.0], [2, 2])
        features = {**features_of(tf), "w": words, "wt": weights}
        columns = [
            x, d, fc.bucketized_column(x, [1.5, 3.5]), fc.crossed_column(["c", "w"], 5),
            fc.weighted_categorical_column(fc.categorical_column_with_hash_bucket("w", 4), "wt"),
        ]  # fmt: skip
        y = fc.linear_model(features, columns, units, combiner)
        sess.run([v1.global_variables_initializer(), v1.tables_initializer()])
        for i, v in enumerate(v1.global_variables()):
            start = tf.reshape(tf.range(tf.size(v), dtype=tf.float32), v.shape) + float(i)
            sess.run(v.assign(start))
        return sess.run(y), [v.name for v in v1.global_variables()]


@snippet
def fed_features(tf):
    v1 = tf.compat.v1
    fc = v1.feature_column
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [None])
        w = v1.sparse_placeholder(tf.string)
        any_rank = v1.placeholder(tf.int64)
        columns = [
            fc.numeric_column("x"), fc.indicator_column(fc.categorical_column_with_vocabulary_list("w", ["a", "b"])),
            fc.indicator_column(fc.categorical_column_with_identity("n", 3)),
        ]  # fmt: skip
        y = fc.input_layer({"x": x, "w": w, "n": any_rank}, columns)
        sess.run(v1.tables_initializer())
        out = [y.shape]
        for n in (2, 3):
            sparse = v1.SparseTensorValue([[0, 0], [n - 1, 1]], ["b", "a"], [n, 2])
            for ids in ([1] * n, [[1, 2]] * n):
                out.append(sess.run(y, {x: [0.5] * n, w: sparse, any_rank: ids}))
        return out


@snippet
def shared_columns(tf):
    v1 = tf.compat.v1
    fc = v1.feature_column
    with tf.Graph().as_default() as graph, v1.Session() as sess:
        features = {"a": tf.constant([[1, 2], [0, -1]]), "b": tf.constant([3, 2])}
        a, b = (fc.categorical_column_with_identity(k, 4) for k in "ab")
        columns = fc.shared_embedding_columns(
            [b, a], 2, initializer=v1.constant_initializer([[0, 1], [2, 3], [4, 5], [6, 7]])
        )
        variables = {}
        y = fc.input_layer(features, [*columns, fc.embedding_column(a, 1)], cols_to_vars=variables)
        sess.run(v1.global_variables_initializer())
        shared = list(columns)
        return (
            [c.name for c in columns], columns[0].shared_embedding_collection_name, columns[0]._var_scope_name,
            sess.run(y)[:, 1:], collections(graph), [v.name for v in graph.get_collection("a_b_shared_embedding")],
            {c.name: [v.name for v in vs] for c, vs in variables.items() if c in shared},
        )  # fmt: skip


@snippet
def training_and_checkpoint(tf):
    import os
    import tempfile

    v1 = tf.compat.v1
    fc = v1.feature_column
    path = os.path.join(tempfile.mkdtemp(), "model")

    def build():
        x, c, d = columns_of(fc)
        start = v1.constant_initializer(0.25)
        deep = fc.input_layer(features_of(tf), [x, fc.embedding_column(c, 2, initializer=start)])
        wide = fc.linear_model(features_of(tf), [x, c, d])
        hidden = v1.get_variable("h", [4, 1], initializer=v1.constant_initializer(0.1))
        return tf.reduce_mean((tf.matmul(deep, hidden) + wide - [[1.0], [0.0]]) ** 2)

    with tf.Graph().as_default(), v1.Session() as sess:
        loss = build()
        step = v1.train.GradientDescentOptimizer(0.05).minimize(loss)
        sess.run([v1.global_variables_initializer(), v1.tables_initializer()])
        losses = [sess.run([loss, step])[0] for _ in range(4)]
        v1.train.Saver().save(sess, path)
    saved = sorted(tf.train.list_variables(path))
    with tf.Graph().as_default(), v1.Session() as sess:
        with v1.variable_scope("", partitioner=v1.fixed_size_partitioner(2)):
            loss = build()
        v1.train.Saver().restore(sess, path)
        sess.run(v1.tables_initializer())
        restored = sess.run(loss)
    with tf.Graph().as_default(), v1.Session() as sess:
        c = columns_of(fc)[1]
        warm = fc.embedding_column(
            c, 2, ckpt_to_load_from=path, tensor_name_in_ckpt="input_layer/c_embedding/embedding_weights"
        )
        y = fc.input_layer(features_of(tf), [warm])
        sess.run([v1.global_variables_initializer(), v1.tables_initializer()])
        return losses, saved, restored, sess.run(y)


@snippet
def max_norm_gradients(tf):
    v1 = tf.compat.v1
    fc = v1.feature_column
    with tf.Graph().as_default(), v1.Session() as sess:
        c = columns_of(fc)[2]
        y = fc.input_layer(
            features_of(tf),
            [fc.embedding_column(c, 2, initializer=v1.constant_initializer(2.0), max_norm=1.0)],
        )
        (g,) = tf.gradients(y, v1.trainable_variables())
        sess.run(v1.global_variables_initializer())
        return sess.run(y), type(g).__name__, sess.run(tf.convert_to_tensor(g))


@snippet
def own_older_column(tf):
    """A column of the program's own in 1.x's interface, alone and below an embedding."""
    import importlib

    old = (
        importlib.import_module("tensorflow.python.feature_column.feature_column")
        if tf.__name__ == "tensorflow"
        else None
    )
    old = old or importlib.import_module("headrace.internals.feature_column")
    v1 = tf.compat.v1
    fc = v1.feature_column

    class Squared(old._DenseColumn):
        name, _parse_example_spec, _variable_shape = "squared", {}, tf.TensorShape([2])

        def _transform_feature(self, inputs):
            return inputs.get("x") ** 2

        def _get_dense_tensor(self, inputs, weight_collections=None, trainable=None):
            scale = v1.get_variable(
                "scale", [], initializer=v1.constant_initializer(2.0), collections=weight_collections
            )
            return inputs.get(self) * scale

    class Parity(old._CategoricalColumn):
        name, _parse_example_spec, _num_buckets = "parity", {}, 2

        def _transform_feature(self, inputs):
            ids = tf.cast(inputs.get("x"), tf.int64) % 2
            return tf.sparse.from_dense(ids + 1)

        def _get_sparse_tensors(self, inputs, weight_collections=None, trainable=None):
            ids = inputs.get(self)
            return old._CategoricalColumn.IdWeightPair(
                tf.SparseTensor(ids.indices, ids.values - 1, ids.dense_shape), None
            )

    with tf.Graph().as_default() as graph, v1.Session() as sess:
        start = v1.constant_initializer([[1, 2], [3, 4]])
        columns = [Squared(), fc.indicator_column(Parity()), fc.embedding_column(Parity(), 2, "sum", start)]
        y = fc.input_layer(features_of(tf), columns)
        z = fc.linear_model(features_of(tf), [columns[0], Parity()])
        sess.run(v1.global_variables_initializer())
        return (
            sess.run([y, z]),
            collections(graph),
            columns[1]._is_v2_column,
            list(fc.make_parse_example_spec(columns)),
        )


@snippet
def eager(tf):
    fc = tf.compat.v1.feature_column
    x, c, d = columns_of(fc)
    variables = {}
    y = fc.linear_model(features_of(tf), [x, c, d], 2, cols_to_vars=variables)
    deep = fc.input_layer(features_of(tf), [fc.embedding_column(c, 3), x])
    return y, deep.shape, {getattr(k, "name", k): len(v) for k, v in variables.items()}


@snippet
def signatures(tf):
    import inspect

    fc = tf.compat.v1.feature_column
    names = [
        n for n in dir(fc) if callable(getattr(fc, n)) and not n.startswith("_") and n != "shared_embeddings"
    ]
    return {n: list(inspect.signature(getattr(fc, n)).parameters) for n in names}


@raises(what=["taken", "shape"])
def wrong_shared_collection(tf, what):
    v1 = tf.compat.v1
    fc = v1.feature_column
    with tf.Graph().as_default():
        d = columns_of(fc)[2]
        for shape in ([4, 2], [4, 2]) if what == "taken" else ([3, 2],):
            v1.add_to_collection("s", tf.Variable(tf.zeros(shape)))
        return fc.input_layer(
            features_of(tf), fc.shared_embedding_columns([d], 2, shared_embedding_collection_name="s")
        )


@raises
def out_of_range(tf):
    v1 = tf.compat.v1
    fc = v1.feature_column
    with tf.Graph().as_default(), v1.Session() as sess:
        ids = v1.placeholder(tf.int64, [None])
        y = fc.linear_model({"d": ids}, [fc.categorical_column_with_identity("d", 4)])
        sess.run(v1.global_variables_initializer())
        return sess.run(y, {ids: [1, 4]})


@raises
def uninitialized_table(tf):
    v1 = tf.compat.v1
    fc = v1.feature_column
    with tf.Graph().as_default(), v1.Session() as sess:
        y = fc.input_layer(features_of(tf), [fc.indicator_column(columns_of(fc)[1])])
        return sess.run(y)


@raises
def wrong_batches_of_a_run(tf):
    v1 = tf.compat.v1
    fc = v1.feature_column
    with tf.Graph().as_default(), v1.Session() as sess:
        a, b = (v1.placeholder(tf.float32, [None, 1]) for _ in range(2))
        y = fc.input_layer({"a": a, "b": b}, [fc.numeric_column("a"), fc.numeric_column("b")])
        return sess.run(y, {a: [[1.0]], b: [[1.0], [2.0]]})
