"""Cases of the families of `tf.contrib.distributions` that few programs use, and of its functions of samples."""

import numpy as np


def _x(*shape, seed=7):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype("float32")


def _positive(*shape, seed=7):
    return np.abs(_x(*shape, seed=seed)) + 0.3


def _facts(tf, d, value, methods):
    """What a distribution says of itself and of values, and whether its draws are as their moments say."""
    value = tf.constant(value)
    plain = [d.batch_shape, d.event_shape, d.dtype.name, d.sample([2, 3], seed=1).shape]
    plain.append(d.reparameterization_type is tf.contrib.distributions.FULLY_REPARAMETERIZED)
    found = [d.batch_shape_tensor(), d.event_shape_tensor()]
    for name in methods.split():
        method = getattr(d, name)
        found.append(method(value) if "prob" in name or "cdf" in name or "survival" in name else method())
        plain.append(found[-1].shape)
    return found, plain


def _near(tf, d, n=30000):
    draws = d.sample(n, seed=5)
    mean, variance = d.mean(), d.variance()
    own = tf.nn.moments(draws, [0])
    return [
        tf.reduce_all(tf.abs(own[0] - mean) < 0.03 + 0.05 * tf.sqrt(variance)),
        tf.reduce_all(tf.abs(own[1] - variance) < 0.03 + 0.2 * variance),
    ]


def _all(found):
    fetches, plain = zip(*found)
    return lambda sess: [sess.run(list(fetches)), [[str(p) for p in one] for one in plain]]


def softplus_parameters(tf):
    c = tf.contrib.distributions
    p, q, y = _x(3), _x(3, seed=8), _positive(2, 3) / 2
    moments = "log_prob mean variance"
    return _all(
        [
            _facts(tf, c.NormalWithSoftplusScale(p, q), y, moments + " entropy"),
            _facts(tf, c.LaplaceWithSoftplusScale(p, q), y, moments),
            _facts(tf, c.StudentTWithAbsDfSoftplusScale(5 * p + 7, p, q), y, moments),
            _facts(tf, c.BetaWithSoftplusConcentration(p, q), y, moments),
            _facts(tf, c.ExponentialWithSoftplusRate(p), y, moments),
            _facts(tf, c.GammaWithSoftplusConcentrationRate(p, q), y, moments),
            _facts(tf, c.InverseGammaWithSoftplusConcentrationRate(p + 4, q), y, moments),
            _facts(tf, c.Chi2WithAbsDf(5 * p), y, moments),
        ]
    )


def scalars(tf):
    c = tf.contrib.distributions
    every = "log_prob prob cdf log_cdf survival_function"
    p, q = _positive(3), _positive(3, seed=8)
    counts = np.array([[0, 1, 2], [3, 4, 5]], "float32")
    cauchy, kumaraswamy = c.Cauchy(_x(3), q), c.Kumaraswamy(p + 1, q + 1)
    negative = c.NegativeBinomial(3 * p, logits=_x(3))
    skewed = c.SinhArcsinh(_x(3), q, skewness=0.3, tailweight=1.2)
    plain = c.SinhArcsinh(_x(3), q)
    return _all(
        [
            _facts(tf, cauchy, _x(2, 3), every + " entropy mode"),
            _facts(tf, kumaraswamy, _positive(2, 3) / 2, every + " entropy mode mean variance"),
            _facts(tf, negative, counts, "log_prob prob mean variance mode"),
            _facts(tf, c.NegativeBinomial(2.0, probs=p / 3), counts, "log_prob mean"),
            _facts(tf, skewed, _x(2, 3), every),
            _facts(tf, plain, _x(2, 3), "log_prob cdf"),
            (_near(tf, kumaraswamy) + _near(tf, negative) + [cauchy.quantile([0.1, 0.5, 0.8])], []),
        ]
    )


def vectors(tf):
    c = tf.contrib.distributions
    loc, scale, y = _x(2, 3), _positive(3), 3 * _positive(4, 2, 3)
    matrix = _x(3, 3)
    covariance = (matrix.dot(matrix.T) + np.eye(3)).astype("float32")
    full = c.MultivariateNormalFullCovariance(loc, covariance, validate_args=True)
    factor = _x(3, 2, seed=9)
    low_rank = c.MultivariateNormalDiagPlusLowRank(loc, scale, scale_perturb_factor=factor)
    inner = c.MultivariateNormalDiagPlusLowRank(
        scale_diag=scale,
        scale_identity_multiplier=1.0,
        scale_perturb_factor=factor,
        scale_perturb_diag=[0.5, 0.2],
    )
    laplace, exponential = c.VectorLaplaceDiag(loc, scale), c.VectorExponentialDiag(loc, scale)
    dynamic = c.VectorLaplaceDiag(tf.placeholder_with_default(loc, [None, 3]), scale)
    skewed = c.VectorSinhArcsinhDiag(loc, scale, skewness=0.3, tailweight=1.2)
    moments = "log_prob mean variance stddev covariance mode"
    return _all(
        [
            _facts(tf, full, y, moments + " entropy"),
            _facts(tf, low_rank, y, "log_prob mean mode entropy"),
            _facts(tf, inner, y, "log_prob mean"),
            _facts(tf, laplace, y, moments + " entropy"),
            _facts(tf, exponential, y, moments),
            _facts(tf, c.VectorLaplaceDiag(scale_diag=scale, scale_identity_multiplier=2.0), y, moments),
            _facts(tf, skewed, y, "log_prob"),
            ([dynamic.log_prob(y), tf.shape(dynamic.sample(2)), dynamic.mean()], [dynamic.batch_shape]),
            (_near(tf, laplace) + _near(tf, exponential) + _near(tf, full), []),
        ]
    )


