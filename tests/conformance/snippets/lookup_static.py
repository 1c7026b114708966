"""tf.lookup: tables that are filled once, from tensors and from text files."""

import contextlib

from conformance.harness import raises, snippet

KEYS = {"string": ["a", "b", "c"], "int32": [5, -3, 900], "int64": [5, -3, 2**40]}
VALUES = {
    "string": ["x", "", "zz"], "int32": [1, 2, -3], "int64": [2**40, 2, 3], "float32": [0.5, -1.0, 3e38],
    "float64": [1e300, 2.0, 3.0], "bool": [True, False, True], "int8": [1, 2, 3],
}  # fmt: skip
DEFAULTS = {"string": "none", "bool": False}


def table(tf, keys=("a", "b", "c"), values=(7, 8, 9), default=-1, **options):
    entries = tf.lookup.KeyValueTensorInitializer(list(keys), list(values), **options)
    return tf.lookup.StaticHashTable(entries, default)


def ids(tf, keys=("a", "b", "c"), **options):
    return tf.lookup.KeyValueTensorInitializer(list(keys), tf.range(len(keys), dtype=tf.int64), **options)


def entries(table):
    """What is in a table, in an order of our own."""
    keys, values = table.export()
    return keys.dtype, values.dtype, sorted(zip(keys.numpy().tolist(), values.numpy().tolist()))


@snippet(either=True, key=[*KEYS, "float32", "uint8"], value=[*VALUES, "uint8"])
def types(tf, key, value):
    keys = KEYS.get(key, [1, 2, 3])
    made = table(
        tf, keys, VALUES.get(value, [1, 2, 3]), DEFAULTS.get(value, 0), key_dtype=key, value_dtype=value
    )
    unknown = "q" if key == "string" else 1234
    return made.lookup(tf.constant([*keys, unknown], key)), made.size(), made.key_dtype, made.value_dtype


@snippet(key=["string", "int32", "int64"])
def shapes(tf, key):
    made = table(tf, KEYS[key], [1.5, 2.5, 3.5], 0.0, key_dtype=key)
    k = KEYS[key]
    return (
        made[tf.constant(k[0], key)],
        made[tf.constant([], key)],
        made[tf.constant([[k[0]], [k[2]]], key)],
        made[tf.zeros([0, 3], key) if key != "string" else tf.constant([], key, [0, 3])],
        made.lookup(tf.ragged.constant([[k[0]], [], [k[1], k[1]]], dtype=key)),
        made.lookup(tf.SparseTensor([[0, 1], [2, 0]], tf.constant([k[0], k[1]], key), [3, 4])),
    )


@snippet(n=[3, 2000])
def many_integers(tf, n):
    import numpy as np

    keys = np.random.RandomState(0).permutation(n) * 10**15 - 7
    made = table(tf, keys, np.arange(n), -1, key_dtype="int64", value_dtype="int64")
    asked = np.concatenate([keys[::-1], keys + 1, [np.iinfo(np.int64).min, np.iinfo(np.int64).max]])
    return made.lookup(tf.constant(asked))


@snippet
def close_integers(tf):
    import numpy as np

    made = table(tf, [-3, 0, 2, 1], [1, 2, 3, 4], -1, key_dtype="int64")
    return made.lookup(tf.constant([-4, -3, -2, 0, 1, 2, 3, np.iinfo(np.int64).min, np.iinfo(np.int64).max]))


@snippet
def contents(tf):
    made = table(tf)
    return (
        entries(made),
        made.size(),
        made.default_value,
        made.name,
        made.resource_handle.dtype,
        made.resource_handle.shape,
    )


@snippet
def repeated_keys(tf):
    return entries(table(tf, ["a", "b", "a"], [1, 2, 1]))


@raises
def repeated_keys_differ(tf):
    table(tf, ["a", "b", "a"], [1, 2, 3])


@raises
def repeated_integers_differ(tf):
    table(tf, [1, 2, 1], [1, 2, 3], key_dtype="int64")


@snippet
def matrices_of_entries(tf):
    return entries(table(tf, [["a"], ["b"]], [[1], [2]])), entries(table(tf, [["a", "b"]], [[1, 2]]))


@raises
def too_few_values(tf):
    table(tf, ["a", "b"], [1])


@raises
def other_shape(tf):
    table(tf, [["a"], ["b"]], [1, 2])


@raises
def no_entries(tf):
    table(
        tf,
        [],
        [],
        key_dtype=tf.string,
        value_dtype=tf.int32,
    )


@raises(key=["int64", "float32"])
def key_dtype_does_not_fit(tf, key):
    tf.lookup.KeyValueTensorInitializer(["a"], [1], key, tf.int64)


