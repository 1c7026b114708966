"""Cases of `tf.contrib.opt`: a few steps each, of a loss with a dense and a gathered variable."""

import numpy as np


def _model(tf, use_resource=True):
    # Resources: what a reference's readers see beside an update depends on the order of threads.
    w = tf.get_variable("w", [3, 2], tf.float32, use_resource=use_resource)
    table = tf.get_variable("table", [5, 3], tf.float32, use_resource=use_resource)
    x = tf.nn.embedding_lookup(table, [1, 3, 1, 4])
    y = tf.matmul(x, w) - np.arange(8, dtype="float32").reshape(4, 2) / 4
    return w, table, tf.reduce_sum(tf.square(y))


def _linear(tf):
    """Gradients that do not depend on the variables: 1.15 decays these at any time of a step."""
    w = tf.get_variable("w", [3, 2], tf.float32, use_resource=True)
    table = tf.get_variable("table", [5, 3], tf.float32, use_resource=True)
    x = tf.nn.embedding_lookup(table, [1, 3, 1, 4])
    weights = np.linspace(-1.0, 1.0, 6, dtype="float32").reshape(3, 2)
    return w, table, tf.reduce_sum(w * weights) + tf.reduce_sum(x * np.array([1.0, -2.0, 0.5], "float32"))


def _decayed(tf, opt, only=None):
    w, table, loss = _linear(tf)
    train = opt.minimize(loss, var_list=[{"w": w, "table": table}[n] for n in only] if only else None)
    return lambda sess: [sess.run(train) for _ in range(4)] + sess.run([w, table])


def _steps(tf, make, n=4, use_resource=True):
    step = tf.train.get_or_create_global_step()
    w, table, loss = _model(tf, use_resource)
    train = make(step).minimize(loss, global_step=step)

    def run(sess):
        losses = []
        for _ in range(n):
            losses.append(sess.run(loss))
            sess.run(train)
        return [losses, sess.run([w, table, step])]

    return run


def _plain(tf, name, *args, **kwargs):
    return _steps(tf, lambda step: getattr(tf.contrib.opt, name)(*args, **kwargs))


def lazy_adam(tf):
    return _plain(tf, "LazyAdamOptimizer", 0.1)


def nadam(tf):
    return _plain(tf, "NadamOptimizer", 0.1)


def adamax(tf):
    return _plain(tf, "AdaMaxOptimizer", 0.1)


def adam_w(tf):
    return _decayed(tf, tf.contrib.opt.AdamWOptimizer(0.01, learning_rate=0.1))


def momentum_w(tf):
    return _decayed(tf, tf.contrib.opt.MomentumWOptimizer(0.02, 0.01, 0.9, use_nesterov=True))


def sgd_w(tf):
    c = tf.contrib.opt
    kind = c.extend_with_decoupled_weight_decay(tf.train.GradientDescentOptimizer)
    return _decayed(tf, kind(0.05, learning_rate=0.02), ["w"])


def decay_of_some(tf):
    w, table, loss = _linear(tf)
    opt = tf.contrib.opt.AdamWOptimizer(0.1, learning_rate=0.1)
    train = opt.apply_gradients(opt.compute_gradients(loss), decay_var_list=[w])
    return lambda sess: [sess.run(train) for _ in range(2)] + sess.run([w, table])


def adam_gs(tf):
    return _steps(tf, lambda step: tf.contrib.opt.AdamGSOptimizer(step, 0.1))


def lazy_adam_gs(tf):
    return _steps(tf, lambda step: tf.contrib.opt.LazyAdamGSOptimizer(step, 0.1))


def add_sign(tf):
    from tensorflow.contrib.opt.python.training import sign_decay

    decay = sign_decay.get_linear_decay_fn(3)
    return _steps(
        tf, lambda step: tf.contrib.opt.AddSignOptimizer(0.02, sign_decay_fn=decay), use_resource=False
    )


def power_sign(tf):
    from tensorflow.contrib.opt.python.training import sign_decay

    decay = sign_decay.get_cosine_decay_fn(5, num_periods=2, zero_after=1)
    return _steps(
        tf,
        lambda step: tf.contrib.opt.PowerSignOptimizer(0.01, base=2.0, sign_decay_fn=decay),
        use_resource=False,
    )


def sign_decays(tf):
    from tensorflow.contrib.opt.python.training import sign_decay as s

    steps = [tf.constant(n, tf.int64) for n in (0, 1, 4, 7, 20)]
    kinds = [
        s.get_linear_decay_fn(10), s.get_cosine_decay_fn(10, 1.5), s.get_cosine_decay_fn(10, 3, 1.0),
        s.get_restart_decay_fn(10, 3), s.get_restart_decay_fn(10, 3, 2),
    ]  # fmt: skip
    return [[f(n) for n in steps] for f in kinds]


