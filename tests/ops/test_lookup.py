"""`tf.lookup`: what the comparison with TensorFlow does not show: lifetimes, threads, functions, and our own additions."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest

import headrace as tf
from headrace.ops.tables import SORTED_QUERIES, Table, _DictIndex, _DirectIndex, _integer_index, _SortedIndex

Mutable = tf.lookup.experimental.MutableHashTable


def static(keys, values, default=-1, **options):
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), default, **options)


def table_of(table) -> Table:
    return table.resource_handle._host().item()


# ------------------------------------------------------------------------------------------------------------ finding
@pytest.mark.parametrize("n", [1, 7, 3000])
@pytest.mark.parametrize("spread", [1, 10**12])
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_indices_agree(n, spread, dtype):
    if dtype == "int32":
        spread = min(spread, 2**31 // n - 1)
    rng = np.random.default_rng(n)
    keys = (rng.permutation(n).astype(np.int64) * spread - 5).astype(dtype)
    limits = np.array([np.iinfo(dtype).min, np.iinfo(dtype).max], dtype)
    for asked in (keys[::-1], np.concatenate([keys, keys + 1, limits] * (SORTED_QUERIES // n + 1))):
        want = _DictIndex(keys).find(asked)
        low, high = int(keys.min()), int(keys.max())
        found = [_SortedIndex(keys), *([_DirectIndex(keys, low, high)] if spread == 1 else [])]
        for index in (*found, _integer_index(keys)):
            np.testing.assert_array_equal(index.find(asked), want)


def test_first_of_equal_keys():
    keys = np.array([4, 2, 4, 2, 9], np.int64)
    for index in (_DictIndex(keys), _SortedIndex(keys), _DirectIndex(keys, 2, 9)):
        assert index.find(keys).tolist() == [0, 1, 0, 1, 4]


def test_what_is_given_is_not_kept():
    """A table does not change with the arrays it was filled from, nor do exports change with the table."""
    keys, values = np.array([1, 2], np.int64), np.array([10, 20], np.int64)
    table = static(tf.constant(keys), tf.constant(values))
    keys[0] = values[0] = 7
    assert table.lookup(tf.constant([1, 2], tf.int64)).numpy().tolist() == [10, 20]
    changing = Mutable(tf.int64, tf.int64, -1)
    changing.insert([1, 2], [10, 20])
    before = changing.export()[1]
    changing.insert([1, 2], [0, 0])
    assert before.numpy().tolist() == [10, 20]


# ------------------------------------------------------------------------------------------------- our own additions
def test_python_values_are_keys():
    table = static(["a", "b"], [1, 2])
    assert table["a"].numpy() == 1
    assert table.lookup([["b"], ["c"]]).numpy().tolist() == [[2], [-1]]
    assert table.lookup(np.array(["a", "c"])).numpy().tolist() == [1, -1]


def test_ragged_and_sparse_keys_everywhere():
    deep = tf.ragged.constant([[["a"], []], [["b", "q"]]])
    assert static(["a", "b"], [1, 2]).lookup(deep).to_list() == [[[1], []], [[2, -1]]]
    table = Mutable(tf.string, tf.int64, -1)
    table.insert(["a", "b"], [1, 2])
    assert table[deep].to_list() == [[[1], []], [[2, -1]]]
    sparse = table.lookup(tf.sparse.from_dense(["a", "", "q"]))
    assert tf.sparse.to_dense(sparse).numpy().tolist() == [1, 0, -1]
    vectors = Mutable(tf.string, tf.float32, [0.0, 0.0])
    assert vectors.lookup(tf.ragged.constant([["a"], ["b", "q"]])).shape.as_list() == [2, None, 2]


def test_buckets_alone_take_integers():
    table = tf.lookup.StaticVocabularyTable(None, 3, lookup_key_dtype=tf.int64)
    assert table.lookup(tf.constant([1, 2], tf.int64)).numpy().max() < 3


# ------------------------------------------------------------------------------------------------------------ lifetime
def test_a_table_goes_with_its_last_handle():
    table = static(["a"], [1])
    alive = weakref.ref(table_of(table))
    handle = table.resource_handle
    del table
    gc.collect()
    assert tf.raw_ops.LookupTableSizeV2(table_handle=handle).numpy() == 1
    del handle
    gc.collect()
    assert alive() is None


def test_a_function_keeps_the_tables_it_uses():
    def make():
        table = static(["a"], [1])
        return tf.function(lambda x: table.lookup(x))

    f = make()
    gc.collect()
    assert f(tf.constant(["a", "b"])).numpy().tolist() == [1, -1]


def test_destroyed():
    table = static(["a"], [1])
    tf.raw_ops.DestroyResourceOp(resource=table.resource_handle)
    with pytest.raises(tf.errors.NotFoundError, match="destroyed"):
        table.lookup(tf.constant(["a"]))
    with pytest.raises(tf.errors.NotFoundError):
        tf.raw_ops.DestroyResourceOp(resource=table.resource_handle, ignore_lookup_error=False)


def test_children():
    entries = tf.lookup.KeyValueTensorInitializer(["a"], [1])
    assert tf.lookup.StaticHashTable(entries, -1)._trackable_children() == {"_initializer": entries}


def test_contents_survive_as_tensors():
    for make in (
        lambda: Mutable(tf.string, tf.int64, -1),
        lambda: tf.lookup.experimental.DenseHashTable(tf.string, tf.int64, -1, "", "$", 8),
    ):
        table, other = make(), make()
        table.insert(["a", "b"], [1, 2])
        other.insert(["c"], [3])
        other._restore_from_tensors(table._serialize_to_tensors())
        assert other.lookup(["a", "b", "c"]).numpy().tolist() == [1, 2, -1]


# ----------------------------------------------------------------------------------------------------------- functions
def test_known_entries_are_read_once():
    """A table that a function makes of what is known while it is traced is filled then, not in every call."""

    @tf.function
    def f(x):
        return static(tf.constant(["a", "b"]), tf.range(2)).lookup(x)

    types = [op.type for op in f.get_concrete_function(tf.TensorSpec([None], tf.string)).graph.operations]
    assert "LookupTableFindV2" in types and "LookupTableImportV2" not in types
    assert f(tf.constant(["b", "c"])).numpy().tolist() == [1, -1]


def test_shapes_in_functions():
    table = Mutable(tf.int64, tf.float32, [0.0, 0.0])
    pairs = tf.lookup.experimental.DenseHashTable(tf.int64, tf.float32, 0.0, [-1, -1], [-2, -2])

    @tf.function
    def f(x):
        assert table.lookup(x).shape.as_list() == [None, 2, 2]
        assert pairs.lookup(x).shape.as_list() == [None]
        assert table.size().shape.as_list() == []
        return table.lookup(x)

    f.get_concrete_function(tf.TensorSpec([None, 2], tf.int64))
    with pytest.raises(ValueError, match="rank"):
        tf.function(pairs.lookup)(tf.constant(1, tf.int64))


def test_changes_keep_their_order():
    table = Mutable(tf.string, tf.int64, 0)

    @tf.function
    def f(x):
        table.insert(x, [1])
        one = table.lookup(x)
        table.insert(x, one + 10)
        two = table.lookup(x) * 2
        table.remove(x)
        return one, two, table.lookup(x)

    for _ in range(2):
        assert [int(y[0]) for y in f(tf.constant(["a"]))] == [1, 22, 0]


def test_jit_compile_says_why_not():
    table = static(["a"], [1])
    with pytest.raises(tf.errors.InvalidArgumentError, match="LookupTableFindV2"):
        tf.function(table.lookup, jit_compile=True)(tf.constant(["a"]))


def test_vectorized_map():
    table = static([1, 2], [1.5, 2.5], 0.0)
    x = tf.constant([[1, 2], [2, 3]])
    assert tf.vectorized_map(table.lookup, x).numpy().tolist() == [[1.5, 2.5], [2.5, 0.0]]


def test_threads_share_a_table():
    table = Mutable(tf.int64, tf.int64, -1)

    def work(k):
        for i in range(50):
            keys = tf.range(k * 1000 + i, k * 1000 + i + 20, dtype=tf.int64)
            table.insert(keys, keys * 2)
            assert (table.lookup(keys).numpy() == keys.numpy() * 2).all()
            table.remove(keys[:10])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    keys, values = table.export()
    assert table.size() == 4 * 10 and (values.numpy() == 2 * keys.numpy()).all()


def test_sessions():
    """Tables of a graph are filled by their initializers, and last from one run to the next."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        table, words = static(["a", "b"], [1, 2]), v1.placeholder(tf.string, [None])
        changing = Mutable(tf.string, tf.int64, -1)
        found, size = table.lookup(words), changing.size()
        insert = changing.insert(words, tf.range(tf.size(words, out_type=tf.int64)))
        assert (table.name, changing.name) == ("hash_table", "MutableHashTable")
        with pytest.raises(tf.errors.FailedPreconditionError, match="not initialized"):
            session.run(found, {words: ["a"]})
        session.run(v1.tables_initializer())
        session.run(table.initializer)  # the same entries again
        assert session.run(found, {words: ["b", "c"]}).tolist() == [2, -1]
        session.run(insert, {words: ["x", "y"]})
        assert session.run(size) == 2


