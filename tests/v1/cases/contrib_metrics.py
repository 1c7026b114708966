"""Cases of `tf.contrib.metrics`: three batches each, with what the value is after each of them."""

import numpy as np

_RNG = np.random.RandomState(3)
_BATCHES = [
    {
        "scores": _RNG.uniform(0, 1, n).astype("float32").round(2),
        "labels": _RNG.randint(0, 2, n),
        "weights": _RNG.uniform(0.5, 2, n).astype("float32"),
        "classes": _RNG.randint(0, 4, n),
        "other": _RNG.randint(0, 4, n),
        "matrix": _RNG.uniform(0, 1, [n, 6]).astype("float32"),
        "sets": _RNG.randint(0, 6, [n, 3]),
    }
    for n in (5, 8, 4)
]


def _run(tf, make):
    """The values and updates of `make(metrics, inputs)`, a list of pairs, after each batch."""
    inputs = {
        "scores": tf.placeholder(tf.float32, [None]),
        "labels": tf.placeholder(tf.int64, [None]),
        "weights": tf.placeholder(tf.float32, [None]),
        "classes": tf.placeholder(tf.int64, [None]),
        "other": tf.placeholder(tf.int64, [None]),
        "matrix": tf.placeholder(tf.float32, [None, 6]),
        "sets": tf.placeholder(tf.int64, [None, 3]),
    }
    pairs = make(tf.contrib.metrics, inputs)
    values, updates = zip(*pairs)

    def run(sess):
        found = []
        for batch in _BATCHES:
            feed = {inputs[k]: v for k, v in batch.items()}
            steps = [sess.run(u, feed) for u in updates]
            found.append([steps, sess.run(list(values), feed)])
        return found

    return run


def streaming_statistics(tf):
    def make(m, x):
        y = x["scores"] * tf.cast(x["labels"], tf.float32) + x["weights"]
        return [
            m.streaming_covariance(x["scores"], y),
            m.streaming_covariance(x["scores"], y, weights=x["weights"], name="weighted"),
            m.streaming_pearson_correlation(x["scores"], y),
            m.streaming_pearson_correlation(x["scores"], y, weights=x["weights"]),
            m.count(x["scores"]),
            m.count(x["scores"], weights=x["weights"]),
            m.cohen_kappa(x["classes"], x["other"], 4),
            m.cohen_kappa(x["classes"], x["other"], 4, weights=x["weights"]),
        ]

    run = _run(tf, make)
    names = [v.name for v in tf.local_variables()]
    return lambda sess: [run(sess), names]


def streaming_rates(tf):
    def make(m, x):
        said = x["scores"] > 0.5
        edges = [0.2, 0.5, 0.8]
        options = x["labels"], edges
        return [
            m.streaming_false_positive_rate(said, x["labels"]),
            m.streaming_false_negative_rate(said, x["labels"], weights=x["weights"]),
            m.streaming_false_positive_rate_at_thresholds(x["scores"], *options),
            m.streaming_false_negative_rate_at_thresholds(x["scores"], *options, weights=x["weights"]),
            m.streaming_specificity_at_sensitivity(x["scores"], x["labels"], 0.7),
            m.streaming_sensitivity_at_specificity(x["scores"], x["labels"], 0.4, x["weights"], 50),
            m.f1_score(x["labels"], x["scores"], weights=x["weights"]),
            m.recall_at_precision(x["labels"], x["scores"], 0.6),
            m.recall_at_precision(x["labels"], x["scores"], 0.6, strict_mode=True),
            m.recall_at_precision(x["labels"], x["scores"], 0.99, num_thresholds=20, strict_mode=True),
            m.precision_at_recall(x["labels"], x["scores"], 0.6),
            m.precision_at_recall(x["labels"], x["scores"], 0.6, x["weights"], 30),
        ]

    return _run(tf, make)


def streaming_curves(tf):
    def make(m, x):
        points = [
            m.streaming_curve_points(x["labels"], x["scores"], num_thresholds=7),
            m.streaming_curve_points(x["labels"], x["scores"], x["weights"], 7, curve="PR"),
            m.precision_recall_at_equal_thresholds(
                tf.cast(x["labels"], tf.bool), x["scores"], num_thresholds=6
            ),
            m.precision_recall_at_equal_thresholds(
                tf.cast(x["labels"], tf.bool), x["scores"], x["weights"], 11
            ),
        ]
        return [(value, tf.group(update)) for value, update in points] + [
            (auc, tf.group(update))
            for auc, update in [
                m.auc_using_histogram(tf.cast(x["labels"], tf.bool), x["scores"], [0.0, 1.0], nbins=20),
                m.streaming_dynamic_auc(x["labels"], x["scores"]),
                m.streaming_dynamic_auc(x["labels"], x["scores"], curve="PR", weights=x["weights"]),
                m.auc_with_confidence_intervals(x["labels"], x["scores"]),
                m.auc_with_confidence_intervals(
                    x["labels"], x["scores"], x["weights"], alpha=0.8, logit_transformation=False
                ),
            ]
        ]

    return _run(tf, make)


def streaming_concatenation(tf):
    def make(m, x):
        return [
            m.streaming_concat(x["scores"]),
            m.streaming_concat(x["matrix"], max_size=7),
            m.streaming_concat(tf.transpose(x["sets"]), axis=-1),
        ]

    return _run(tf, make)


def streaming_sparse(tf):
    def make(m, x):
        top = tf.nn.top_k(x["matrix"], 3)[1]
        sets = x["sets"]
        return [
            m.streaming_sparse_precision_at_k(x["matrix"], sets, 2),
            m.streaming_sparse_precision_at_k(x["matrix"], sets, 2, class_id=1, weights=x["weights"]),
            m.streaming_sparse_recall_at_k(x["matrix"], sets, 3),
            m.streaming_sparse_recall_at_k(x["matrix"], sets, 3, 2),
            m.streaming_sparse_precision_at_top_k(top, sets),
            m.sparse_recall_at_top_k(sets, top, weights=x["weights"]),
            m.streaming_sparse_average_precision_at_k(x["matrix"], sets, 4),
            m.streaming_sparse_average_precision_at_top_k(top, sets, weights=x["weights"]),
        ]

    return _run(tf, make)


def single_batches(tf):
    m = tf.contrib.metrics
    return [
        m.confusion_matrix(tf.constant([1, 2, 0]), tf.constant([1, 0, 0])),
        m.confusion_matrix([1, 2], [1, 0], 4, tf.float32, weights=[0.5, 2.0]),
    ]
