"""Differentiation: tapes, Jacobians, custom gradients, graph gradients, forward mode, vectorized_map."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf


def close(actual, expected, rtol=1e-5, atol=1e-6):
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=rtol, atol=atol)


def graph(fn):
    return tf.function(fn, autograph=False)


X = np.array([0.5, 1.5, -2.0], np.float32)
W = np.array([[1.0, -2.0], [0.5, 3.0], [2.0, 1.0]], np.float32)


# ------------------------------------------------------------------------------------------- what tapes watch
def test_tensors_that_were_not_watched_have_no_gradient():
    a, v, frozen = tf.constant(2.0), tf.Variable(3.0), tf.Variable(4.0, trainable=False)
    with tf.GradientTape() as tape:
        y = a * v * frozen
    grads = tape.gradient(y, [a, v, frozen])
    assert grads[0] is None and grads[2] is None and float(grads[1]) == 8.0


def test_unwatched_gradients_can_be_zeros():
    a, v = tf.constant([2.0, 1.0]), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = a * v
    close(tape.gradient(y, a, unconnected_gradients="zero"), [0.0, 0.0])


# -------------------------------------------------------------------------------------------------- Jacobians
@pytest.mark.parametrize("use_pfor", [True, False])
@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
def test_jacobian(wrap, use_pfor):
    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.sin(x) * tf.reduce_sum(x * x)
            s = tf.reduce_sum(y)
        return tape.jacobian(y, x, experimental_use_pfor=use_pfor), tape.jacobian(
            s, x, experimental_use_pfor=use_pfor
        )

    full, scalar = wrap(f)(tf.constant(X))
    expected = np.diag(np.cos(X) * np.sum(X * X)) + np.outer(np.sin(X), 2 * X)
    close(full, expected)
    close(scalar, expected.sum(0))


def test_jacobian_structure_and_unconnected():
    x, z, v = tf.constant(X), tf.constant([1.0]), tf.Variable([[2.0, 1.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, z])
        y = tf.stack([tf.reduce_sum(x * v[0, 0]), tf.reduce_sum(x * x)])
    found = tape.jacobian(y, {"x": x, "v": v, "z": z})
    assert found["z"] is None and found["x"].shape == [2, 3] and found["v"].shape == [2, 1, 2]
    close(found["x"], [2 * np.ones(3), 2 * X])
    close(found["v"], [[[X.sum(), 0.0]], [[0.0, 0.0]]])
    close(tape.jacobian(y, z, unconnected_gradients="zero"), np.zeros([2, 1]))


def test_jacobian_of_a_matrix_product():
    a, b = tf.constant(W), tf.constant(W.T @ W)
    with tf.GradientTape() as tape:
        tape.watch(b)
        y = tf.tanh(tf.matmul(a, b))
    j = tape.jacobian(y, b).numpy()
    slope = 1 - np.tanh(W @ (W.T @ W)) ** 2
    expected = np.einsum("ij,ik,jl->ijkl", slope, W, np.eye(2))
    close(j, expected, atol=1e-5)


def test_jacobian_with_unknown_shape():
    f = tf.function(lambda x: _square_jacobian(x), input_signature=[tf.TensorSpec([None])], autograph=False)
    close(f(X), np.diag(2 * X))
    close(f(np.ones(5, np.float32)), 2 * np.eye(5))


def _square_jacobian(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    return tape.jacobian(y, x)


@pytest.mark.parametrize("use_pfor", [True, False])
@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
def test_batch_jacobian(wrap, use_pfor):
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nn.softmax(tf.matmul(x, tf.constant(W.T @ W)))
        return tape.batch_jacobian(y, x, experimental_use_pfor=use_pfor)

    x = np.array([[0.1, 0.2], [0.3, -0.4], [0.0, 1.0], [-0.2, 0.5]], np.float32)
    logits = x @ (W.T @ W)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    inner = np.einsum("bi,ij->bij", p, np.eye(2)) - np.einsum("bi,bj->bij", p, p)
    close(wrap(f)(tf.constant(x)), inner @ (W.T @ W).T, atol=1e-5)


def test_jacobian_errors():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(ValueError, match="rank at least 2"):
        tape.batch_jacobian(y, x)
    with pytest.raises(TypeError, match="sources must be tensors"):
        tape.jacobian(y, "x")
    with pytest.raises(TypeError, match="target must be one tensor"):
        tape.jacobian([y], x)
    with pytest.raises(ValueError, match="unconnected_gradients"):
        tape.jacobian(y, x, unconnected_gradients="maybe")
    with tf.GradientTape() as once:
        once.watch(x)
        y = x * x
    once.jacobian(y, x)
    with pytest.raises(RuntimeError, match="non-persistent"):
        once.gradient(y, x)


# ------------------------------------------------------------------------------------------- custom gradients
@tf.custom_gradient
def scaled(x):
    """x, with ten times its gradient."""
    return x * 1.0, lambda g: 10.0 * g


@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
def test_custom_gradient(wrap):
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = scaled(x) * x
        return y, tape.gradient(y, x)

    y, g = wrap(f)(tf.constant(3.0))
    assert float(y) == 9.0 and float(g) == 33.0
    assert scaled.__name__ == "scaled" and scaled.__doc__.startswith("x, with")


def test_custom_gradient_through_a_function_and_to_second_order():
    @tf.custom_gradient
    def cube(x):
        return x**3, lambda g: g * 3.0 * x**2 * 2.0  # twice the truth

    f = graph(lambda x: cube(x) * 1.0)
    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        g = tape.gradient(y, x)
    assert float(g) == 24.0 and float(outer.gradient(g, x)) == 24.0


@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
def test_custom_gradient_with_variables(wrap):
    v, w = tf.Variable(2.0), tf.Variable(5.0)

    @tf.custom_gradient
    def product(x):
        y = x * v * w

        def grad(g, variables=None):
            assert {id(u) for u in variables} == {id(v), id(w)}
            return g * 100.0, [g * 7.0 if u is v else None for u in variables]

        return y, grad

    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = product(x)
        return [g for g in tape.gradient(y, [x, v, w]) if g is not None]

    assert [float(g) for g in wrap(f)(tf.constant(3.0))] == [100.0, 7.0]


def test_custom_gradient_must_take_variables():
    v = tf.Variable(2.0)
    f = tf.custom_gradient(lambda x: (x * v, lambda g: g))
    with pytest.raises(TypeError, match="'variables'"), tf.GradientTape():
        f(tf.constant(1.0))


def test_custom_gradient_of_several_nested_arguments_and_results():
    @tf.custom_gradient
    def f(a, pair):
        b, c = pair
        return {"sum": a + b, "product": b * c}, lambda *gs: (gs[1] * 2.0, [gs[0] * 3.0, gs[1] * gs[0]])

    a, b, c = (tf.constant(t) for t in (1.0, 2.0, 3.0))
    with tf.GradientTape() as tape:
        tape.watch([a, b, c])
        out = f(a, (b, c))
        y = out["sum"] * 5.0 + out["product"] * 7.0
    # results are flattened in the order of sorted keys: product, sum
    assert [float(g) for g in tape.gradient(y, [a, b, c])] == [10.0, 21.0, 35.0]


def test_custom_gradient_number_of_gradients_is_checked():
    f = tf.custom_gradient(lambda x, y: (x * y, lambda g: g))
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, x)
    with pytest.raises(ValueError, match="expected to return 2 gradients, but returned 1"):
        tape.gradient(y, x)


def test_custom_gradient_on_methods_and_with_keywords():
    class Layer:
        def __init__(self, k):
            self.k = k

        @tf.custom_gradient
        def __call__(self, x, offset=0.0):
            return x * self.k + offset, lambda g: g * 2.0

    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = Layer(3.0)(x, offset=1.0)
    assert float(y) == 4.0 and float(tape.gradient(y, x)) == 2.0


def test_variable_as_argument_of_a_custom_gradient():
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = scaled(v)
    assert float(tape.gradient(y, v)) == 10.0


@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
def test_recompute_grad(wrap):
    v = tf.Variable(W)
    runs = []

    def block(x, scale=1.0):
        runs.append(1)
        return tf.nn.relu(tf.matmul(tf.sin(x), v)) * scale

    def f(x, fn):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(fn(x, scale=2.0) ** 2)
        return tape.gradient(y, [x, v])

    x = tf.constant(X[None])
    plain = wrap(lambda x: f(x, block))(x)
    before = len(runs)
    again = wrap(lambda x: f(x, tf.recompute_grad(block)))(x)
    assert len(runs) - before == 2
    for a, b in zip(plain, again):
        close(a, b)


def test_grad_pass_through():
    x, v = tf.constant(2.6), tf.Variable(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.grad_pass_through(lambda t: tf.round(t) * v)(x) * 2.0
    g = tape.gradient(y, [x, v])
    assert float(y) == 6.0 and float(g[0]) == 2.0 and g[1] is None


def test_stop_gradient_and_registered_gradients():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * tf.stop_gradient(x)
    assert float(tape.gradient(y, x)) == 3.0
    with pytest.raises(KeyError, match="Registering two gradient"):
        tf.RegisterGradient("MatMul")(lambda op, g: None)
    with pytest.raises(KeyError, match="Registering two gradient"):
        tf.no_gradient("MatMul")
    with pytest.raises(TypeError, match="op_type must be a string"):
        tf.RegisterGradient(3)


# -------------------------------------------------------------------------------------------- graph gradients
def test_gradients_in_a_function():
    @graph
    def f(x, y):
        z = x * x * y
        a = tf.gradients(z, [x, y])
        b = tf.gradients([z, x], x, grad_ys=[tf.constant(2.0), None])
        c = tf.gradients(z + a[0], [x, y], stop_gradients=[a[0]])
        d = tf.gradients(x, [y], unconnected_gradients="zero")
        e = tf.gradients(
            tf.gradients(z, x)[0],
            x,
            gate_gradients=True,
            aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE,
        )
        assert tf.gradients(x, [y]) == [None]
        return a, b, c, d, e

    found = f(tf.constant(3.0), tf.constant(5.0))
    assert [[float(g) for g in group] for group in found] == [[30.0, 9.0], [61.0], [30.0, 9.0], [0.0], [10.0]]


def test_partial_derivatives_with_stop_gradients():
    @graph
    def f(a):
        b = 2.0 * a
        y = a + b
        return tf.gradients(y, [a, b]), tf.gradients(y, [a, b], stop_gradients=[a, b])

    total, partial = f(tf.constant(1.0))
    assert [float(g) for g in total] == [3.0, 1.0] and [float(g) for g in partial] == [1.0, 1.0]


def test_stop_gradients_at_one_output_of_several():
    @graph
    def f(x):
        a, b = tf.split(x, 2)
        return tf.gradients(tf.reduce_sum(a * 2.0 + b * 3.0), x, stop_gradients=[a])

    close(f(tf.constant([1.0, 1.0]))[0], [0.0, 3.0])


def test_gradients_of_variables_and_captures():
    v, c = tf.Variable([1.0, 2.0]), tf.constant(np.arange(40.0, dtype=np.float32))

    @graph
    def f():
        y = tf.reduce_sum(v * v) * tf.reduce_sum(c)
        return tf.gradients(y, [v, c])

    gv, gc = f()
    close(gv, 2 * np.array([1.0, 2.0]) * 780.0)
    close(gc, 5 * np.ones(40))


def test_gradients_of_slices():
    @graph
    def f(x):
        return tf.convert_to_tensor(tf.gradients(tf.gather(x, [0, 2, 0]), x)[0])

    close(f(tf.constant(X)), [2.0, 0.0, 1.0])


def test_hessians():
    @graph
    def f(x, m):
        return tf.hessians(tf.reduce_prod(x), x), tf.hessians(tf.reduce_sum(m**3), [m])

    h, hm = f(tf.constant([1.0, 2.0, 3.0]), tf.constant(W))
    close(h[0], [[0, 3, 2], [3, 0, 1], [2, 1, 0]])
    assert hm[0].shape == [3, 2, 3, 2]
    close(np.asarray(hm[0]).reshape(6, 6), np.diag(6 * W.reshape(-1)))


def test_gradients_misuse():
    with pytest.raises(RuntimeError, match="GradientTape"):
        tf.gradients(tf.constant(1.0), tf.constant(1.0))
    with pytest.raises(ValueError, match="aggregation_method"):
        graph(lambda x: tf.gradients(x, x, aggregation_method=7))(1.0)
    with pytest.raises(ValueError, match="grad_ys"):
        graph(lambda x: tf.gradients([x, x], x, grad_ys=[x]))(tf.constant(1.0))
    with pytest.raises(ValueError, match="Incompatible shapes"):
        graph(lambda x: tf.gradients(x, x, grad_ys=tf.ones([3])))(tf.constant(1.0))


# ----------------------------------------------------------------------------------------------- forward mode
FORWARD = {
    "arithmetic": lambda x: x * x / (1.0 + x * x) - tf.exp(x),
    "reductions": lambda x: tf.reduce_max(x) * tf.reduce_mean(x * x) + tf.reduce_prod(x),
    "matmul": lambda x: tf.matmul(tf.reshape(x, [1, 3]), tf.constant(W)),
    "gather": lambda x: tf.gather(x, [2, 0, 0]) ** 2.0,
    "slices": lambda x: x[1:] * x[:-1],
    "concat": lambda x: tf.concat([x, tf.sin(x)], 0)[::2],
    "softmax": lambda x: tf.nn.softmax(x),
    "where": lambda x: tf.where(x > 0.0, x**2, tf.tanh(x)),
    "conv": lambda x: tf.nn.conv2d(
        tf.reshape(tf.tile(x, [3]), [1, 3, 3, 1]), tf.ones([2, 2, 1, 1]), 1, "SAME"
    ),
    "top_k": lambda x: tf.math.top_k(x, 2).values,
    "cumsum": lambda x: tf.cumsum(x * x),
    "custom": lambda x: scaled(x) * 0.1,
}


@pytest.mark.parametrize("wrap", [lambda f: f, graph], ids=["eager", "graph"])
@pytest.mark.parametrize("name", FORWARD)
def test_forward_mode_is_the_jacobian_times_the_tangent(name, wrap):
    fn, tangent = FORWARD[name], tf.constant([0.3, -1.0, 2.0])

    def both(x):
        with tf.autodiff.ForwardAccumulator(x, tangent) as acc, tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
        return acc.jvp(y), tape.jacobian(y, x)

    jvp, jacobian = wrap(both)(tf.constant(X))
    close(jvp, np.tensordot(jacobian, tangent, 1), rtol=1e-4, atol=1e-5)


def test_forward_over_forward():
    x = tf.constant(1.1)
    with (
        tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as outer,
        tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as inner,
    ):
        y = x ** tf.constant(3.5)
    close(inner.jvp(y), 3.5 * 1.1**2.5)
    close(outer.jvp(inner.jvp(y)), 3.5 * 2.5 * 1.1**1.5)
    assert inner.jvp(outer.jvp(y)) is None


def test_forward_over_reverse_and_reverse_over_forward():
    v = tf.Variable([1.0, 2.0])
    with tf.autodiff.ForwardAccumulator(v, tf.constant([1.0, 0.5])) as acc:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(v**3.0)
        g = tape.gradient(y, v)
    close(g, [3.0, 12.0])
    close(acc.jvp(g), [6.0, 6.0])
    with tf.GradientTape() as tape:
        with tf.autodiff.ForwardAccumulator(v, tf.constant([1.0, 0.5])) as acc:
            y = tf.reduce_sum(v**3.0)
        d = acc.jvp(y)
    close(tape.gradient(d, v), [6.0, 6.0])


def test_forward_through_a_function_and_control_flow():
    @graph
    def f(x):
        y = tf.cond(x > 1.0, lambda: x * x, lambda: x)
        return tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * x), [0, y], maximum_iterations=3)[1]

    x = tf.constant(2.0)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as acc:
        y = f(x)
    close(acc.jvp(y), 5 * 2.0**4)


def test_hessian_vector_products_through_a_function():
    v, x = tf.Variable([1.0, 2.0]), tf.constant([0.5, -1.0])
    f = graph(lambda x: tf.reduce_sum(tf.exp(v * x) * v))
    with tf.autodiff.ForwardAccumulator(v, tf.constant([1.0, 3.0])) as acc:
        with tf.GradientTape() as tape:
            y = f(x)
        g = tape.gradient(y, v)
    e, a, b = np.exp(v.numpy() * x.numpy()), v.numpy(), x.numpy()
    close(g, e * (1 + a * b))
    close(acc.jvp(g), e * b * (2 + a * b) * [1.0, 3.0])
    close(acc.jvp(y), np.sum(e * (1 + a * b) * [1.0, 3.0]))


def test_hessian_vector_products_through_a_loop():
    w, tangent = tf.Variable(W[:2]), tf.ones([2, 2])

    def step(h):
        return tf.tanh(tf.matmul(h, w))

    def unrolled():
        return step(step(step(tf.ones([1, 2]))))

    @graph
    def looped():
        return tf.while_loop(lambda i, h: i < 3, lambda i, h: (i + 1, step(h)), [0, tf.ones([1, 2])])[1]

    products = []
    for f in (unrolled, looped):
        with tf.autodiff.ForwardAccumulator(w, tangent) as acc:
            with tf.GradientTape() as tape:
                y = tf.reduce_sum(f() ** 2)
            g = tape.gradient(y, w)
        products.append((acc.jvp(y), g, acc.jvp(g)))
    for a, b in zip(*products):
        close(a, b, rtol=1e-4)


def test_forward_structures_and_unconnected():
    a, b = tf.constant(2.0), tf.Variable(3.0)
    with tf.autodiff.ForwardAccumulator(
        {"a": a, "b": b}, {"a": tf.constant(1.0), "b": tf.constant(10.0)}
    ) as acc:
        y, z = a * b, tf.constant(1.0) * 2.0
    found = acc.jvp({"y": y, "z": z, "b": b})
    assert float(found["y"]) == 23.0 and found["z"] is None and float(found["b"]) == 10.0
    assert float(acc.jvp(z, unconnected_gradients=tf.UnconnectedGradients.ZERO)) == 0.0
    with pytest.raises(ValueError, match="multiple times"):
        tf.autodiff.ForwardAccumulator([a, a], [a, a])
    with pytest.raises(ValueError, match="primal's shape"):
        tf.autodiff.ForwardAccumulator(a, tf.ones([2]))
    with pytest.raises(ValueError, match="already recording"), acc, acc:
        pass


# --------------------------------------------------------------------------------------------- vectorized_map
M = np.random.default_rng(0).normal(size=(4, 3, 2)).astype(np.float32)
S = tf.constant(W)
I = np.array([2, 0, 1, 2], np.int32)
VECTORIZED = {
    "elementwise": (lambda m: tf.exp(m) * 2.0 + tf.constant([1.0, -1.0]), M),
    "broadcast": (lambda m: m[0] + m, M),
    "reductions": (
        lambda m: (
            tf.reduce_sum(m, 0),
            tf.reduce_max(m, -1),
            tf.reduce_mean(m),
            tf.argmax(m, 1),
            tf.reduce_any(m > 1.0),
        ),
        M,
    ),
    "matmul_shared": (lambda m: tf.matmul(S, m, transpose_b=True), M),
    "matmul_first": (lambda m: tf.matmul(m, tf.transpose(S)), M),
    "matmul_both": (lambda m: tf.matmul(m, m, transpose_a=True), M),
    "einsum": (lambda m: tf.einsum("ij,kj->ik", m, S), M),
    "reshape": (lambda m: tf.reshape(m, [-1, 3]), M),
    "transpose": (lambda m: tf.transpose(m), M),
    "expand_squeeze": (lambda m: tf.squeeze(tf.expand_dims(tf.expand_dims(m, 0), -1), [0]), M),
    "concat_stack": (lambda m: (tf.concat([m, S], 0), tf.stack([m, S], 1), tf.unstack(m, axis=1)), M),
    "split": (lambda m: (tf.split(m, 3, axis=0), tf.split(m, [1, 1], axis=-1)), M),
    "slices": (lambda m: (m[1:, ::-1], m[..., 0], m[tf.newaxis, 0], tf.slice(m, [1, 0], [-1, 1])), M),
    "pad_tile": (
        lambda m: (tf.pad(m, [[1, 0], [0, 2]]), tf.tile(m, [2, 1]), tf.roll(m, 1, 0), tf.reverse(m, [-1])),
        M,
    ),
    "gather_shared": (
        lambda i: (
            tf.gather(S, i),
            tf.gather(S, [i, 0], axis=0),
            tf.gather(tf.transpose(S), i, axis=1),
            S[i],
        ),
        I,
    ),
    "gather_stacked": (
        lambda m: (tf.gather(m, [2, 0]), tf.gather(m, [1], axis=1), tf.gather_nd(m, [[0, 1], [2, 0]])),
        M,
    ),
    "gather_both": (lambda t: (tf.gather(t[0], t[1]), t[0][t[1]]), (M, I)),
    "scatter": (lambda t: tf.tensor_scatter_nd_update(t[0], [[t[1], 1]], [9.0]), (M, I)),
    "one_hot": (lambda i: tf.one_hot(i, 3), I),
    "shape": (
        lambda m: tf.zeros(tf.shape(m)) + tf.cast(tf.size(m), tf.float32) + tf.cast(tf.rank(m), tf.float32),
        M,
    ),
    "where": (lambda m: tf.where(m > 0.0, m, tf.constant(-1.0)), M),
    "softmax": (lambda m: (tf.nn.softmax(m), tf.nn.log_softmax(m)), M),
    "dense": (
        lambda m: tf.nn.relu(tf.nn.bias_add(tf.matmul(m, tf.transpose(S)), tf.constant([1.0, 2.0, 3.0]))),
        M,
    ),
    "conv": (lambda m: tf.nn.conv2d(m[tf.newaxis, :, :, tf.newaxis], tf.ones([2, 2, 1, 3]), 1, "SAME"), M),
    "pool": (lambda m: tf.nn.max_pool2d(m[tf.newaxis, :, :, tf.newaxis], 2, 1, "VALID"), M),
    "linalg": (lambda m: tf.linalg.inv(tf.matmul(m, m, transpose_a=True) + tf.eye(2)), M),
    "cholesky": (lambda m: tf.linalg.cholesky(tf.matmul(m, m, transpose_a=True) + tf.eye(2)), M),
    "segments": (lambda m: tf.math.unsorted_segment_sum(m, [1, 0, 1], 2), M),
    "cumsum": (lambda m: tf.cumsum(m, axis=1, reverse=True), M),
    "call": (lambda m: graph(lambda a: tf.sin(a) * S)(m), M),
    "no_rule": (lambda m: tf.unique(tf.reshape(m, [-1])).y, M),
    "independent": (lambda m: (m, tf.constant([1.0, 2.0])), M),
    "condition": (lambda i: tf.cond(i > 1, lambda: i * 2, lambda: i - 1), I),
}


@pytest.mark.parametrize("name", VECTORIZED)
def test_vectorized_map_is_map(name):
    fn, elems = VECTORIZED[name]
    tensors = tf.nest.map_structure(tf.constant, elems)
    n = 4
    rows = [tf.nest.flatten(fn(tf.nest.map_structure(lambda t, k=k: t[k], tensors))) for k in range(n)]
    expected = [np.stack([np.asarray(r) for r in column]) for column in zip(*rows)]
    for run in (
        lambda t: tf.vectorized_map(fn, t, warn=False),
        graph(lambda t: tf.vectorized_map(fn, t, warn=False)),
    ):
        found = tf.nest.flatten(run(tensors))
        assert len(found) == len(expected)
        for f, e in zip(found, expected):
            close(f, e, rtol=1e-4, atol=1e-5)


def test_vectorized_map_is_differentiable():
    x, v = tf.constant(M), tf.Variable(W)

    def f(use):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = use(lambda m: tf.reduce_sum(tf.tanh(m * v) ** 2), x)
        return tape.gradient(y, [x, v])

    for a, b in zip(f(tf.vectorized_map), f(tf.map_fn)):
        close(a, b)


def test_vectorized_map_looks_up_rows_of_a_variable():
    v, ids = tf.Variable(W), tf.constant([[0, 2], [1, 1]])
    with tf.GradientTape() as tape:
        y = tf.vectorized_map(lambda i: tf.gather(v, i) ** 2.0, ids, fallback_to_while_loop=False)
    close(y, W[ids.numpy()] ** 2)
    close(tf.convert_to_tensor(tape.gradient(y, v)), 2 * W * [[1.0], [2.0], [1.0]])


def test_vectorized_map_keeps_custom_gradients():
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.vectorized_map(lambda a: scaled(a) * a, x)
    close(tape.gradient(y, x), 11 * X)


def test_vectorized_map_draws_for_each_element():
    tf.random.set_seed(1)
    x = tf.vectorized_map(lambda m: m[0] * 0.0 + tf.random.uniform([2]), tf.constant(M)).numpy()
    assert len(set(x.reshape(-1).tolist())) == 8


def test_vectorized_map_with_unknown_length_and_shared_elements():
    f = tf.function(
        lambda x: tf.vectorized_map(lambda a: tf.reduce_sum(a) * a, x),
        input_signature=[tf.TensorSpec([None, 2])],
        autograph=False,
    )
    x = np.arange(6.0, dtype=np.float32).reshape(3, 2)
    close(f(x), x * x.sum(1, keepdims=True))
    close(
        tf.vectorized_map(lambda t: t[0] + t[1], (tf.constant(x), tf.constant([[1.0, 2.0]]))), x + [1.0, 2.0]
    )


def test_vectorized_map_errors():
    with pytest.raises(ValueError, match="differ in their first dimension"):
        tf.vectorized_map(lambda t: t[0], (tf.zeros([2]), tf.zeros([3])))
    with pytest.raises(ValueError, match="at least one dimension"):
        tf.vectorized_map(lambda t: t, tf.constant(1.0))
    with pytest.raises(ValueError, match="Unique"):
        tf.vectorized_map(lambda m: tf.unique(m).y, tf.zeros([3, 2]), fallback_to_while_loop=False)


@pytest.mark.parametrize("given", [[1.0, 1.0], [tf.ones([2])] * 3])
def test_output_gradients_are_one_per_target(given: list[object]) -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(ValueError, match=f"1 target.*{len(given)} output_gradients"):
        tape.gradient(y, x, output_gradients=given)


def test_custom_gradient_shows_its_signature():
    import inspect

    @tf.custom_gradient
    def f(x, scale=2.0):
        return x * scale, lambda g: (g * scale, None)

    assert inspect.getfullargspec(f).args == ["x", "scale"]


def test_a_gradient_has_the_shape_of_its_tensor():
    """The rule of a Python function does not know it."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as g:

        @tf.RegisterGradient("TwiceInNumPy")
        def _(op, grad):
            return v1.py_func(lambda d: d * 2, [grad], tf.float32)

        x = v1.placeholder(tf.float32, [None, 3])
        with g.gradient_override_map({"Identity": "TwiceInNumPy"}):
            y = tf.identity(x)
        [dx] = tf.gradients(y, x)
        assert dx.shape.as_list() == [None, 3]
        with v1.Session() as sess:
            assert sess.run(dx, {x: [[1, 2, 3]]}).tolist() == [[2, 2, 2]]


def test_rows_looked_up_by_indices_of_two_types():
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.get_variable("v", [3, 1], initializer=tf.ones_initializer())
        rows = tf.gather(v, tf.constant([0, 2])) * 2, tf.gather(v, tf.constant([2], tf.int64)) * 5
        [g] = tf.gradients(tf.concat(rows, 0), [v])
        assert g.indices.dtype is tf.int64
        train = v1.train.GradientDescentOptimizer(1.0).minimize(tf.reduce_sum(tf.concat(rows, 0)))
        sess.run(v1.global_variables_initializer())
        sess.run(train)
        assert sess.run(v).tolist() == [[-1], [1], [-6]]
