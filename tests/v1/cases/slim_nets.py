"""Cases of the Inception nets of `tf.contrib.slim`, and OverFeat."""

import numpy as np


def _x(*shape):
    return np.random.RandomState(7).uniform(-1, 1, shape).astype("float32")


def _nets(tf):
    try:
        from tensorflow.contrib.slim.nets import inception, overfeat
    except ImportError:
        from tensorflow.contrib.slim.python.slim.nets import inception, overfeat
    return inception, overfeat


def small_inceptions(tf):
    slim = tf.contrib.slim
    nets, _ = _nets(tf)
    fetches, names = [], []
    for point, net, base, scope, size in (
        ("Mixed_3c", nets.inception_v2, nets.inception_v2_base, nets.inception_v2_arg_scope, 40),
        ("Mixed_5b", nets.inception_v3, nets.inception_v3_base, nets.inception_v3_arg_scope, 107),
    ):
        x = tf.constant(_x(1, size, size, 3))
        with slim.arg_scope(scope(weight_decay=0.001)):
            y, points = net(x, 3, is_training=False, min_depth=3, depth_multiplier=0.04)
            middle, _ = base(x, point, 3, 0.04, scope=point)
        fetches += [y, points["Predictions"], middle] + [points[k] for k in ("AuxLogits",) if k in points]
        names.append(sorted(points))
    return lambda sess: [sess.run(fetches), names]


def published_inceptions(tf):
    slim = tf.contrib.slim
    nets, overfeat = _nets(tf)
    told = []
    for size, net, scope in (
        (224, nets.inception_v1, nets.inception_v1_arg_scope()), (224, nets.inception_v2, nets.inception_v2_arg_scope()),
        (299, nets.inception_v3, nets.inception_v3_arg_scope()), (231, overfeat.overfeat, overfeat.overfeat_arg_scope()),
    ):  # fmt: skip
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [2, size, size, 3])
            with slim.arg_scope(scope):
                y, points = net(x, 11, is_training=True)
            told.append([
                str(y.shape.as_list()), {k: str(v.shape.as_list()) for k, v in points.items()},
                [v.name + str(v.shape.as_list()) for v in slim.get_model_variables()],
                len(tf.get_collection("regularization_losses")), len(tf.get_collection("update_ops")),
                sorted(v.name for v in tf.get_collection("moving_vars")),
            ])  # fmt: skip
    return lambda sess: told
