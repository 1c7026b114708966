"""`tf.feature_column`: what columns give, alone and inside of one another, and what is said of wrong ones."""

from conformance.harness import raises, snippet


def evaluated(tf, features, columns, mode):
    """`input_layer`, eagerly, in a function, or in a session's graph (with unknown batch)."""
    v1 = tf.compat.v1
    make = v1.feature_column.input_layer
    if mode == "eager":
        return make({k: v() for k, v in features.items()}, columns())
    if mode == "function":
        return tf.function(lambda: make({k: v() for k, v in features.items()}, columns()), autograph=False)()
    with tf.Graph().as_default(), v1.Session() as sess:
        out = make({k: v() for k, v in features.items()}, columns())
        sess.run([v1.global_variables_initializer(), v1.tables_initializer()])
        return sess.run(out), out.shape[1:]


MODES = ["eager", "function", "graph"]
NO_STATE = {
    "numeric": lambda tf, fc: [fc.numeric_column("x", shape=(2,))],
    "numeric_normalized": lambda tf, fc: [fc.numeric_column("x", 2, normalizer_fn=lambda x: x / 2.0 - 1.0)],
    "numeric_int": lambda tf, fc: [fc.numeric_column("n", dtype=tf.int64)],
    "numeric_vector": lambda tf, fc: [fc.numeric_column("v")],
    "bucketized": lambda tf, fc: [fc.bucketized_column(fc.numeric_column("x", (2,)), [1.0, 2.5, 4.0])],
    "bucketized_vector": lambda tf, fc: [fc.bucketized_column(fc.numeric_column("v"), (0, 3))],
    "identity": lambda tf, fc: [fc.indicator_column(fc.categorical_column_with_identity("n", 5))],
    "identity_default": lambda tf, fc: [
        fc.indicator_column(fc.categorical_column_with_identity("big", 4, 2))
    ],
    "identity_sparse": lambda tf, fc: [fc.indicator_column(fc.categorical_column_with_identity("sn", 9))],
    "hash": lambda tf, fc: [fc.indicator_column(fc.categorical_column_with_hash_bucket("w", 7))],
    "hash_int": lambda tf, fc: [
        fc.indicator_column(fc.categorical_column_with_hash_bucket("n", 7, tf.int32))
    ],
    "hash_sparse": lambda tf, fc: [fc.indicator_column(fc.categorical_column_with_hash_bucket("sw", 7))],
    "list": lambda tf, fc: [fc.indicator_column(fc.categorical_column_with_vocabulary_list("w", ["a", "b"]))],
    "list_default": lambda tf, fc: [
        fc.indicator_column(fc.categorical_column_with_vocabulary_list("w", ("a", "b"), default_value=1))
    ],
    "list_oov": lambda tf, fc: [
        fc.indicator_column(fc.categorical_column_with_vocabulary_list("w", ("a", "b"), num_oov_buckets=3))
    ],
    "list_int": lambda tf, fc: [
        fc.indicator_column(
            fc.categorical_column_with_vocabulary_list("n", [3, 1, 2], tf.int32, num_oov_buckets=2)
        )
    ],
    "list_sparse": lambda tf, fc: [
        fc.indicator_column(fc.categorical_column_with_vocabulary_list("sw", ["dd", "a", "b"]))
    ],
    "weighted": lambda tf, fc: [
        fc.indicator_column(
            fc.weighted_categorical_column(
                fc.categorical_column_with_vocabulary_list("sw", ["dd", "a"]), "wt"
            )
        )
    ],
    "weighted_dense": lambda tf, fc: [
        fc.indicator_column(
            fc.weighted_categorical_column(fc.categorical_column_with_identity("m", 4), "wtd", tf.int64)
        )
    ],
    "crossed": lambda tf, fc: [fc.indicator_column(fc.crossed_column(["w", "n"], 11))],
    "crossed_key": lambda tf, fc: [fc.indicator_column(fc.crossed_column(["w", "n"], 11, hash_key=5))],
    "crossed_float": lambda tf, fc: [fc.indicator_column(fc.crossed_column(["v", "w"], 11))],
    "crossed_columns": lambda tf, fc: [
        fc.indicator_column(
            fc.crossed_column(
                [
                    fc.bucketized_column(fc.numeric_column("x", (2,)), [1.0, 2.5]),
                    fc.categorical_column_with_vocabulary_list("w", ["a", "b"]),
                    "sw",
                ],
                13,
            )
        )
    ],
    "crossed_nested": lambda tf, fc: [
        fc.indicator_column(fc.crossed_column([fc.crossed_column(["w", "n"], 100), "sw"], 17))
    ],
    "sorted_by_name": lambda tf, fc: [
        fc.numeric_column("x", (2,)),
        fc.indicator_column(fc.categorical_column_with_identity("n", 5)),
        fc.bucketized_column(fc.numeric_column("v"), [1]),
        fc.numeric_column("v"),
    ],
}


