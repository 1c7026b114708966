"""Making, reshaping, slicing, gathering, scattering, sorting and joining arrays."""

from conformance.harness import raises, snippet

nan, inf = float("nan"), float("inf")
DTYPES = ["float32", "float64", "int32", "int64", "bool", "complex64", "bfloat16", "uint8"]


def grid(tf, *shape, dtype="int32"):
    size = 1
    for n in shape:
        size *= n
    return tf.cast(tf.reshape(tf.range(size), shape), dtype)


# --- making


@snippet(dtype=DTYPES)
def constants(tf, dtype):
    return [
        tf.zeros([2, 3], dtype),
        tf.ones([2], dtype),
        tf.fill([2, 2], tf.cast(1, dtype)),
        tf.zeros([], dtype),
        tf.zeros_like(tf.ones([2, 0], dtype)),
        tf.ones_like(tf.zeros([3], dtype)),
        tf.eye(2, 3, dtype=dtype),
    ]


@snippet(
    value=[1, 1.5, True, "a", b"a", 1j, [1, 2], [1.0, 2], [[True], [False]], ["a", "bc"], [], [[]], 2**40]
)
def constant_infers_its_dtype(tf, value):
    return tf.constant(value)


@snippet(kind=["float64", "float32", "int64", "int32", "bool", "complex128", "uint8"])
def constant_of_numpy(tf, kind):
    import numpy as np

    return tf.constant(np.array([[0, 1], [2, 3]], kind)), tf.convert_to_tensor(np.dtype(kind).type(1))


@snippet
def constant_broadcasts_a_scalar_to_a_shape(tf):
    return (
        tf.constant(3, shape=[2, 2]),
        tf.constant([1, 2, 3, 4], shape=[2, 2]),
        tf.constant(0.5, tf.float64, [3]),
    )


@snippet
def constant_of_tensors(tf):
    return (
        tf.convert_to_tensor([tf.constant(1), 2]),
        tf.stack([tf.constant([1.0]), [2.0]]),
        tf.constant(tf.ones([2])),
    )


@raises(value=[[[1], [1, 2]], [1, "a"], [[1, 2], 3], None, object])
def constant_of_nonsense(tf, value):
    return tf.constant(value)


@raises(value=[1.5, "a"])
def constant_does_not_fit(tf, value):
    return tf.constant(value, tf.int32)


@raises
def constant_of_wrong_shape(tf):
    return tf.constant([1, 2, 3], shape=[2, 2])


@raises
def convert_tensor_of_other_dtype(tf):
    return tf.convert_to_tensor(tf.constant(1.0), tf.int32)


@snippet(args=[(5,), (2, 7), (2, 9, 3), (9, 2, -3), (0.0, 1.0, 0.25), (5, 5), (3.5,)])
def range_(tf, args):
    return tf.range(*args)


@snippet(dtype=["int64", "float64", "float32"])
def range_dtype(tf, dtype):
    return tf.range(4, dtype=dtype), tf.range(tf.constant(3, dtype))


@raises
def range_with_zero_delta(tf):
    return tf.range(1, 5, 0)


@raises
def range_going_the_wrong_way(tf):
    return tf.range(5, 1, 1)


@snippet
def linspace(tf):
    return [
        tf.linspace(0.0, 1.0, 5),
        tf.linspace(tf.constant(2.0, tf.float64), 1.0, 1),
        tf.linspace([0.0, 1.0], [1.0, 3.0], 3),
        tf.linspace([0.0, 1.0], [1.0, 3.0], 3, axis=1),
        tf.linspace(0, 10, 3),
    ]


@snippet
def linspace_of_nothing(tf):
    return tf.linspace(0.0, 1.0, 0)


@snippet(indexing=["xy", "ij"])
def meshgrid(tf, indexing):
    return tf.meshgrid([1, 2, 3], [4, 5], [6], indexing=indexing), tf.meshgrid([1, 2], indexing=indexing)


@snippet
def eye(tf):
    return tf.eye(3), tf.eye(2, 4, dtype=tf.int32), tf.eye(2, batch_shape=[3]), tf.eye(0)


@snippet(axis=[None, 0, 1, -1])
def one_hot(tf, axis):
    return tf.one_hot([[0, 2], [-1, 5]], 3, axis=axis), tf.one_hot(
        [1, 0], 2, on_value=5, off_value=-1, axis=axis if axis != 1 else 0
    )


