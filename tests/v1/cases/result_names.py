"""What the results of functions are called that have other names in TensorFlow 2."""


def results(tf):
    x, k = tf.placeholder(tf.float32, [3, 4]), tf.placeholder(tf.float32, [])
    n, u = tf.placeholder(tf.int32, []), tf.placeholder(tf.float32, [None, 4])
    made = [
        tf.nn.dropout(x, 0.5), tf.nn.dropout(x, k), tf.nn.dropout(u, rate=k, name="mine"),
        tf.layers.dropout(x, 0.5, training=True), tf.linspace(0.0, 1.0, 5), tf.lin_space(0.0, 1.0, n, name="mine"),
        tf.repeat(x, 2), tf.repeat(x, n, axis=1), tf.repeat(u, n, axis=0, name="mine"), tf.repeat(x, [1, 2, 3], axis=0),
        tf.tensordot(x, x, [[1], [1]]), tf.reduce_logsumexp(x), tf.confusion_matrix([0], [1]), tf.random_normal([2]),
        tf.random_uniform([2], 1, 2), tf.clip_by_norm(x, 1.0), *tf.nn.moments(x, [0]), tf.norm(x), tf.eye(3),
    ]  # fmt: skip
    return lambda sess: [t.name for t in made]


def _net(tf):
    x, y = (
        tf.placeholder(tf.float32, [None, 28, 28, 1], name="x"),
        tf.placeholder(tf.float32, [None, 10], name="y"),
    )

    def weights(name, *shape):
        return tf.get_variable(name, list(shape), tf.float32, initializer=tf.zeros_initializer())

    h = tf.nn.conv2d(x, weights("w1", 5, 5, 1, 8), strides=[1, 1, 1, 1], padding="SAME")
    h = tf.nn.relu(tf.nn.bias_add(h, weights("b1", 8)))
    h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    h = tf.nn.conv2d(h, weights("w2", 5, 5, 8, 8), strides=[1, 2, 2, 1], padding="VALID")
    h = tf.nn.relu(tf.nn.bias_add(h, weights("b2", 8)))
    h = tf.reshape(tf.nn.avg_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), [-1, 3 * 3 * 8])
    z = tf.matmul(h, weights("w3", 72, 10)) + weights("b3", 10)
    tf.reduce_mean(-tf.reduce_sum(y * tf.log(tf.nn.softmax(z)), axis=1))
    tf.reduce_mean(tf.cast(tf.equal(tf.argmax(z, 1), tf.argmax(y, 1)), tf.float32))
    tf.reshape(z, [tf.shape(z)[0], 2, 5])
    tf.stack([z, z])


def _operations(tf, scope):
    graph = tf.get_default_graph()
    return [
        op.name for op in graph.get_operations() if op.name.startswith(scope) and "Initializer" not in op.name
    ]


def operations(tf):
    """Every operation of a convolutional net."""
    with tf.name_scope("net"):
        _net(tf)
    return lambda sess: _operations(tf, "net/")


def operations_with_resources(tf):
    with tf.variable_scope("net", use_resource=True):
        _net(tf)
    return lambda sess: _operations(tf, "net/")


def gradients(tf):
    """The gradients of a net whose weights are used again: each is one sum."""
    x = tf.placeholder(tf.float32, [2, 8])
    w, b = tf.get_variable("w", [8, 8]), tf.get_variable("b", [8])
    h = x
    for _ in range(3):
        h = tf.tanh(tf.matmul(h, w) + b)
    found = tf.gradients(tf.reduce_mean(tf.square(h)), [w, b])
    first = tf.gradients(tf.reduce_sum(tf.matmul(x, w)), w)
    return lambda sess: [g.name for g in found + first]