def features_of(tf):
    sparse = lambda values: lambda: tf.SparseTensor([[0, 0], [0, 1], [2, 0]], tf.constant(values), [3, 2])
    return {
        "x": lambda: tf.constant([[0.5, 1.0], [2.0, 3.0], [5.0, -1.0]]),
        "v": lambda: tf.constant([1.5, 0.0, 4.0]),
        "n": lambda: tf.constant([1, 3, 2]),
        "m": lambda: tf.constant([[1, 3], [2, -1], [0, 0]], tf.int64),
        "wtd": lambda: tf.constant([[2, 5], [7, 0], [1, 4]], tf.int64),
        "big": lambda: tf.constant([1, 300, 0]),
        "w": lambda: tf.constant(["a", "zz", "b"]),
        "sn": sparse([4, 8, 1]),
        "sw": sparse(["a", "dd", "e"]),
        "wt": sparse([0.5, 2.0, 3.0]),
    }


@snippet(columns=list(NO_STATE), mode=MODES)
def dense(tf, columns, mode):
    return evaluated(tf, features_of(tf), lambda: NO_STATE[columns](tf, tf.feature_column), mode)


@snippet(
    combiner=["mean", "sum", "sqrtn"], mode=["eager", "graph"], max_norm=[None, 2.0], weighted=[False, True]
)
def embedding(tf, combiner, mode, max_norm, weighted):
    import numpy as np

    fc = tf.feature_column
    start = lambda shape, dtype=None, partition_info=None: tf.reshape(
        tf.cast(tf.range(int(np.prod(shape))), dtype or tf.float32), shape
    )

    def columns():
        of = fc.categorical_column_with_vocabulary_list("sw", ["a", "dd", "c"])
        of = fc.weighted_categorical_column(of, "wt") if weighted else of
        return [
            fc.embedding_column(of, 2, combiner, initializer=start, max_norm=max_norm),
            fc.embedding_column(
                fc.categorical_column_with_identity("n", 5),
                3,
                combiner,
                start,
                use_safe_embedding_lookup=False,
            ),
        ]

    return evaluated(tf, features_of(tf), columns, mode)


@snippet
def vocabulary_file(tf):
    import os
    import tempfile

    path = os.path.join(tempfile.mkdtemp(), "words.txt")
    with open(path, "w") as file:
        file.write("b\na\nzz\n")
    fc, v1 = tf.feature_column, tf.compat.v1.feature_column
    features = {"w": tf.constant(["a", "b", "zz", "q"])}
    out = []
    for column in (
        fc.categorical_column_with_vocabulary_file("w", path),
        fc.categorical_column_with_vocabulary_file("w", path, 2),
        fc.categorical_column_with_vocabulary_file("w", path, 2, tf.string, 1),
        fc.categorical_column_with_vocabulary_file("w", path, num_oov_buckets=2),
        v1.categorical_column_with_vocabulary_file("w", path, 2, 3),
    ):
        out.append((v1.input_layer(features, [fc.indicator_column(column)]), column.vocabulary_size))
    return out


@snippet
def vocabulary_file_of_numbers(tf):
    import os
    import tempfile

    path = os.path.join(tempfile.mkdtemp(), "numbers.txt")
    with open(path, "w") as file:
        file.write("7\n3\n5\n")
    fc = tf.feature_column
    column = fc.categorical_column_with_vocabulary_file("n", path, dtype=tf.int32, num_oov_buckets=1)
    return tf.compat.v1.feature_column.input_layer(
        {"n": tf.constant([5, 3, 8])}, [fc.indicator_column(column)]
    )


