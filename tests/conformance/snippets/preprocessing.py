"""What preprocessing layers are made of: splitting, hashing and counting of strings, integers, ragged and sparse tensors."""

from conformance.harness import raises, snippet

LINES = ["The quick  brown fox", "", " a b ", "x,y;z"]


@snippet
def standardize(tf):
    lower = tf.strings.lower(LINES, encoding="utf-8")
    strip = r'[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']'
    clean = tf.strings.regex_replace(lower, strip, "")
    ragged = tf.strings.split(clean)
    return lower, clean, ragged, tf.strings.unicode_split(clean, "UTF-8"), ragged.to_tensor("")


@snippet(n=[1, 2, 3, (1, 2), (2, 4)])
def ngrams(tf, n):
    words = tf.strings.split(LINES)
    return (
        tf.strings.ngrams(words, n),
        tf.strings.ngrams(words, n, separator="-"),
        tf.strings.ngrams(words, n, pad_values="#"),
        tf.strings.ngrams(words, n, pad_values=("<", ">"), padding_width=1),
        tf.strings.ngrams(words, n, preserve_short_sequences=True),
        tf.strings.ngrams(["a", "b", "c"], n),
    )


@snippet(sep=[None, " ", ",", ""], maxsplit=[-1, 1])
def split(tf, sep, maxsplit):
    return (
        tf.strings.split(LINES, sep, maxsplit),
        tf.strings.split("a b,c", sep, maxsplit),
        tf.strings.split(tf.ragged.constant([["a b"], [], ["c", "d,e"]]), sep, maxsplit),
        tf.strings.split([["a b"], ["c"]], sep, maxsplit),
    )


@snippet(n=[1, 7, 2**40])
def hashes(tf, n):
    words = tf.constant([*LINES, "é", "x" * 100])
    numbers = tf.strings.as_string(tf.constant([1, -5, 2**40], tf.int64))
    return (
        tf.strings.to_hash_bucket_fast(words, n), tf.strings.to_hash_bucket_strong(words, n, key=[133, 137]),
        tf.strings.to_hash_bucket_strong(words, n, [0, 0]), tf.strings.to_hash_bucket(words, n),
        tf.strings.to_hash_bucket_fast(numbers, n), tf.strings.to_hash_bucket_fast(tf.strings.split(LINES), n),
        tf.strings.to_hash_bucket_strong(tf.ragged.constant([["a"], []]), n, [1, 2]),
    )  # fmt: skip


@raises(n=[0, -3])
def no_buckets(tf, n):
    tf.strings.to_hash_bucket_fast(["a"], n)


@snippet(bins=[1, 10, 1000])
def crossed(tf, bins):
    a, b = tf.constant([["a"], ["b"]]), tf.constant([["x", "y"], ["z", "z"]])
    numbers = tf.constant([[5], [-7]], tf.int64)
    sparse = tf.sparse.from_dense([["p", ""], ["q", "r"]])
    ragged = tf.ragged.constant([["a", "b"], []])
    return (
        tf.sparse.cross_hashed([a, b], bins),
        tf.sparse.cross_hashed([a, numbers], bins, hash_key=42),
        tf.sparse.cross_hashed([a, sparse], bins),
        tf.sparse.cross_hashed([numbers, b, sparse], bins),
        tf.sparse.cross([a, b]),
        tf.sparse.cross([a, sparse], separator="-"),
        tf.ragged.cross_hashed([ragged, a], bins),
        tf.ragged.cross([ragged, b]),
    )


MODES = {"count": {}, "binary": {"binary_output": True}, "weights": {"weights": True}}


@snippet(mode=list(MODES), dtype=["int32", "int64"], limits=[(None, None), (7, None), (None, 3), (4, 4)])
def bincount(tf, mode, dtype, limits):
    minlength, maxlength = limits
    dense = tf.constant([[1, 1, 0], [5, 3, 3]], dtype)
    vector = tf.constant([2, 2, 5], dtype)
    ragged = tf.ragged.constant([[1, 1], [], [5, 0, 3]], dtype=dtype)
    sparse = tf.SparseTensor([[0, 0], [0, 2], [1, 1]], tf.constant([3, 3, 5], dtype), [3, 3])

    def options(like):
        out = dict(MODES[mode], minlength=minlength, maxlength=maxlength)
        if "weights" in out:
            flat = lambda v: tf.cast(v, tf.float32) * 0.5
            if isinstance(like, tf.RaggedTensor):
                out["weights"] = like.with_flat_values(flat(like.flat_values))
            elif isinstance(like, tf.SparseTensor):
                out["weights"] = tf.SparseTensor(like.indices, flat(like.values), like.dense_shape)
            else:
                out["weights"] = flat(like)
        return out

    out = [
        tf.sparse.bincount(x, axis=axis, **options(x))
        for x in (dense, ragged, sparse)
        for axis in (0, -1)
        if not (axis == 0 and x is not dense)
    ]
    plain = [
        tf.math.bincount(dense, axis=-1, **options(dense)),
        tf.math.bincount(vector, **options(vector)),
    ]
    return out, plain, tf.sparse.bincount(vector, **options(vector))


