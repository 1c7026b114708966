"""Cases of `tf.contrib.layers` and `tf.contrib.framework`."""

import numpy as np


def _x(*shape):
    return np.random.RandomState(7).uniform(-1, 1, shape).astype("float32")


def _names(tensors):
    return [t.name for t in tensors]


def dense(tf):
    layers = tf.contrib.layers
    x = tf.constant(_x(3, 4))
    y = layers.fully_connected(
        x, 5, weights_regularizer=layers.l2_regularizer(0.1), outputs_collections="out"
    )
    z = layers.fully_connected(y, 2, activation_fn=None, scope="logits", variables_collections=["own"])
    w = layers.fully_connected(
        x, 3, normalizer_fn=layers.batch_norm, normalizer_params={"is_training": True}, scope="normed"
    )
    out = [
        y, z, w, layers.linear(x, 2), layers.relu(x, 2, scope="r"), layers.stack(x, layers.fully_connected, [3, 2], scope="s"),
        layers.repeat(x, 2, layers.fully_connected, 4, scope="rep"), layers.bias_add(x, tf.nn.elu),
        layers.fully_connected(tf.constant(_x(2, 2, 4)), 3, biases_initializer=None), layers.legacy_fully_connected(x, 2),
    ]  # fmt: skip
    return lambda sess: [
        sess.run(out), _names(tf.get_collection("own")), _names(tf.model_variables()), y.name,
    ]  # fmt: skip


def conv(tf):
    layers = tf.contrib.layers
    x = tf.constant(_x(2, 6, 6, 3))
    out = [
        layers.conv2d(x, 4, 3), layers.conv2d(x, 4, [3, 2], stride=2, padding="VALID", scope="c"),
        layers.conv2d(x, 2, 3, rate=2, activation_fn=None), layers.convolution(x[:, 0], 2, 3),
        layers.conv2d_transpose(x, 2, 3, stride=2), layers.separable_conv2d(x, 4, 3, 2),
        layers.separable_conv2d(x, None, 3, 1, normalizer_fn=layers.layer_norm), layers.conv2d_in_plane(x, 3),
        layers.max_pool2d(x, 2), layers.avg_pool2d(x, [3, 3], stride=1, padding="SAME"),
        layers.conv2d(x, 2, 1, normalizer_fn=layers.batch_norm, scope="bn"), layers.flatten(x),
    ]  # fmt: skip
    return lambda sess: [sess.run(out), [t.name for t in out[:2]]]


def batch_norm(tf):
    layers = tf.contrib.layers
    x = tf.constant(_x(4, 3, 3, 2))
    out = [
        layers.batch_norm(x, decay=0.9),
        layers.batch_norm(x[:, 0, 0], decay=0.9, scale=True),
        layers.batch_norm(x, is_training=False, scope="given"),
        layers.batch_norm(x[:, 0], fused=False, decay=0.8),
        layers.batch_norm(x, updates_collections=None, decay=0.9, center=False, scale=True),
        layers.batch_norm(x, updates_collections="mine", fused=False, decay=0.9, activation_fn=tf.nn.relu),
        layers.batch_norm(x, batch_weights=tf.constant([1.0, 0.0, 2.0, 1.0]), decay=0.9),
    ]
    moving = [v for v in tf.global_variables() if "moving" in v.name]

    def fetch(sess):
        first = sess.run(out)
        sess.run([tf.get_collection("mine"), tf.get_collection(tf.GraphKeys.UPDATE_OPS)])
        return [first, sess.run(moving), len(tf.get_collection("mine"))]

    return fetch


def batch_norm_placeholder(tf):
    layers = tf.contrib.layers
    x, training = tf.constant(_x(4, 3, 3, 2)), tf.placeholder(tf.bool, [])
    y = layers.batch_norm(x, decay=0.9, is_training=training, updates_collections=None, scope="bn")
    z = layers.batch_norm(x[:, 0, 0], decay=0.9, is_training=training, scope="rows")
    moving = [v for v in tf.global_variables() if "moving" in v.name]

    def fetch(sess):
        out = []
        for mode in (False, True, False):
            out.append(sess.run([y, z], {training: mode}))
            sess.run(tf.get_collection("update_ops"), {training: mode})
            out.append(sess.run(moving))
        return out

    return fetch


def norms(tf):
    layers = tf.contrib.layers
    x = tf.constant(_x(2, 3, 4, 6))
    return [
        layers.layer_norm(x), layers.layer_norm(x, begin_norm_axis=2, begin_params_axis=2, activation_fn=tf.nn.relu),
        layers.layer_norm(x[0, 0], center=False, scope="ln"), layers.instance_norm(x), layers.group_norm(x, 3),
        layers.unit_norm(x, 2), layers.softmax(x), layers.maxout(x, 3), layers.one_hot_encoding([1, 0, 3], 4),
        layers.instance_norm(tf.transpose(x, [0, 3, 1, 2]), data_format="NCHW", scope="first"),
    ]  # fmt: skip


