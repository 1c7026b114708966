"""Distributions of 1.x: densities, statistics, divergences, shapes, samples of the same seeds, errors."""

import numpy as np
from conformance.harness import raises, snippet

SCALAR = {
    "Bernoulli": ({"probs": [0.2, 0.7]}, [[0, 1], [1, 0]]),
    "Beta": ({"concentration1": [2.0, 0.5], "concentration0": 3.0}, [0.1, 0.5]),
    "Categorical": ({"logits": [[0.1, 2.0, -1.0], [0.5, 0.3, 0.2]]}, [[0, 2], [1, 1]]),
    "Exponential": ({"rate": [0.5, 3.0]}, [[0.1, 0.5], [1.3, 0.9]]),
    "Gamma": ({"concentration": [2.0, 0.5], "rate": 3.0}, [[0.1, 0.5], [1.3, 0.9]]),
    "Laplace": ({"loc": [-1.0, 0.5], "scale": 2.0}, [[0.1, -20.0], [9.0, 0.9]]),
    "Normal": ({"loc": [-1.0, 0.5], "scale": 2.0}, [[0.1, -9.0], [9.0, 0.9]]),
    "StudentT": ({"df": [3.0, 5.0], "loc": 0.5, "scale": 2.0}, [0.1, -9.0]),
    "Uniform": ({"low": [-1.0, 0.5], "high": 2.0}, [[0.1, -9.0], [9.0, 0.9]]),
}
VECTOR = {
    "Dirichlet": ({"concentration": [2.0, 3.0, 1.5]}, [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]),
    "DirichletMultinomial": (
        {"total_count": 4.0, "concentration": [2.0, 3.0, 1.5]},
        [[1.0, 2.0, 1.0], [0.0, 0.0, 4.0]],
    ),
    "Multinomial": ({"total_count": 4.0, "logits": [0.1, 2.0, -1.0]}, [[1.0, 2.0, 1.0], [0.0, 0.0, 4.0]]),
}
ALL = {**SCALAR, **VECTOR}
OF_VALUES = ["log_prob", "prob", "cdf", "log_cdf", "survival_function", "log_survival_function"]
STATISTICS = ["entropy", "mean", "variance", "stddev", "covariance", "mode"]


def make(tf, which, **more):
    return getattr(tf.compat.v1.distributions, which)(**ALL[which][0], **more)


def what_there_is(functions):
    """The values of those functions that a distribution has, and the names of those that it has not."""
    found, absent = {}, []
    for name, function in functions.items():
        try:
            found[name] = function()
        except NotImplementedError:
            absent.append(name)
    return found, absent


@snippet(which=list(ALL), graph=[False, True], rtol=1e-4, atol=1e-6)
def of_values(tf, which, graph):
    def compute():
        d = make(tf, which)
        return what_there_is({n: lambda n=n: getattr(d, n)(ALL[which][1]) for n in OF_VALUES})

    if not graph:
        return compute()
    with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        found, absent = compute()
        return sess.run(found), absent


@snippet(which=list(ALL), graph=[False, True], rtol=1e-4, atol=1e-6)
def statistics(tf, which, graph):
    def compute():
        d = make(tf, which)
        return what_there_is({n: getattr(d, n) for n in STATISTICS})

    if not graph:
        return compute()
    with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        found, absent = compute()
        return sess.run(found), absent


@snippet(which=list(ALL))
def shapes(tf, which):
    d = make(tf, which)
    kind = tf.compat.v1.distributions.FULLY_REPARAMETERIZED
    return (
        d.batch_shape, d.event_shape, d.batch_shape_tensor(), d.event_shape_tensor(), d.dtype, d.is_scalar_batch(),
        d.is_scalar_event(), d.sample().shape, d.sample(4).shape, d.sample([2, 3]).shape, d.sample().dtype,
        d.reparameterization_type is kind, d.allow_nan_stats, d.validate_args, sorted(d.parameters),
    )  # fmt: skip


@snippet(
    which=[
        "Bernoulli",
        "Beta",
        "Exponential",
        "Gamma",
        "Laplace",
        "Normal",
        "StudentT",
        "Uniform",
        "Categorical",
    ]
)
def param_shapes(tf, which):
    kind = getattr(tf.compat.v1.distributions, which)
    try:
        return kind.param_shapes([2, 3]), kind.param_static_shapes([2, 3])
    except NotImplementedError:
        return "absent"


@snippet(which=["Bernoulli", "Exponential", "Laplace", "Normal", "Uniform", "Categorical"], rtol=1e-5)
def numbers_of_a_seed(tf, which):
    with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        tf.compat.v1.set_random_seed(7)
        return sess.run(make(tf, which).sample([2, 3], seed=11))


