"""Graphs that train: optimizers, decays, averages, losses, metrics."""

import numpy as np
from conformance.harness import raises, snippet


@snippet(
    which=[
        "GradientDescent", "Momentum", "Nesterov", "Adagrad", "AdagradDA", "Adam", "RMSProp", "CenteredRMSProp",
        "Adadelta", "Ftrl", "FtrlShrinkage", "ProximalGradientDescent", "ProximalAdagrad",
    ],
    sparse=[False, True],
    rtol=2e-5,
    atol=1e-6,
)  # fmt: skip
def optimizers(tf, which, sparse):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        step = v1.train.get_or_create_global_step()
        t = v1.train
        opt = {
            "GradientDescent": lambda: t.GradientDescentOptimizer(0.1),
            "Momentum": lambda: t.MomentumOptimizer(0.1, 0.9),
            "Nesterov": lambda: t.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
            "Adagrad": lambda: t.AdagradOptimizer(0.1),
            "AdagradDA": lambda: t.AdagradDAOptimizer(0.1, step, l1_regularization_strength=0.01),
            "Adam": lambda: t.AdamOptimizer(0.1),
            "RMSProp": lambda: t.RMSPropOptimizer(0.01, momentum=0.5),
            "CenteredRMSProp": lambda: t.RMSPropOptimizer(0.01, centered=True),
            "Adadelta": lambda: t.AdadeltaOptimizer(1.0),
            "Ftrl": lambda: t.FtrlOptimizer(
                0.1, l1_regularization_strength=0.01, l2_regularization_strength=0.02
            ),
            "FtrlShrinkage": lambda: t.FtrlOptimizer(0.1, l2_shrinkage_regularization_strength=0.1),
            "ProximalGradientDescent": lambda: t.ProximalGradientDescentOptimizer(0.1, 0.01, 0.02),
            "ProximalAdagrad": lambda: t.ProximalAdagradOptimizer(0.1, 0.1, 0.01, 0.02),
        }[which]()
        w = v1.get_variable(
            "w", initializer=tf.constant(np.arange(8, dtype=np.float32).reshape(4, 2) / 4 - 1)
        )
        if sparse:
            loss = tf.reduce_sum((v1.nn.embedding_lookup(w, [1, 3, 1]) - 0.5) ** 2)
        else:
            loss = tf.reduce_sum((w - 0.5) ** 2)
        train = opt.minimize(loss, global_step=step)
        sess.run(v1.global_variables_initializer())
        losses = [sess.run([loss, train])[0] for _ in range(5)]
        slots = [sess.run(opt.get_slot(w, n)) for n in opt.get_slot_names()]
        return (
            losses,
            sess.run(w),
            sess.run(step),
            opt.get_slot_names(),
            slots,
            [v.name for v in v1.global_variables()],
        )


