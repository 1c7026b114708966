"""Which rule of an optimizer updates which variable, and what programs know of its hyperparameters."""

import numpy as np
import pytest

import headrace as tf

v1 = tf.compat.v1


class Both(v1.train.Optimizer):
    """A program's optimizer, with a rule for references and another for resources."""

    def __init__(self):
        super().__init__(False, "Both")

    def _apply_dense(self, grad, var):
        return v1.assign_sub(var, grad)

    def _apply_sparse(self, grad, var):
        return v1.scatter_sub(var, grad.indices, grad.values)

    def _resource_apply_dense(self, grad, handle):
        return handle.assign_sub(10.0 * grad)

    def _resource_apply_sparse(self, grad, handle, indices):
        return v1.scatter_sub(handle, indices, 10.0 * grad)


class Halved(v1.train.AdamOptimizer):
    """A rule of its own for one kind of gradients; the rest is the base class's."""

    def _apply_dense(self, grad, var):
        return v1.assign_sub(var, 0.5 * self._lr_t * grad)


@pytest.mark.parametrize(("resource", "step"), [(False, 1.0), (True, 10.0)])
def test_the_kind_of_a_variable_decides(resource, step):
    with tf.Graph().as_default(), v1.Session() as session:
        w = v1.get_variable("w", initializer=[1.0], use_resource=resource)
        table = v1.get_variable("t", initializer=np.zeros([2, 1], np.float32), use_resource=resource)
        train = Both().minimize(tf.reduce_sum(w) + tf.reduce_sum(tf.gather(table, [1, 1])))
        session.run(v1.global_variables_initializer())
        session.run(train)
        assert session.run(w).tolist() == [1.0 - step]
        assert session.run(table).ravel().tolist() == [0.0, -2.0 * step]


@pytest.mark.parametrize("resource", [False, True])
def test_the_most_derived_rule_counts(resource):
    with tf.Graph().as_default(), v1.Session() as session:
        w = v1.get_variable("w", initializer=[1.0], use_resource=resource)
        train = Halved(0.5).minimize(tf.reduce_sum(w))
        session.run(v1.global_variables_initializer())
        session.run(train)
        assert session.run(w).tolist() == [0.75]


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda t, r: t.GradientDescentOptimizer(r), ["_learning_rate_tensor"]),
        (lambda t, r: t.MomentumOptimizer(r, 0.9), ["_learning_rate_tensor", "_momentum_tensor"]),
        (lambda t, r: t.AdamOptimizer(r), ["_lr_t", "_beta1_t", "_beta2_t", "_epsilon_t"]),
        (lambda t, r: t.RMSPropOptimizer(r), ["_learning_rate_tensor", "_decay_tensor", "_epsilon_tensor"]),
        (lambda t, r: t.AdagradOptimizer(r), ["_learning_rate_tensor"]),
        (lambda t, r: t.AdadeltaOptimizer(r), ["_lr_t", "_rho_t", "_epsilon_t"]),
        (lambda t, r: t.FtrlOptimizer(r), ["_learning_rate_tensor"]),
    ],
)
def test_hyperparameters_as_programs_read_them(make, names):
    with tf.Graph().as_default(), v1.Session() as session:
        w = v1.get_variable("w", initializer=[1.0])
        optimizer = make(v1.train, 0.25)
        optimizer.minimize(tf.reduce_sum(w))
        tensors = [getattr(optimizer, name) for name in names]
        assert session.run(tensors[0]) == 0.25 and len(session.run(tensors)) == len(names)
        assert getattr(optimizer, names[0].removesuffix("_tensor").removesuffix("_t")) == 0.25


def test_polynomial_decay_reaches_its_end():
    """Compiled, too, where 1 - 10 * (1 / 10) is not quite 0."""
    with tf.Graph().as_default(), v1.Session() as session:
        step = v1.placeholder(tf.int64, [])
        rate = v1.train.polynomial_decay(0.1, step, 10, 0.01, power=0.5)
        assert [float(session.run(rate, {step: n})) for n in (10, 11, 40)] == pytest.approx([0.01] * 3)


def test_boundaries_of_another_type():
    with tf.Graph().as_default(), pytest.raises(ValueError, match="must have the same dtype"):
        v1.train.piecewise_constant(v1.placeholder(tf.int64, []), [5.5], [1.0, 0.5])