@raises
def tensor_of_another_dtype(tf):
    tf.lookup.KeyValueTensorInitializer(tf.constant([1]), [1], tf.int64, tf.int64)


@raises
def keys_of_another_dtype(tf):
    table(tf).lookup(tf.constant([1]))


@raises
def ragged_keys_of_another_dtype(tf):
    table(tf).lookup(tf.ragged.constant([[1]]))


@raises(default=[[0, 1], 1.5, "x"])
def bad_default(tf, default):
    table(tf, default=default)


@raises
def initializer_and_table_differ(tf):
    class Lying(tf.lookup.KeyValueTensorInitializer):
        key_dtype = property(lambda self: tf.int64)

    tf.lookup.StaticHashTable(Lying(["a"], [1]), -1)


def _unfilled(tf):
    class Nothing(tf.lookup.KeyValueTensorInitializer):
        def __init__(self):
            self._key_dtype, self._value_dtype = tf.string, tf.int64

        def initialize(self, table):
            pass

    return tf.lookup.StaticHashTable(Nothing(), -1)


@snippet
def never_filled(tf):
    made = _unfilled(tf)
    return made.size(), made.key_dtype, made.value_dtype


@raises(what=["lookup", "export"])
def never_filled_but_used(tf, what):
    made = _unfilled(tf)
    made.lookup(tf.constant(["a"])) if what == "lookup" else made.export()


# ------------------------------------------------------------------------------------------------------- in functions
@snippet
def captured_by_a_function(tf):
    made = table(tf)

    @tf.function(input_signature=[tf.TensorSpec(None, tf.string)])
    def f(x):
        return made.lookup(x), made[x] + 1, made.size()

    return f(tf.constant("a")), f(tf.constant([["b", "q"]]))


@snippet
def made_in_a_function(tf):
    @tf.function
    def f(x):
        return table(tf, ["a", "b"], [1, 2]).lookup(x)

    return f(tf.constant(["a", "z"])), f(tf.constant(["b"]))


@snippet
def made_of_a_functions_values(tf):
    @tf.function
    def f(x, keys):
        made = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, tf.size(keys)[None]), -1)
        return made.lookup(x)

    return f(tf.constant(["a", "z"]), tf.constant(["a"]))


@snippet
def made_in_init_scope(tf):
    made = []

    @tf.function
    def f(x):
        if not made:
            with tf.init_scope():
                made.append(table(tf, ["a", "b"], [1, 2]))
        return made[0].lookup(x)

    return f(tf.constant(["a", "z"])), f(tf.constant([["b"]])), made[0].size()


@snippet
def in_control_flow(tf):
    made = table(tf)

    @tf.function
    def f(x):
        picked = tf.cond(tf.size(x) > 1, lambda: made.lookup(x), lambda: made.lookup(x) + 10)
        total = tf.zeros_like(picked)
        for _ in tf.range(3):
            total += made.lookup(x)
        return picked, total

    return f(tf.constant(["a"])), f(tf.constant(["a", "q"]))


@snippet
def in_map_fn(tf):
    made = table(tf)
    return tf.map_fn(made.lookup, tf.constant(["a", "q"]), fn_output_signature=tf.int32)


@snippet
def ragged_in_a_function(tf):
    made = table(tf)
    return tf.function(made.lookup)(tf.ragged.constant([["a"], [], ["q", "c"]]))


@snippet
def gradient_does_not_flow(tf):
    made = table(tf, [1, 2], [1.0, 2.0], 0.0, key_dtype="int64")
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = made.lookup(tf.cast(x, tf.int64)) * x
    return y, tape.gradient(y, x)


# ------------------------------------------------------------------------------------------------------- vocabularies
@snippet
def vocabulary(tf):
    made = tf.lookup.StaticVocabularyTable(ids(tf), 5)
    keys = tf.constant([["a", "c"], ["king", "crimson"]])
    return (
        made.lookup(keys),
        made[tf.constant("b")],
        made[tf.constant([], tf.string)],
        made.size(),
        made.name,
        made.key_dtype,
        made.value_dtype,
        made.lookup(tf.ragged.constant([["a"], [], ["q", "c"]])),
        made.lookup(tf.SparseTensor([[1, 2]], ["moon"], [3, 4])),
        tf.function(made.lookup)(keys),
    )


@snippet(dtype=["int32", "int64", "uint8"])
def vocabulary_of_integers(tf, dtype):
    entries = ids(tf, [10, 20], key_dtype=tf.int64)
    made = tf.lookup.StaticVocabularyTable(entries, 5, lookup_key_dtype=getattr(tf, dtype))
    return made.lookup(tf.constant([10, 20, 30, 40], dtype)), made.size()


