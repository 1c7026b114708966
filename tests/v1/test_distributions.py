"""`tf.distributions` of 1.x against SciPy: densities, statistics, moments of samples, gradients; shapes; `--v1`."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import headrace as tf
from headrace.v1 import distributions as d

ROOT = Path(__file__).resolve().parents[2]
F = np.float64


def f(*values):
    return np.array(values, F)


# name -> ours, SciPy's, values
CONTINUOUS = {
    "beta": (d.Beta(f(2, 5), F(3)), stats.beta([2, 5], 3), f(0.1, 0.6)),
    "exponential": (d.Exponential(f(0.5, 3)), stats.expon(scale=[2, 1 / 3]), f(0.4, 2)),
    "gamma": (d.Gamma(f(2, 0.7), F(3)), stats.gamma([2, 0.7], scale=1 / 3), f(0.4, 2)),
    "laplace": (d.Laplace(f(0, 1), F(2)), stats.laplace([0, 1], 2), f(-3, 4)),
    "normal": (d.Normal(f(0, 1), F(2)), stats.norm([0, 1], 2), f(-3, 4)),
    "student": (d.StudentT(f(5, 9), F(1), F(2)), stats.t([5, 9], 1, 2), f(-3, 4)),
    "uniform": (d.Uniform(f(0, 1), F(4)), stats.uniform([0, 1], [4, 3]), f(0.5, 3)),
}
NAMES = pytest.mark.parametrize("name", CONTINUOUS)


@NAMES
def test_densities(name):
    ours, theirs, x = CONTINUOUS[name]
    np.testing.assert_allclose(ours.prob(x), theirs.pdf(x), rtol=1e-9)
    np.testing.assert_allclose(ours.log_prob(x), theirs.logpdf(x), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-7)
    np.testing.assert_allclose(ours.log_cdf(x), theirs.logcdf(x), rtol=1e-7)
    np.testing.assert_allclose(ours.survival_function(x), theirs.sf(x), rtol=1e-7)
    np.testing.assert_allclose(ours.log_survival_function(x), theirs.logsf(x), rtol=1e-7)


@NAMES
def test_statistics(name):
    ours, theirs, _ = CONTINUOUS[name]
    np.testing.assert_allclose(np.broadcast_to(ours.entropy(), [2]), theirs.entropy(), rtol=1e-9)
    np.testing.assert_allclose(ours.mean(), theirs.mean(), rtol=1e-9)
    np.testing.assert_allclose(ours.variance(), theirs.var(), rtol=1e-9)
    np.testing.assert_allclose(ours.stddev(), theirs.std(), rtol=1e-9)


@NAMES
def test_samples(name):
    ours, theirs, _ = CONTINUOUS[name]
    draws = ours.sample(4000, seed=3).numpy()
    assert draws.shape == (4000, 2)
    for i in range(2):
        found = stats.kstest(draws[:, i], lambda x, i=i: theirs.cdf(x[:, None])[:, i])
        assert found.pvalue > 1e-4


@NAMES
def test_gradients_flow_through_samples(name):
    """The gradient of the mean of many samples is that of the mean."""
    ours, _, _ = CONTINUOUS[name]
    kind, given = type(ours), {k: v for k, v in ours.parameters.items() if isinstance(v, (F, np.ndarray))}
    params = {k: tf.constant(np.broadcast_to(v, [2])) for k, v in given.items()}
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(list(params.values()))
        made = kind(**params)
        sampled, exact = tf.reduce_mean(made.sample(20000, seed=1), 0), made.mean()
    for p in params.values():
        want = tape.gradient(exact, p)
        want = np.zeros(2) if want is None else want
        np.testing.assert_allclose(tape.gradient(sampled, p), want, atol=0.05, rtol=0.1)


def test_gradients_of_log_cdf_are_finite_everywhere():
    x = tf.constant([-200.0, -40.0, -12.0, -5.0, 0.0, 5.0, 40.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = d.Normal(0.0, 1.0).log_cdf(x)
    t = x.numpy().astype(F)
    np.testing.assert_allclose(y, stats.norm.logcdf(t), rtol=1e-5, atol=1e-30)
    want = np.exp(stats.norm.logpdf(t) - stats.norm.logcdf(t))
    np.testing.assert_allclose(tape.gradient(y, x), want, rtol=1e-4, atol=1e-30)


def test_discrete():
    p = f(0.2, 0.5, 0.3)
    np.testing.assert_allclose(d.Bernoulli(probs=p).prob(1), p, rtol=1e-9)
    np.testing.assert_allclose(d.Bernoulli(probs=p).entropy(), stats.bernoulli(p).entropy(), rtol=1e-9)
    np.testing.assert_allclose(d.Categorical(probs=p).prob([0, 1, 2]), p, rtol=1e-9)
    np.testing.assert_allclose(d.Categorical(probs=p).entropy(), stats.entropy(p), rtol=1e-9)
    draws = d.Categorical(probs=p).sample(5000, seed=2).numpy()
    np.testing.assert_allclose(np.bincount(draws) / 5000, p, atol=0.03)
    draws = d.Bernoulli(probs=p).sample(5000, seed=2).numpy()
    np.testing.assert_allclose(draws.mean(0), p, atol=0.03)


def test_vectors():
    a, n = f(2, 3, 1.5), F(5)
    pairs = [
        (d.Dirichlet(a), stats.dirichlet(a), f(0.2, 0.5, 0.3)),
        (d.Multinomial(n, probs=a / a.sum()), stats.multinomial(5, a / a.sum()), f(1, 3, 1)),
        (d.DirichletMultinomial(n, a), stats.dirichlet_multinomial(a, 5), f(1, 3, 1)),
    ]
    for ours, theirs, x in pairs:
        density = theirs.logpdf(x) if hasattr(theirs, "logpdf") else theirs.logpmf(x.astype(int))
        np.testing.assert_allclose(ours.log_prob(x), density, rtol=1e-9)
        np.testing.assert_allclose(ours.mean(), np.reshape(theirs.mean(), -1), rtol=1e-9)
        covariance = theirs.cov()
        np.testing.assert_allclose(ours.covariance(), covariance, rtol=1e-9)
        np.testing.assert_allclose(ours.variance(), np.diag(covariance), rtol=1e-9)
        draws = ours.sample(6000, seed=4).numpy()
        np.testing.assert_allclose(draws.mean(0), np.reshape(theirs.mean(), -1), atol=0.1)
        np.testing.assert_allclose(np.cov(draws.T), covariance, atol=0.2)


def test_each_total_count_is_its_own():
    draws = d.Multinomial([2.0, 0.0, 5.0], logits=[0.0, 1.0]).sample(7)
    assert draws.shape == (7, 3, 2)
    np.testing.assert_array_equal(tf.reduce_sum(draws, -1)[0], [2, 0, 5])
    draws = d.DirichletMultinomial([[2.0], [3.0]], [[1.0, 2.0], [3.0, 4.0]]).sample()
    np.testing.assert_array_equal(tf.reduce_sum(draws, -1), [[2, 2], [3, 3]])


def test_divergence_is_what_samples_say():
    for a, b in [
        (d.Normal(0.0, 1.0), d.Normal(1.0, 2.0)),
        (d.Gamma(2.0, 1.0), d.Gamma(3.0, 2.0)),
        (d.Beta(2.0, 3.0), d.Beta(3.0, 3.0)),
        (d.Dirichlet([2.0, 3.0]), d.Dirichlet([3.0, 3.0])),
        (d.Bernoulli(probs=0.3), d.Bernoulli(probs=0.6)),
        (d.Categorical(probs=[0.3, 0.7]), d.Categorical(probs=[0.6, 0.4])),
    ]:
        x = a.sample(20000, seed=1)
        found = tf.reduce_mean(a.log_prob(x) - b.log_prob(x))
        np.testing.assert_allclose(a.kl_divergence(b), found, atol=0.02)
        np.testing.assert_allclose(a.cross_entropy(b), a.entropy() + a.kl_divergence(b), rtol=1e-6)


def test_in_a_function():
    @tf.function
    def loss(mean):
        q = d.Normal(mean, 1.0)
        return tf.reduce_mean(tf.square(q.sample(100, seed=1))) + q.kl_divergence(d.Normal(0.0, 1.0))

    with tf.GradientTape() as tape:
        mean = tf.constant(2.0)
        tape.watch(mean)
        value = loss(mean)
    assert 5 < float(value) < 9 and 4 < float(tape.gradient(value, mean)) < 8


def test_copies_and_parameters():
    made = d.Exponential(2.0, name="waiting")
    assert made.parameters == {
        "rate": 2.0,
        "validate_args": False,
        "allow_nan_stats": True,
        "name": "waiting",
    }
    assert float(made.copy(rate=4.0).mean()) == 0.25
    assert copy.copy(made).parameters == made.parameters
    with pytest.raises(AttributeError, match="copy"):
        made.rate = 3.0


def test_messages():
    with pytest.raises(NotImplementedError, match="quantile is not implemented: Gamma"):
        d.Gamma(1.0, 1.0).quantile(0.5)
    with pytest.raises(NotImplementedError, match=r"No KL\(Normal \|\| Uniform\).*RegisterKL"):
        d.kl_divergence(d.Normal(0.0, 1.0), d.Uniform())
    with pytest.raises(TypeError, match=r"Normal.__init__\(\).*'rate'"):
        d.Normal(0.0, rate=1.0)
    with pytest.raises(ValueError, match="not both"):
        d.Bernoulli()
    with pytest.raises(tf.errors.InvalidArgumentError, match="low must be less"):
        d.Uniform(1.0, 0.0, validate_args=True)


def test_where_programs_find_them(tmp_path):
    program = """
import tensorflow as tf
from tensorflow.contrib import distributions
ds = tf.contrib.distributions
assert ds.Normal is tf.distributions.Normal is distributions.Normal
assert tf.distributions.kl_divergence is ds.kl_divergence
with tf.Session() as sess:
    print(sess.run(ds.Normal(loc=tf.placeholder_with_default(3.0, []), scale=1.0).mean()))
try:
    ds.MultivariateNormalDiag
except AttributeError as e:
    assert "Dirichlet" in str(e)
"""
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "run", "--v1", "program.py"],
        capture_output=True, text=True, cwd=tmp_path, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout.strip() == "3.0", done.stderr
