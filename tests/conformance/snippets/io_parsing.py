"""Examples, CSV, JSON, tensors and sparse tensors as bytes."""

from conformance.harness import raises, snippet


def feature(tf, values):
    if values and isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if values and isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values)) if values else tf.train.Feature()


def example(tf, **features):
    made = {key: feature(tf, values) for key, values in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString()


def batch(tf):
    return [example(tf, a=[1.0, 2.0], b=[3], c=[b"x", b"y"]), example(tf, a=[3.0, 4.0], c=[b"z"], n=[])]


def kinds(tf):
    return {
        "a": tf.io.FixedLenFeature([2], tf.float32),
        "b": tf.io.VarLenFeature(tf.int64),
        "c": tf.io.RaggedFeature(tf.string),
        "s": tf.io.FixedLenSequenceFeature([], tf.float32, allow_missing=True),
    }


@snippet(serialized=["batch", "scalar", "empty"])
def every_kind(tf, serialized):
    data = {"batch": batch(tf), "scalar": batch(tf)[0], "empty": tf.constant([], tf.string)}[serialized]
    return tf.io.parse_example(data, kinds(tf))


@snippet
def single(tf):
    return [tf.io.parse_single_example(s, kinds(tf)) for s in [*batch(tf)]], tf.io.parse_single_example(
        b"", {"b": tf.io.VarLenFeature(tf.int64)}
    )


@snippet
def in_a_function(tf):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def parse(serialized):
        return tf.io.parse_example(serialized, kinds(tf))

    return parse(tf.constant(batch(tf)))


@snippet(default=[7, [7]])
def defaults(tf, default):
    return tf.io.parse_example(
        batch(tf),
        {
            "b": tf.io.FixedLenFeature([1], tf.int64, default_value=default),
            "n": tf.io.FixedLenFeature([], tf.string, default_value="none"),
            "m": tf.io.FixedLenFeature([1, 2], tf.float32, default_value=[[1.0, 2.0]]),
        },
    )


@raises(
    what=[
        "missing", "default size", "default type", "type", "count", "sparse type", "dtype", "no features", "None", "rank",
        "single rank", "unknown shape", "kind", "sequence", "sequence size", "both",
    ]
)  # fmt: skip
def refused(tf, what):
    io = tf.io
    data = batch(tf)
    parse = io.parse_example
    {
        "missing": lambda: parse(data, {"b": io.FixedLenFeature([1], tf.int64)}),
        "default size": lambda: parse(data, {"b": io.FixedLenFeature([2], tf.int64, default_value=[7])}),
        "default type": lambda: parse(data, {"b": io.FixedLenFeature([1], tf.int64, default_value=7.5)}),
        "type": lambda: parse(data, {"a": io.FixedLenFeature([2], tf.int64)}),
        "count": lambda: parse(data, {"a": io.FixedLenFeature([3], tf.float32)}),
        "sparse type": lambda: parse(data, {"a": io.VarLenFeature(tf.int64)}),
        "dtype": lambda: parse(data, {"a": io.VarLenFeature(tf.int32)}),
        "no features": lambda: parse(data, {}),
        "None": lambda: io.parse_single_example(data[0], None),
        "rank": lambda: parse([data], {"a": io.FixedLenFeature([2], tf.float32)}),
        "single rank": lambda: io.parse_single_example(data, {"a": io.FixedLenFeature([2], tf.float32)}),
        "unknown shape": lambda: parse(data, {"a": io.FixedLenFeature([None], tf.float32)}),
        "kind": lambda: parse(data, {"a": 3}),
        "sequence": lambda: parse(data, {"a": io.FixedLenSequenceFeature([2], tf.float32)}),
        "sequence size": lambda: parse(
            data, {"a": io.FixedLenSequenceFeature([3], tf.float32, allow_missing=True)}
        ),
        "both": lambda: parse(
            data, {"a": io.FixedLenFeature([2], tf.float32), "s": io.SparseFeature("b", "a", tf.float32, 10)}
        ),
    }[what]()


@snippet
def sequences_in_examples(tf):
    data = [example(tf, a=[1.0, 2.0, 3.0, 4.0]), example(tf, a=[3.0, 4.0]), example(tf)]
    kind = tf.io.FixedLenSequenceFeature
    return [
        tf.io.parse_example(data, {"a": kind([2], tf.float32, allow_missing=True, default_value=-1.0)}),
        tf.io.parse_example(data, {"a": kind([], tf.float32, allow_missing=True)}),
        tf.io.parse_example(data[:1], {"q": kind([2], tf.string, allow_missing=True)}),
    ]


@snippet(already_sorted=[False, True])
def sparse_features(tf, already_sorted):
    data = [example(tf, i=[5, 2], v=[1.0, 2.0]), example(tf, i=[9], v=[3.0]), example(tf)]
    kind = tf.io.SparseFeature("i", "v", tf.float32, 10, already_sorted)
    two = [example(tf, i=[0, 1], j=[1, 0], v=[1.0, 2.0])]
    return (
        tf.io.parse_example(data, {"s": kind}),
        tf.io.parse_single_example(data[0], {"s": kind}),
        tf.io.parse_example(two, {"s": tf.io.SparseFeature(["i", "j"], "v", tf.float32, [2, 2])}),
    )


@snippet(kind=["RowSplits", "RowLengths", "RowStarts", "RowLimits", "ValueRowIds"], dtype=["int32", "int64"])
def ragged_features(tf, kind, dtype):
    given = {
        "RowSplits": ([0, 2, 3], [0, 0, 1]),
        "RowLengths": ([2, 1], [0, 1]),
        "RowStarts": ([0, 2], [0, 0]),
        "RowLimits": ([2, 3], [0, 1]),
        "ValueRowIds": ([0, 0, 1], [1]),
    }[kind]
    data = [example(tf, v=[1, 2, 3], p=given[0]), example(tf, v=[4], p=given[1])]
    partition = getattr(tf.io.RaggedFeature, kind)("p")
    features = {"r": tf.io.RaggedFeature(tf.int64, "v", [partition], tf.dtypes.as_dtype(dtype))}
    return tf.io.parse_example(data, features), tf.io.parse_single_example(data[0], features)


@snippet
def ragged_features_of_higher_rank(tf):
    R = tf.io.RaggedFeature
    data = [example(tf, v=[1, 2, 3, 4], i=[2, 2], j=[1, 1]), example(tf, v=[5, 6], i=[1, 1], j=[2])]
    return (
        tf.io.parse_example(data, {"r": R(tf.int64, "v", [R.RowLengths("j"), R.RowLengths("i")])}),
        tf.io.parse_example(data, {"r": R(tf.int64, "v", [R.UniformRowLength(2)])}),
        tf.io.parse_single_example(data[0], {"r": R(tf.int64, "v", [R.RowLengths("j"), R.RowLengths("i")])}),
        R(tf.int64, partitions=[R.RowSplits("k")]).partitions[0].key,
    )


@raises
def ragged_partitions_that_do_not_fit(tf):
    R = tf.io.RaggedFeature
    data = [example(tf, v=[1, 2, 3, 4], i=[2, 9])]
    return tf.io.parse_example(data, {"r": R(tf.int64, "v", [R.RowLengths("i")], validate=True)})


# ------------------------------------------------------------------------------------------------------ SequenceExample
def sequence(tf, context, **lists):
    made = {
        key: tf.train.FeatureList(feature=[feature(tf, values) for values in rows])
        for key, rows in lists.items()
    }
    return tf.train.SequenceExample(
        context=tf.train.Features(feature={"l": feature(tf, context)}),
        feature_lists=tf.train.FeatureLists(feature_list=made),
    ).SerializeToString()


def sequences(tf):
    return [
        sequence(tf, [1], a=[[1.0, 2.0], [3.0, 4.0]], b=[[b"x"], [b"y", b"z"]]),
        sequence(tf, [2], a=[[5.0, 6.0]], b=[[b"w"]]),
    ]


@snippet(one=[False, True])
def sequence_examples(tf, one):
    io = tf.io
    context = {
        "l": io.FixedLenFeature([], tf.int64),
        "m": io.FixedLenFeature([], tf.int64, default_value=4),
        "v": io.VarLenFeature(tf.float32),
    }
    lists = {
        "a": io.FixedLenSequenceFeature([2], tf.float32),
        "b": io.VarLenFeature(tf.string),
        "z": io.FixedLenSequenceFeature([3], tf.int64, allow_missing=True),
    }
    data = sequences(tf)
    if one:
        return io.parse_single_sequence_example(data[0], context, lists), io.parse_sequence_example(
            data[0], context, lists
        )
    return io.parse_sequence_example(data, context, lists)


@snippet
def ragged_sequence_examples(tf):
    data = sequences(tf)
    kind = {"b": tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64)}
    context = {"l": tf.io.RaggedFeature(tf.int64)}
    return (
        tf.io.parse_sequence_example(data, context, kind),
        tf.io.parse_single_sequence_example(data[0], context, kind),
    )


