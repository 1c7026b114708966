"""Cases of `tf.contrib.lookup`."""

import os
import tempfile


def _file(*lines):
    path = os.path.join(tempfile.mkdtemp(), "vocabulary.txt")
    with open(path, "w") as f:
        f.write("".join(line + "\n" for line in lines))
    return path


def from_tensors(tf):
    l = tf.contrib.lookup
    words = tf.constant([["lake", "king"], ["palmer", "emerson"]])
    vocabulary = ["emerson", "lake", "palmer"]
    sparse = tf.SparseTensor([[0, 0], [1, 2]], ["lake", "who"], [2, 3])
    strong = l.index_table_from_tensor(vocabulary, num_oov_buckets=3, hasher_spec=l.StrongHashSpec([3, 5]))
    buckets = l.index_table_from_tensor(tf.constant(vocabulary), num_oov_buckets=2)
    return [
        l.index_table_from_tensor(vocabulary).lookup(words), buckets.lookup(words), strong.lookup(words), buckets.size(),
        l.index_table_from_tensor([5, 7, 9], 2, dtype=tf.int32).lookup(tf.constant([7, 1, 2, 3, 9])),
        l.index_to_string_table_from_tensor(vocabulary, default_value="?").lookup(tf.constant([2, 0, 7], tf.int64)),
        l.string_to_index(words, vocabulary, default_value=9), l.index_to_string(tf.constant([[1, 4]], tf.int64), vocabulary),
        l.IdTableWithHashBuckets(None, 4).lookup(words), buckets.lookup(sparse).values,
        l.string_to_index_table_from_tensor(vocabulary).lookup(words),
    ]  # fmt: skip


def from_files(tf):
    l = tf.contrib.lookup
    plain, table, numbers = (
        _file("emerson", "lake", "palmer"),
        _file("a b 3", "c d 5"),
        _file("42", "17", "1"),
    )
    words = tf.constant(["palmer", "who", "emerson", "", "lake"])
    column = l.HashTable(l.TextFileInitializer(table, tf.string, 1, tf.int64, 2, delimiter=" "), -1)
    return [
        l.index_table_from_file(plain).lookup(words), l.index_table_from_file(plain, num_oov_buckets=4).lookup(words),
        l.index_table_from_file(plain, vocab_size=2, default_value=-7).lookup(words),
        l.index_table_from_file(numbers, key_dtype=tf.int64).lookup(tf.constant([1, 2, 17], tf.int64)),
        l.index_table_from_file(numbers, 3, key_dtype=tf.int32).lookup(tf.constant([1, 2, 17])),
        l.index_to_string_table_from_file(plain).lookup(tf.constant([0, 3, 1], tf.int64)),
        l.index_table_from_file(table, key_column_index=0, value_column_index=2, delimiter=" ").lookup(tf.constant(["a", "c"])),
        column.lookup(tf.constant(["d", "a"])), column.size(), l.string_to_index_table_from_file(plain).lookup(words),
    ]  # fmt: skip


def changing(tf):
    l = tf.contrib.lookup
    table = l.MutableHashTable(tf.string, tf.float32, [0.0, -1.0])
    dense = l.MutableDenseHashTable(tf.int64, tf.int64, -1, empty_key=-2, deleted_key=-3)
    insert = table.insert(tf.constant(["a", "b"]), [[1.0, 2.0], [3.0, 4.0]])
    insert_dense = dense.insert(tf.constant([1, 5], tf.int64), tf.constant([10, 50], tf.int64))
    found = [
        table.lookup(tf.constant(["b", "x"])),
        dense.lookup(tf.constant([5, 6], tf.int64)),
        table.size(),
        dense.size(),
    ]

    def run(sess):
        before = sess.run(found)
        sess.run([insert, insert_dense])
        keys, values = sess.run(table.export())
        return [before, sess.run(found), sorted(keys), sorted(values.tolist())]

    return run


def shared(tf):
    l = tf.contrib.lookup
    first = l.HashTable(l.KeyValueTensorInitializer(["a", "b"], [1, 2]), -1, shared_name="t")
    second = l.HashTable(l.KeyValueTensorInitializer(["a", "b"], [1, 2]), -5, shared_name="t")
    return lambda sess: [
        len(tf.get_collection(tf.GraphKeys.TABLE_INITIALIZERS)),
        sess.run([first.lookup(tf.constant(["a", "z"])), second.lookup(tf.constant(["a", "z"]))]),
        str(first.key_dtype), str(first.value_dtype),
    ]  # fmt: skip
