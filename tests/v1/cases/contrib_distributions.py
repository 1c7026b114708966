"""Cases of `tf.contrib.distributions`: the families that did not become `tf.distributions`. Of samples, which are random,
the shapes, and whether their moments are near those of the distribution."""

import numpy as np


def _x(*shape, seed=7):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype("float32")


def _vectors(*shape):
    one_hot = np.zeros(shape, "float32")
    one_hot.reshape(-1, shape[-1])[:, 1] = 1
    return one_hot


def _facts(tf, d, value, methods, seed=3):
    """What a distribution says of itself and of values; shapes as they are known while the graph is built."""
    value = tf.constant(value)
    out = [
        str(d.batch_shape),
        str(d.event_shape),
        d.dtype.name,
        str(d.reparameterization_type is tf.contrib.distributions.FULLY_REPARAMETERIZED),
    ]
    out += [d.batch_shape_tensor(), d.event_shape_tensor(), d.is_scalar_batch(), d.is_scalar_event()]
    for name in methods.split():
        method = getattr(d, name)
        got = method(value) if "prob" in name or "cdf" in name or "survival" in name else method()
        out += [name, str(got.shape), got]
    for shape in ((), 3, (2, 1)):
        out.append(str(d.sample(shape, seed=seed).shape))
    return out


def _moments(tf, d, mean, variance, n=40000):
    draws = d.sample(n, seed=5)
    far = [
        tf.reduce_all(tf.abs(tf.reduce_mean(draws, 0) - mean) < 0.02 + 0.05 * tf.sqrt(variance)),
        tf.reduce_all(tf.abs(tf.nn.moments(draws, [0])[1] / variance - 1.0) < 0.15),
    ]
    return [str(draws.shape), *far]


def _fetch(facts):
    """Tensors run, all else as it is."""

    def fetch(sess):
        return [f if isinstance(f, (str, type(None))) else sess.run(f) for f in facts]

    return fetch


NORMAL = "prob log_prob mean mode variance stddev covariance entropy"


def multivariate_normal_diag(tf):
    c = tf.contrib.distributions
    loc, scale = _x(2, 3), np.abs(_x(3, seed=8)) + 0.5
    d = c.MultivariateNormalDiag(loc, scale)
    out = _facts(tf, d, _x(4, 2, 3), NORMAL) + _moments(tf, d, d.mean(), d.variance())
    for other in (
        c.MultivariateNormalDiag(loc=loc),
        c.MultivariateNormalDiag(scale_diag=scale),
        c.MultivariateNormalDiag(loc, scale_identity_multiplier=0.5),
        c.MultivariateNormalDiag(loc, scale, scale_identity_multiplier=0.5),
        c.MultivariateNormalDiag(loc[0], np.stack([scale, scale * 2])),
        c.MultivariateNormalDiagWithSoftplusScale(loc, scale),
    ):
        out += _facts(tf, other, _x(2, 3), NORMAL)
        out += [d.kl_divergence(other), other.kl_divergence(d), c.kl_divergence(other, other)]
    return _fetch(out)


def multivariate_normal_tril(tf):
    c = tf.contrib.distributions
    loc = _x(2, 3)
    tril = np.tril(_x(3, 3, seed=9)) + 2 * np.eye(3, dtype="float32")
    d = c.MultivariateNormalTriL(loc, tril)
    out = _facts(tf, d, _x(4, 2, 3), NORMAL) + _moments(tf, d, d.mean(), d.variance())
    above = c.MultivariateNormalTriL(loc, tril + np.triu(np.ones((3, 3), "float32"), 1))
    for other in (
        above,
        c.MultivariateNormalTriL(loc),
        c.MultivariateNormalTriL(scale_tril=np.stack([tril, 2 * tril])),
        c.MultivariateNormalDiag(loc, [1.0, 2.0, 0.5]),
    ):
        out += _facts(tf, other, _x(2, 3), NORMAL)
        out += [d.kl_divergence(other), other.kl_divergence(d)]
    return _fetch(out)