@snippet
def vocabulary_file_of_records(tf):
    import os
    import tempfile

    path = os.path.join(tempfile.mkdtemp(), "words.tfrecord.gz")
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for word in (b"x", b"y", b"z"):
            writer.write(word)
    fc = tf.feature_column
    column = fc.categorical_column_with_vocabulary_file("w", path, num_oov_buckets=1)
    got = tf.compat.v1.feature_column.input_layer(
        {"w": tf.constant(["z", "x", "q"])}, [fc.indicator_column(column)]
    )
    return got, int(column.vocabulary_size), column.file_format


@snippet
def properties(tf):
    fc = tf.feature_column
    x = fc.numeric_column("x", (2,), default_value=[1.0, 2.0])
    w = fc.categorical_column_with_vocabulary_list("w", ["a", "b"], num_oov_buckets=1)
    columns = [
        x,
        fc.numeric_column("y", (2, 2), default_value=3),
        fc.bucketized_column(x, [1.0, 2.0]),
        w,
        fc.categorical_column_with_identity("n", 4),
        fc.categorical_column_with_hash_bucket("h", 10, tf.int64),
        fc.weighted_categorical_column(w, "wt"),
        fc.crossed_column(["p", w, fc.crossed_column(["a", "q"], 5)], 20),
        fc.indicator_column(w),
        fc.embedding_column(w, 7),
        fc.sequence_numeric_column("s", (3,)),
        fc.sequence_categorical_column_with_identity("si", 3),
        fc.sequence_categorical_column_with_hash_bucket("sh", 3),
        fc.sequence_categorical_column_with_vocabulary_list("sv", ["a"]),
        fc.indicator_column(fc.sequence_categorical_column_with_vocabulary_list("sv", ["a"])),
    ]
    out = []
    for c in columns:
        spec = {k: (type(v).__name__, tuple(v)) for k, v in sorted(c.parse_example_spec.items())}
        found = [c.name, type(c).__name__, spec, c._is_v2_column, list(c._fields)]
        for name in ("num_buckets", "variable_shape", "_num_buckets", "_variable_shape", "_var_scope_name"):
            value = getattr(c, name, None)
            found.append(str(value))
        found.append([getattr(p, "name", p) for p in c.parents])
        out.append(found)
    return out


@snippet
def equality_and_repr(tf):
    fc = tf.feature_column
    make = lambda: fc.crossed_column([fc.bucketized_column(fc.numeric_column("x"), [1, 2]), "b"], 5)
    a, b = make(), make()
    return (
        a == b,
        hash(a) == hash(b),
        repr(a),
        len({a, b}),
        a._replace(hash_bucket_size=6).num_buckets,
        sorted([a, a.keys[0]])[0].name,
    )


@snippet
def parse_example_spec(tf):
    fc = tf.feature_column
    x = fc.numeric_column("x", (2,), default_value=0.5)
    w = fc.categorical_column_with_vocabulary_list("w", ["a", "b"])
    columns = [
        fc.bucketized_column(x, [1.0]),
        fc.embedding_column(fc.weighted_categorical_column(w, "wt"), 3),
        fc.crossed_column(["p", w], 20),
        fc.indicator_column(fc.categorical_column_with_identity("n", 3)),
    ]
    spec, older = (
        fc.make_parse_example_spec(columns),
        tf.compat.v1.feature_column.make_parse_example_spec(columns),
    )
    floats = lambda *v: tf.train.Feature(float_list=tf.train.FloatList(value=v))
    words = lambda *v: tf.train.Feature(bytes_list=tf.train.BytesList(value=v))
    ints = lambda *v: tf.train.Feature(int64_list=tf.train.Int64List(value=v))
    example = tf.train.Example(
        features=tf.train.Features(
            feature={
                "x": floats(2.0, 0.0),
                "w": words(b"b", b"a"),
                "wt": floats(1.0, 2.0),
                "p": words(b"q"),
                "n": ints(2),
            }
        )
    )
    empty = tf.train.Example()
    features = tf.io.parse_example([example.SerializeToString(), empty.SerializeToString()], spec)
    dense = [
        columns[0],
        fc.indicator_column(columns[1].categorical_column),
        fc.indicator_column(columns[2]),
        columns[3],
    ]
    return sorted(spec), spec == older, tf.compat.v1.feature_column.input_layer(features, dense)