@snippet(which=list(ALL))
def unknown_shapes(tf, which):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        holders = {k: v1.placeholder_with_default(np.float32(v), None) for k, v in ALL[which][0].items()}
        d = getattr(v1.distributions, which)(**holders)
        count = v1.placeholder(tf.int32, [])
        draws = d.sample(count)
        return sess.run([tf.shape(draws), d.batch_shape_tensor(), d.event_shape_tensor()], {count: 5}), str(
            d.batch_shape
        )


@snippet(rtol=1e-5)
def tails_of_the_normal(tf):
    d = tf.compat.v1.distributions.Normal(np.float64(0), np.float64(1))
    x = np.array([-200.0, -40, -30, -15, -8, -1, 0, 1, 6, 10, 40])
    return d.log_cdf(x), d.log_survival_function(x), d.cdf(x), d.survival_function(x)


@snippet(rtol=1e-4)
def quantiles(tf):
    return tf.compat.v1.distributions.Normal([1.0, 2.0], 3.0).quantile([[0.001], [0.2], [0.5], [0.99]])


@snippet(rtol=1e-4, atol=1e-6)
def divergences(tf):
    d = tf.compat.v1.distributions
    pairs = [
        (d.Normal([0.0, 1.0], 2.0), d.Normal(1.0, [[3.0], [0.5]])),
        (d.Bernoulli([0.3, -2.0]), d.Bernoulli(probs=0.3)),
        (d.Beta([0.3, 2.0], 1.0), d.Beta(3.0, 4.0)),
        (d.Categorical([[0.3, -2.0], [1.0, 2.0]]), d.Categorical(probs=[0.3, 0.7])),
        (d.Dirichlet([[0.3, 2.0], [1.0, 2.0]]), d.Dirichlet([0.3, 0.7])),
        (d.Gamma([0.3, 2.0], 1.0), d.Gamma(3.0, 4.0)),
        (d.Exponential([0.3, 2.0]), d.Gamma(3.0, 4.0)),
    ]
    return [
        (a.kl_divergence(b), a.cross_entropy(b), d.kl_divergence(a, b, allow_nan_stats=False))
        for a, b in pairs
    ]


@snippet
def kl_of_subclasses(tf):
    d = tf.compat.v1.distributions

    class A(d.Normal):
        pass

    class B(A):
        pass

    @d.RegisterKL(A, d.Normal)
    def one(a, b, name=None):
        return tf.constant(1.0)

    @d.RegisterKL(A, A)
    def two(a, b, name=None):
        return tf.constant(2.0)

    a, b, n = A(0.0, 1.0), B(0.0, 1.0), d.Normal(0.0, 1.0)
    return [d.kl_divergence(x, y) for x in (a, b, n) for y in (a, b, n)]


@snippet
def undefined_is_nan(tf):
    d = tf.compat.v1.distributions
    return (
        d.Beta([0.5, 3.0], 2.0).mode(), d.Gamma([0.5, 3.0], 2.0).mode(), d.Dirichlet([0.5, 3.0]).mode(),
        d.StudentT([0.5, 1.5, 3.0], 1.0, 2.0).mean(), d.StudentT([0.5, 1.5, 3.0], 1.0, 2.0).variance(),
    )  # fmt: skip


@raises(which=["Beta", "Gamma", "Dirichlet"])
def undefined_is_an_error(tf, which):
    d = tf.compat.v1.distributions
    args = {"Beta": (0.5, 2.0), "Gamma": (0.5, 2.0), "Dirichlet": ([0.5, 2.0],)}[which]
    return getattr(d, which)(*args, allow_nan_stats=False).mode()


@raises(
    which=[
        "Normal", "Laplace", "Uniform", "Gamma", "Exponential", "Beta", "StudentT", "Dirichlet", "Bernoulli",
        "Categorical", "Multinomial", "DirichletMultinomial",
    ]
)  # fmt: skip
def bad_parameters(tf, which):
    args = {
        "Normal": {"loc": 0.0, "scale": -1.0},
        "Laplace": {"loc": 0.0, "scale": -1.0},
        "Uniform": {"low": 1.0, "high": 0.0},
        "Gamma": {"concentration": -1.0, "rate": 1.0},
        "Exponential": {"rate": 0.0},
        "Beta": {"concentration1": 0.0, "concentration0": 1.0},
        "StudentT": {"df": -1.0, "loc": 0.0, "scale": 1.0},
        "Dirichlet": {"concentration": [-1.0, 1.0]},
        "Bernoulli": {"probs": 1.5},
        "Categorical": {"probs": [0.5, 0.1]},
        "Multinomial": {"total_count": 1.5, "probs": [0.5, 0.5]},
        "DirichletMultinomial": {"total_count": -1.0, "concentration": [1.0, 1.0]},
    }[which]
    return getattr(tf.compat.v1.distributions, which)(**args, validate_args=True).sample()