def multivariate_normal_gradients(tf):
    c = tf.contrib.distributions
    loc, raw = tf.constant(_x(2, 3)), tf.constant(_x(3, seed=8))
    d = c.MultivariateNormalDiag(loc, tf.nn.softplus(raw))
    prior = c.MultivariateNormalDiag(tf.zeros([3]))
    loss = tf.reduce_sum(c.kl_divergence(d, prior)) - tf.reduce_sum(d.log_prob(_x(2, 3, seed=4)))
    through = tf.gradients(tf.reduce_mean(d.sample(10, seed=1)), loc)[0]
    open_batch = c.MultivariateNormalDiag(tf.placeholder(tf.float32, [None, 3]), tf.ones([3]))
    known = [
        str(open_batch.batch_shape),
        str(open_batch.sample().shape),
        str(open_batch.log_prob(tf.zeros([5, 3])).shape),
    ]
    return _fetch([*tf.gradients(loss, [loc, raw]), through, *known])


def multivariate_normal_errors(tf):
    c = tf.contrib.distributions
    return _fetch(
        [
            _error(lambda: c.MultivariateNormalDiag()),
            _error(lambda: c.MultivariateNormalTriL()),
            _error(lambda: c.MultivariateNormalDiag([0.0, 1.0], [1.0, 1.0, 1.0])),
        ]
    )


def _error(make):
    try:
        make()
    except Exception as error:  # noqa: BLE001 - its type is what is asked
        return type(error).__name__
    return None


def one_hot_categorical(tf):
    c = tf.contrib.distributions
    methods = "prob log_prob mode variance stddev covariance entropy"
    d = c.OneHotCategorical(logits=_x(2, 3), dtype=tf.float32)
    out = _facts(tf, d, _vectors(4, 2, 3), methods) + _moments(tf, d, d.probs, d.variance())
    single = c.OneHotCategorical(probs=[0.2, 0.5, 0.3])
    out += _facts(tf, single, _vectors(3).astype("int32"), methods)
    out += [d.kl_divergence(single), tf.reduce_sum(single.sample(50, seed=2), -1), single.event_size]
    out += [single.logits, d.probs]
    return _fetch(out)


def exp_relaxed_one_hot_categorical(tf):
    c = tf.contrib.distributions
    d = c.ExpRelaxedOneHotCategorical(0.5, logits=_x(2, 3))
    value = tf.nn.log_softmax(_x(4, 2, 3))
    draws = d.sample(20, seed=1)
    out = _facts(
        tf,
        c.ExpRelaxedOneHotCategorical(0.7, probs=[0.2, 0.5, 0.3]),
        np.log([0.25, 0.25, 0.5]).astype("float32"),
        "prob log_prob",
    )
    return _fetch(out + [d.log_prob(value), tf.reduce_sum(tf.exp(draws), -1), d.temperature, d.logits])


def relaxed_one_hot_categorical(tf):
    c = tf.contrib.distributions
    logits = tf.constant(_x(2, 3))
    d = c.RelaxedOneHotCategorical(0.5, logits=logits)
    value = np.array([[[0.2, 0.3, 0.5]], [[0.7, 0.2, 0.1]]], "float32")
    out = _facts(tf, d, value, "prob log_prob")
    draws = d.sample(20, seed=1)
    frozen = c.RelaxedOneHotCategorical(1e-3, probs=[0.2, 0.5, 0.3]).sample(20000, seed=2)
    near = tf.reduce_all(tf.abs(tf.reduce_mean(frozen, 0) - [0.2, 0.5, 0.3]) < 0.02)
    flows = tf.reduce_any(tf.not_equal(tf.gradients(draws[..., 0], logits)[0], 0.0))
    return _fetch(out + [tf.reduce_sum(draws, -1), near, flows, d.distribution.temperature])


def relaxed_bernoulli(tf):
    c = tf.contrib.distributions
    d = c.RelaxedBernoulli(0.5, probs=[0.2, 0.5, 0.7])
    value = np.array([[0.1], [0.5], [0.9]], "float32")
    methods = "prob log_prob cdf log_cdf survival_function log_survival_function"
    out = _facts(tf, d, value, methods) + _facts(tf, c.RelaxedBernoulli(2.0, logits=_x(2)), value, methods)
    frozen = c.RelaxedBernoulli(1e-3, probs=[0.2, 0.5]).sample(20000, seed=2)
    near = tf.reduce_all(tf.abs(tf.reduce_mean(frozen, 0) - [0.2, 0.5]) < 0.02)
    return _fetch(out + [near, d.temperature, d.logits, d.probs])