@raises(case=["negative", "axis", "binary_weights", "shape"])
def bincount_misuse(tf, case):
    x = tf.constant([[1, 2], [3, 0]])
    {
        "negative": lambda: tf.sparse.bincount(tf.constant([[-1, 2]])),
        "axis": lambda: tf.sparse.bincount(x, axis=3),
        "binary_weights": lambda: tf.math.bincount(x, weights=tf.ones([2, 2]), binary_output=True, axis=-1),
        "shape": lambda: tf.sparse.bincount(x, weights=tf.ones([3])),
    }[case]()


@snippet
def bucketize(tf):
    f = tf.raw_ops.Bucketize
    return (
        f(input=tf.constant([-1.0, 0.0, 0.5, 1.0, 2.0, 3e38]), boundaries=[0.0, 1.0, 2.0]),
        f(input=tf.constant([[1, 5]]), boundaries=[]),
        f(input=tf.constant([1, 5], tf.int64), boundaries=[1, 3.5, 3.5, 5]),
        f(input=tf.constant([0.1], tf.float64), boundaries=[0.1]),
        f(input=tf.constant([16777217]), boundaries=[16777217.0]),
        f(input=tf.constant(2.0), boundaries=[1.0]),
    )


@raises(case=["unsorted", "dtype", "tensor"])
def bucketize_misuse(tf, case):
    f = tf.raw_ops.Bucketize
    {
        "unsorted": lambda: f(input=tf.constant([1.0]), boundaries=[2.0, 1.0]),
        "dtype": lambda: f(input=tf.constant([1], tf.int16), boundaries=[1.0]),
        "tensor": lambda: f(input=tf.constant([1.0]), boundaries=tf.constant([1.0])),
    }[case]()


@snippet
def one_hot_of_sparse(tf):
    s = tf.SparseTensor([[0, 0], [2, 1]], [3, 1], [3, 2])
    return (
        tf.sparse.fill_empty_rows(s, -1),
        tf.sparse.expand_dims(s, -1),
        tf.sparse.reshape(s, [-1]),
        tf.sparse.map_values(tf.multiply, s, 2),
        tf.sparse.map_values(tf.strings.as_string, s),
        tf.sparse.concat(1, [s, s]),
        tf.sparse.to_dense(tf.sparse.reorder(tf.SparseTensor([[1, 0], [0, 0]], [1, 2], [2, 2]))),
        tf.sparse.retain(s, [True, False]),
        tf.sparse.slice(s, [0, 0], [3, 1]),
        tf.sparse.to_indicator(tf.cast(s, tf.int64), 5),
        tf.sparse.reduce_max(s, 1), tf.sparse.reduce_sum(s, 0, keepdims=True),
    )  # fmt: skip


@snippet
def sampled_addmm(tf):
    a, b = tf.reshape(tf.range(6.0), [2, 3]), tf.reshape(tf.range(12.0), [3, 4])
    f = tf.sparse.sampled_addmm
    return (
        f([[0, 0], [1, 3]], tf.constant([1.0, 2.0]), [2, 4], a, b),
        f([[0, 0], [1, 3]], tf.constant([1.0, 2.0]), [2, 4], a, b, beta=0.5, alpha=2.0),
    )


@snippet
def unicode(tf):
    x = tf.ragged.constant([["aé"], [], ["", "日本"]])
    return (
        tf.strings.unicode_split_with_offsets(x, "UTF-8"), tf.strings.unicode_split_with_offsets("né", "UTF-8"),
        tf.strings.unicode_decode_with_offsets(["é", "xy"], "UTF-8"), tf.strings.unicode_decode(x, "UTF-8"),
        tf.strings.unicode_encode(tf.ragged.constant([[97, 233], []]), "UTF-8"),
        tf.strings.unicode_transcode(["é"], "UTF-8", "UTF-16-BE"), tf.strings.bytes_split(["ab", "", "é"]),
        tf.strings.unsorted_segment_join(["a", "b", "c"], [1, 0, 1], 3, ":"),
        tf.strings.unsorted_segment_join([["a", "b"], ["c", "d"]], [0, 0], 1),
        tf.strings.format("{} and {}", (tf.constant([1, 2]), tf.constant("x"))),
        tf.strings.format("When {}", (tf.constant(["a", "b"]),)),
        tf.strings.format("nothing", ()), tf.strings.format("% of", tf.range(10), placeholder="%", summarize=2),
    )  # fmt: skip