@snippet
def one_hot_dtypes(tf):
    return [
        tf.one_hot(1, 3, dtype=tf.int32),
        tf.one_hot([1], 3, True, False),
        tf.one_hot([], 3),
        tf.one_hot([0], 0),
        tf.one_hot(tf.constant([1], tf.uint8), 2, "on", "off"),
    ]


@raises
def one_hot_mixed_values(tf):
    return tf.one_hot([1], 3, on_value=1.0, off_value=0)


@snippet
def sequence_mask(tf):
    return tf.sequence_mask([1, 3, 0]), tf.sequence_mask([[1], [2]], maxlen=4, dtype=tf.float32)


# --- shapes


@snippet
def shape_size_rank(tf):
    x = tf.zeros([2, 0, 3])
    return [
        tf.shape(x),
        tf.shape(x, out_type=tf.int64),
        tf.size(x),
        tf.rank(x),
        tf.shape(1.0),
        tf.size(3),
        x.shape,
        tf.shape_n([x, tf.ones([2])]),
    ]


@snippet
def static_attributes(tf):
    x = tf.zeros([2, 3])
    return [
        x.shape.rank,
        x.ndim,
        len(x),
        x.shape[0],
        x.shape[-1],
        list(x.shape),
        x.shape[1:],
        x.dtype,
        x.get_shape(),
        str(x.shape),
    ]


@snippet
def tensor_shape_algebra(tf):
    a, b = tf.TensorShape([None, 3]), tf.TensorShape([2, None])
    unknown = tf.TensorShape(None)
    return [
        a.merge_with(b),
        a.concatenate(b),
        a.is_compatible_with(b),
        unknown.is_compatible_with(a),
        a.rank,
        unknown.rank,
        a.num_elements(),
        tf.TensorShape([2, 3]).num_elements(),
        a.is_fully_defined(),
        a == tf.TensorShape([None, 3]),
        a.with_rank(2),
        unknown.with_rank(3),
        str(a),
        repr(b),
        str(unknown),
        a[1],
        a[:1],
        a.as_list(),
        a.most_specific_compatible_shape([4, 3]),
        tf.TensorShape(5),
        tf.TensorShape([]),
        a + [4],
        a.dims is None,
    ]


@raises(case=["merge", "rank", "as_list", "bool", "index", "negative", "len", "assert"])
def tensor_shape_misuse(tf, case):
    a = tf.TensorShape([None, 3])
    return {
        "merge": lambda: a.merge_with([2, 4]),
        "rank": lambda: a.with_rank(3),
        "as_list": lambda: tf.TensorShape(None).as_list(),
        "bool": lambda: a.assert_is_fully_defined(),
        "index": lambda: a[2],
        "negative": lambda: tf.TensorShape([-2]),
        "len": lambda: len(tf.TensorShape(None)),
        "assert": lambda: a.assert_is_compatible_with([2]),
    }[case]()


@snippet(shape=[[3, 4], [2, -1], [-1], [2, 3, 2, 1], [12, 1]])
def reshape(tf, shape):
    return tf.reshape(grid(tf, 2, 6), shape)


@snippet
def reshape_edges(tf):
    return [
        tf.reshape(tf.zeros([0, 3]), [3, 0]),
        tf.reshape(tf.zeros([0, 3]), [-1, 3]),
        tf.reshape(5, [1, 1]),
        tf.reshape([7], []),
        tf.reshape([[1, 2]], tf.constant([2], tf.int64)),
    ]


@raises(shape=[[5], [-1, -1], [-1, 5], [-2, 3], [[2, 3]]])
def reshape_impossible(tf, shape):
    return tf.reshape(grid(tf, 2, 3), shape)


@snippet
def reshape_unknown(tf):
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, 4])])
    def f(x):
        a = tf.reshape(x, [-1, 2])
        b = tf.reshape(x, [tf.shape(x)[0], 2, 2])
        c = tf.reshape(x, [4, -1])
        shapes.extend([a.shape, b.shape, c.shape])
        return a, b, c

    return f(grid(tf, 3, 4, dtype="float32")), shapes


@snippet(perm=[None, [2, 0, 1], [0, 1, 2], [0, 2, 1]], conjugate=[False, True])
def transpose(tf, perm, conjugate):
    return tf.transpose(grid(tf, 2, 3, 2, dtype="complex64") + 1j, perm, conjugate)


