"""Stochastic dual coordinate ascent. Its order is random: examples that share no features do not notice."""

from __future__ import annotations

from conformance.harness import raises, snippet

LOSSES = ["logistic_loss", "squared_loss", "hinge_loss", "smooth_hinge_loss", "poisson_loss"]


def _inputs(tf, seed=0):
    import numpy as np

    draw = np.random.RandomState(seed)
    n = 5
    state = np.zeros([n, 4], np.float32)
    state[:, 0] = 0.3 * draw.rand(n)
    reals = lambda *shape: tf.constant(draw.randn(*shape).astype(np.float32))
    return {
        "sparse_example_indices": [[0, 0, 1, 2, 2, 3, 4], [0, 3]],
        "sparse_feature_indices": [[10, 11, 12, 13, 14, 15, 16], [1, 2]],
        "sparse_feature_values": [reals(7)],
        "dense_features": [tf.constant(np.diag(draw.randn(n)).astype(np.float32))],
        "example_weights": [1.0, 0.5, 2.0, 1.0, 0.25],
        "example_labels": [0.0, 1.0, 1.0, 0.0, 1.0],
        "sparse_indices": [[10, 11, 12, 13, 14, 15, 16, 20], [1, 2]],
        "sparse_weights": [reals(8), reals(2)],
        "dense_weights": [reals(n)],
        "example_state_data": tf.constant(state),
        "l1": 0.1, "l2": 1.5, "num_inner_iterations": 1,
    }  # fmt: skip


@snippet(loss=LOSSES, partitions=[1, 3])
def one_pass(tf, loss, partitions):
    run = tf.compat.v1.train.sdca_optimizer
    return run(**_inputs(tf), loss_type=loss, num_loss_partitions=partitions, adaptative=False)


@snippet(loss=LOSSES)
def many_passes(tf, loss):
    """The best weights do not depend on the order."""
    import numpy as np

    draw = np.random.RandomState(1)
    x = draw.randn(40, 3).astype(np.float32)
    y = (x @ np.asarray([1.0, -2.0, 0.5]) > 0).astype(np.float32)
    weights, state = np.zeros(3, np.float32), np.zeros([40, 4], np.float32)
    for i in range(150):
        out = tf.compat.v1.train.sdca_optimizer(
            [],
            [],
            [],
            [x],
            np.ones(40, np.float32),
            y,
            [],
            [],
            [weights],
            state,
            loss,
            0.0,
            4.0,
            1,
            1,
            adaptative=i % 2 == 0,
        )
        state, weights = out[0], weights + np.asarray(out[2][0])
    return np.round(weights, 2)


@raises
def label_of_no_class(tf):
    inputs = _inputs(tf) | {"example_labels": [0.0, 1.0, 2.0, 0.0, 1.0]}
    return tf.compat.v1.train.sdca_optimizer(**inputs, loss_type="logistic_loss", num_loss_partitions=1)


@raises
def state_of_another_shape(tf):
    inputs = _inputs(tf) | {"example_state_data": tf.zeros([5, 3])}
    return tf.compat.v1.train.sdca_optimizer(**inputs, loss_type="logistic_loss", num_loss_partitions=1)


@raises
def feature_without_weight(tf):
    inputs = _inputs(tf) | {"sparse_feature_indices": [[10, 11, 12, 13, 14, 15, 99], [1, 2]]}
    return tf.compat.v1.train.sdca_optimizer(**inputs, loss_type="squared_loss", num_loss_partitions=1)


@snippet
def fingerprints(tf):
    import numpy as np

    draw = np.random.RandomState(0)
    sizes = [
        0,
        1,
        3,
        4,
        7,
        8,
        12,
        15,
        16,
        17,
        20,
        31,
        32,
        33,
        64,
        100,
        127,
        128,
        143,
        144,
        145,
        160,
        200,
        272,
        300,
        1000,
    ]
    return tf.compat.v1.train.sdca_fprint([bytes(draw.randint(0, 256, n).astype(np.uint8)) for n in sizes])


@raises
def fingerprints_of_a_matrix(tf):
    return tf.compat.v1.train.sdca_fprint([["a"]])


@snippet
def shrinking(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.get_variable("v", initializer=[3.0, -1.0, -4.0, 0.0], use_resource=False)
        w = v1.get_variable("w", initializer=[[0.5, 2.5]], use_resource=False)
        shrink = v1.train.sdca_shrink_l1([v, w], l1=2.0, l2=1.0)
        sess.run([v.initializer, w.initializer])
        sess.run(shrink)
        return sess.run([v, w])