@snippet
def only_buckets(tf):
    made = tf.lookup.StaticVocabularyTable(None, 3)
    return made.lookup(tf.constant(["a", "b", "c", "d"])), made.size(), made.name, made.resource_handle


@snippet
def ids_meet_buckets(tf):
    entries = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([2, -1], tf.int64))
    return tf.lookup.StaticVocabularyTable(entries, 2).lookup(tf.constant(["a", "b", "c"]))


@raises
def no_buckets(tf):
    tf.lookup.StaticVocabularyTable(ids(tf), 0)


@raises
def vocabulary_values_are_int64(tf):
    tf.lookup.StaticVocabularyTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), 1)


@raises(keys=[[1.0], [1]])
def vocabulary_of_other_keys(tf, keys):
    tf.lookup.StaticVocabularyTable(ids(tf, keys), 1)


@raises
def vocabulary_looked_up_by_another_kind(tf):
    tf.lookup.StaticVocabularyTable(ids(tf), 1, lookup_key_dtype=tf.int64)


@raises
def vocabulary_looked_up_by_another_type(tf):
    tf.lookup.StaticVocabularyTable(ids(tf), 1).lookup(tf.constant([1]))


# --------------------------------------------------------------------------------------------------------- text files
WHOLE, NUMBER = -2, -1


@contextlib.contextmanager
def written(content):
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "table.txt")
        with open(path, "wb") as file:
            file.write(content)
        yield path


def read(tf, content, key_dtype, key_index, value_dtype, value_index, default=-1, **options):
    with written(content) as path:
        source = tf.lookup.TextFileInitializer(
            path, key_dtype, key_index, value_dtype, value_index, **options
        )
        return entries(tf.lookup.StaticHashTable(source, default))


BAND = b"emerson 10\nlake 20\npalmer 30"


@snippet
def text_files(tf):
    s, i, f, d = tf.string, tf.int64, tf.float32, tf.float64
    return (
        read(tf, BAND, s, WHOLE, i, NUMBER),
        read(tf, BAND, s, WHOLE, i, NUMBER, value_index_offset=3),
        read(tf, BAND, i, NUMBER, s, WHOLE, default="", value_index_offset=3),
        read(tf, BAND, s, WHOLE, s, WHOLE, default=""),
        read(tf, BAND, s, 0, i, 1, delimiter=" "),
        read(tf, BAND, s, 0, tf.int32, 1, delimiter=" "),
        read(tf, BAND, s, 0, f, 1, delimiter=" "),
        read(tf, BAND, i, 1, s, 0, default="", delimiter=" "),
        read(tf, BAND, i, NUMBER, d, 1, delimiter=" ", value_index_offset=2),
        read(tf, BAND, s, WHOLE, i, NUMBER, vocab_size=2),
        read(tf, BAND + b"\n", "string", WHOLE, "int64", NUMBER, vocab_size=3),
    )


@snippet
def text_file_details(tf):
    s, i, f = tf.string, tf.int64, tf.float32
    return (
        read(tf, b"a\r\nb \r\nc d\r\r\n", s, WHOLE, i, NUMBER),
        read(tf, b"a\n\n", s, WHOLE, i, NUMBER, vocab_size=1),
        read(tf, b"a\t 1.5\nb\t2 \nc\t1e400\nd\t0x10\n", s, 0, f, 1),
        read(tf, b"a\t+1\nb\t-5\nc\t 7 \n", s, 0, i, 1),
        read(tf, b"a\t\nb\tc\n", s, 0, s, 1, default=""),
        read(tf, b"5\n 6\n7\n", i, WHOLE, i, NUMBER),
        read(tf, b"\xff\x00z\n", s, WHOLE, i, NUMBER),
        read(tf, b"a\t1\na\t1\nb\t3\n", s, 0, i, 1),
    )


@snippet
def file_name_as_a_tensor(tf):
    with written(BAND) as path:
        source = tf.lookup.TextFileInitializer(tf.constant(path), tf.string, WHOLE, tf.int64, NUMBER)
        return entries(tf.lookup.StaticHashTable(source, -1))