@snippet
def transpose_edges(tf):
    return tf.transpose(5), tf.transpose([1, 2]), tf.transpose(tf.zeros([0, 2]))


@raises(perm=[[0], [0, 0], [0, 2], [0, 1, 2]])
def transpose_bad_permutation(tf, perm):
    return tf.transpose(grid(tf, 2, 3), perm)


@snippet
def expand_and_squeeze(tf):
    x = grid(tf, 1, 3, 1)
    return [
        tf.expand_dims(x, 0),
        tf.expand_dims(x, -1),
        tf.expand_dims(x, 2),
        tf.squeeze(x),
        tf.squeeze(x, 0),
        tf.squeeze(x, [-1, 0]),
        tf.expand_dims(3, 0),
        tf.squeeze([[[7]]]),
        tf.squeeze(tf.zeros([0, 1])),
    ]


@raises(case=["expand", "squeeze", "squeeze range"])
def expand_and_squeeze_misuse(tf, case):
    x = grid(tf, 2, 3)
    return {
        "expand": lambda: tf.expand_dims(x, 4),
        "squeeze": lambda: tf.squeeze(x, 0),
        "squeeze range": lambda: tf.squeeze(x, 5),
    }[case]()


@snippet
def broadcast_to(tf):
    return [
        tf.broadcast_to([1, 2, 3], [2, 3]),
        tf.broadcast_to(1.5, [2, 0]),
        tf.broadcast_to([[1], [2]], [3, 2, 2]),
        tf.broadcast_static_shape(tf.TensorShape([2, 1]), tf.TensorShape([3])),
        tf.broadcast_dynamic_shape([2, 1], [3]),
    ]


@raises(shape=[[2, 2], [2], [-1, 3]])
def broadcast_to_impossible(tf, shape):
    return tf.broadcast_to([1, 2, 3], shape)


@snippet
def ensure_shape(tf):
    return tf.ensure_shape(tf.ones([2, 3]), [None, 3]), tf.ensure_shape(1, None)


@raises(shape=[[3, 3], [None], []])
def ensure_shape_fails(tf, shape):
    return tf.ensure_shape(tf.ones([2, 3]), shape)


@snippet
def ensure_shape_in_a_function(tf):
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec(None)])
    def f(x):
        y = tf.ensure_shape(x, [None, 2])
        shapes.append(y.shape)
        return y

    return f(tf.ones([3, 2])), shapes


# --- slicing


SLICES = [
    "x[0]",
    "x[-1]",
    "x[1:]",
    "x[:, 1]",
    "x[..., 0]",
    "x[::2]",
    "x[::-1]",
    "x[:, ::-1, 1:]",
    "x[1, 2, 3]",
    "x[tf.newaxis]",
    "x[:, None, 1]",
    "x[..., None]",
    "x[5:]",
    "x[-1:0:-1]",
    "x[0:0]",
    "x[1:-1, -2:]",
    "x[..., -1, :]",
    "x[None, ..., None]",
    "x[tf.constant(1)]",
    "x[tf.constant(0):tf.constant(2)]",
    "x[:, tf.constant(1):]",
    "x[-100:100]",
    "x[3::-2, ::2]",
    "x[x > 11]",
    "x[tf.constant([True, False])]",
    "x[np.int64(1)]",
    "x[0][1][2]",
    "x[:, :, -3]",
]


@snippet(index=SLICES)
def getitem(tf, index):
    import numpy as np

    return eval(index, {"tf": tf, "np": np, "x": grid(tf, 2, 3, 4)})


@raises(index=["x[2]", "x[0, 0, 0, 0]", "x[..., ...]", "x[-3]", "x['a']", "x[1.0]", "x[::0]", "x[:, 7]"])
def getitem_misuse(tf, index):
    return eval(index, {"tf": tf, "x": grid(tf, 2, 3, 4)})


@snippet(
    index=[
        "x[0]",
        "x[:, 1]",
        "x[1:]",
        "x[::-1]",
        "x[..., 1:]",
        "x[:, None]",
        "x[-1]",
        "x[:tf.shape(x)[0] - 1]",
    ]
)
def getitem_unknown(tf, index):
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.int32)])
    def f(x):
        y = eval(index, {"tf": tf, "x": x})
        shapes.append(y.shape)
        return y

    return f(grid(tf, 4, 3)), shapes