def reg_adagrad(tf):
    opt = tf.contrib.opt.RegAdagradOptimizer(0.2)
    w, table, loss = _model(tf)
    first = opt.minimize(loss)
    with opt.avoid_updating_slots():
        second = opt.minimize(loss)

    def run(sess):
        for train in (first, second, second, first):
            sess.run(train)
        return sess.run([w, table, opt.get_slot(w, "accumulator"), opt.get_slot(table, "accumulator")])

    return run


def lars(tf):
    w = tf.get_variable("w", [3, 2], tf.float32)
    b = tf.get_variable("bias", [2], tf.float32)
    loss = tf.reduce_sum(tf.square(tf.matmul(tf.ones([4, 3]), w) + b - 2.0))
    kind = tf.contrib.opt.LARSOptimizer
    train = kind(0.5, 0.9, weight_decay=0.01, eeta=0.1, skip_list=["bias"], use_nesterov=True).minimize(loss)
    return lambda sess: [[sess.run(loss), sess.run(train)][0] for _ in range(4)] + sess.run([w, b])


def variable_clipping(tf):
    w = tf.get_variable("w", [3, 2], tf.float32, use_resource=True)
    table = tf.get_variable("table", [5, 3], tf.float32, use_resource=True)
    loss = tf.reduce_sum(tf.square(tf.matmul(tf.nn.embedding_lookup(table, [1, 3, 4]), w) - 2.0))
    opt = tf.contrib.opt.VariableClippingOptimizer(
        tf.train.GradientDescentOptimizer(0.1), {w: [0], table: [1]}, 0.7
    )
    train = opt.minimize(loss)
    return lambda sess: [[sess.run(loss), sess.run(train)][0] for _ in range(3)] + sess.run([w, table])


def moving_average(tf):
    w, _, loss = _model(tf)
    opt = tf.contrib.opt.MovingAverageOptimizer(tf.train.GradientDescentOptimizer(0.05), average_decay=0.5)
    train = opt.minimize(loss)
    average = [v for v in tf.global_variables() if v.op.name == "w/ExponentialMovingAverage"][0]
    saver = opt.swapping_saver()

    def run(sess):
        import tempfile

        for _ in range(3):
            sess.run(train)
        path = saver.save(sess, tempfile.mkdtemp() + "/m")
        reader = tf.train.NewCheckpointReader(path)
        before = sess.run([w, average])
        saved = [reader.get_tensor("w"), reader.get_tensor("w/ExponentialMovingAverage")]
        sess.run([w.assign(tf.zeros_like(w)), average.assign(tf.ones_like(w))])
        saver.restore(sess, path)
        return [before, saved, sess.run([w, average])]

    return run


def drop_stale(tf):
    step = tf.train.get_or_create_global_step()
    w, _, loss = _model(tf)
    opt = tf.contrib.opt.DropStaleGradientOptimizer(tf.train.GradientDescentOptimizer(0.05), 0)
    train = opt.minimize(loss, global_step=step)
    return lambda sess: [sess.run(train) for _ in range(3)] + sess.run([w, step])


def multitask(tf):
    which = tf.placeholder_with_default(1.0, [])
    a = tf.get_variable("a", [3], tf.float32)
    b = tf.get_variable("b", [2], tf.float32)
    loss = which * tf.reduce_sum(tf.square(a - 1.0)) + (1.0 - which) * tf.reduce_sum(tf.square(b + 1.0))
    c = tf.contrib.opt
    opt = c.MultitaskOptimizerWrapper(tf.train.MomentumOptimizer(0.1, 0.9))
    pairs, norm = c.clip_gradients_by_global_norm(opt.compute_gradients(loss), 1.5)
    train = opt.apply_gradients(pairs)
    return lambda sess: (
        [sess.run([norm, train, loss], {which: v})[0] for v in (1.0, 0.0, 0.0, 1.0)] + sess.run([a, b])
    )


def ggt(tf):
    w = tf.get_variable("w", [3, 2], tf.float32, use_resource=True)
    b = tf.get_variable("b", [2], tf.float32, use_resource=True)
    scales = np.arange(1, 7, dtype="float32").reshape(3, 2)
    loss = tf.reduce_sum(scales * tf.square(w - 2.0)) + tf.reduce_sum(tf.square(b + 1.0) ** 2)
    train = tf.contrib.opt.GGTOptimizer(0.01, window=2, svd_eps=1e-3).minimize(loss, var_list=[w, b])
    return lambda sess: [[sess.run(loss), sess.run(train)][0] for _ in range(5)] + sess.run([w, b])


def _shampoo(tf, **kwargs):
    return _steps(tf, lambda step: tf.contrib.opt.ShampooOptimizer(step, learning_rate=0.1, **kwargs))


def shampoo(tf):
    return _shampoo(tf)


def shampoo_with_sums(tf):
    return _shampoo(tf, gbar_decay=0.9, gbar_weight=0.1, mat_gbar_decay=0.8, mat_gbar_weight=0.5)


def shampoo_diagonal(tf):
    return _shampoo(tf, max_matrix_size=2, mat_gbar_decay=0.8, gbar_decay=0.5)