@raises(
    what=["missing", "default", "count", "type", "damaged", "none", "one none", "rank", "kind", "context"]
)
def refused_sequences(tf, what):
    io = tf.io
    data = sequences(tf)
    kind = io.FixedLenSequenceFeature
    {
        "missing": lambda: io.parse_sequence_example(data, None, {"z": kind([2], tf.float32)}),
        "default": lambda: io.parse_sequence_example(data, None, {"z": kind([2], tf.float32, True, 3.0)}),
        "count": lambda: io.parse_sequence_example(data, None, {"a": kind([3], tf.float32)}),
        "type": lambda: io.parse_sequence_example(data, None, {"a": kind([2], tf.int64)}),
        "damaged": lambda: io.parse_sequence_example([b"\xff"], None, {"a": kind([2], tf.float32)}),
        "none": lambda: io.parse_sequence_example(data, None, None),
        "one none": lambda: io.parse_single_sequence_example(data[0]),
        "rank": lambda: io.parse_single_sequence_example(data, None, {"a": kind([2], tf.float32)}),
        "kind": lambda: io.parse_sequence_example(data, None, {"a": io.FixedLenFeature([2], tf.float32)}),
        "context": lambda: io.parse_sequence_example(data, {"m": io.FixedLenFeature([], tf.int64)}, None),
    }[what]()


