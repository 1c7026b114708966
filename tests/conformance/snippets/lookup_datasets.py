"""Lookup tables filled from datasets, and used in datasets."""

from conformance.harness import raises, snippet


def pairs(tf, keys=("a", "b", "c"), values=(1, 2, 3), dtype="int32"):
    return tf.data.Dataset.from_tensor_slices((list(keys), tf.constant(list(values), dtype)))


def static(tf, dataset, default=-1):
    return tf.lookup.StaticHashTable(tf.data.experimental.DatasetInitializer(dataset), default)


@snippet
def filled(tf):
    made = static(tf, pairs(tf))
    numbers = static(tf, tf.data.Dataset.range(100).map(lambda x: (x, tf.strings.as_string(x * 2))), "")
    return (
        made.lookup(tf.constant(["b", "z"])),
        made.size(),
        numbers[tf.constant([0, 7, 100], tf.int64)],
        static(tf, pairs(tf, "ab", [0.5, 1.5], "float64"), 0.0)[tf.constant(["b"])],
        tf.lookup.StaticVocabularyTable(
            tf.data.experimental.DatasetInitializer(pairs(tf, values=range(3), dtype="int64")), 1
        ).lookup(tf.constant(["c", "z"])),
    )


@snippet
def filled_in_a_function(tf):
    data = pairs(tf)

    @tf.function
    def f(x):
        return static(tf, data).lookup(x)

    return f(tf.constant(["b", "z"])), f(tf.constant(["c"]))


@raises(case=["not_pairs", "vectors", "three", "nested"])
def other_elements(tf, case):
    data = tf.data.Dataset
    tf.data.experimental.DatasetInitializer(
        {
            "not_pairs": lambda: data.from_tensor_slices(["a"]),
            "vectors": lambda: data.from_tensors((["a"], 1)),
            "three": lambda: data.from_tensors((1, 2, 3)),
            "nested": lambda: data.from_tensors((1, (2, 3))),
        }[case]()
    )


@raises
def keys_differ(tf):
    static(tf, pairs(tf, "aa", [1, 2]))


@raises
def nothing_in_it(tf):
    static(tf, pairs(tf).take(0))


@raises
def error_on_the_way(tf):
    bad = lambda k, v: (k, tf.debugging.check_numerics(tf.cast(v, tf.float32) / 0.0, "bad"))
    static(tf, pairs(tf).map(bad), -1.0)


@snippet
def tables(tf):
    table, index = tf.data.experimental.table_from_dataset, tf.data.experimental.index_table_from_dataset
    ids, asked = pairs(tf, values=range(3), dtype="int64"), tf.constant(["a", "z", "q"])
    words, numbers = tf.data.Dataset.from_tensor_slices(["x", "y"]), tf.data.Dataset.range(5, 8)
    return (
        table(pairs(tf)).lookup(asked),
        table(pairs(tf), default_value=7).lookup(asked),
        table(ids, num_oov_buckets=3).lookup(asked),
        table(ids, num_oov_buckets=3).size(),
        index(words).lookup(tf.constant(["y", "q"])),
        index(words, num_oov_buckets=2).lookup(tf.constant(["y", "q", "r"])),
        index(numbers, key_dtype=tf.int64).lookup(tf.constant([6, 1], tf.int64)),
        index(numbers, num_oov_buckets=2, key_dtype=tf.int32).lookup(tf.constant([6, 1])),
        table(pairs(tf), vocab_size=2).size(),
        table(pairs(tf), vocab_size=tf.constant(3)).size(),
    )


BAD = {
    "vocab_size": {"vocab_size": 0},
    "buckets": {"num_oov_buckets": -1},
    "key_dtype": {"key_dtype": "float32"},
    "value_dtype": {"num_oov_buckets": 2},
}


@raises(case=list(BAD))
def bad_arguments(tf, case):
    options = dict(BAD[case])
    if "key_dtype" in options:
        options["key_dtype"] = tf.float32
    tf.data.experimental.table_from_dataset(pairs(tf), **options)


@raises
def fewer_than_said(tf):
    tf.data.experimental.table_from_dataset(pairs(tf), vocab_size=5)


@raises
def strings_need_a_default(tf):
    tf.data.experimental.table_from_dataset(tf.data.Dataset.from_tensor_slices((["a"], ["b"])))


@snippet
def used_in_a_pipeline(tf):
    words = tf.data.Dataset.from_tensor_slices(["a c", "b", "q a a"])
    made = static(tf, pairs(tf))
    counts = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, 0)

    def count(word):
        counts.insert(word, counts.lookup(word) + 1)
        return word

    split = words.map(lambda line: made.lookup(tf.strings.split(line)))
    flat = words.flat_map(lambda line: tf.data.Dataset.from_tensor_slices(tf.strings.split(line)))
    seen = list(flat.map(count))
    return (
        list(split),
        list(words.batch(3).map(lambda x: made[tf.strings.split(x)])),
        seen,
        counts["a"],
        counts["q"],
    )
