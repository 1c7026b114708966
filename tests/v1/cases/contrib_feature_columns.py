"""Cases of the feature columns in `tf.contrib.layers`."""

import os
import tempfile


def _features(tf):
    sparse = lambda v: tf.SparseTensor([[0, 0], [0, 1], [2, 0]], tf.constant(v), [3, 2])
    return {
        "age": tf.constant([20.0, 35.5, 70.0]), "size": tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        "word": sparse(["a", "c", "zebra"]), "tag": sparse(["x", "y", "x"]),
        "id": tf.constant([[1], [7], [12]], tf.int64), "number": sparse([3, 5, 4]), "weight": sparse([0.5, 2.0, 3.0]),
    }  # fmt: skip


def _columns(tf):
    L = tf.contrib.layers
    age, size = L.real_valued_column("age", normalizer=lambda x: x / 10.0), L.real_valued_column("size", 2)
    return {
        "age": age, "size": size, "ages": L.bucketized_column(age, [3, 5.0, 5.0]), "sizes": L.bucketized_column(size, [2, 4]),
        "word": L.sparse_column_with_keys("word", ["a", "b", "c"]), "tag": L.sparse_column_with_hash_bucket("tag", 7),
        "id": L.sparse_column_with_integerized_feature("id", 10, combiner="mean"),
        "number": L.sparse_column_with_hash_bucket("number", 9, "sqrtn", tf.int32),
    }  # fmt: skip


def nets(tf):
    L, c = tf.contrib.layers, _columns(tf)
    weighted = L.weighted_sparse_column(c["tag"], "weight")
    columns = [
        c["age"], c["sizes"], c["size"], c["ages"], L.one_hot_column(c["word"]), L.one_hot_column(weighted),
        L.embedding_column(c["tag"], 3), L.embedding_column(weighted, 2, "sum"), L.embedding_column(c["id"], 2, "sqrtn", max_norm=0.3),
    ]  # fmt: skip
    outs = {}
    x = L.input_from_feature_columns(_features(tf), columns, ["mine"], cols_to_outs=outs)
    names = [v.name for v in tf.get_collection("mine")], [v.name for v in tf.model_variables()]
    return lambda sess: (
        *names,
        sess.run([x, outs[columns[6]]]),
        [c.name for c in sorted(columns, key=lambda c: c.key)],
    )


def linear_models(tf):
    L, c = tf.contrib.layers, _columns(tf)
    weighted = L.weighted_sparse_column(c["word"], "weight")
    y, variables, bias = L.weighted_sum_from_feature_columns(
        _features(tf), [c["age"], c["size"], c["sizes"], c["tag"], c["id"], c["number"], weighted], 2
    )
    z, _, _ = L.joint_weighted_sum_from_feature_columns(
        _features(tf), [c["word"], c["tag"]], 3, scope="joint"
    )
    owned = {column.name: [v.name for v in vs] for column, vs in variables.items()}
    return lambda sess: (owned, bias.name, sess.run([y, z]))


def crosses(tf):
    L, c = tf.contrib.layers, _columns(tf)
    columns = [
        L.crossed_column([c["word"], c["tag"]], 1000), L.crossed_column([c["word"], c["number"]], 1000),
        L.crossed_column([c["tag"], c["sizes"]], 1000), L.crossed_column([c["word"], c["tag"]], 1000, hash_key=0xDECAFCAFFE),
        L.crossed_column([L.crossed_column([c["word"], c["tag"]], 50), c["ages"]], 1000), L.crossed_column([c["sizes"], c["ages"]], 77),
    ]  # fmt: skip
    out = []
    for i, column in enumerate(columns):
        ids = L.transform_features(_features(tf), [column])[column]
        out += [ids.values, ids.indices]
        out.append(L.weighted_sum_from_feature_columns(_features(tf), [column], 1, scope=f"cross_{i}")[0])
    return lambda sess: ([column.name for column in columns], sess.run(out))