# ------------------------------------------------------------------------------------------------------------------ CSV
@snippet
def csv(tf):
    decode = tf.io.decode_csv
    return [
        decode(["1,a,2.5", '2,"b,""c",3'], [[0], [""], [0.0]]),
        decode("1,2", [[0], [0]]),
        decode([["1", "2"]], [[0]]),
        decode(["1,", "2,3"], [[0], [9]]),
        decode([",2"], [5, tf.constant(2)]),
        decode(['1,a"b'], [[0], [""]], use_quote_delim=False),
        decode(["1|2"], [[0], [0]], field_delim="|"),
        decode(["1,NA", "2,"], [[0], ["d"]], na_value="NA"),
        decode(["1,2,3"], [[0], [0]], select_cols=[0, 2]),
        decode([" 1 , 2"], [[0], [""]]),
        decode(["99999999999"], [tf.constant([], tf.int64)]),
        decode(['"1","2.5"'], [[0], [0.0]]),
        decode(["1e3, inf"], [[0.0], tf.constant([], tf.float64)]),
        tf.function(decode)(tf.constant(["1,2"]), [[0], [0]]),
    ]


@raises(
    record=["1", "1,2,3", "1,x", '1,a"b', '1,"ab', '1,"ab"c', "1,a\nb", "1,2\r\n", "99999999999,1", "", "1,"],
)
def bad_csv(tf, record):
    return tf.io.decode_csv([record], [[0], tf.constant([], tf.int32)])


@raises(what=["order", "more", "number", "delimiter", "default", "bool", "dtype"])
def bad_csv_arguments(tf, what):
    decode = tf.io.decode_csv
    {
        "order": lambda: decode(["1,2,3"], [[0], [0]], select_cols=[2, 0]),
        "more": lambda: decode(["1,2,3"], [[0], [0]], select_cols=[0, 5]),
        "number": lambda: decode(["1,2,3"], [[0]], select_cols=[0, 1]),
        "delimiter": lambda: decode(["1|2"], [[0], [0]], field_delim="||"),
        "default": lambda: decode(["1"], [[0, 1]]),
        "bool": lambda: decode(["1"], [[True]]),
        "dtype": lambda: decode(["1"], [tf.int32]),
    }[what]()


# -------------------------------------------------------------------------------------------------------------- bytes
@snippet
def tensors(tf):
    values = [1.0, [1, 2], "a", ["a", "b"], True, 1 + 2j, [[1.5]]]
    return (
        [tf.io.serialize_tensor(v) for v in values],
        [tf.io.serialize_tensor(tf.cast([1, 2], d)) for d in (tf.float16, tf.bfloat16, tf.uint8, tf.int64)],
        [tf.io.parse_tensor(tf.io.serialize_tensor(v), tf.constant(v).dtype) for v in values],
    )


@raises(data=[b"\xff\xff", b"", b"\x08\x03", b"\x08\x01\x12\x04\x12\x02\x08\x05"])
def bad_tensors(tf, data):
    return tf.io.parse_tensor(data, tf.float32) + (tf.zeros([3]) if data.startswith(b"\x08\x01") else 0.0)


@raises(what=["type", "rank"])
def refused_tensors(tf, what):
    data = tf.io.serialize_tensor([1.0, 2.0])
    return (
        tf.io.parse_tensor(data, tf.int32) if what == "type" else tf.io.parse_tensor([data, data], tf.float32)
    )


@snippet
def tensor_messages(tf):
    make = tf.make_tensor_proto
    made = [
        make(0), make(1.5), make([1, 2]), make(["a", b"b"]), make([1.0], dtype=tf.float64), make([1, 1], shape=[4]),
        make(1, shape=[2, 2]), make([1, 2], shape=[2, 1]), make(True), make(1j), make(tf.constant(1)),
    ]  # fmt: skip
    return [m.SerializeToString() for m in made], [tf.make_ndarray(m) for m in made]


