"""`tf.errors`, numeric checks, raw ops, and the bad input a user is likely to give."""

from conformance.harness import raises, snippet

CLASSES = [
    "AbortedError", "AlreadyExistsError", "CancelledError", "DataLossError", "DeadlineExceededError",
    "FailedPreconditionError", "InternalError", "InvalidArgumentError", "NotFoundError", "OutOfRangeError",
    "PermissionDeniedError", "ResourceExhaustedError", "UnauthenticatedError", "UnavailableError",
    "UnimplementedError", "UnknownError",
]  # fmt: skip


@snippet(name=CLASSES)
def classes(tf, name):
    error = getattr(tf.errors, name)(None, None, "what happened")
    return (
        error.message,
        error.error_code,
        error.op is None,
        error.node_def is None,
        isinstance(error, tf.errors.OpError),
    )


@snippet
def codes(tf):
    names = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "INTERNAL",
        "DATA_LOSS",
        "OUT_OF_RANGE",
    ]
    return [getattr(tf.errors, n) for n in names], issubclass(
        tf.errors.OperatorNotAllowedInGraphError, TypeError
    )


@snippet
def caught_by_the_documented_type(tf):
    caught = []
    for call in (
        lambda: tf.matmul(tf.ones([2, 3]), tf.ones([2, 3])),
        lambda: tf.reshape(tf.ones([6]), [4]),
        lambda: tf.gather([1, 2], 5),
        lambda: tf.debugging.assert_equal(1, 2),
    ):
        try:
            call()
        except tf.errors.OpError as error:
            caught.append((type(error).__name__, bool(error.message), error.error_code))
    return caught


@raises(compiled=[False, True], value=[float("nan"), float("inf")])
def enable_check_numerics(tf, compiled, value):
    def f(x):
        return tf.math.log(x - 1.0) * 2.0

    tf.debugging.enable_check_numerics()
    try:
        return (tf.function(f) if compiled else f)(tf.constant([1.0, value]))
    finally:
        tf.debugging.disable_check_numerics()


@snippet
def check_numerics_lets_good_values_pass(tf):
    tf.debugging.enable_check_numerics()
    try:
        return tf.math.log(tf.constant([1.0, 2.0])), tf.function(lambda x: tf.sqrt(x))(tf.constant(4.0))
    finally:
        tf.debugging.disable_check_numerics()


@raises
def out_of_range_at_run_time(tf):
    # Eager only. Compiled programs drop such updates, on TensorFlow too where XLA compiles them.
    return tf.tensor_scatter_nd_update(tf.zeros([3]), tf.constant([[7]]), [1.0])


@snippet
def gather_in_a_function(tf):
    f = tf.function(lambda x, i: tf.gather(x, i))
    return f(tf.constant([1.0, 2.0, 3.0]), tf.constant([2, 0]))


@raises
def missing_argument(tf):
    return tf.matmul(tf.ones([2, 2]))


@raises(fn=["reduce_sum", "exp", "reshape", "concat"])
def unknown_keyword(tf, fn):
    return getattr(tf, fn)(tf.ones([2]), nonsense=1)


# --- raw ops: the same names, inputs and attributes


@snippet
def raw_ops(tf):
    r, x, y = tf.raw_ops, tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([[0.5, -1.0], [2.0, 1.0]])
    return [
        r.AddV2(x=x, y=y),
        r.MatMul(a=x, b=y, transpose_a=True),
        r.Sum(input=x, axis=[0], keep_dims=True),
        r.Cast(x=x, DstT=tf.int32),
        r.ConcatV2(values=[x, y], axis=0),
        r.Reshape(tensor=x, shape=[4]),
        r.Softmax(logits=x),
        r.Relu(features=y),
        r.BiasAdd(value=x, bias=[1.0, 2.0], data_format="NHWC"),
        r.Pack(values=[x, y], axis=1),
        r.Unpack(value=x, num=2, axis=0),
        r.Split(axis=0, value=x, num_split=2),
        r.TopKV2(input=x, k=1),
        r.GatherV2(params=x, indices=[1], axis=0),
        r.Transpose(x=x, perm=[1, 0]),
        r.SelectV2(condition=[True, False], t=x, e=y),
        r.OneHot(indices=[0, 1], depth=2, on_value=1.0, off_value=0.0),
        r.ArgMax(input=x, dimension=1),
        r.L2Loss(t=x),
        r.Range(start=0, limit=3, delta=1),
        r.Identity(input=x),
        r.Shape(input=x),
        r.ZerosLike(x=x),
        r.InTopKV2(predictions=x, targets=[0, 1], k=1),
    ]  # fmt: skip


