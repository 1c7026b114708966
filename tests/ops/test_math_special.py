"""Special functions: SciPy's on the host, expansions in compiled programs; gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special as sp

import headrace as tf
from tests.ops.harness import check, check_gradients, close, compiled

nan, inf = np.nan, np.inf
BOTH = np.concatenate([-np.logspace(-6, 2, 60), [0.0, -0.0, nan, -8.0, 8.0], np.logspace(-6, 2, 60)])
ABOVE = np.concatenate([[0.0, nan, 2.0, 8.0], np.logspace(-6, 2, 80)])
INNER = np.linspace(-1, 1, 101)
SHARE = np.concatenate(
    [np.logspace(-30, 0, 100), 1 - np.logspace(-7, -1, 30), [0.0, 1.0, 0.1, 0.5, 0.9, -0.1, 1.1, nan]]
)

ONE = {
    "erf": (sp.erf, BOTH), "erfc": (sp.erfc, BOTH), "erfinv": (sp.erfinv, INNER), "ndtri": (sp.ndtri, SHARE),
    "lgamma": (sp.gammaln, BOTH),
    "digamma": (lambda x: np.where(x == 0, nan, sp.digamma(x)), BOTH), "bessel_i0": (sp.i0, BOTH),
    "bessel_i1": (sp.i1, BOTH), "bessel_i0e": (sp.i0e, BOTH),
    "bessel_i1e": (sp.i1e, BOTH), "bessel_j0": (sp.j0, BOTH), "bessel_j1": (sp.j1, BOTH),
    "bessel_y0": (sp.y0, ABOVE), "bessel_y1": (sp.y1, ABOVE),
    "bessel_k0": (sp.k0, ABOVE), "bessel_k1": (sp.k1, ABOVE), "bessel_k0e": (sp.k0e, ABOVE),
    "bessel_k1e": (sp.k1e, ABOVE), "dawsn": (sp.dawsn, BOTH),
    "expint": (sp.expi, ABOVE), "fresnel_cos": (lambda x: sp.fresnel(x)[1], BOTH),
    "fresnel_sin": (lambda x: sp.fresnel(x)[0], BOTH), "spence": (sp.spence, ABOVE),
}  # fmt: skip


def function(name):
    return getattr(tf.math, name, None) or getattr(tf.math.special, name)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ONE)
def test_one_argument(name, dtype):
    reference, values = ONE[name]
    x = values.astype(dtype)
    wave = name[-2:] in ("j0", "j1", "y0", "y1") or "fresnel" in name  # phases of many turns lose digits
    tolerance = {"float64": 1e-11, "float32": 2e-5 if wave else 3e-6}[dtype]
    if name == "lgamma" and dtype == "float32":
        tolerance = 1e-5
    with np.errstate(all="ignore"):
        expected = reference(x)
    atol = 2e-6 if name == "expint" else tolerance / 10  # near its root
    check(function(name), [x], expected, rtol=tolerance, atol=atol, unknown=("none",))


@pytest.mark.parametrize("name", ONE)
def test_short_floats(name):
    x = tf.constant([0.25, 0.5, 0.75], tf.bfloat16).numpy()
    check(function(name), [x], ONE[name][0](x.astype(np.float64)), rtol=1e-2, atol=1e-3, unknown=("dims",))


@pytest.mark.parametrize("name", ONE)
def test_gradient(name):
    x = (
        [0.3, 0.7]
        if name in ("erfinv", "ndtri")
        else [0.4, 1.7]
        if ONE[name][1] is ABOVE or name in ("lgamma", "digamma")
        else [-0.8, 1.7]
    )
    check_gradients(function(name), [np.array(x)])


def test_slopes_at_zero():
    def slope(fn, at=0.0):
        x = tf.constant([at])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
        return float(tape.gradient(y, x)[0])

    assert slope(tf.math.bessel_i1) == slope(tf.math.bessel_i1e) == slope(tf.math.special.bessel_j1) == 0.5
    assert slope(tf.math.special.spence, 1.0) == -1.0


A = np.array([0.1, 0.5, 1.0, 2.0, 5.0, 20.0, 150.0])
XS = np.array([0.0, 1e-3, 0.3, 1.0, 2.5, 10.0, 30.0, 140.0, 400.0, inf])


BOTH_PRECISIONS = [pytest.param("float64", 1e-10, marks=pytest.mark.slow), ("float32", 1e-5)]


@pytest.mark.parametrize(("dtype", "tolerance"), BOTH_PRECISIONS)
def test_incomplete_gamma(dtype, tolerance):
    a, x = A.astype(dtype)[:, None], XS.astype(dtype)
    check(tf.math.igamma, [a, x], sp.gammainc, rtol=tolerance, atol=tolerance / 10, unknown=("none",))
    check(tf.math.igammac, [a, x], sp.gammaincc, rtol=tolerance, atol=tolerance / 10, unknown=("none",))


def test_incomplete_gamma_outside():
    a, x = np.array([-1.0, 1.0, 0.0, inf, nan, 1.0]), np.array([1.0, -1.0, 1.0, 1.0, 1.0, nan])
    check(tf.math.igamma, [a, x], np.array([nan, nan, nan, 0.0, nan, nan]))
    check(tf.math.igammac, [a, x], np.array([nan, nan, nan, 1.0, nan, nan]))
    check(tf.math.igamma, [np.zeros((0, 2)), np.zeros((0, 2))], np.zeros((0, 2)))


def test_incomplete_gamma_gradients():
    a, x = np.array([[0.5], [2.0], [8.0]]), np.array([0.3, 2.5, 9.0])
    check_gradients(tf.math.igamma, [a, x], order=1)
    check_gradients(tf.math.igammac, [a, x], order=1)
    check_gradients(lambda x: tf.math.igamma(tf.constant(2.0, tf.float64), x), [x])


@pytest.mark.parametrize(("dtype", "tolerance"), BOTH_PRECISIONS)
def test_incomplete_beta(dtype, tolerance):
    grid = np.meshgrid(
        [0.2, 1.0, 3.0, 50.0], [0.5, 2.0, 30.0], [0.0, 1e-3, 0.2, 0.5, 0.9, 1.0], indexing="ij"
    )
    a, b, x = (v.astype(dtype) for v in grid)
    check(tf.math.betainc, [a, b, x], sp.betainc, rtol=tolerance, atol=tolerance / 10, unknown=("none",))
    outside = [
        np.array(v, dtype) for v in ([0.0, 1.0, 1.0, 1.0], [1.0, -1.0, 1.0, 1.0], [0.5, 0.5, -0.1, 1.1])
    ]
    check(tf.math.betainc, outside, np.full(4, nan), unknown=("none",))


def test_incomplete_beta_shapes_and_gradient():
    one = np.float64(1.5)
    check_gradients(lambda x: tf.math.betainc(one, one + 1, x), [np.array([0.2, 0.7])])
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.math.betainc([1.0, 2.0], 1.0, [0.1, 0.2, 0.3])
    close(
        compiled(tf.math.betainc, [one, one, np.array([0.25, 0.5])], "dims"),
        sp.betainc(one, one, [0.25, 0.5]),
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 1e-5)])
def test_zeta_and_polygamma(dtype, tolerance):
    x, q = np.array([1.0, 1.5, 2.0, 5.0, 0.5], dtype)[:, None], np.array([0.5, 1.0, 3.0, 20.0], dtype)
    check(tf.math.zeta, [x, q], sp.zeta, rtol=tolerance, unknown=("none",))
    n, z = np.array([0.0, 1.0, 2.0, 5.0], dtype)[:, None], np.array([0.5, 1.0, 3.0, 20.0], dtype)
    check(
        tf.math.polygamma,
        [n, z],
        lambda n, z: sp.polygamma(n.astype(int), z),
        rtol=tolerance,
        unknown=("none",),
    )
    check(
        tf.math.polygamma,
        [np.array([1.5, -1.0], dtype), np.array([1.0, 1.0], dtype)],
        np.full(2, nan),
        unknown=("none",),
    )


def test_zeta_and_polygamma_gradients():
    check_gradients(lambda q: tf.math.zeta(np.float64(2.5), q), [np.array([0.7, 2.0])])
    check_gradients(lambda x: tf.math.polygamma(np.float64(1), x), [np.array([0.7, 2.0])])


def test_inverses():
    x = np.array([0.01, 0.5, 1.0, 1.7, 1.99])
    check(tf.math.erfcinv, [x], sp.erfcinv, rtol=1e-10, atol=1e-12)
    check(
        tf.math.lbeta, [np.array([[1.0, 2.0], [0.5, 3.0]])], lambda v: sp.betaln(v[:, 0], v[:, 1]), rtol=1e-10
    )