# -------------------------------------------------------------------------------------------------------------- errors
@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda: static([1.5], [1]),
            tf.errors.NotFoundError,
            "no table from float32 to int32. These exist: string to",
        ),
        (lambda: static(["a", "a"], [1, 2]), tf.errors.FailedPreconditionError, "Key a has 1 and .* value 2"),
        (lambda: static(["a"], [1])[tf.constant(1)], TypeError, "must be tf.string, received: tf.int32"),
        (
            lambda: tf.raw_ops.LookupTableInsertV2(
                table_handle=static(["a"], [1]).resource_handle, keys=["b"], values=[1]
            ),
            tf.errors.UnimplementedError,
            "Use tf.lookup.experimental.MutableHashTable",
        ),
        (
            lambda: tf.raw_ops.LookupTableSizeV2(table_handle=tf.Variable(1).handle),
            tf.errors.InvalidArgumentError,
            "is no lookup table",
        ),
    ],
)
def test_messages(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_file_errors_name_file_and_line(tmp_path):
    path = tmp_path / "words.txt"

    def read(content):
        path.write_bytes(content)
        source = tf.lookup.TextFileInitializer(path, tf.string, 0, tf.int64, 1)
        return tf.lookup.StaticHashTable(source, -1)

    for content, text in {
        b"a\t1\n\nb\t1\n": "words.txt: line 1 is empty",
        b"a\t1\nb\n": r"words.txt line 1 \(b\) : expected at least 2 got 1",
        b"a\t1\nb\tx\n": "Field x in line 1 is not a valid int64",
    }.items():
        with pytest.raises(tf.errors.InvalidArgumentError, match=text):
            read(content)
    with pytest.raises(tf.errors.OutOfRangeError, match=r"words.txt is empty"):
        read(b"")


@pytest.mark.parametrize("seed", range(3))
def test_files_of_noise(tmp_path, seed):
    """Whatever is in a file, a table is made or a documented error raised."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "noise"
    documented = (
        tf.errors.InvalidArgumentError,
        tf.errors.OutOfRangeError,
        tf.errors.FailedPreconditionError,
    )
    alphabet = np.frombuffer(b"ab01.-+e\t \r\n\n\xff\x00", np.uint8)
    for _ in range(100):
        path.write_bytes(rng.choice(alphabet, rng.integers(0, 60)).tobytes())
        for key, value in ((0, 1), (-2, -1), (-1, -2)):
            types = [tf.int64 if i == -1 else tf.string if i != 1 else tf.float32 for i in (key, value)]
            source = tf.lookup.TextFileInitializer(path, types[0], key, types[1], value)
            default = "" if types[1] is tf.string else 0
            with suppress(*documented):
                assert tf.lookup.StaticHashTable(source, default).size() > 0
