"""tf.lookup.experimental: tables that change."""

from conformance.harness import raises, snippet


def mutable(tf, key="string", value="int64", default=-1, **options):
    return tf.lookup.experimental.MutableHashTable(getattr(tf, key), getattr(tf, value), default, **options)


def dense(tf, key="string", value="int64", default=-1, empty="", deleted="$", **options):
    return tf.lookup.experimental.DenseHashTable(
        getattr(tf, key), getattr(tf, value), default, empty, deleted, **options
    )


def entries(table, unused=()):
    keys, values = table.export()
    pairs = zip(keys.numpy().tolist(), values.numpy().tolist())
    return keys.dtype, values.dtype, keys.shape, values.shape, sorted(p for p in pairs if p[0] not in unused)


KINDS = {
    "string": (["a", "b"], ""), "int32": ([1, 2], -1), "int64": ([1, 2**40], -1), "float32": ([1.0, 2.5], -1.0),
    "float64": ([1.0, 2.5], -1.0), "bool": ([True, False], True), "int8": ([1, 2], 3), "complex64": ([1j, 2], 0),
}  # fmt: skip


@snippet(either=True, key=list(KINDS), value=list(KINDS), rank=[0, 1])
def types(tf, key, value, rank):
    keys, values, default = (
        tf.constant(KINDS[key][0], key),
        tf.constant(KINDS[value][0], value),
        KINDS[value][1],
    )
    if rank:
        values, default = tf.stack([values, values], 1), [default, default]
    table = mutable(tf, key, value, default)
    table.insert(keys, values)
    table.remove(keys[1:])
    return table.lookup(keys), table.lookup(keys[:, None]), table.size(), entries(table)


@snippet(either=True, key=list(KINDS), value=list(KINDS))
def dense_types(tf, key, value):
    keys, values, default = (
        tf.constant(KINDS[key][0], key),
        tf.constant(KINDS[value][0], value),
        KINDS[value][1],
    )
    unused = ("", "$") if key == "string" else (-1, -2)
    table = dense(tf, key, value, default, *unused, initial_num_buckets=4)
    table.insert(keys, values)
    table.remove(keys[1:])
    return table.lookup(keys), table.lookup(keys[:, None]), table.size()


@snippet
def changes(tf):
    table = mutable(tf)
    seen = [table.size(), table.export()]
    table.insert(["a", "b", "a"], [1, 2, 3])
    seen += [table.lookup(["a", "b", "c"]), table[["b"]], table["a"], entries(table)]
    table.insert("c", 5)
    table.insert(tf.constant([["b"], ["d"]]), tf.constant([[6], [7]], tf.int64))
    seen += [table.size(), entries(table)]
    table.remove(tf.constant(["a", "zz"]))
    table.remove(tf.constant("c"))
    seen += [table.size(), entries(table), table.lookup([["a", "b"], ["c", "d"]])]
    table.insert(["e", "f", "g"], [8, 9, 10])
    table.insert(tf.constant([], tf.string), tf.constant([], tf.int64))
    seen += [entries(table), table.name, table.key_dtype, table.value_dtype]
    table.remove(table.export()[0])
    return [*seen, table.size(), table.export(), table.lookup(["e"])]


@snippet
def grows(tf):
    table = mutable(tf, "int64", "float32", [0.0, 0.0])
    for i in range(5):
        keys = tf.range(i * 30, i * 30 + 50, dtype=tf.int64)
        table.insert(keys, tf.stack([tf.cast(keys, tf.float32), tf.fill([50], float(i))], 1))
        table.remove(keys[::3])
    return table.lookup(tf.range(200, dtype=tf.int64)), table.size()


@snippet
def defaults_of_the_moment(tf):
    table = mutable(tf)
    table.insert(["a", "b"], [1, 2])
    vectors = mutable(tf, "int64", "float32", [0.0, 0.0])
    vectors.insert([1], [[1.0, 2.0]])
    return (
        table.lookup(["a", "q", "r"], tf.constant([10, 11, 12], tf.int64)),
        table.lookup(["a", "q", "r"], tf.constant(10, tf.int64)),
        table.lookup(["a"], dynamic_default_values=tf.constant([4], tf.int64)),
        vectors.lookup([1, 5], tf.constant([[9.0, 9.0], [8.0, 8.0]])),
        vectors.lookup([1, 5], tf.constant([9.0, 7.0])),
        vectors.lookup(tf.constant(5, tf.int64)),
        vectors.lookup([[1], [5]]),
    )


@raises(default=[[10, 11], [[1, 2, 3]]])
def wrong_defaults(tf, default):
    mutable(tf).lookup(["a", "b", "c"], tf.constant(default, tf.int64))


@raises
def default_of_another_type(tf):
    mutable(tf).lookup(["a"], tf.constant(1))


@raises(keys=[["c", "d"], "c"])
def values_of_another_shape(tf, keys):
    mutable(tf).insert(keys, [5])


@raises(values=[[1.0, 2.0], [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]])
def vectors_of_another_shape(tf, values):
    mutable(tf, "int64", "float32", [0.0, 0.0]).insert([1, 2], values)


@raises
def values_of_another_type(tf):
    mutable(tf).insert(["a"], tf.constant([1]))


@raises(what=["lookup", "insert", "remove"])
def keys_of_another_type(tf, what):
    table, keys = mutable(tf), tf.constant([1])
    {"lookup": table.lookup, "remove": table.remove, "insert": lambda k: table.insert(k, [1])}[what](keys)


@raises(default=[1.5, "x"])
def default_does_not_fit(tf, default):
    mutable(tf, default=default)