@snippet
def strided_slice_masks(tf):
    x = grid(tf, 3, 4, 5)
    return [
        tf.strided_slice(x, [1, 0, 0], [3, 2, 5], [1, 1, 2]),
        tf.strided_slice(x, [1, 1, 1], [2, 2, 2], begin_mask=2, end_mask=4),
        tf.strided_slice(x, [1, 2], [2, 3], shrink_axis_mask=1),
        tf.strided_slice(x, [0, 1], [1, 3], ellipsis_mask=1),
        tf.strided_slice(x, [0, 1, 0], [0, 3, 0], new_axis_mask=1, end_mask=4),
        tf.strided_slice(x, [-1, -1], [-4, -3], [-1, -1]),
    ]


@snippet
def slice_(tf):
    x = grid(tf, 3, 4)
    return (
        tf.slice(x, [1, 0], [2, 3]),
        tf.slice(x, [0, 2], [-1, -1]),
        tf.slice(x, [3, 4], [0, 0]),
        tf.slice(x, tf.constant([1, 1]), [1, 2]),
    )


@raises(begin=[[4, 0], [0, 3], [-1, 0]])
def slice_out_of_range(tf, begin):
    return tf.slice(grid(tf, 3, 4), begin, [1, 2])


@snippet
def tensor_scatter_and_assign_slices(tf):
    v = tf.Variable(grid(tf, 3, 4))
    v[1, 2:].assign([70, 80])
    v[:, 0].assign([-1, -2, -3])
    return v


# --- joining and splitting


@snippet(axis=[0, 1, -1])
def concat(tf, axis):
    x = grid(tf, 2, 3)
    return (
        tf.concat([x, x + 10, x[:, :3]], axis),
        tf.concat([x], axis),
        tf.concat([x, tf.zeros([2, 3], tf.int32)[:0] if axis == 0 else x], axis),
    )


@raises(case=["shape", "rank", "axis", "dtype", "scalar", "none"])
def concat_misuse(tf, case):
    x = grid(tf, 2, 3)
    return {
        "shape": lambda: tf.concat([x, grid(tf, 3, 2)], 0),
        "rank": lambda: tf.concat([x, [1, 2]], 0),
        "axis": lambda: tf.concat([x, x], 2),
        "dtype": lambda: tf.concat([x, tf.ones([2, 3])], 0),
        "scalar": lambda: tf.concat([1, 2], 0),
        "none": lambda: tf.concat([], 0),
    }[case]()


@snippet(axis=[0, 1, -1, -2])
def stack_unstack(tf, axis):
    x = grid(tf, 2, 3)
    s = tf.stack([x, x + 1], axis)
    return s, tf.unstack(s, axis=axis), tf.unstack(x), tf.stack([1, 2]), tf.stack([tf.zeros([0])] * 2)


@raises(case=["shape", "axis", "num", "scalar", "unknown", "dtype"])
def stack_unstack_misuse(tf, case):
    x = grid(tf, 2, 3)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
    def unknown(x):
        return tf.unstack(x)

    return {
        "shape": lambda: tf.stack([x, grid(tf, 3, 2)]),
        "axis": lambda: tf.stack([x, x], 4),
        "num": lambda: tf.unstack(x, 3),
        "scalar": lambda: tf.unstack(1),
        "unknown": lambda: unknown(tf.constant([1, 2])),
        "dtype": lambda: tf.stack([x, tf.ones([2, 3])]),
    }[case]()


@snippet
def split(tf):
    x = grid(tf, 4, 6)
    return [
        tf.split(x, 2),
        tf.split(x, 3, axis=1),
        tf.split(x, [1, 2, 3], -1),
        tf.split(x, [1, -1, 2], 1),
        tf.split(x, [0, 4]),
    ]


@raises(case=["uneven", "sum", "axis", "two unknown"])
def split_misuse(tf, case):
    x = grid(tf, 4, 6)
    return {
        "uneven": lambda: tf.split(x, 3),
        "sum": lambda: tf.split(x, [1, 2]),
        "axis": lambda: tf.split(x, 2, 2),
        "two unknown": lambda: tf.split(x, [-1, -1]),
    }[case]()