@snippet
def raw_ops_for_networks(tf):
    r, x, k = tf.raw_ops, tf.reshape(tf.range(16.0), [1, 4, 4, 1]), tf.ones([2, 2, 1, 1])
    pooled = r.MaxPool(input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
    return [
        r.Conv2D(input=x, filter=k, strides=[1, 1, 1, 1], padding="SAME"),
        pooled,
        r.AvgPool(value=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"),
        r.Conv2DBackpropInput(
            input_sizes=[1, 4, 4, 1],
            filter=k,
            out_backprop=tf.ones([1, 3, 3, 1]),
            strides=[1] * 4,
            padding="VALID",
        ),
        r.MaxPoolGrad(
            orig_input=x,
            orig_output=pooled,
            grad=pooled,
            ksize=[1, 2, 2, 1],
            strides=[1, 2, 2, 1],
            padding="VALID",
        ),
        r.ReluGrad(gradients=x, features=x - 5.0),
        r.SoftmaxCrossEntropyWithLogits(features=[[1.0, 2.0]], labels=[[0.5, 0.5]]),
    ]


@raises(case=["positional", "missing", "unknown", "dtype"], also=("TypeError", "InvalidArgumentError"))
def raw_op_misuse(tf, case):
    r = tf.raw_ops
    return {
        "positional": lambda: r.AddV2(tf.ones([1]), tf.ones([1])),
        "missing": lambda: r.AddV2(x=tf.ones([1])),
        "unknown": lambda: r.AddV2(x=tf.ones([1]), y=tf.ones([1]), z=1),
        "dtype": lambda: r.LogicalAnd(x=tf.ones([1]), y=tf.ones([1])),
    }[case]()


# --- conversions of one's own


@snippet
def registered_conversion(tf):
    class Celsius:
        def __init__(self, degrees):
            self.degrees = degrees

    def convert(value, dtype=None, name=None, as_ref=False):
        return tf.constant(value.degrees, dtype, name=name)

    tf.register_tensor_conversion_function(Celsius, convert)
    return tf.convert_to_tensor(Celsius([1.5, 2.0])), tf.constant([1.0, 1.0]) + Celsius([1.5, 2.0])


@snippet
def array_interfaces(tf):
    import numpy as np

    class Lazy:
        def __array__(self, dtype=None, copy=None):
            return np.array([1, 2], np.int32)

    return tf.convert_to_tensor(Lazy()), tf.constant(range(3)), tf.constant(memoryview(b"ab").tolist())


@snippet
def names_of_ops_in_a_graph(tf):
    graph = tf.Graph()
    with graph.as_default():
        x = tf.constant([1.0], name="first")
        with tf.name_scope("scope"):
            y = tf.add(x, x, name="sum")
            z = tf.add(x, x, name="sum")
    return (
        x.name,
        y.name,
        z.name,
        y.op.type,
        y.op.name,
        [i.name for i in y.op.inputs],
        y.graph is graph,
        len(graph.get_operations()),
    )


NUMBERS = {
    "zeros": lambda tf, n: tf.zeros([n, 2]),
    "fill": lambda tf, n: tf.fill([n], 1.0),
    "reshape": lambda tf, n: tf.reshape(tf.ones([2]), [1, n]),
    "constant": lambda tf, n: tf.constant([1, n]),
    "random": lambda tf, n: tf.random.normal([n, 2]),
    "shape": lambda tf, n: tf.zeros(tf.TensorShape([n])),
    "tile": lambda tf, n: tf.tile([1], [n]),
    "range": lambda tf, n: tf.range(n),
    "slice": lambda tf, n: tf.slice([1, 2], [0], [n]),
}


@raises(use=sorted(NUMBERS), graph=[False, True])
def unknown_dimension_where_a_number_is_needed(tf, use, graph):
    def f(x):
        return NUMBERS[use](tf, x.shape[0])

    if not graph:
        return NUMBERS[use](tf, None)
    return tf.function(f, input_signature=[tf.TensorSpec([None], tf.float32)])(tf.ones([3]))


VALUES = {
    "slice": (lambda tf, i: tf.slice(tf.ones([3]), [i], [2]), 2),
    "index": (lambda tf, i: tf.ones([3])[i], 3),
    "reverse_sequence": (lambda tf, n: tf.reverse_sequence(tf.ones([2, 3]), n, 1), [1, 4]),
    "crop": (lambda tf, i: tf.batch_to_space(tf.ones([4, 1, 1, 1]), [2, 2], i), [[0, 5], [0, 0]]),
    "invert_permutation": (lambda tf, i: tf.math.invert_permutation(i), [1, 1]),
    "bincount": (lambda tf, i: tf.math.bincount(i, minlength=3, maxlength=3), [1, -2]),
    "pow": (lambda tf, i: tf.constant([2, 3]) ** i, [1, -1]),
    "inverse": (lambda tf, a: tf.linalg.inv(a), [[1.0, 2.0], [2.0, 4.0]]),
    "solve": (lambda tf, a: tf.linalg.solve(a, [[1.0], [1.0]]), [[1.0, 2.0], [2.0, 4.0]]),
    "to_dense": (
        lambda tf, i: tf.sparse.to_dense(tf.SparseTensor(tf.cast(i, tf.int64), [1.0, 2.0], [2, 3])),
        [[1, 0], [0, 1]],
    ),
    "split": (
        lambda tf, i: tf.sparse.split(tf.SparseTensor(tf.cast(i, tf.int64), [1.0, 2.0], [2, 3]), 3, 1)[0].values,
        [[0, 1], [2, 2]],
    ),
}  # fmt: skip


@raises(op=sorted(VALUES), graph=[False, True])
def bad_values(tf, op, graph):
    function, value = VALUES[op]

    def f(x):
        return function(tf, x)

    return (tf.function(f) if graph else f)(tf.constant(value))