@snippet
def in_a_function(tf):
    table = mutable(tf)

    @tf.function
    def f(x):
        table.insert(x, tf.range(tf.size(x, out_type=tf.int64)))
        before = table.lookup(x), table.size()
        table.remove(x[:1])
        return before, table.lookup(x), table.size()

    return f(tf.constant(["a", "z"])), f(tf.constant(["b"])), entries(table)


@snippet
def counting_in_a_loop(tf):
    counts = mutable(tf, default=0)

    @tf.function
    def count(words):
        for word in words:
            counts.insert(word, counts.lookup(word) + 1)
        return counts.size()

    return count(tf.constant(["a", "b", "a", "c", "a", "b"])), counts.lookup(["a", "b", "c", "d"])


@snippet
def changed_in_one_branch(tf):
    table = mutable(tf)

    @tf.function
    def f(x, flag):
        if flag:
            table.insert(x, [1])
        else:
            table.insert(x, [2])
        return table.lookup(x)

    return f(tf.constant(["a"]), tf.constant(True)), f(tf.constant(["b"]), tf.constant(False)), table.size()


@snippet
def shared_by_functions(tf):
    table = mutable(tf, "int64", "string", "?")

    @tf.function
    def put(k, v):
        table.insert(k, v)

    @tf.function
    def get(k):
        return tf.strings.join([table.lookup(k), "!"])

    put(tf.constant([1, 2], tf.int64), tf.constant(["x", "y"]))
    return get(tf.constant([2, 3], tf.int64))


@snippet(name=["MutableHashTable", "t"], anonymous=[False, True])
def options(tf, name, anonymous):
    table = mutable(tf, name=name, checkpoint=False, experimental_is_anonymous=anonymous)
    table.insert(["a"], [1])
    return table["a"], table.name


# ---------------------------------------------------------------------------------------------------------- dense ones
@snippet
def dense_changes(tf):
    table = dense(tf, initial_num_buckets=8)
    seen = [table.size(), [x.shape for x in table.export()]]
    table.insert(["a", "b"], [1, 2])
    table.insert_or_assign(["a"], [7])
    seen += [table.lookup(["a", "b", "c"]), table[["b"]], entries(table, ([b""],)), table.size()]
    table.erase(tf.constant(["a"]))
    table.remove(tf.constant(["q"]))
    seen += [table.size(), table.lookup(["a", "b"]), table.name]
    table.insert([str(i) for i in range(20)], list(range(20)))
    return [*seen, table.size(), [x.shape for x in table.export()], table.lookup(["3", "b"])]


@snippet
def dense_vectors(tf):
    values = dense(tf, "int64", "float32", [0.0, 0.0], -1, -2, initial_num_buckets=8)
    values.insert([1, 2], [[1.0, 2.0], [3.0, 4.0]])
    keys = dense(tf, "int64", "float32", 0.0, [-1, -1], [-2, -2], initial_num_buckets=16)
    keys.insert([[1, 2], [3, 4]], [1.0, 2.0])
    return (
        values.lookup([1, 7]),
        [x.shape for x in values.export()],
        keys.lookup([[1, 2], [9, 9]]),
        keys.lookup([[[1, 2]], [[3, 4]]]),
        keys.size(),
        [x.shape for x in keys.export()],
    )


@raises(key=["", "$"], what=["lookup", "insert", "remove"])
def unused_keys_are_used(tf, key, what):
    table = dense(tf)
    if what == "lookup":
        table.lookup(["a", key])
    elif what == "insert":
        table.insert(["a", key], [1, 2])
    else:
        table.remove(tf.constant(["a", key]))


@raises(buckets=[0, 3, 2, -4])
def number_of_buckets(tf, buckets):
    dense(tf, initial_num_buckets=buckets)


@raises
def unused_keys_are_equal(tf):
    dense(tf, empty="a", deleted="a")


@raises
def key_of_another_shape(tf):
    dense(tf, "int64", "float32", 0.0, [-1, -1], [-2, -2]).lookup([1, 2, 3])


@raises
def unused_keys_of_other_shapes(tf):
    dense(tf, "int64", "float32", 0.0, [-1, -1], -2)


# -------------------------------------------------------------------------------------------------------------- raw ops
@snippet
def by_name(tf):
    raw = tf.raw_ops
    options = {"key_dtype": tf.string, "value_dtype": tf.int64, "shared_name": "by_name"}
    handle = raw.MutableHashTableV2(**options)
    raw.LookupTableInsertV2(table_handle=handle, keys=tf.constant(["n"]), values=tf.constant([1], tf.int64))
    same = raw.LookupTableSizeV2(table_handle=raw.MutableHashTableV2(**options))
    options["shared_name"] = ""
    return same, raw.LookupTableSizeV2(table_handle=raw.AnonymousMutableHashTable(key_dtype=tf.string, value_dtype=tf.int64))  # fmt: skip


@raises
def one_name_two_types(tf):
    raw = tf.raw_ops
    first = raw.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="two_types")
    raw.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.float32, shared_name="two_types")
    return first


@snippet
def replaced(tf):
    table = mutable(tf)
    table.insert(["a"], [1])
    tf.raw_ops.LookupTableImportV2(
        table_handle=table.resource_handle, keys=tf.constant(["n"]), values=tf.constant([5], tf.int64)
    )
    other = dense(tf, initial_num_buckets=8)
    other.insert(["a", "b"], [1, 2])
    keys, values = other.export()
    copy = dense(tf, initial_num_buckets=4)
    tf.raw_ops.LookupTableImportV2(table_handle=copy.resource_handle, keys=keys, values=values)
    return entries(table), copy.size(), copy.lookup(["a", "b", "c"])


@raises
def mutable_is_not_initialized(tf):
    tf.raw_ops.InitializeTableV2(
        table_handle=mutable(tf).resource_handle,
        keys=tf.constant(["n"]),
        values=tf.constant([5], tf.int64),
    )