@raises(what=["many", "verify", "none", "type"])
def refused_tensor_messages(tf, what):
    make = tf.make_tensor_proto
    {
        "many": lambda: make([1, 2, 3], shape=[2]),
        "verify": lambda: make([1, 2], shape=[2, 1], verify_shape=True),
        "none": lambda: make(None),
        "type": lambda: make(1.5, dtype=tf.int32),
    }[what]()


@snippet
def sparse_tensors(tf):
    x = tf.sparse.from_dense([[0, 1, 0], [2, 0, 3]])
    one, many = tf.io.serialize_sparse(x), tf.io.serialize_many_sparse(x)
    return (
        one,
        many,
        tf.io.deserialize_many_sparse(many, tf.int32),
        tf.io.deserialize_many_sparse(tf.stack([one, one]), tf.int32, rank=3),
    )


@raises(what=["damaged", "type", "dense"])
def refused_sparse_tensors(tf, what):
    x = tf.sparse.from_dense([[0, 1, 0], [2, 0, 3]])
    {
        "damaged": lambda: tf.io.deserialize_many_sparse([[b"a", b"b", b"c"]], tf.int32),
        "type": lambda: tf.io.deserialize_many_sparse(tf.io.serialize_many_sparse(x), tf.float32),
        "dense": lambda: tf.io.serialize_sparse([1]),
    }[what]()


@snippet
def compressed(tf):
    import gzip
    import zlib

    decode = tf.io.decode_compressed
    return (
        decode(zlib.compress(b"abc"), "ZLIB"),
        decode([gzip.compress(b"abc"), gzip.compress(b"")], compression_type="GZIP"),
        decode([b"x", b"y"]),
        decode(b"", "ZLIB"),
    )


@raises(kind=["ZLIB", "GZIP", "BZ2"])
def bad_compressed(tf, kind):
    return tf.io.decode_compressed(b"abc", kind)


@snippet
def json(tf):
    text = '{"features":{"feature":{"a":{"int64List":{"value":["1", 2]}}, "b":{"bytesList":{"value":["YWI="]}}}}}'
    features = {"a": tf.io.FixedLenFeature([2], tf.int64), "b": tf.io.FixedLenFeature([], tf.string)}
    return tf.io.parse_single_example(tf.io.decode_json_example(text), features), tf.io.decode_json_example(
        ["{}", "{}"]
    )


@raises(text=["{", '{"q": 1}', "[]"])
def bad_json(tf, text):
    return tf.io.decode_json_example(text)


@snippet
def raw(tf):
    decode = tf.io.decode_raw
    return [
        decode(b"abcd", tf.uint8),
        decode([b"abcd"], tf.int16, little_endian=False),
        decode([b"ab", b"abcd"], tf.uint8, fixed_length=3),
        decode(b"\x00\x01", tf.bool),
        decode([b"", b""], tf.float32),
    ]


@raises(what=["size", "fixed"])
def bad_raw(tf, what):
    return tf.io.decode_raw(b"abc", tf.int16, fixed_length=3 if what == "fixed" else None)


@snippet
def messages_of_a_described_type(tf):
    data = tf.io.encode_proto(
        [[2], [1]], [tf.constant([[3, 4], [5, 0]], tf.int64)], ["value"], "tensorflow.Int64List"
    )
    decoded = tf.io.decode_proto(data, "tensorflow.Int64List", ["value"], [tf.int64])
    empty = tf.io.decode_proto([b""], "tensorflow.Example", ["features"], [tf.string])
    return data, decoded.sizes, decoded.values, empty.sizes, empty.values


@raises(what=["type", "field", "dtype", "empty", "damaged", "format", "size", "matrix"])
def refused_messages(tf, what):
    kind = "tensorflow.Int64List"
    decode, encode = tf.io.decode_proto, tf.io.encode_proto
    {
        "type": lambda: decode([b""], "tensorflow.NoSuch", ["value"], [tf.int64]),
        "field": lambda: decode([b""], kind, ["none"], [tf.int64]),
        "dtype": lambda: decode([b""], kind, ["value"], [tf.float32]),
        "empty": lambda: decode(tf.constant([], tf.string), kind, ["value"], [tf.int64]),
        "damaged": lambda: decode([b"\xff"], kind, ["value"], [tf.int64]),
        "format": lambda: decode([b""], kind, ["value"], [tf.int64], message_format="json"),
        "size": lambda: encode([[3]], [tf.constant([[1]], tf.int64)], ["value"], kind),
        "matrix": lambda: encode([1], [tf.constant([1], tf.int64)], ["value"], kind),
    }[what]()