def embeddings(tf):
    layers = tf.contrib.layers
    ids = tf.constant([[1, 2, 0], [3, 3, 1]])
    return [
        layers.embed_sequence(ids, 5, 3), layers.embed_sequence(ids, 5, 3, unique=True, scope="u"),
        layers.embed_sequence(ids, scope="u", reuse=True, vocab_size=5, embed_dim=3), layers.bow_encoder(ids, 5, 2, sparse_lookup=False),
    ]  # fmt: skip


def regularizers(tf):
    layers = tf.contrib.layers
    a, b = tf.get_variable("a", [3]), tf.get_variable("b", [2, 2])
    both = layers.l1_l2_regularizer(0.5, 0.25)
    return [
        layers.l1_regularizer(0.5)(a), layers.l2_regularizer(0.5)(b), both(a),
        layers.sum_regularizer([layers.l1_regularizer(1.0), None, layers.l2_regularizer(2.0)])(b),
        layers.apply_regularization(both, [a, b]),
    ]  # fmt: skip


def initializers(tf):
    layers = tf.contrib.layers

    def fetch(sess):
        out = []
        for make in (
            layers.xavier_initializer(),
            layers.xavier_initializer(uniform=False),
            layers.variance_scaling_initializer(),
            layers.variance_scaling_initializer(1.0, "FAN_OUT", True),
        ):
            v = sess.run(make([5, 5, 20, 30]))
            out.append([bool(abs(v.mean()) < 0.01), round(float(v.std()) * 50) / 50.0])
        return out

    return fetch


def arg_scopes(tf):
    layers, framework = tf.contrib.layers, tf.contrib.framework
    x = tf.constant(_x(2, 6, 6, 3))
    out = []
    with framework.arg_scope(
        [layers.conv2d, layers.fully_connected],
        activation_fn=tf.nn.elu,
        weights_regularizer=layers.l2_regularizer(0.1),
    ):
        with framework.arg_scope([layers.conv2d], padding="VALID") as scope:
            out.append(layers.conv2d(x, 2, 3))
        out.append(layers.conv2d(x, 2, 3, activation_fn=None))
    with framework.arg_scope(scope):
        out.append(layers.conv2d(x, 2, 3, scope="again"))

    @framework.add_arg_scope
    def own(a, b=1.0, c=2.0):
        return a + b * c

    with framework.arg_scope([own], b=3.0):
        values = [own(1.0), own(1.0, c=5.0), own(1.0, b=0.0)]
    return lambda sess: [
        sess.run(out),
        values,
        framework.has_arg_scope(own),
        list(framework.arg_scoped_arguments(own)),
    ]


def variables(tf):
    framework = tf.contrib.framework
    with tf.variable_scope("m"):
        a = framework.model_variable(
            "a", [2], collections=["mine"], regularizer=tf.contrib.layers.l2_regularizer(1.0)
        )
        framework.model_variable("b", [2], trainable=False)
    c = framework.variable("n/a", [1])
    step = framework.get_or_create_global_step()
    found = [
        _names(framework.get_variables("m")),
        _names(framework.get_model_variables()),
        _names(framework.get_variables_by_name("a")),
        _names(framework.get_variables_by_suffix("a")),
        framework.get_unique_variable("m/b").name,
        _names(framework.get_variables_to_restore(exclude=["m"])),
        _names(framework.get_variables_to_restore(include=["n"])),
        _names(framework.get_trainable_variables()),
        _names(tf.get_collection("mine")),
        framework.get_variable_full_name(a),
        step.name,
        _names(
            framework.filter_variables(
                framework.get_variables(), include_patterns=["a"], exclude_patterns=["n/"]
            )
        ),
    ]
    op, feeds = framework.assign_from_values({"m/a": np.float32([1, 2])})
    fn = framework.assign_from_values_fn({"n/a": np.float32([5])})

    def fetch(sess):
        sess.run(op, feeds)
        fn(sess)
        return [found, sess.run([a, c])]

    return fetch


def optimize(tf):
    layers = tf.contrib.layers
    x, y = tf.constant(_x(4, 3)), tf.constant(_x(4, 1))
    step = tf.train.get_or_create_global_step()
    loss = tf.reduce_mean(tf.square(layers.linear(x, 1, scope="fc") - y))
    trains = [
        layers.optimize_loss(loss, step, 0.1, "SGD"),
        layers.optimize_loss(
            loss, step, 0.1, "Adam", clip_gradients=0.5, name="second", summaries=["loss", "gradients"]
        ),
        layers.optimize_loss(
            loss,
            step,
            0.1,
            tf.train.GradientDescentOptimizer,
            gradient_multipliers={"fc/weights": 2.0},
            name="third",
            learning_rate_decay_fn=lambda rate, s: tf.train.exponential_decay(rate, s, 1, 0.5),
        ),
        layers.optimize_loss(
            loss, step, None, tf.train.MomentumOptimizer(0.1, 0.9), name="fourth", increment_global_step=False
        ),
    ]

    def fetch(sess):
        return [[sess.run(t) for t in trains], sess.run(tf.trainable_variables() + [step])]

    return fetch