def deterministic(tf):
    c = tf.contrib.distributions
    methods = "prob log_prob mean mode variance stddev entropy"
    d = c.Deterministic([1.0, 2.0])
    out = _facts(tf, d, np.array([[1.0], [2.0], [3.0]], "float32"), methods + " cdf") + [d.sample(2)]
    d = c.Deterministic([1.0, 2.0], atol=0.1, rtol=0.2)
    out += _facts(tf, d, np.array([[1.25], [1.6], [0.5]], "float32"), methods + " cdf") + [d.atol, d.rtol]
    d = c.VectorDeterministic(_x(2, 3), atol=0.1)
    return _fetch(
        out + _facts(tf, d, _x(2, 3) + np.array([[0.05], [0.2]], "float32"), methods) + [d.sample(2)]
    )


def poisson(tf):
    c = tf.contrib.distributions
    methods = "prob log_prob cdf log_cdf survival_function mean mode variance stddev"
    d = c.Poisson([1.5, 4.0])
    out = _facts(tf, d, np.array([[0.0], [2.0], [5.0]], "float32"), methods)
    out += _moments(tf, d, d.mean(), d.variance())
    d = c.Poisson(log_rate=_x(3), validate_args=True)
    out += _facts(tf, d, np.float32(2), methods) + [d.rate, d.log_rate]
    return _fetch(
        [*out, _error(c.Poisson), _error(lambda: c.Poisson(1)), _error(lambda: c.Poisson(1.0, 1.0))]
    )


def mixture(tf):
    c = tf.contrib.distributions
    probs = np.array([[0.25, 0.75], [0.6, 0.4]], "float32")
    d = c.Mixture(c.Categorical(probs=probs), [c.Normal([0.0, 1.0], 0.5), c.Normal([4.0, 0.0], [1.0, 2.0])])
    methods = "prob log_prob cdf log_cdf mean stddev variance entropy_lower_bound"
    out = _facts(tf, d, _x(4, 2) * 3, methods) + _moments(tf, d, d.mean(), d.variance())
    vectors = [c.MultivariateNormalDiag(_x(2, 3, seed=s), [0.5, 1.0, 2.0]) for s in (1, 2)]
    d = c.Mixture(c.Categorical(probs=probs), vectors, use_static_graph=True)
    out += _facts(tf, d, _x(4, 2, 3), "prob log_prob mean entropy_lower_bound") + [str(d.num_components)]
    out += _moments(tf, d, d.mean(), 1.0)[:2]
    mixed = [c.Normal(0.0, 1.0), c.Laplace(1.0, 2.0), c.Uniform(-1.0, 1.0)]
    d = c.Mixture(c.Categorical(probs=[0.2, 0.3, 0.5]), mixed)
    out += _facts(tf, d, _x(5), methods.replace(" entropy_lower_bound", ""))
    cat = c.Categorical(probs=[0.5, 0.5])
    out += [
        _error(lambda: c.Mixture(cat, [])),
        _error(lambda: c.Mixture(cat, mixed)),
        _error(lambda: c.Mixture(cat, 3)),
    ]
    return _fetch(out)


def mixture_same_family(tf):
    c = tf.contrib.distributions
    d = c.MixtureSameFamily(c.Categorical(probs=[0.25, 0.75]), c.Normal([0.0, 4.0], [0.5, 1.0]))
    out = _facts(tf, d, _x(4) * 3, "prob log_prob cdf log_cdf mean variance stddev")
    out += _moments(tf, d, d.mean(), d.variance())
    methods = "prob log_prob mean variance stddev covariance"
    parts = c.MultivariateNormalDiag(_x(2, 4, 3), np.abs(_x(2, 4, 3, seed=1)) + 0.5)
    d = c.MixtureSameFamily(c.Categorical(logits=_x(2, 4)), parts)
    out += _facts(tf, d, _x(5, 2, 3), methods) + _moments(tf, d, d.mean(), d.variance())
    d = c.MixtureSameFamily(c.Categorical(logits=_x(4)), parts)
    out += _facts(tf, d, _x(2, 3), "prob log_prob mean variance stddev")
    bad = _error(lambda: c.MixtureSameFamily(c.Categorical(logits=_x(3)), parts))
    return _fetch([*out, bad])