def shared(tf):
    L = tf.contrib.layers
    a, b = (L.sparse_column_with_hash_bucket(k, 10) for k in ("word", "tag"))
    columns = L.shared_embedding_columns([a, b], 2, "sum", max_norm=1.0)
    alone = L.shared_embedding_columns([a], 2)
    x = L.input_from_feature_columns(_features(tf), columns)
    y = L.input_from_feature_columns(_features(tf), columns, scope="again")
    return lambda sess: ([c.name for c in columns], [c.name for c in alone], sess.run([x, y]))


def files_and_hashes(tf):
    L = tf.contrib.layers
    path = os.path.join(tempfile.mkdtemp(), "words.txt")
    with open(path, "w") as file:
        file.write("zebra\na\n")
    columns = [
        L.sparse_column_with_vocabulary_file("word", path, vocab_size=2),
        L.sparse_column_with_vocabulary_file("tag", path, num_oov_buckets=3, vocab_size=2),
        L.sparse_column_with_hash_bucket("word", 100, hash_keys=[[1, 2], [3, 4]]),
    ]
    found = [L.transform_features(_features(tf), [c])[c] for c in columns]
    return [[t.values, t.indices] for t in found]


def both_kinds_of_layers(tf):
    """Columns of contrib in `tf.feature_column.input_layer` and `linear_model`."""
    L, c = tf.contrib.layers, _columns(tf)
    features = _features(tf)
    x = tf.feature_column.input_layer(
        features, [c["size"], L.one_hot_column(c["word"]), L.embedding_column(c["tag"], 2), c["ages"]]
    )
    y = tf.feature_column.linear_model(
        features, [c["size"], c["tag"], L.crossed_column([c["word"], c["tag"]], 9)]
    )
    return [x, y]


def examples(tf):
    L, c = tf.contrib.layers, _columns(tf)
    columns = [c["age"], L.one_hot_column(c["word"]), L.weighted_sparse_column(c["tag"], "weight")]
    spec = L.create_feature_spec_for_parsing(columns)
    feature = tf.train.Feature
    example = tf.train.Example(features=tf.train.Features(feature={
        "age": feature(float_list=tf.train.FloatList(value=[40.0])), "word": feature(bytes_list=tf.train.BytesList(value=[b"c"])),
        "tag": feature(bytes_list=tf.train.BytesList(value=[b"x"])), "weight": feature(float_list=tf.train.FloatList(value=[2.0])),
    }))  # fmt: skip
    parsed = L.parse_feature_columns_from_examples([example.SerializeToString()] * 2, columns)
    x = L.input_from_feature_columns(parsed, columns[:2])
    inferred = L.infer_real_valued_columns({"size": tf.zeros([3, 2])})
    held = L.make_place_holder_tensors_for_base_features(columns)
    return lambda sess: (
        sorted(spec), sess.run([x, parsed[columns[0]]]), [(c.name, c.dimension) for c in inferred],
        sorted((k, v.get_shape().as_list() if k == "age" else None) for k, v in held.items()),
    )  # fmt: skip


def sequences(tf):
    m, fc = tf.contrib.feature_column, tf.feature_column
    at = [[0, 0], [0, 1], [0, 2], [1, 0], [2, 0], [2, 1]]
    sparse = lambda v: tf.SparseTensor(at, tf.constant(v), [3, 3])
    features = {
        "w": sparse(["a", "b", "q", "b", "a", "a"]),
        "n": sparse([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        "i": sparse([1, 0, 2, 2, 1, 1]),
    }
    words = m.sequence_categorical_column_with_vocabulary_list("w", ["a", "b"], num_oov_buckets=1)
    columns = [
        m.sequence_numeric_column("n", default_value=-1.0),
        fc.embedding_column(words, 2),
        fc.indicator_column(m.sequence_categorical_column_with_identity("i", 3)),
    ]
    x, length = m.sequence_input_layer(features, columns)
    pairs = m.sequence_numeric_column("n", (2,))
    wide = {
        "n": tf.SparseTensor([[0, 0], [0, 1], [0, 2], [0, 3], [1, 0], [1, 1]], features["n"].values, [2, 4])
    }
    y, lengths = m.sequence_input_layer(wide, [pairs])
    return [x, length, y, lengths]