@snippet
def configurations(tf):
    fc = tf.feature_column
    x = fc.numeric_column("x", (2,))
    w = fc.categorical_column_with_vocabulary_list("w", ["a", "b"])
    columns = [
        x,
        fc.bucketized_column(x, [1.0, 2.0]),
        fc.categorical_column_with_identity("n", 4, 1),
        fc.categorical_column_with_hash_bucket("h", 10, tf.int64),
        w,
        fc.weighted_categorical_column(w, "wt"),
        fc.crossed_column(["p", w], 20),
        fc.indicator_column(w),
        fc.sequence_categorical_column_with_identity("si", 3),
        fc.sequence_numeric_column("s", (3,)),
        fc.embedding_column(w, 4),
    ]
    out = []
    for column in columns:
        config = column.get_config()
        again = type(column).from_config(config)
        same = (
            again == column
            if column is not columns[-1]
            else again._replace(initializer=None) == column._replace(initializer=None)
        )
        shown = {k: v for k, v in config.items() if k != "initializer"}
        out.append((type(column).__name__, repr(sorted(shown.items())), same))
    inside = tf.__internal__.feature_column
    both = [inside.serialize_feature_column(c) for c in columns[:2]]
    kept = {}
    read = [inside.deserialize_feature_column(c, columns_by_name=kept) for c in both]
    config = columns[-1].get_config()["initializer"]
    return (
        out,
        read[1].source_column is read[0],
        sorted(kept),
        config["class_name"],
        config["config"]["stddev"],
    )


@snippet
def cache_of_columns(tf):
    inside, fc = tf.__internal__.feature_column, tf.feature_column
    calls = []

    class Doubled(inside.DenseColumn):
        name, parents, _is_v2_column = "doubled", ["x"], True
        parse_example_spec = {}
        variable_shape = tf.TensorShape([1])

        def transform_feature(self, transformation_cache, state_manager):
            calls.append(1)
            return transformation_cache.get("x", state_manager) * 2.0

        def get_dense_tensor(self, transformation_cache, state_manager):
            return transformation_cache.get(self, state_manager)

    class Table:
        def add_weight(
            self, name, shape, dtype=None, initializer=None, trainable=None, use_resource=None, getter=None
        ):
            assert name == "embedding_weights"
            return tf.Variable(tf.ones(shape) * 3.0, trainable=trainable)

    cache = inside.FeatureTransformationCache({"x": tf.constant([1.0, 2.0]), "n": tf.constant([0, 1])})
    state = inside.StateManager(None, True)
    doubled = Doubled()
    first = doubled.get_dense_tensor(cache, state)
    doubled.get_dense_tensor(cache, state)
    pair = fc.categorical_column_with_identity("n", 2).get_sparse_tensors(cache, state)
    return first, len(calls), pair.id_tensor, pair.weight_tensor, state.has_resource(doubled, "table")


@snippet(of=["identity", "hash", "list", "weighted"])
def sparse_tensors(tf, of):
    inside, fc = tf.__internal__.feature_column, tf.feature_column
    cache = inside.FeatureTransformationCache({k: v() for k, v in features_of(tf).items()})
    column = {
        "identity": fc.categorical_column_with_identity("m", 4),
        "hash": fc.categorical_column_with_hash_bucket("sw", 100),
        "list": fc.categorical_column_with_vocabulary_list("sw", ["a"], num_oov_buckets=10),
        "weighted": fc.weighted_categorical_column(
            fc.categorical_column_with_identity("m", 4), "wtd", tf.int64
        ),
    }[of]
    pair = column.get_sparse_tensors(cache, inside.StateManager(None, True))
    return pair.id_tensor, pair.weight_tensor


@snippet
def crossed_ids(tf):
    inside, fc = tf.__internal__.feature_column, tf.feature_column
    cache = inside.FeatureTransformationCache({k: v() for k, v in features_of(tf).items()})
    out = []
    for keys in (["w", "n"], ["sw", "w"], ["n", "m"], ["sw", "sn", "w"]):
        for size, key in ((1000, None), (1000, 12345), (2**40, None)):
            out.append(fc.crossed_column(keys, size, key).get_sparse_tensors(cache, None).id_tensor)
    return out