def wishart(tf):
    c = tf.contrib.distributions
    triangle = np.tril(_x(2, 2)).astype("float32") + 2 * np.eye(2, dtype="float32")
    scale = triangle.dot(triangle.T)
    y = np.stack([scale, scale + np.eye(2, dtype="float32")])
    full, by_root = c.WishartFull(5.0, scale), c.WishartCholesky(4.0, triangle)
    roots = c.WishartCholesky(4.0, triangle, cholesky_input_output_matrices=True)
    batch = c.WishartCholesky([3.0, 6.0], np.stack([triangle, triangle]))
    every = "log_prob prob mean variance stddev mode entropy"
    return _all(
        [
            _facts(tf, full, y, every),
            _facts(tf, by_root, y, every),
            _facts(tf, roots, np.linalg.cholesky(y), "log_prob mean variance mode entropy"),
            _facts(tf, batch, y, "log_prob entropy"),
            ([full.mean_log_det(), full.scale(), full.dimension, roots.scale(), *_near(tf, full)], []),
        ]
    )


def around_others(tf):
    c = tf.contrib.distributions
    normal = tf.distributions.Normal(_x(2), 2.0)
    whole = np.array([[-2.0, 0.0], [1.0, 2.0], [3.0, 4.0]], "float32")
    every = "prob log_prob cdf log_cdf survival_function log_survival_function"
    bounded = c.QuantizedDistribution(normal, low=-1.0, high=3.0)
    reshaped = c.BatchReshape(tf.distributions.Normal(_x(6), 2.0), [2, 3])
    vectors = c.BatchReshape(c.MultivariateNormalDiag(_x(4, 3), _positive(4, 3)), [2, 2])
    statistics = "log_prob prob mean variance stddev mode entropy"
    net = c.bijectors.masked_autoregressive_default_template([5])

    def made(drawn):
        shift, log_scale = net(drawn)
        return c.Independent(tf.distributions.Normal(shift, tf.exp(log_scale)), 1)

    auto = c.Autoregressive(made, tf.zeros([1, 3]))
    draws = auto.sample(4, seed=3)
    return _all(
        [
            _facts(tf, bounded, whole, every),
            _facts(tf, c.QuantizedDistribution(normal), whole, every),
            _facts(tf, reshaped, _x(5, 2, 3), statistics + " cdf"),
            _facts(tf, vectors, _x(5, 2, 2, 3), statistics + " covariance"),
            ([auto.log_prob(_x(2, 1, 3)), tf.shape(draws)], [auto.event_shape, auto.num_steps]),
        ]
    )


def functions(tf):
    c = tf.contrib.distributions
    x, y = tf.constant(_x(2, 3, 4)), tf.constant(_x(6, 9))
    found = [
        c.percentile(x, q, interpolation=i)
        for q in (0.0, 30.0, 50.0, 100.0)
        for i in ("lower", "higher", "nearest")
    ]
    found += [
        c.percentile(x, 40.0, axis=1),
        c.percentile(x, 40.0, axis=[0, 2], keep_dims=True),
        c.percentile(x, 70.0, keep_dims=True),
        c.auto_correlation(y),
        c.auto_correlation(y, axis=0, max_lags=3, center=False, normalize=False),
        c.fill_triangular(_x(2, 6)),
        c.fill_triangular(_x(2, 6), upper=True),
        c.fill_triangular_inverse(_x(2, 3, 3)),
        c.fill_triangular_inverse(_x(2, 3, 3), upper=True),
        c.softplus_inverse([1e-8, 1e-3, 1.0, 20.0, 100.0]),
        tf.gradients(c.softplus_inverse(x + 1.1), x),
        c.matrix_diag_transform(_x(2, 3, 3), tf.nn.softplus),
        c.reduce_weighted_logsumexp(x, axis=1),
        c.reduce_weighted_logsumexp(x, tf.reverse(x, [0]), axis=[0, 2], keep_dims=True, return_sign=True),
        c.tridiag(_x(2, 3), _x(2, 4), _x(2, 3, seed=8)),
        c.tridiag(diag=_x(3)),
    ]
    prior = tf.distributions.Normal([0.0, 1.0], 2.0)
    for make in (c.normal_conjugates_known_scale_posterior, c.normal_conjugates_known_scale_predictive):
        d = make(prior, scale=3.0, s=tf.constant([1.0, 5.0]), n=4)
        found += [d.loc, d.scale]
    stream = c.SeedStream(3, salt="here")
    seeds = [stream(), stream(), stream.original_seed, stream.salt]
    return lambda sess: [sess.run(found), [str(s) for s in seeds]]


def moving(tf):
    c = tf.contrib.distributions
    value = tf.placeholder(tf.float32, [2])
    mean, variance = c.moving_mean_variance(value, 0.9)
    log_mean = tf.Variable([0.0, 0.0], name="log_mean")
    log_update = c.assign_log_moving_mean_exp(log_mean, value, 0.8)

    def run(sess):
        steps = [[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]]
        return [sess.run([mean, variance, log_update], {value: v}) for v in steps]

    return run