BAD_FILES = {
    "columns": (BAND, {"value_index": 2, "delimiter": " "}),
    "vocab_size": (BAND, {"value_index": 1, "delimiter": " ", "vocab_size": 5}),
    "long_delimiter": (BAND, {"delimiter": "ab"}),
    "no_delimiter": (BAND, {"delimiter": ""}),
    "empty": (b"", {}),
    "empty_line": (b"a\t1\n\nb\t2\n", {}),
    "empty_last_line": (b"a\t1\n\n", {}),
    "empty_first_line": (b"\na\t1\n", {}),
    "not_a_number": (b"a\tx\n", {}),
    "not_an_integer": (b"a\t1.5\n", {}),
    "hexadecimal": (b"a\t0x10\n", {}),
    "underscore": (b"a\t1_0\n", {}),
    "too_large": (b"a\t99999999999\n", {"value_dtype": "int32"}),
    "no_float": (b"a\t1_0\n", {"value_dtype": "float32"}),
    "truth": (b"a\t1\n", {"value_dtype": "bool"}),
    "two_values": (b"a\t1\na\t2\n", {}),
}


@raises(case=list(BAD_FILES))
def bad_file(tf, case):
    content, options = BAD_FILES[case]
    arguments = {"key_dtype": "string", "key_index": 0, "value_dtype": "int64", "value_index": 1, **options}
    default = False if arguments["value_dtype"] == "bool" else -1
    read(tf, content, **arguments, default=default)


@raises
def no_file(tf):
    table = tf.lookup.TextFileInitializer("/nowhere/at/all", tf.string, WHOLE, tf.int64, NUMBER)
    tf.lookup.StaticHashTable(table, -1)


@raises
def a_folder(tf):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        table = tf.lookup.TextFileInitializer(folder, tf.string, WHOLE, tf.int64, NUMBER)
        tf.lookup.StaticHashTable(table, -1)


BAD_ARGUMENTS = [
    ("", "string", WHOLE, "int64", NUMBER, None),
    ("f", "string", -3, "int64", NUMBER, None),
    ("f", "string", WHOLE, "int64", -3, None),
    ("f", "int32", NUMBER, "string", WHOLE, None),
    ("f", "float32", WHOLE, "int64", NUMBER, None),
    ("f", "string", WHOLE, "int32", NUMBER, None),
    ("f", "string", WHOLE, "float32", WHOLE, None),
    ("f", "string", WHOLE, "int64", NUMBER, 0),
]


@raises(case=list(range(len(BAD_ARGUMENTS))))
def bad_arguments(tf, case):
    tf.lookup.TextFileInitializer(*BAD_ARGUMENTS[case])


# --------------------------------------------------------------------------------------------------------- raw ops
@snippet
def handles(tf):
    made = table(tf)
    size = tf.raw_ops.LookupTableSizeV2(table_handle=made.resource_handle)
    handle = table(tf, ["a"], [1]).resource_handle
    found = tf.raw_ops.LookupTableFindV2(
        table_handle=handle, keys=tf.constant(["a", "b"]), default_value=tf.constant(0)
    )
    tf.raw_ops.LookupTableImportV2(
        table_handle=handle, keys=tf.constant(["a"]), values=tf.constant([1])
    )  # the same again
    return size, found


@snippet
def initialized_by_hand(tf):
    handle = tf.raw_ops.AnonymousHashTable(key_dtype=tf.string, value_dtype=tf.int32)
    tf.raw_ops.InitializeTableV2(
        table_handle=handle, keys=tf.constant(["a", "b"]), values=tf.constant([1, 2])
    )
    return tf.raw_ops.LookupTableFindV2(
        table_handle=handle, keys=tf.constant(["a", "c"]), default_value=tf.constant(5)
    )


@raises(what=["find", "default", "insert", "remove", "initialize", "import", "variable", "matrix"])
def misused_handle(tf, what):
    handle, raw = table(tf).resource_handle, tf.raw_ops
    if what == "find":
        raw.LookupTableFindV2(table_handle=handle, keys=tf.constant([1]), default_value=tf.constant(1))
    elif what == "default":
        raw.LookupTableFindV2(table_handle=handle, keys=tf.constant(["a"]), default_value=tf.constant([1, 2]))
    elif what == "insert":
        raw.LookupTableInsertV2(table_handle=handle, keys=tf.constant(["n"]), values=tf.constant([1]))
    elif what == "remove":
        raw.LookupTableRemoveV2(table_handle=handle, keys=tf.constant(["n"]))
    elif what == "initialize":
        raw.InitializeTableV2(table_handle=handle, keys=tf.constant(["n"]), values=tf.constant([1]))
    elif what == "import":
        raw.LookupTableImportV2(table_handle=handle, keys=tf.constant(["n"]), values=tf.constant([1]))
    elif what == "variable":
        raw.LookupTableSizeV2(table_handle=tf.Variable(1.0).handle)
    elif what == "matrix":
        handle = raw.AnonymousHashTable(key_dtype=tf.string, value_dtype=tf.int32)
        raw.InitializeTableV2(table_handle=handle, keys=tf.constant([["a"]]), values=tf.constant([[1]]))