@snippet(shape=[(1,), (2,)])
def sequences_of_numbers(tf, shape):
    inside, fc = tf.__internal__.feature_column, tf.feature_column
    numbers = tf.SparseTensor(
        [[0, 0], [0, 1], [0, 2], [0, 3], [2, 0], [2, 1]], tf.constant([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), [4, 4]
    )
    cache = inside.FeatureTransformationCache({"s": numbers})
    double = lambda s: tf.SparseTensor(s.indices, s.values * 2.0, s.dense_shape)
    out = []
    for column in (
        fc.sequence_numeric_column("s", shape),
        fc.sequence_numeric_column("s", shape, default_value=-1.0, normalizer_fn=double),
    ):
        out.append(tuple(column.get_sequence_dense_tensor(cache, None)))
    return out


@snippet
def sequences_of_ids(tf):
    inside, fc = tf.__internal__.feature_column, tf.feature_column
    words = tf.SparseTensor([[0, 0], [0, 1], [1, 0], [3, 2]], tf.constant(["a", "b", "q", "b"]), [4, 3])
    deep = tf.SparseTensor([[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]], tf.constant([1, 2, 0, 2]), [2, 2, 2])
    cache = inside.FeatureTransformationCache({"w": words, "d": deep})
    columns = [
        fc.sequence_categorical_column_with_vocabulary_list("w", ["a", "b"]),
        fc.sequence_categorical_column_with_identity("d", 3),
    ]
    out = []
    for column in columns:
        out.append(column.get_sparse_tensors(cache, None).id_tensor)
        out.append(tuple(fc.indicator_column(column).get_sequence_dense_tensor(cache, None)))
    return out


@snippet
def shared_in_a_graph(tf):
    inside, fc, v1 = tf.__internal__.feature_column, tf.feature_column, tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session() as sess:
        columns = [fc.categorical_column_with_identity(k, 4) for k in ("b", "a")]
        made = fc.shared_embeddings(columns, 3, initializer=v1.constant_initializer(2.0))
        cache = inside.FeatureTransformationCache(
            {"a": tf.constant([1, 2]), "b": tf.constant([[0, 1], [3, -1]])}
        )
        state = inside.StateManager(None, True)
        tensors = [c.get_dense_tensor(cache, state) for c in made]
        sess.run(v1.global_variables_initializer())
        names = [v.name for v in graph.get_collection("variables")]
        return [c.name for c in made], sess.run(tensors), names, [c.variable_shape for c in made]


# --------------------------------------------------------------------------------------------------------------- errors
WRONG = {
    "shape_none": lambda tf, fc: fc.numeric_column("x", None),
    "shape_float": lambda tf, fc: fc.numeric_column("x", (1.5,)),
    "shape_zero": lambda tf, fc: fc.numeric_column("x", (0,)),
    "dtype_string": lambda tf, fc: fc.numeric_column("x", dtype=tf.string),
    "default_shape": lambda tf, fc: fc.numeric_column("x", (2,), default_value=[1.0]),
    "default_type": lambda tf, fc: fc.numeric_column("x", (2,), default_value=["a", "b"]),
    "default_float_for_int": lambda tf, fc: fc.numeric_column("x", default_value=0.5, dtype=tf.int32),
    "default_string": lambda tf, fc: fc.numeric_column("x", default_value="a"),
    "normalizer": lambda tf, fc: fc.numeric_column("x", normalizer_fn=3),
    "key": lambda tf, fc: fc.numeric_column(("x",)),
    "bucketized_source": lambda tf, fc: fc.bucketized_column(
        fc.categorical_column_with_identity("x", 3), [1]
    ),
    "bucketized_rank": lambda tf, fc: fc.bucketized_column(fc.numeric_column("x", (2, 2)), [1]),
    "bucketized_none": lambda tf, fc: fc.bucketized_column(fc.numeric_column("x"), None),
    "bucketized_empty": lambda tf, fc: fc.bucketized_column(fc.numeric_column("x"), []),
    "bucketized_unsorted": lambda tf, fc: fc.bucketized_column(fc.numeric_column("x"), [2, 1]),
    "bucketized_equal": lambda tf, fc: fc.bucketized_column(fc.numeric_column("x"), [1, 1]),
    "bucketized_string": lambda tf, fc: fc.bucketized_column(fc.numeric_column("x"), "ab"),
    "hash_none": lambda tf, fc: fc.categorical_column_with_hash_bucket("x", None),
    "hash_zero": lambda tf, fc: fc.categorical_column_with_hash_bucket("x", 0),
    "hash_float": lambda tf, fc: fc.categorical_column_with_hash_bucket("x", 3, tf.float32),
    "hash_key": lambda tf, fc: fc.categorical_column_with_hash_bucket(("x",), 3),
    "identity_zero": lambda tf, fc: fc.categorical_column_with_identity("x", 0),
    "identity_default": lambda tf, fc: fc.categorical_column_with_identity("x", 3, 3),
    "identity_negative": lambda tf, fc: fc.categorical_column_with_identity("x", 3, -1),
    "identity_key": lambda tf, fc: fc.categorical_column_with_identity(4, 3),
    "list_empty": lambda tf, fc: fc.categorical_column_with_vocabulary_list("x", []),
    "list_none": lambda tf, fc: fc.categorical_column_with_vocabulary_list("x", None),
    "list_twice": lambda tf, fc: fc.categorical_column_with_vocabulary_list("x", ["a", "a"]),
    "list_float": lambda tf, fc: fc.categorical_column_with_vocabulary_list("x", [1.0, 2.0]),
    "list_dtype": lambda tf, fc: fc.categorical_column_with_vocabulary_list("x", ["a"], tf.int32),
    "list_both": lambda tf, fc: fc.categorical_column_with_vocabulary_list(
        "x", ["a"], default_value=0, num_oov_buckets=2
    ),
    "list_oov": lambda tf, fc: fc.categorical_column_with_vocabulary_list("x", ["a"], num_oov_buckets=-1),
    "file_none": lambda tf, fc: fc.categorical_column_with_vocabulary_file("x", None),
    "file_missing": lambda tf, fc: fc.categorical_column_with_vocabulary_file("x", "/no/such/file"),
    "file_size": lambda tf, fc: fc.categorical_column_with_vocabulary_file("x", "/no/such/file", -3),
    "file_both": lambda tf, fc: fc.categorical_column_with_vocabulary_file(
        "x", "/f", 3, default_value=0, num_oov_buckets=2
    ),
    "file_oov": lambda tf, fc: fc.categorical_column_with_vocabulary_file("x", "/f", 3, num_oov_buckets=-1),
    "file_dtype": lambda tf, fc: fc.categorical_column_with_vocabulary_file("x", "/f", 3, tf.float32),
    "weights_dtype": lambda tf, fc: fc.weighted_categorical_column(
        fc.categorical_column_with_identity("x", 3), "w", tf.string
    ),
    "weights_none": lambda tf, fc: fc.weighted_categorical_column(
        fc.categorical_column_with_identity("x", 3), "w", None
    ),
    "crossed_size": lambda tf, fc: fc.crossed_column(["a", "b"], 0),
    "crossed_one": lambda tf, fc: fc.crossed_column(["a"], 5),
    "crossed_numeric": lambda tf, fc: fc.crossed_column(["a", fc.numeric_column("b")], 5),
    "crossed_hashed": lambda tf, fc: fc.crossed_column(
        ["a", fc.categorical_column_with_hash_bucket("b", 5)], 5
    ),
    "crossed_number": lambda tf, fc: fc.crossed_column(["a", 3], 5),
    "indicator": lambda tf, fc: fc.indicator_column(fc.numeric_column("x")),
    "embedding_dimension": lambda tf, fc: fc.embedding_column(fc.categorical_column_with_identity("x", 3), 0),
    "embedding_none": lambda tf, fc: fc.embedding_column(fc.categorical_column_with_identity("x", 3), None),
    "embedding_initializer": lambda tf, fc: fc.embedding_column(
        fc.categorical_column_with_identity("x", 3), 2, initializer=3
    ),
    "embedding_checkpoint": lambda tf, fc: fc.embedding_column(
        fc.categorical_column_with_identity("x", 3), 2, ckpt_to_load_from="/x"
    ),
    "shared_eagerly": lambda tf, fc: fc.shared_embeddings([fc.categorical_column_with_identity("x", 3)], 2),
    "sequence_shape": lambda tf, fc: fc.sequence_numeric_column("x", (0,)),
    "sequence_dtype": lambda tf, fc: fc.sequence_numeric_column("x", dtype=tf.string),
    "sequence_normalizer": lambda tf, fc: fc.sequence_numeric_column("x", normalizer_fn=1),
    "spec_of_other": lambda tf, fc: fc.make_parse_example_spec([fc.numeric_column("x"), "y"]),
    "spec_conflict": lambda tf, fc: fc.make_parse_example_spec(
        [fc.numeric_column("x"), fc.indicator_column(fc.categorical_column_with_identity("x", 3))]
    ),
    "spec_weight_key": lambda tf, fc: fc.make_parse_example_spec(
        [fc.weighted_categorical_column(fc.categorical_column_with_identity("x", 3), "x")]
    ),
    "config_keys": lambda tf, fc: type(fc.numeric_column("x")).from_config({"key": "x"}),
    "config_class": lambda tf, fc: tf.__internal__.feature_column.deserialize_feature_column(
        {"class_name": "None", "config": {}}
    ),
    "config_form": lambda tf, fc: tf.__internal__.feature_column.deserialize_feature_column({"a": 1}),
    "serialize_other": lambda tf, fc: tf.__internal__.feature_column.serialize_feature_column(3),
}


@raises(what=list(WRONG))
def wrong_arguments(tf, what):
    return WRONG[what](tf, tf.feature_column)


@raises
def dtype_by_name(tf):
    return tf.feature_column.numeric_column("x", dtype="float32")


WRONG_IN_GRAPH = {
    "dimension": lambda fc, a, b: fc.shared_embeddings([a, b], 0),
    "initializer": lambda fc, a, b: fc.shared_embeddings([a, b], 2, initializer=1),
    "checkpoint": lambda fc, a, b: fc.shared_embeddings([a, b], 2, tensor_name_in_ckpt="a"),
    "kinds": lambda fc, a, b: fc.shared_embeddings([a, fc.categorical_column_with_hash_bucket("c", 4)], 2),
    "sizes": lambda fc, a, b: fc.shared_embeddings([a, fc.categorical_column_with_identity("c", 5)], 2),
}


@raises(what=list(WRONG_IN_GRAPH))
def wrong_shared(tf, what):
    fc = tf.feature_column
    with tf.Graph().as_default():
        a, b = (fc.categorical_column_with_identity(k, 4) for k in "ab")
        return WRONG_IN_GRAPH[what](fc, a, b)


WRONG_FEATURES = {
    "missing": lambda tf, fc: ({"y": tf.ones([2])}, [fc.numeric_column("x")]),
    "scalar": lambda tf, fc: ({"x": tf.constant(1.0)}, [fc.numeric_column("x")]),
    "sparse_number": lambda tf, fc: (
        {"x": tf.SparseTensor([[0, 0]], [1.0], [2, 2])},
        [fc.numeric_column("x")],
    ),
    "string_number": lambda tf, fc: ({"x": tf.constant(["a"])}, [fc.numeric_column("x")]),
    "shape": lambda tf, fc: ({"x": tf.ones([2, 3])}, [fc.numeric_column("x", (2,))]),
    "float_identity": lambda tf, fc: (
        {"x": tf.ones([2])},
        [fc.indicator_column(fc.categorical_column_with_identity("x", 3))],
    ),
    "int_hash": lambda tf, fc: (
        {"x": tf.constant([1])},
        [fc.indicator_column(fc.categorical_column_with_hash_bucket("x", 3))],
    ),
    "float_hash": lambda tf, fc: (
        {"x": tf.constant([1.0])},
        [fc.indicator_column(fc.categorical_column_with_hash_bucket("x", 3))],
    ),
    "int_list": lambda tf, fc: (
        {"x": tf.constant([1])},
        [fc.indicator_column(fc.categorical_column_with_vocabulary_list("x", ["a"]))],
    ),
    "string_list": lambda tf, fc: (
        {"x": tf.constant(["a"])},
        [fc.indicator_column(fc.categorical_column_with_vocabulary_list("x", [1]))],
    ),
    "weights_missing": lambda tf, fc: (
        {"x": tf.constant([1])},
        [
            fc.indicator_column(
                fc.weighted_categorical_column(fc.categorical_column_with_identity("x", 3), "w")
            )
        ],
    ),
    "weights_dtype": lambda tf, fc: (
        {"x": tf.constant([1]), "w": tf.constant([1])},
        [
            fc.indicator_column(
                fc.weighted_categorical_column(fc.categorical_column_with_identity("x", 3), "w")
            )
        ],
    ),
    "crossed_weights": lambda tf, fc: (
        {"x": tf.constant([1]), "w": tf.constant([1.0]), "y": tf.constant(["a"])},
        [
            fc.indicator_column(
                fc.crossed_column(
                    [fc.weighted_categorical_column(fc.categorical_column_with_identity("x", 3), "w"), "y"], 3
                )
            )
        ],
    ),
    "crossed_batches": lambda tf, fc: (
        {"x": tf.constant(["a", "b"]), "y": tf.constant(["a"])},
        [fc.indicator_column(fc.crossed_column(["x", "y"], 3))],
    ),
    "batches": lambda tf, fc: (
        {"x": tf.ones([2]), "y": tf.ones([3])},
        [fc.numeric_column("x"), fc.numeric_column("y")],
    ),
    "categorical": lambda tf, fc: ({"x": tf.ones([2])}, [fc.categorical_column_with_identity("x", 3)]),
    "none": lambda tf, fc: ({"x": tf.ones([2])}, []),
    "dict": lambda tf, fc: ({"x": tf.ones([2])}, {"x": fc.numeric_column("x")}),
    "other": lambda tf, fc: ({"x": tf.ones([2])}, ["x"]),
    "twice": lambda tf, fc: (
        {"x": tf.ones([2])},
        [fc.numeric_column("x"), fc.numeric_column("x", dtype=tf.float64)],
    ),
    "sequence_indicator": lambda tf, fc: (
        {"x": tf.constant([[1]])},
        [fc.indicator_column(fc.sequence_categorical_column_with_identity("x", 3))],
    ),
    "sequence_embedding": lambda tf, fc: (
        {"x": tf.constant([[1]])},
        [fc.embedding_column(fc.sequence_categorical_column_with_identity("x", 3), 2)],
    ),
    "sequence_number": lambda tf, fc: ({"x": tf.constant([[1]])}, [fc.sequence_numeric_column("x")]),
}


@raises(what=list(WRONG_FEATURES), graph=[False, True])
def wrong_features(tf, what, graph):
    import contextlib

    with tf.Graph().as_default() if graph else contextlib.nullcontext():
        features, columns = WRONG_FEATURES[what](tf, tf.feature_column)
        out = tf.compat.v1.feature_column.input_layer(features, columns)
        if graph:
            with tf.compat.v1.Session() as sess:
                sess.run(tf.compat.v1.tables_initializer())
                sess.run(out)
        return out


@raises(what=["ids", "missing", "manager", "resource"])
def wrong_use(tf, what):
    inside, fc = tf.__internal__.feature_column, tf.feature_column
    cache, state = inside.FeatureTransformationCache({"x": tf.ones([2])}), inside.StateManager(None, True)
    column = fc.indicator_column(fc.categorical_column_with_identity("x", 3))
    if what == "ids":
        return column.get_sequence_dense_tensor(cache, state)
    if what == "missing":
        return cache.get(("x", "y"), state)
    if what == "manager":
        return state.get_variable(column, "a")
    return state.get_resource(column, "a")


@snippet(
    inputs=["s", "n", "ss", "nn", "sn", "sd", "nd", "snd", "dd"], buckets=[0, 1000], strong=[False, True]
)
def cross_hashed_op(tf, inputs, buckets, strong):
    indices = tf.constant([[0, 0], [0, 1], [2, 0]], tf.int64)
    words, numbers = tf.constant(["a", "bb", "more than sixteen letters"]), tf.constant([1, 2, 3], tf.int64)
    sparse = [{"s": words, "n": numbers}[c] for c in inputs if c != "d"]
    dense = [tf.constant([["x", "y"], ["z", "w"], ["q", ""]])] * inputs.count("d")
    if not strong and not sparse:
        dense.append(tf.constant([[5], [6], [7]], tf.int64))
    return tuple(
        tf.raw_ops.SparseCrossHashed(
            indices=[indices] * len(sparse),
            values=sparse,
            shapes=[[3, 2]] * len(sparse),
            dense_inputs=dense,
            num_buckets=buckets,
            strong_hash=strong,
            salt=[11, 22],
        )
    )


@raises(what=["vector", "rows"])
def wrong_crosses(tf, what):
    if what == "vector":
        return tf.sparse.cross_hashed([tf.constant(["a"]), tf.constant([["b"]])])
    return tf.sparse.cross_hashed([tf.constant([["a"]]), tf.constant([["b"], ["c"]])])
