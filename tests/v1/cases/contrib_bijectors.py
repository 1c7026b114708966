"""Cases of `tf.contrib.distributions.bijectors` and of distributions that they transform: values and logarithms both ways,
gradients, shapes; nets with the variables that the oracle gives values."""

import numpy as np


def _x(*shape, seed=7):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype("float32")


def _both_ways(tf, b, x, dims=None):
    """What a bijector makes of x, back, and the logarithms at x and at a copy of y, which it has not seen."""
    x = tf.constant(x)
    least = b.forward_min_event_ndims
    y = b.forward(x)
    z = tf.identity(y)
    dims = least if dims is None else dims
    gained = b.inverse_min_event_ndims - least
    forward = b.forward_log_det_jacobian(x, event_ndims=dims)
    inverse = b.inverse_log_det_jacobian(z, event_ndims=dims + gained)
    back = b.inverse(z)
    shapes = [str(b.forward_event_shape(x.shape[-least:] if least else []))]
    plain = [b.name, b.inverse_min_event_ndims, b.is_constant_jacobian, b.inverse(y) is x, *shapes]
    gradient = tf.gradients(tf.reduce_sum(tf.square(y)) + tf.reduce_sum(forward), x)
    return [y, back, forward, inverse, gradient], plain


def _all(found):
    fetches, plain = zip(*found)
    return lambda sess: [sess.run(list(fetches)), [str(p) for p in plain]]


def elementwise(tf):
    b = tf.contrib.distributions.bijectors
    positive = np.abs(_x(3, 2)) + 0.1
    half = positive / 2
    return _all(
        [
            _both_ways(tf, b.Exp(), _x(3, 2)),
            _both_ways(tf, b.Exp(), _x(3, 2), 1),
            _both_ways(tf, b.PowerTransform(2.0, validate_args=True), positive),
            _both_ways(tf, b.Softplus(), 3 * _x(3, 2), 2),
            _both_ways(tf, b.Softplus(hinge_softness=0.5), _x(3, 2)),
            _both_ways(tf, b.Sigmoid(), _x(3, 2)),
            _both_ways(tf, b.Softsign(validate_args=True), _x(3, 2)),
            _both_ways(tf, b.Square(), positive),
            _both_ways(tf, b.Identity(), _x(3, 2), 1),
            _both_ways(tf, b.AffineScalar(shift=[1.0, 2.0], scale=[-2.0, 3.0]), _x(3, 2), 1),
            _both_ways(tf, b.AffineScalar(shift=1.0), _x(3, 2), 1),
            _both_ways(tf, b.Gumbel(0.5, 2.0), _x(3, 2), 1),
            _both_ways(tf, b.Kumaraswamy(2.0, 1.5, validate_args=True), half),
            _both_ways(tf, b.SinhArcsinh(0.3, 1.4), _x(3, 2), 1),
        ]
    )


def vectors_and_matrices(tf):
    b = tf.contrib.distributions.bijectors
    triangle = np.tril(_x(2, 3, 3)) + 2 * np.eye(3, dtype="float32")
    increasing = np.cumsum(np.abs(_x(2, 4)) + 0.1, -1).astype("float32")
    return _all(
        [
            _both_ways(tf, b.SoftmaxCentered(), _x(2, 3)),
            _both_ways(tf, b.Ordered(validate_args=True), increasing),
            _both_ways(tf, b.Permute([2, 0, 1]), _x(2, 3)),
            _both_ways(tf, b.CholeskyOuterProduct(), triangle),
            _both_ways(tf, b.MatrixInverseTriL(), triangle),
            _both_ways(tf, b.FillTriangular(), _x(2, 6)),
            _both_ways(tf, b.FillTriangular(upper=True), _x(2, 6)),
            _both_ways(tf, b.TransformDiagonal(b.Exp()), triangle),
            _both_ways(tf, b.ScaleTriL(), _x(2, 6)),
            _both_ways(tf, b.ScaleTriL(diag_bijector=b.Exp(), diag_shift=None), _x(2, 3)),
        ]
    )


def reshaped(tf):
    b = tf.contrib.distributions.bijectors.Reshape([2, 3], event_shape_in=[-1])
    x = tf.placeholder_with_default(_x(4, 6), [None, 6])
    y = b.forward(x)
    chain = tf.contrib.distributions.bijectors.Chain([b, tf.contrib.distributions.bijectors.Exp()])
    z = chain.forward(x)
    return [
        y,
        b.inverse(tf.identity(y)),
        b.forward_log_det_jacobian(x, event_ndims=1),
        z,
        chain.inverse(tf.identity(z)),
        b.forward_event_shape_tensor([6]),
    ]