@raises(which=["Beta", "Gamma", "Dirichlet", "Bernoulli", "Multinomial", "DirichletMultinomial"])
def bad_values(tf, which):
    value = {
        "Beta": 1.5, "Gamma": -1.0, "Dirichlet": [0.5, 0.1, 0.1], "Bernoulli": [0, 2], "Multinomial": [1.0, 1.0, 1.0],
        "DirichletMultinomial": [1.5, 1.5, 1.0],
    }[which]  # fmt: skip
    return make(tf, which, validate_args=True).log_prob(value)


@raises
def different_dtypes(tf):
    return tf.compat.v1.distributions.Normal(np.float64(0), np.float32(1))


@raises
def integers(tf):
    return tf.compat.v1.distributions.Normal(0, 1)


@raises
def logits_and_probs(tf):
    return tf.compat.v1.distributions.Bernoulli(logits=0.0, probs=0.5)


@raises
def integer_logits(tf):
    return tf.compat.v1.distributions.Categorical(logits=[1, 2])


@raises
def one_class(tf):
    return tf.compat.v1.distributions.Categorical(logits=[1.0], validate_args=True)


@raises
def no_divergence(tf):
    d = tf.compat.v1.distributions
    return d.kl_divergence(d.Normal(0.0, 1.0), d.Uniform())


@raises
def registered_twice(tf):
    d = tf.compat.v1.distributions
    return d.RegisterKL(d.Normal, d.Normal)(lambda a, b, name=None: None)


@raises
def matrix_of_samples(tf):
    return tf.compat.v1.distributions.Normal(0.0, 1.0).sample([[2, 3]])


@snippet
def own_distribution(tf):
    class Point(tf.compat.v1.distributions.Distribution):
        def __init__(self, at, name="Point"):
            parameters = {"at": at, "name": name}
            self.at = tf.convert_to_tensor(at)
            super().__init__(
                dtype=self.at.dtype, reparameterization_type=tf.compat.v1.distributions.NOT_REPARAMETERIZED, validate_args=False,
                allow_nan_stats=True, parameters=parameters, graph_parents=[self.at], name=name,
            )  # fmt: skip

        def _batch_shape(self):
            return self.at.shape

        def _event_shape(self):
            return tf.TensorShape([])

        def _sample_n(self, n, seed=None):
            return tf.tile(self.at[tf.newaxis], [n, 1])

        def _log_cdf(self, x):
            return tf.math.log(tf.cast(x >= self.at, tf.float32))

        def _stddev(self):
            return self.at * 2.0

    p = Point([1.0, 2.0])
    found, absent = what_there_is(
        {
            **{n: lambda n=n: getattr(p, n)(1.5) for n in OF_VALUES},
            **{n: getattr(p, n) for n in STATISTICS},
            "sample": lambda: p.sample([2, 2]),
            "copy": lambda: p.copy(at=[5.0, 6.0]).variance(),
        }
    )
    return found, absent, sorted(p.parameters)


@snippet
def names_of_ops(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        with v1.name_scope("outer"):
            a = v1.distributions.Normal(0.0, 1.0)
        b = v1.distributions.Normal(0.0, 1.0)
        c = v1.distributions.Normal(0.0, 1.0, name="mine")
        scopes = [d.mean().name.rpartition("/")[0] for d in (a, b, c, c)]
        return [d.name for d in (a, b, c)], scopes, a.loc.name, c.kl_divergence(b).name.split("/")[:3]


@snippet(which=["Normal", "Laplace", "Uniform", "Exponential"], rtol=1e-4)
def gradients_of_samples(tf, which):
    with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        tf.compat.v1.set_random_seed(7)
        params = {k: tf.constant(v) for k, v in ALL[which][0].items()}
        y = getattr(tf.compat.v1.distributions, which)(**params).sample([3], seed=5)
        return sess.run(tf.compat.v1.gradients(y, list(params.values())))


@snippet(which=[n for n in ALL if n not in ("Categorical", "Bernoulli")], rtol=1e-3, atol=1e-5)
def gradients_of_log_prob(tf, which):
    with tf.GradientTape() as tape:
        params = {k: tf.constant(v) for k, v in ALL[which][0].items()}
        tape.watch(params)
        x = tf.constant(ALL[which][1])
        tape.watch(x)
        y = getattr(tf.compat.v1.distributions, which)(**params).log_prob(x)
    grads = tape.gradient(y, [*params.values(), x])
    return [g for g in grads if g is not None]
