"""Cases of the layers of `tf.contrib.layers` that few programs use, of names of regularisers, and of metric learning."""

import numpy as np


def _x(*shape, seed=7):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype("float32")


def _with_gradients(tf, y, *inputs):
    found = tf.gradients(tf.reduce_sum(tf.square(y)), [*inputs, *tf.trainable_variables()])
    return [y, [g for g in found if g is not None]]


def _and(fetches, *plain):
    """Fetches, and what is known without a run."""
    return lambda sess: [sess.run(fetches), [str(p) for p in plain]]


def metric_learning(tf):
    from tensorflow.contrib.losses import metric_learning as losses

    labels = tf.constant([0, 1, 0, 2, 1, 0])
    x, y = (tf.nn.l2_normalize(tf.constant(_x(6, 4, seed=s)), 1) for s in (1, 2))
    several = [tf.SparseTensor([[i], [i + 1]], [1, 1], [7]) for i in range(6)]
    found = [
        losses.triplet_semihard_loss(labels, x),
        losses.triplet_semihard_loss(labels, x, margin=0.1),
        losses.lifted_struct_loss(labels, x, 0.5),
        losses.npairs_loss(labels, x, y),
        losses.npairs_loss_multilabel(several, x, y, reg_lambda=0.1),
        losses.contrastive_loss(tf.constant([0, 1, 1, 0, 1, 0]), x, y, margin=2.0),
    ]
    return [found, [tf.gradients(t, x)[0] for t in found]]


def spatial_softmax(tf):
    x = tf.placeholder_with_default(_x(2, 4, 5, 3), [None, None, None, 3])
    y = tf.contrib.layers.spatial_softmax(x)
    z = tf.contrib.layers.spatial_softmax(
        tf.constant(_x(2, 3, 4, 5)), temperature=0.5, name="second", trainable=False, data_format="NCHW"
    )
    return _and([*_with_gradients(tf, y, x), z], z.shape)


def divisive_normalization(tf):
    x = tf.constant(_x(2, 4, 4, 3))
    y = tf.contrib.layers.gdn(x)
    z = tf.contrib.layers.gdn(y, inverse=True, gamma_init=0.2, name="igdn")
    return _with_gradients(tf, 0.05 * z, x)


def sequences(tf):
    layers = tf.contrib.layers
    x = tf.placeholder_with_default(_x(2, 3, 4, 5), [None, 3, 4, 5])
    y = layers.images_to_sequence(x)
    z = layers.images_to_sequence(tf.constant(_x(2, 5, 3, 4)), data_format="NCHW", scope="s")
    back = layers.sequence_to_images(y, 3), layers.sequence_to_images(z, 3, "channels_first")
    sparse = layers.dense_to_sparse(tf.constant([[1, 0, 3], [0, 2, 0]]))
    return _and([y, z, back, sparse.indices, sparse.values, sparse.dense_shape], y.shape, z.shape)


def pools(tf):
    x = tf.constant(_x(2, 6, 6, 3))
    slim = tf.contrib.slim
    return [slim.pool(x, 2, "AVG"), slim.pool(x, [2, 3], "MAX", padding="SAME", stride=2)]


def scaled_gradient(tf):
    x = tf.constant(_x(3))
    y = tf.contrib.layers.scale_gradient(x, 0.5)
    return _with_gradients(tf, y, x)


def reversible_block(tf):
    def f(x):
        return tf.layers.dense(x, 3, tf.nn.tanh)

    def g(x, side):
        return tf.layers.dense(tf.concat([x, *side], 1), 3, tf.nn.sigmoid)

    x1, x2, side = (tf.constant(_x(2, n, seed=n)) for n in (3, 3, 4))
    x2 = x2 * 2.0
    y = tf.concat(tf.contrib.layers.rev_block(x1, x2, f, g, num_layers=2, g_side_input=[side]), 1)
    block = tf.contrib.layers.RevBlock([f, f], [f, f], num_layers=2, name="second")
    y1, y2 = block.forward(x1, x2)
    back = block.backward(y1, y2)
    n = len(block.trainable_variables)
    return _and([*_with_gradients(tf, y, x1, x2, side), y1, y2, back], n)


def recomputed(tf):
    runs = []

    @tf.contrib.layers.recompute_grad
    def layer(x, is_recomputing=False):
        runs.append(is_recomputing)
        with tf.variable_scope("layer", use_resource=True):
            return tf.layers.dense(x, 3, tf.nn.tanh, name="d")

    x = tf.constant(_x(2, 4))
    found = _with_gradients(tf, layer(x), x)
    return _and(found, runs)


def names_of_regularizers(tf):
    layers, slim = tf.contrib.layers, tf.contrib.slim
    reg, reg1 = layers.l2_regularizer(0.1), layers.l1_regularizer(0.1)
    x, im = tf.placeholder(tf.float32, [2, 8]), tf.placeholder(tf.float32, [2, 8, 8, 3])
    layers.fully_connected(x, 4, weights_regularizer=reg, biases_regularizer=reg1)
    for reuse in (None, True):
        layers.fully_connected(x, 4, weights_regularizer=reg, scope="b", reuse=reuse)
    layers.conv2d(im, 4, 3, weights_regularizer=reg, biases_regularizer=reg)
    layers.conv2d_transpose(im, 4, 3, weights_regularizer=reg, scope="ct")
    layers.conv2d_in_plane(im, 3, weights_regularizer=reg, scope="cp")
    layers.separable_conv2d(im, 4, 3, weights_regularizer=reg, scope="s")
    layers.separable_conv2d(im, None, 3, weights_regularizer=reg, scope="s1")
    layers.embed_sequence(tf.constant([[1, 2]]), 5, 6, regularizer=reg, scope="e")
    layers.bias_add(x, regularizer=reg, scope="ba")
    layers.batch_norm(im, scale=True, param_regularizers={"gamma": reg, "beta": reg}, scope="bn")
    options = {"weights_regularizer": slim.l2_regularizer(0.01), "normalizer_fn": slim.batch_norm}
    with slim.arg_scope([slim.conv2d, slim.fully_connected], **options), tf.variable_scope("outer"):
        slim.repeat(im, 2, slim.conv2d, 4, 3, scope="rep")
        slim.fully_connected(x, 3)
    layers.fully_connected(x, 4, weights_regularizer=layers.l1_l2_regularizer(0.1, 0.2), scope="l12")
    with tf.variable_scope("vs", regularizer=reg):
        tf.get_variable("w", [2])
        tf.layers.dense(x, 3)
        layers.fully_connected(x, 3)
    tf.layers.dense(x, 3, kernel_regularizer=reg)
    with tf.name_scope("ns"):
        layers.fully_connected(x, 4, weights_regularizer=reg, scope="inns")
        tf.layers.dense(x, 3, kernel_regularizer=reg)
    with tf.variable_scope("part", partitioner=tf.fixed_size_partitioner(2)):
        layers.fully_connected(x, 4, weights_regularizer=reg, scope="p")
    layers.apply_regularization(reg, tf.trainable_variables()[:2])
    return lambda sess: [t.name for t in tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)]