def independent(tf):
    c = tf.contrib.distributions
    methods = "prob log_prob mean mode variance stddev entropy"
    batch = c.Normal(_x(2, 3), np.abs(_x(3, seed=1)) + 0.5)
    out = []
    for dims in (None, 0, 1, 2):
        out += _facts(tf, c.Independent(batch, dims), _x(4, 2, 3), methods)
    d = c.Independent(c.Bernoulli(logits=_x(2, 3, 4)), 2)
    out += _facts(tf, d, _vectors(2, 3, 4), "prob log_prob mean mode variance stddev entropy")
    d, other = c.Independent(batch), c.Independent(c.Normal(np.zeros((2, 3), "float32"), 1.0))
    out += [d.kl_divergence(other), _error(lambda: c.Independent(batch, 3))]
    return _fetch(out)


def logistic(tf):
    c = tf.contrib.distributions
    methods = (
        "prob log_prob cdf log_cdf survival_function log_survival_function mean mode variance stddev entropy"
    )
    d = c.Logistic([0.0, 1.0], 0.7)
    return _fetch(_facts(tf, d, _x(4, 2) * 5, methods) + _moments(tf, d, d.mean(), d.variance()))


def geometric(tf):
    c = tf.contrib.distributions
    methods = "prob log_prob cdf mean mode variance stddev entropy"
    d = c.Geometric(probs=[0.3, 0.8])
    out = _facts(tf, d, np.array([[0.0], [2.5], [5.0]], "float32"), methods)
    out += _moments(tf, d, d.mean(), d.variance())
    d = c.Geometric(logits=_x(2), validate_args=True)
    return _fetch(out + _facts(tf, d, np.float32(2), methods) + [d.probs, d.logits])


def binomial(tf):
    c = tf.contrib.distributions
    out = []
    for d in (c.Binomial(5.0, probs=[0.3, 0.8]), c.Binomial([4.0, 9.0], logits=_x(2), validate_args=True)):
        out += [str(d.batch_shape), str(d.event_shape), d.dtype.name, d.total_count, d.probs, d.logits]
        out += [getattr(d, m)() for m in ("mean", "mode", "variance", "stddev")]
        value = np.array([[0.0], [2.0], [4.0]], "float32")
        out += [d.prob(value), d.log_prob(value), d.cdf(value), str(d.cdf(value).shape)]
    return _fetch(out)


def chi2(tf):
    c = tf.contrib.distributions
    methods = "prob log_prob cdf mean mode variance stddev entropy"
    d = c.Chi2([3.0, 5.0])
    out = _facts(tf, d, np.array([[0.5], [2.5], [5.0]], "float32"), methods)
    return _fetch(
        out + _moments(tf, d, d.mean(), d.variance()) + [d.df, d.rate, d.kl_divergence(c.Chi2(4.0))]
    )


def inverse_gamma(tf):
    c = tf.contrib.distributions
    methods = "prob log_prob cdf mean mode variance stddev entropy"
    d = c.InverseGamma([6.0, 8.0], 2.0)
    out = _facts(tf, d, np.array([[0.2], [0.5], [1.0]], "float32"), methods)
    out += _moments(tf, d, d.mean(), d.variance())[:2]
    undefined = c.InverseGamma([0.5, 1.5, 2.5], 1.0)
    return _fetch([*out, tf.is_nan(undefined.mean()), tf.is_nan(undefined.variance())])


def half_normal(tf):
    c = tf.contrib.distributions
    methods = "prob log_prob cdf survival_function mean mode variance stddev entropy"
    d = c.HalfNormal([0.5, 2.0])
    out = _facts(tf, d, np.array([[0.2], [0.5], [1.0]], "float32"), methods) + [d.prob(-1.0), d.cdf(-1.0)]
    return _fetch([*out, *_moments(tf, d, d.mean(), d.variance()), d.quantile([0.2, 0.7])])


def categorical_shapes(tf):
    c = tf.contrib.distributions
    values = [tf.constant([1, 2]), tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [2])]
    out = []
    for shape in ([3], [None, 3], [2, 3], [2, None], [None]):
        d = c.Categorical(logits=tf.placeholder(tf.float32, shape))
        out += [str(d.batch_shape), *(str(d.log_prob(v).shape) for v in values)]
    return _fetch(out)