def affine(tf):
    b = tf.contrib.distributions.bijectors
    tril, factor = _x(3, 3) + 2 * np.eye(3, dtype="float32"), _x(3, 2, seed=9)
    operator = tf.contrib.distributions.MultivariateNormalTriL(scale_tril=np.tril(tril)).scale
    return _all(
        [
            _both_ways(tf, b.Affine(), _x(2, 3)),
            _both_ways(tf, b.Affine(shift=[1.0, 2.0, 3.0]), _x(2, 3)),
            _both_ways(tf, b.Affine(_x(3), scale_identity_multiplier=2.0), _x(2, 3)),
            _both_ways(tf, b.Affine(_x(3), scale_diag=[1.0, 2.0, 3.0]), _x(2, 3)),
            _both_ways(tf, b.Affine(scale_identity_multiplier=2.0, scale_diag=[1.0, 2.0, 3.0]), _x(2, 3)),
            _both_ways(tf, b.Affine(_x(3), scale_tril=tril), _x(2, 3)),
            _both_ways(tf, b.Affine(scale_diag=[1.0, 2.0, 3.0], scale_tril=tril), _x(4, 2, 3)),
            _both_ways(tf, b.Affine(scale_diag=np.ones([2, 3], "float32") * 3), _x(4, 2, 3)),
            _both_ways(tf, b.Affine(scale_diag=[1.0, 2.0, 3.0], scale_perturb_factor=factor), _x(2, 3)),
            _both_ways(
                tf,
                b.Affine(
                    scale_identity_multiplier=2.0, scale_perturb_factor=factor, scale_perturb_diag=[1.0, 0.5]
                ),
                _x(2, 3),
            ),
            _both_ways(tf, b.AffineLinearOperator(_x(3), operator), _x(2, 3)),
        ]
    )


def composed(tf):
    b = tf.contrib.distributions.bijectors
    inline = b.Inline(
        forward_fn=tf.exp,
        inverse_fn=tf.log,
        inverse_log_det_jacobian_fn=lambda y: -tf.log(y),
        forward_min_event_ndims=0,
        name="exponential",
    )
    return _all(
        [
            _both_ways(tf, b.Invert(b.Exp()), np.abs(_x(3, 2)) + 0.2),
            _both_ways(tf, b.Invert(b.SoftmaxCentered()), np.array([[0.2, 0.3, 0.5]], "float32")),
            _both_ways(tf, b.Chain([b.Exp(), b.Affine([1.0, 2.0], scale_diag=[2.0, 3.0])]), _x(4, 2)),
            _both_ways(tf, b.Chain([b.Softplus(), b.AffineScalar(scale=2.0)]), _x(4, 2), 1),
            _both_ways(tf, b.Chain([b.CholeskyOuterProduct(), b.ScaleTriL()]), _x(2, 3)),
            _both_ways(tf, b.Chain([]), _x(2, 3), 1),
            _both_ways(tf, inline, _x(2, 3), 1),
        ]
    )


def absolute_value(tf):
    c = tf.contrib.distributions
    b = c.bijectors.AbsoluteValue(validate_args=True)
    y = tf.constant([0.5, 2.0])
    half = c.TransformedDistribution(tf.distributions.Normal(0.5, 2.0), b)
    return [
        b.forward(-y),
        b.inverse(y),
        b.inverse_log_det_jacobian(y, event_ndims=0),
        half.log_prob(y),
        half.prob(y),
    ]


def transformed(tf):
    c, b = tf.contrib.distributions, tf.contrib.distributions.bijectors
    normal = tf.distributions.Normal
    log_normal = c.TransformedDistribution(normal([0.0, 1.0], 2.0), b.Exp(), name="LogNormal")
    vectors = c.TransformedDistribution(
        normal(0.0, 1.0), b.Affine(_x(3), scale_diag=[1.0, 2.0, 3.0]), event_shape=[3]
    )
    batches = c.TransformedDistribution(normal(0.0, 1.0), b.AffineScalar(_x(2), [2.0, 3.0]), batch_shape=[2])
    turned = c.TransformedDistribution(
        normal(_x(2), 1.0), b.Affine(scale_diag=[1.0, 2.0, 3.0]), event_shape=[3]
    )
    both = c.TransformedDistribution(
        normal(0.0, 1.0),
        b.Affine(_x(2, 3), scale_tril=np.tril(_x(3, 3)) + np.eye(3, dtype="float32")),
        [2],
        [3],
    )
    found, plain = [], []
    for d, y in (
        (log_normal, np.abs(_x(4, 2)) + 0.1),
        (vectors, _x(4, 3)),
        (batches, _x(4, 2)),
        (turned, _x(4, 2, 3)),
        (both, _x(4, 2, 3)),
    ):
        draws = d.sample(5, seed=3)
        found += [
            d.log_prob(y),
            d.prob(y),
            d.batch_shape_tensor(),
            d.event_shape_tensor(),
            tf.shape(d.sample([2, 3])),
        ]
        found.append(d.log_prob(draws) - d.log_prob(tf.identity(draws)))
        plain += [d.name, d.batch_shape, d.event_shape, draws.shape]
    found += [d.entropy() for d in (vectors, batches, turned, both)]
    found += [
        log_normal.cdf([1.0, 2.0]),
        log_normal.quantile([0.2, 0.7]),
        log_normal.survival_function([1.0, 2.0]),
    ]
    return lambda sess: [sess.run(found), [str(p) for p in plain]]


