"""Parts of graphs as functions, loss scales, small public functions of 1.x."""

from __future__ import annotations

from conformance.harness import raises, snippet


def _frozen(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        y = tf.matmul(x, tf.constant([[1.0], [2.0]]), name="y")
        tf.identity(2.0 * y, name="z")
    return graph.as_graph_def()


def _imported(tf):
    v1 = tf.compat.v1
    definition = _frozen(tf)
    return v1.wrap_function(lambda: v1.import_graph_def(definition, name=""), [])


@snippet
def frozen_graphs(tf):
    f = _imported(tf)
    element = f.graph.as_graph_element
    forward = f.prune(element("x:0"), element("z:0"))
    both = f.prune(["x:0"], {"y": "y:0", "z": ["z:0"]})
    x = tf.constant([[1.0, 1.0], [0.5, -1.0]])
    return (
        forward(x),
        both(x),
        f.prune(["y:0"], ["z:0"])(tf.constant([[3.0]])),
        [t.name for t in forward.inputs],
    )


@raises
def tensor_that_is_not_there(tf):
    return _imported(tf).prune(["x:0"], ["nothing:0"])


@snippet
def variables_of_functions(tf):
    v1 = tf.compat.v1

    def step(x, up):
        v = v1.get_variable("total", initializer=5.0)
        change = v.assign_add(x) if up else v.assign_sub(x)
        with tf.control_dependencies([change]):
            return v.read_value()

    add = v1.wrap_function(step, [tf.TensorSpec([], tf.float32), True])
    subtract = v1.wrap_function(step, [tf.TensorSpec([], tf.float32), False])
    out = [add(tf.constant(1.0)), add(tf.constant(2.0)), subtract(tf.constant(1.0))]
    return out, [v.name for v in add.variables], [v.numpy() for v in subtract.variables]


@snippet
def gradients_of_functions(tf):
    v1 = tf.compat.v1

    def model(x):
        return tf.tanh(tf.matmul(x, v1.get_variable("w", [2, 1], initializer=v1.ones_initializer())))

    f = v1.wrap_function(model, [tf.TensorSpec([None, 2], tf.float32)])
    x = tf.constant([[0.1, 0.2], [0.3, -0.4]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return y, tape.gradient(y, [x, f.variables[0]])


@snippet(period=[1, 2])
def loss_scales(tf, period):
    import numpy as np

    v1 = tf.compat.v1
    space = v1.train.experimental
    out = []
    with tf.Graph().as_default(), v1.Session() as sess:
        factor = v1.placeholder(tf.float32, [])
        v = v1.get_variable("v", initializer=2.0)
        step = v1.train.get_or_create_global_step()
        scale = space.DynamicLossScale(4.0, period, 2.0)
        opt = space.MixedPrecisionLossScaleOptimizer(v1.train.MomentumOptimizer(0.1, 0.9), scale)
        train = opt.minimize(v * v * factor, step)
        sess.run(v1.global_variables_initializer())
        for value in (1.0, 1.0, 1.0, np.inf, np.nan, 1.0, -1.0, 1.0):
            sess.run(train, {factor: value})
            out.append(sess.run([v, scale(), step]))
        names = sorted(v.name for v in v1.global_variables())
    return out, names


@raises(value=[0.5, "8"])
def fixed_scales_that_are_none(tf, value):
    return tf.compat.v1.train.experimental.FixedLossScale(value)


@snippet
def jacobians(tf):
    import numpy as np

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session():
        x = v1.placeholder(tf.float64, [2, 3])
        w = tf.constant(np.arange(6.0).reshape(3, 2) / 7)
        y = tf.tanh(tf.matmul(x, w))
        start = np.arange(6.0).reshape(2, 3) / 6
        u = tf.constant(start)
        z = tf.tanh(tf.matmul(u, w))
        pairs = v1.test.compute_gradient([u, w], [[2, 3], [3, 2]], z, [2, 2], [start + 1, np.ones([3, 2])])
        return v1.test.compute_gradient(x, [2, 3], y, [2, 2], start), [
            [np.round(m, 4) for m in p] for p in pairs
        ]


@snippet
def further_names(tf):
    v1 = tf.compat.v1
    value = v1.ragged.constant_value([[1, 2], [3]])
    sparse = tf.SparseTensor([[0, 1], [1, 0]], [1.0, 2.0], [2, 2])
    again = v1.deserialize_many_sparse(v1.serialize_many_sparse(sparse), tf.float32)
    return [
        v1.user_ops.my_fact(), value.values, value.row_splits, v1.serialize_sparse(sparse, "name").shape, again,
        v1.quantize_v2([0.0, 1.0], 0.0, 1.0, tf.quint8, name="q")[1:], v1.resource_loader.readahead_file_path("x"),
        v1.train.queue_runner.QueueRunner is v1.train.QueueRunner,
    ]  # fmt: skip


@snippet
def arguments_in_the_order_of_1x(tf):
    v1 = tf.compat.v1
    x = tf.reshape(tf.range(16.0), [1, 2, 2, 4])
    return [
        v1.nn.depth_to_space(x, 2, "name"), v1.nn.space_to_depth(x, 2, "name"), v1.math.softmax([1.0, 2.0], 0, "name"),
        v1.math.log_softmax([[1.0, 2.0]], dim=0), v1.math.in_top_k([[0.1, 0.9]], [1], 1),
        v1.manip.gather_nd([[1, 2], [3, 4]], [[1, 0]], "name"), v1.random.poisson([2.0], [3]).shape,
        v1.nn.avg_pool2d(value=x, ksize=2, strides=1, padding="VALID"), v1.linalg.transpose([[1, 2]], "name"),
    ]  # fmt: skip