@snippet
def gradients_and_variables(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        a = v1.get_variable("a", initializer=2.0, constraint=lambda x: tf.clip_by_value(x, -1.0, 1.0))
        b = v1.get_variable("b", initializer=3.0)
        v1.get_variable("c", initializer=3.0)
        opt = v1.train.GradientDescentOptimizer(0.1)
        pairs = opt.compute_gradients(a * b, gate_gradients=opt.GATE_GRAPH)
        names = [(g is None, v.name) for g, v in pairs]
        pairs = [(tf.clip_by_norm(g, 1.0), v) for g, v in pairs if g is not None]
        train = opt.apply_gradients(pairs, name="train")
        sess.run(v1.global_variables_initializer())
        sess.run(train)
        return names, sess.run([a, b]), train.name, len(v1.get_collection(v1.GraphKeys.TRAIN_OP))


@snippet(rtol=1e-5)
def decays(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        t = v1.train
        step = v1.placeholder(tf.int32, [])
        rates = [
            t.exponential_decay(0.1, step, 10, 0.5),
            t.exponential_decay(0.1, step, 10, 0.5, staircase=True),
            t.natural_exp_decay(0.1, step, 10, 0.5),
            t.inverse_time_decay(0.1, step, 10, 0.5),
            t.inverse_time_decay(0.1, step, 10, 0.5, staircase=True),
            t.polynomial_decay(0.1, step, 20, 0.01, power=2.0),
            t.polynomial_decay(0.1, step, 20, 0.01, cycle=True),
            t.cosine_decay(0.1, step, 20, alpha=0.1),
            t.cosine_decay_restarts(0.1, step, 10),
            t.linear_cosine_decay(0.1, step, 20),
            t.piecewise_constant(step, [5, 15], [1.0, 0.5, 0.1]),
        ]
        return [sess.run(rates, {step: k}) for k in (0, 5, 6, 15, 16, 40)]


@snippet
def decays_eagerly(tf):
    t = tf.compat.v1.train
    return t.exponential_decay(0.1, 10, 10, 0.5)(), t.piecewise_constant(6, [5], [1.0, 0.5])()


@snippet
def averages(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.Variable(1.0, name="v")
        n = v1.Variable(0, name="n", trainable=False)
        ema = v1.train.ExponentialMovingAverage(0.9, num_updates=n)
        update = ema.apply([v])
        sess.run(v1.global_variables_initializer())
        out = []
        for value in (2.0, 3.0):
            sess.run([v.assign(value).op, n.assign_add(1).op])
            sess.run(update)
            out.append(sess.run(ema.average(v)))
        names = sorted(ema.variables_to_restore())
        return (
            out,
            ema.average(v).op.name,
            ema.average_name(v),
            names,
            [x.name for x in v1.moving_average_variables()],
        )


@snippet(
    loss=[
        "absolute_difference", "hinge_loss", "huber_loss", "log_loss", "mean_squared_error",
        "mean_pairwise_squared_error", "sigmoid_cross_entropy", "softmax_cross_entropy",
    ],
    weights=[1.0, "rows", "some"],
)  # fmt: skip
def losses(tf, loss, weights):
    v1 = tf.compat.v1
    weights = {"rows": [[1.0], [0.5]], "some": [[1.0], [0.0]]}.get(weights, weights)
    if loss == "softmax_cross_entropy" and weights != 1.0:
        weights = [w[0] for w in weights]
    labels = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    values = [[0.2, 0.3, 0.4], [0.9, 0.1, 0.6]]
    f = getattr(v1.losses, loss)
    with tf.Graph().as_default(), v1.Session() as sess:
        results = [f(labels, tf.constant(values), weights)]
        if loss != "mean_pairwise_squared_error":
            results += [
                f(labels, tf.constant(values), weights, reduction=r)
                for r in (
                    v1.losses.Reduction.SUM,
                    v1.losses.Reduction.MEAN,
                    v1.losses.Reduction.SUM_OVER_BATCH_SIZE,
                )
            ]
        total = v1.losses.get_total_loss()
        if weights == 1.0 and loss != "mean_pairwise_squared_error":
            results.append(f(labels, tf.constant(values), weights, reduction=v1.losses.Reduction.NONE))
        return sess.run(results), len(v1.losses.get_losses()), sess.run(total)


@snippet
def more_losses(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        logits = tf.constant([[1.0, 2.0, 3.0], [0.5, 0.1, 0.2]])
        return sess.run(
            [
                v1.losses.sparse_softmax_cross_entropy([2, 0], logits),
                v1.losses.sparse_softmax_cross_entropy([[2], [0]], logits, weights=[1.0, 0.0]),
                v1.losses.softmax_cross_entropy([[1, 0, 0], [0, 1, 0]], logits, label_smoothing=0.1),
                v1.losses.sigmoid_cross_entropy([[1, 0, 0], [0, 1, 0]], logits, label_smoothing=0.1),
                v1.losses.cosine_distance(
                    tf.nn.l2_normalize(logits, 1), tf.nn.l2_normalize(logits + 1.0, 1), axis=1
                ),
                v1.losses.compute_weighted_loss(logits, 2.0),
            ]
        )


@snippet(
    metric=[
        "accuracy", "precision", "recall", "true_positives", "false_positives", "true_negatives", "false_negatives",
        "mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "auc",
    ],
    weighted=[False, True],
    rtol=1e-5,
)  # fmt: skip
def metrics(tf, metric, weighted):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        labels = v1.placeholder(tf.float32, [None])
        predictions = v1.placeholder(tf.float32, [None])
        options = {"weights": [1.0, 2.0, 0.5, 1.0]} if weighted else {}
        value, update = getattr(v1.metrics, metric)(labels, predictions, **options)
        sess.run(v1.local_variables_initializer())
        scores = metric == "auc"
        out = []
        for a, b in (([1, 0, 1, 1], [1, 1, 0, 1]), ([0, 0, 1, 0], [0, 1, 1, 0])):
            b = [0.3 + 0.5 * x for x in b] if scores else b
            out.append(sess.run(update, {labels: a, predictions: b}))
        return out, sess.run(value), sorted(v.name for v in v1.local_variables())


@snippet(rtol=1e-5)
def more_metrics(tf):
    v1 = tf.compat.v1
    m = v1.metrics
    with tf.Graph().as_default(), v1.Session() as sess:
        labels = tf.constant([1, 0, 1, 1, 0])
        scores = tf.constant([0.9, 0.4, 0.35, 0.8, 0.1])
        classes = tf.constant([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3], [0.2, 0.2, 0.6]])
        target = tf.constant([[1], [2], [2]], tf.int64)
        pairs = [
            m.mean([1.0, 2.0, 3.0], weights=[1.0, 0.0, 1.0]),
            m.mean_tensor(tf.constant([[1.0, 2.0]])),
            m.percentage_below(tf.constant([1.0, 2.0, 3.0]), 2.5),
            m.mean_relative_error(tf.constant([1.0, 2.0]), tf.constant([2.0, 2.0]), tf.constant([1.0, 0.0])),
            m.mean_cosine_distance(tf.constant([[1.0, 0.0]]), tf.constant([[0.6, 0.8]]), dim=1),
            m.mean_iou(tf.constant([0, 1, 1, 2]), tf.constant([0, 1, 2, 2]), 3),
            m.mean_per_class_accuracy(tf.constant([0, 1, 1, 2]), tf.constant([0, 1, 2, 2]), 3),
            m.precision_at_thresholds(labels, scores, [0.2, 0.5]),
            m.recall_at_thresholds(labels, scores, [0.2, 0.5]),
            m.true_positives_at_thresholds(labels, scores, [0.2, 0.5]),
            m.auc(labels, scores, curve="PR", summation_method="careful_interpolation"),
            m.auc(labels, scores, summation_method="minoring"),
            m.sensitivity_at_specificity(labels, scores, 0.7),
            m.specificity_at_sensitivity(labels, scores, 0.6),
            m.recall_at_k(target, classes, 2),
            m.precision_at_k(target, classes, 2),
            m.precision_at_k(target, classes, 2, class_id=2),
            m.recall_at_top_k(target, tf.constant([[1, 2], [0, 2], [2, 0]], tf.int64)),
            m.average_precision_at_k(target, classes, 2),
        ]
        sess.run(v1.local_variables_initializer())
        updates = sess.run([p[1] for p in pairs])
        return updates, sess.run([p[0] for p in pairs])


@raises
def nothing_to_train(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        v1.get_variable("v", [1])
        v1.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0))


@raises
def no_variables(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        v1.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0))


@raises
def metric_eagerly(tf):
    tf.compat.v1.metrics.mean([1.0])


@raises
def global_step_twice(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        v1.train.create_global_step()
        v1.train.create_global_step()


@raises
def weights_that_do_not_fit(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        v1.losses.mean_squared_error([[1.0, 2.0]], [[1.0, 2.0]], weights=[[1.0, 2.0, 3.0]])


def layer(tf, h, units, name):
    v1 = tf.compat.v1
    with v1.variable_scope(name):
        kernel = v1.get_variable("kernel", [h.shape[-1], units], use_resource=False)
        return tf.nn.bias_add(
            tf.matmul(h, kernel), v1.get_variable("bias", [units], use_resource=name == "out")
        )


def loss_of(tf, net):
    """A loss whose variables are below ops of which several inputs have gradients."""
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 8, 8, 2], name="x")
    rows = tf.reshape(x, [-1, 128])
    if net == "dense":
        labels = v1.placeholder(tf.int32, [None])
        logits = layer(tf, tf.nn.relu(layer(tf, rows, 5, "hidden")), 3, "out")
        return tf.reduce_mean(v1.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    if net == "conv":
        h = tf.nn.conv2d(x, v1.get_variable("w", [3, 3, 2, 4]), 1, "SAME", name="conv")
        h = tf.nn.relu(tf.nn.bias_add(h, v1.get_variable("b", [4], use_resource=False)))
        h = tf.nn.conv2d(h, v1.get_variable("v", [3, 3, 4, 4]), 1, "SAME") + v1.get_variable("c", [4])
        logits = layer(tf, tf.reshape(tf.nn.max_pool2d(h, 2, 2, "SAME"), [-1, 64]), 3, "out")
        labels = v1.placeholder(tf.float32, [None, 3])
        return tf.reduce_mean(v1.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits))
    if net == "norm":
        h, _, _ = v1.nn.fused_batch_norm(x, v1.get_variable("g", [2]), v1.get_variable("b", [2]))
        h = tf.nn.conv2d(h, v1.get_variable("w", [3, 3, 2, 2]), 1, "SAME")
        mean, variance = tf.nn.moments(h, [0, 1, 2])
        offset, scale = v1.get_variable("offset", [2]), v1.get_variable("scale", [2])
        return tf.reduce_sum(tf.nn.batch_normalization(h, mean, variance, offset, scale, 1e-3) ** 2)
    if net == "shared":
        w, b = v1.get_variable("w", [128, 128]), v1.get_variable("b", [128])
        h = tf.matmul(tf.tanh(tf.matmul(rows, w) + b), w) * b
        return tf.reduce_sum(h - tf.constant(1.0)) + tf.nn.l2_loss(w)
    table, index = v1.get_variable("table", [10, 3]), v1.placeholder(tf.int32, [None])
    h = tf.concat([tf.nn.embedding_lookup(table, index), tf.nn.embedding_lookup(table, index + 1)], 1)
    return tf.reduce_mean(tf.matmul(h, v1.get_variable("w", [6, 3])) / v1.get_variable("s", []))


@snippet(net=["dense", "conv", "norm", "shared", "rows"])
def names_of_gradients(tf, net):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        loss = loss_of(tf, net)
        found = []
        for _ in range(2):
            for g, v in v1.train.GradientDescentOptimizer(0.1).compute_gradients(loss):
                found.append((v.op.name, g.values.op.name if hasattr(g, "values") else g.op.name))
    return found