def flow(tf):
    b = tf.contrib.distributions.bijectors
    net = b.masked_autoregressive_default_template([8, 9])
    maf = b.MaskedAutoregressiveFlow(net)
    shift = b.MaskedAutoregressiveFlow(
        b.masked_autoregressive_default_template([6], shift_only=True, name="shift"),
        is_constant_jacobian=True,
    )
    y = tf.constant(_x(4, 3))
    iaf = b.Invert(maf)
    normal = tf.distributions.Normal(0.0, 1.0)
    d = tf.contrib.distributions.TransformedDistribution(normal, maf, event_shape=[3])
    return [
        maf.inverse(y),
        maf.inverse_log_det_jacobian(y, event_ndims=1),
        maf.forward(tf.constant(_x(4, 3, seed=1))),
        shift.inverse(y),
        shift.forward(y),
        shift.inverse_log_det_jacobian(y, event_ndims=1),
        iaf.forward(tf.identity(y)),
        d.log_prob(y),
        tf.gradients(d.log_prob(y), tf.trainable_variables()[:6]),
    ]


def real_nvp(tf):
    b = tf.contrib.distributions.bijectors
    flow = b.RealNVP(2, b.real_nvp_default_template([8, 8]))
    shift = b.RealNVP(1, b.real_nvp_default_template([4], shift_only=True), is_constant_jacobian=True)
    chain = b.Chain([shift, b.Permute([2, 1, 0]), flow])
    normal = tf.contrib.distributions.MultivariateNormalDiag(tf.zeros([3]))
    d = tf.contrib.distributions.TransformedDistribution(normal, chain)
    y = tf.constant(_x(4, 3))
    return [
        flow.forward(y),
        flow.inverse(tf.identity(y)),
        # The sum is there because TensorFlow 1.15's graph optimiser loses a sign of the bare logarithm.
        flow.forward_log_det_jacobian(y, event_ndims=1) + y[:, 0],
        shift.forward(y),
        d.log_prob(y),
        tf.gradients(d.log_prob(y), tf.trainable_variables()),
        b.masked_dense(y, 6, num_blocks=3, exclusive=True, name="masked", activation=tf.nn.relu),
    ]


def normalization(tf):
    b = tf.contrib.distributions.bijectors
    y = tf.constant(_x(4, 3))
    trained, fixed = b.BatchNormalization(), b.BatchNormalization(training=False, name="fixed")
    return [
        trained.inverse(y),
        trained.inverse_log_det_jacobian(y, event_ndims=1),
        trained.forward(tf.identity(y)),
        trained.forward_log_det_jacobian(tf.identity(y), event_ndims=1) + y[:, 0],
        fixed.inverse(y),
        fixed.inverse_log_det_jacobian(y, event_ndims=1),
        fixed.forward(tf.identity(y)),
    ]


def conditional(tf):
    b = tf.contrib.distributions.bijectors

    class Scaled(b.ConditionalBijector):
        def __init__(self):
            super(Scaled, self).__init__(forward_min_event_ndims=0, name="scaled")  # noqa: UP008 - as written then

        def _forward(self, x, by):
            return x * by

        def _inverse(self, y, by):
            return y / by

        def _inverse_log_det_jacobian(self, y, by):
            return -tf.log(by) + tf.zeros_like(y)

    x, by = tf.constant(_x(3)), tf.constant(2.0)
    chain = b.Chain([Scaled(), b.Exp()])
    scaled = chain.bijectors[0]
    return [scaled.forward(x, by=by), scaled.inverse_log_det_jacobian(x, 1, by=by), scaled.inverse(x, by=by)]
