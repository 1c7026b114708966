"""Gradients of rows that repeat: what optimizers, and those of programs, are given."""

import numpy as np
import pytest

import headrace as tf

v1 = tf.compat.v1
INDICES = [2, 0, 2, 2, 1]


class Adding(v1.train.Optimizer):
    """A program's own: adds each row that it is given."""

    def _apply_dense(self, grad, var):
        return var.assign_sub(grad)

    def _apply_sparse(self, grad, var):
        self.rows = grad.indices
        return v1.scatter_sub(var, grad.indices, grad.values)


class Overriding(v1.train.MomentumOptimizer):
    """Another way to apply rows than that of the class it is made from."""

    def _resource_apply_sparse(self, grad, handle, indices):
        return v1.scatter_sub(handle, indices, grad)


class Itself(Adding):
    """Takes repeated rows as they are."""

    def _apply_sparse_duplicate_indices(self, grad, var):
        return self._apply_sparse(grad, var)


@pytest.mark.parametrize(
    "make", [lambda: Adding(False, "a"), lambda: Overriding(1.0, 0.9), lambda: Itself(False, "i")]
)
@pytest.mark.parametrize("resource", [True, False])
def test_every_row_once(make, resource):
    with tf.Graph().as_default(), v1.Session() as session:
        table = v1.get_variable("table", initializer=np.zeros([4, 2], np.float32), use_resource=resource)
        optimizer = make()
        step = optimizer.minimize(tf.reduce_sum(tf.gather(table, INDICES)))
        session.run(v1.global_variables_initializer())
        session.run(step)
        np.testing.assert_array_equal(session.run(table)[:, 0], [-1, -1, -3, 0])
        if type(optimizer) is Adding:
            assert session.run(optimizer.rows).tolist() == [2, 0, 1]


@pytest.mark.parametrize("name", ["Momentum", "Adagrad", "RMSProp", "Adadelta", "Ftrl", "ProximalAdagrad"])
def test_sums_of_rows_compile_with_the_update(name):
    """What is unique is known on the host only; the step stays one program nevertheless."""
    from headrace.compiler.optimise import optimised
    from headrace.core.graph import FuncGraph

    made = {"Momentum": (0.1, 0.9), "Adadelta": (1.0,)}.get(name, (0.1,))
    with tf.Graph().as_default() as graph, v1.Session() as session:
        indices = v1.placeholder(tf.int32, [None])
        table = v1.get_variable("table", initializer=np.ones([4, 2], np.float32), use_resource=True)
        step = getattr(v1.train, f"{name}Optimizer")(*made).minimize(
            tf.reduce_sum(tf.gather(table, indices) ** 2)
        )
        session.run(v1.global_variables_initializer())
        session.run(step, {indices: INDICES})
        many = session.run(table)
        assert {"Unique", "UnsortedSegmentSum"} <= {n.type for n in graph.get_operations()}
        session.run(v1.global_variables_initializer())
        # One row at a time, with a gradient as large as all of its own: the same.
        scale = v1.placeholder(tf.float32, [None, 1])
        rows = tf.IndexedSlices(2 * scale * tf.gather(table, indices), indices, [4, 2])
        once = getattr(v1.train, f"{name}Optimizer")(*made).apply_gradients([(rows, table)])
        session.run(v1.global_variables_initializer())
        session.run(once, {indices: [0, 1, 2], scale: [[1.0], [1.0], [3.0]]})
        np.testing.assert_allclose(many, session.run(table), rtol=1e-6)
        view = FuncGraph("step")
        view.operations = list(graph.get_operations())
        view.outputs = []
        left = {n.type for n in optimised(view).operations}
        assert any(t.endswith("OfSums") for t in left), left
        assert "Unique" not in left