@snippet(dtype=["int32", "float32", "string", "bool"])
def tile_repeat(tf, dtype):
    x = {"string": tf.constant([["a", "b"]]), "bool": tf.constant([[True, False]])}.get(
        dtype, tf.constant([[1, 2]], None if dtype == "string" else "int32")
    )
    x = x if dtype in ("string", "bool") else tf.cast(x, dtype)
    return [
        tf.tile(x, [2, 3]),
        tf.tile(x, [0, 1]),
        tf.repeat(x, 2),
        tf.repeat(x, 2, axis=0),
        tf.repeat(x, [1, 3], axis=1),
    ]


@raises
def tile_wrong_rank(tf):
    return tf.tile([1, 2], [2, 2])


@snippet(mode=["CONSTANT", "REFLECT", "SYMMETRIC"])
def pad(tf, mode):
    x = grid(tf, 3, 4)
    return (
        tf.pad(x, [[1, 2], [0, 2]], mode),
        tf.pad(x, [[0, 0], [0, 0]], mode),
        tf.pad(tf.cast(x, "float32"), tf.constant([[1, 0], [2, 1]]), mode),
    )


@snippet
def pad_values(tf):
    return (
        tf.pad([1.5], [[1, 1]], constant_values=-2.0),
        tf.pad(tf.zeros([0, 2]), [[1, 0], [0, 0]]),
        tf.pad(5, tf.zeros([0, 2], tf.int32)),
    )


@raises(case=["rank", "negative", "reflect", "mode"])
def pad_misuse(tf, case):
    x = grid(tf, 3, 4)
    return {
        "rank": lambda: tf.pad(x, [[1, 1]]),
        "negative": lambda: tf.pad(x, [[-1, 0], [0, 0]]),
        "reflect": lambda: tf.pad(x, [[3, 0], [0, 0]], "REFLECT"),
        "mode": lambda: tf.pad(x, [[0, 0], [0, 0]], "WRAP"),
    }[case]()


@snippet(axis=[0, 1, -1, [0, 1]])
def roll_reverse(tf, axis):
    x = grid(tf, 3, 4)
    axes = axis if isinstance(axis, list) else [axis]
    return tf.roll(x, [1] * len(axes), axes), tf.roll(x, [-5] * len(axes), axes), tf.reverse(x, axes)


@raises(case=["axis", "twice", "roll axis"])
def roll_reverse_misuse(tf, case):
    x = grid(tf, 3, 4)
    return {
        "axis": lambda: tf.reverse(x, [2]),
        "twice": lambda: tf.reverse(x, [0, 0]),
        "roll axis": lambda: tf.roll(x, 1, 2),
    }[case]()


@snippet
def reverse_sequence(tf):
    x = grid(tf, 3, 4)
    return tf.reverse_sequence(x, [1, 4, 2], seq_axis=1), tf.reverse_sequence(
        x, [3, 2, 1, 0], seq_axis=0, batch_axis=1
    )


# --- space, batch, patches


@snippet(dtype=["float32", "int32"])
def space_and_batch(tf, dtype):
    x = grid(tf, 1, 4, 4, 1, dtype=dtype)
    return [
        tf.space_to_batch(x, [2, 2], [[0, 0], [0, 0]]),
        tf.batch_to_space(grid(tf, 4, 2, 2, 1, dtype=dtype), [2, 2], [[0, 0], [0, 1]]),
        tf.nn.space_to_depth(x, 2),
        tf.nn.depth_to_space(grid(tf, 1, 2, 2, 4, dtype=dtype), 2),
        tf.space_to_batch_nd(x, [2], [[1, 1]]),
    ]


@raises(case=["depth", "space", "batch"])
def space_misuse(tf, case):
    return {
        "depth": lambda: tf.nn.depth_to_space(tf.ones([1, 2, 2, 3]), 2),
        "space": lambda: tf.nn.space_to_depth(tf.ones([1, 3, 3, 1]), 2),
        "batch": lambda: tf.batch_to_space(tf.ones([3, 2, 2, 1]), [2, 2], [[0, 0], [0, 0]]),
    }[case]()


@snippet(dtype=["float32", "int32", "complex64"])
def diagonals(tf, dtype):
    x = grid(tf, 2, 3, 3, dtype=dtype)
    return [
        tf.linalg.diag_part(x),
        tf.linalg.diag_part(x, k=(-1, 1)),
        tf.linalg.diag(x[0]),
        tf.linalg.diag(x[:, 0], k=1),
        tf.linalg.set_diag(x, tf.zeros_like(x[:, 0])),
        tf.linalg.band_part(x, 1, 0),
        tf.linalg.band_part(x, 0, -1),
        tf.linalg.tensor_diag(x[0, 0]),
        tf.linalg.tensor_diag_part(x[0]),
    ]


@snippet(align=["LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT"])
def diag_alignment(tf, align):
    x = grid(tf, 3, 4)
    part = tf.linalg.diag_part(x, k=(-1, 2), align=align, padding_value=-9)
    return (
        part,
        tf.linalg.diag(part, k=(-1, 2), num_rows=3, num_cols=4, align=align),
        tf.linalg.set_diag(x, part + 50, k=(-1, 2), align=align),
    )


@snippet
def edit_distance(tf):
    a = tf.sparse.SparseTensor([[0, 0], [0, 1], [1, 0]], ["a", "b", "c"], [2, 2])
    b = tf.sparse.SparseTensor([[0, 0], [1, 0], [1, 1]], ["a", "c", "d"], [2, 2])
    return tf.edit_distance(a, b), tf.edit_distance(a, b, normalize=False)


@snippet
def spectral_helpers(tf):
    return (
        tf.clip_by_value(tf.constant([1, 5, 9]), 2, 6),
        tf.zeros([2], tf.string),
        tf.fill([2], "x"),
        tf.cast([0, 2], tf.bool),
    )


@snippet
def nest_functions(tf):
    value = {"b": [1, (2, 3)], "a": tf.constant(4)}
    return [
        tf.nest.flatten(value),
        tf.nest.map_structure(lambda x: x + 1, value),
        tf.nest.is_nested([1]),
        tf.nest.is_nested("ab"),
        tf.nest.pack_sequence_as(value, [10, 20, 30, 40]),
        tf.nest.flatten(5),
        tf.nest.flatten(None),
    ]


@raises(case=["structure", "length", "type"])
def nest_misuse(tf, case):
    return {
        "structure": lambda: tf.nest.assert_same_structure([1, 2], [1]),
        "length": lambda: tf.nest.pack_sequence_as([1, 2], [1]),
        "type": lambda: tf.nest.assert_same_structure([1, 2], (1, 2)),
    }[case]()


@snippet
def numpy_interop(tf):
    import numpy as np

    x = tf.constant([[1.0, 2.0]])
    return (
        np.asarray(x),
        x.numpy(),
        np.sum(x),
        np.array(tf.constant(["a"])),
        x.numpy().flags.writeable,
        tf.get_static_value(x),
        float(tf.constant(1.5)),
        f"{tf.constant(3):d}",
    )


@snippet
def dtype_objects(tf):
    names = [
        "float32",
        "int64",
        "bool",
        "string",
        "complex64",
        "bfloat16",
        "uint8",
        "resource",
        "variant",
        "half",
        "double",
    ]
    rows = []
    for name in names:
        d = tf.as_dtype(name)
        rows.append(
            [
                d,
                d.is_floating,
                d.is_integer,
                d.is_complex,
                d.is_bool,
                d.is_unsigned,
                d.name,
                repr(d),
                d.as_datatype_enum,
            ]
        )
    return rows


@snippet
def dtype_conversions(tf):
    import numpy as np

    return [
        tf.as_dtype(np.float32),
        tf.as_dtype(float),
        tf.as_dtype(bool),
        tf.as_dtype(np.dtype("int16")),
        tf.as_dtype(np.str_),
        tf.as_dtype(1),
        tf.float32 == "float32",
        tf.float32 == np.float32,
        tf.int32.max,
        tf.uint8.min,
        tf.float32.max,
        tf.float64.size,
        tf.complex64.real_dtype,
        tf.float32 != tf.float64,
        tf.int8 in {tf.int8: 1},
        tf.float32.as_numpy_dtype is np.float32,
    ]


@raises(value=["nonsense", 9999, []])
def dtype_of_nonsense(tf, value):
    return tf.as_dtype(value)


@snippet
def tensor_text(tf):
    return [
        str(tf.constant([1.5, 2.0])),
        repr(tf.constant([[1, 2]])),
        repr(tf.constant([[1, 2], [3, 4]])),
        str(tf.constant([[1.0, 2.0], [3.0, 4.0]])),
        repr(tf.constant("a")),
        str(tf.constant(True)),
        repr(tf.zeros([0])),
    ]
