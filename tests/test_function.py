"""tf.function: what is traced when, what is passed and captured, effects, gradients through calls, host steps."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import headrace as tf
from headrace.compiler.program import program_of


def steps(concrete):
    return [type(s).__name__ for s in program_of(concrete.graph).steps]


class TestTracing:
    def test_one_trace_per_dtype_shape_and_python_value(self):
        traces = []

        @tf.function
        def f(x, flag=True):
            traces.append((x.dtype, x.shape, flag))
            return x + 1 if flag else x - 1

        f(tf.constant([1.0, 2.0]))
        f(tf.constant([3.0, 4.0]))
        assert len(traces) == 1
        f(tf.constant([1.0]))
        f(tf.constant([1, 2]))
        f(tf.constant([1.0, 2.0]), flag=False)
        f(tf.constant([1.0, 2.0]), False)
        assert len(traces) == 4
        assert f.experimental_get_tracing_count() == 4

    def test_numpy_arrays_are_tensors(self):
        traces = []

        @tf.function
        def f(x):
            traces.append(1)
            return x * 2

        f(np.ones(3, np.float32))
        f(np.zeros(3, np.float32))
        assert len(traces) == 1

    def test_true_and_one_are_different(self):
        traces = []

        @tf.function
        def f(x):
            traces.append(x)
            return tf.constant(0)

        for value in (1, True, 1.0, 1):
            f(value)
        assert len(traces) == 3

    def test_input_signature(self):
        traces = []

        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
        def f(x):
            traces.append(x.shape)
            return tf.reduce_sum(x, axis=0)

        np.testing.assert_allclose(f(tf.ones([3, 2])), [3, 3])
        np.testing.assert_allclose(f([[1.0, 2.0]]), [1, 2])
        assert [s.as_list() for s in traces] == [[None, 2]]
        with pytest.raises(TypeError, match="Can not cast"):
            f(tf.ones([3, 3]))
        with pytest.raises(TypeError):
            f(tf.ones([3, 2], tf.int32))

    def test_reduce_retracing(self):
        traces = []

        @tf.function(reduce_retracing=True)
        def f(x):
            traces.append(x.shape.as_list())
            return x + 1

        for n in (1, 2, 3, 4):
            assert f(tf.zeros([n])).shape == [n]
        assert traces == [[1], [None]]

    def test_concrete_function_of_a_spec_serves_later_calls(self):
        traces = []

        @tf.function
        def f(x):
            traces.append(1)
            return x * 2

        f.get_concrete_function(tf.TensorSpec([None], tf.float32))
        f(tf.zeros([3]))
        f(tf.zeros([4]))
        assert len(traces) == 1

    def test_retrace_report_names_the_argument(self):
        @tf.function
        def f(x, n):
            return x * n

        f(tf.zeros([2]), 1)
        f(tf.zeros([2]), 2)
        f(tf.zeros([3]), 2)
        assert "argument 'n' changed from the Python value 1 to the Python value 2" in f.retraces[0]
        assert (
            "argument 'x' changed from a float32 tensor of shape (2,) to a float32 tensor of shape (3,)"
            in f.retraces[1]
        )

    def test_signature_text(self):
        @tf.function
        def f(x):
            return x + 1

        text = f.get_concrete_function(tf.TensorSpec([3], tf.float32)).pretty_printed_signature()
        assert "x (POSITIONAL_OR_KEYWORD): TensorSpec(shape=(3,), dtype=tf.float32, name=None)" in text

    def test_unhashable_and_object_arguments_go_by_identity(self):
        class Settings:
            pass

        traces = []

        @tf.function
        def f(x, s):
            traces.append(s)
            return x

        a, b = Settings(), Settings()
        for s in (a, b, a):
            f(tf.constant(1.0), s)
        assert len(traces) == 2

    def test_methods_have_their_own_graphs(self):
        class Layer:
            def __init__(self, k):
                self.k = k

            @tf.function
            def __call__(self, x):
                return x * self.k

        assert float(Layer(2.0)(tf.constant(3.0))) == 6
        layer = Layer(5.0)
        assert float(layer(tf.constant(3.0))) == 15
        del layer
        gc.collect()

    def test_wrong_arguments(self):
        @tf.function
        def f(x):
            return x

        with pytest.raises(TypeError, match=r"Binding inputs to tf\.function failed"):
            f(1, 2)

    def test_results_must_be_tensors(self):
        @tf.function
        def f(x):
            return object()

        with pytest.raises(TypeError, match="must return zero or more Tensors"):
            f(tf.constant(1.0))

    def test_structures(self):
        @tf.function
        def f(d):
            return {"sum": d["a"] + d["b"][0], "none": None, "pair": (d["a"], [d["b"][1]])}

        out = f({"a": tf.constant(1.0), "b": [tf.constant(2.0), 5]})
        assert (
            float(out["sum"]) == 3
            and out["none"] is None
            and float(out["pair"][0]) == 1
            and int(out["pair"][1][0]) == 5
        )

    def test_compiler_ir(self):
        @tf.function
        def f(x):
            return tf.tanh(x)

        assert "stablehlo.tanh" in f.experimental_get_compiler_ir(tf.zeros([2]))("stablehlo")
        assert "HloModule" in f.experimental_get_compiler_ir(tf.zeros([2]))("optimized_hlo")
        with pytest.raises(ValueError, match="stage"):
            f.experimental_get_compiler_ir(tf.zeros([2]))("nonsense")

    def test_run_functions_eagerly(self):
        seen = []

        @tf.function
        def f(x):
            seen.append(tf.executing_eagerly())
            return x

        tf.config.run_functions_eagerly(True)
        try:
            f(tf.constant(1.0))
        finally:
            tf.config.run_functions_eagerly(False)
        f(tf.constant(1.0))
        assert seen == [True, False]


class TestVariables:
    def test_updates_happen_in_program_order(self):
        v = tf.Variable(1.0)

        @tf.function
        def f():
            v.assign_add(1.0)
            a = v * 10.0
            v.assign(v * 3.0)
            return a, v.read_value()

        a, b = f()
        assert (float(a), float(b), float(v)) == (20.0, 6.0, 6.0)

    def test_created_on_the_first_call_only(self):
        class Counter:
            v = None

            @tf.function
            def step(self):
                if self.v is None:
                    self.v = tf.Variable(tf.ones([2]))
                return self.v.assign_add([1.0, 1.0])

        c = Counter()
        c.step()
        np.testing.assert_allclose(c.step(), [3, 3])

        @tf.function
        def bad():
            return tf.Variable(1.0) + 1.0

        with pytest.raises(ValueError, match=r"singleton tf\.Variables"):
            bad()

    def test_values_read_before_survive_donation(self):
        v = tf.Variable(np.arange(4096, dtype=np.float32))

        @tf.function
        def f():
            v.assign_add(tf.ones([4096]))

        f()
        before = v.read_value()
        f()
        f()
        np.testing.assert_allclose(before, np.arange(4096) + 1)
        np.testing.assert_allclose(v, np.arange(4096) + 3)

    def test_deleted_variable(self):
        v = tf.Variable(1.0)
        f = tf.function(lambda: v + 1.0)
        g = f.get_concrete_function()
        g()
        tf.raw_ops.DestroyResourceOp(resource=v.handle)
        with pytest.raises(tf.errors.FailedPreconditionError, match="Could not find variable"):
            g()

    def test_a_graph_keeps_its_variables_alive_and_nothing_else_does(self):
        def make():
            v = tf.Variable(1.0)
            return tf.function(lambda: v + 1.0).get_concrete_function(), weakref.ref(v._state)

        concrete, state = make()
        gc.collect()
        assert float(concrete()) == 2.0
        del concrete
        gc.collect()
        assert state() is None

    def test_scatter_and_slice_assignment(self):
        v = tf.Variable(tf.zeros([4, 2]))

        @tf.function
        def f():
            v.scatter_add(tf.IndexedSlices(tf.ones([2, 2]), tf.constant([1, 1])))
            v[3, 0].assign(7.0)

        f()
        np.testing.assert_allclose(v, [[0, 0], [2, 2], [0, 0], [7, 0]])

    def test_variables_are_listed(self):
        v, w = tf.Variable(1.0), tf.Variable(2.0, trainable=False)
        f = tf.function(lambda: v + w)
        concrete = f.get_concrete_function()
        assert [x.ref() for x in concrete.variables] == [v.ref(), w.ref()]
        assert [x.ref() for x in concrete.trainable_variables] == [v.ref()]


class TestGradients:
    def test_through_a_call(self):
        f = tf.function(lambda x, y: tf.tanh(x * y) * y)
        x, y = tf.constant([1.0, 2.0]), tf.constant(3.0)

        def gradient(fn):
            with tf.GradientTape() as tape:
                tape.watch([x, y])
                z = tf.reduce_sum(fn(x, y))
            return tape.gradient(z, [x, y])

        for a, b in zip(gradient(f), gradient(f.python_function)):
            np.testing.assert_allclose(a, b, atol=1e-5)  # 1 - tanh(6)^2 cancels

    def test_second_order_through_nested_calls(self):
        inner = tf.function(lambda x: x**3)
        outer = tf.function(lambda x: inner(x) * 2.0)
        x = tf.constant(2.0)
        with tf.GradientTape() as t2:
            t2.watch(x)
            with tf.GradientTape() as t1:
                t1.watch(x)
                y = outer(x)
            g = t1.gradient(y, x)
        assert float(g) == 24 and float(t2.gradient(g, x)) == 24

    def test_variables_are_watched_through_calls(self):
        v = tf.Variable(3.0)
        f = tf.function(lambda x: v * x)
        with tf.GradientTape() as tape:
            y = f(tf.constant(2.0))
        assert float(tape.gradient(y, v)) == 2.0
        assert [w.ref() for w in tape.watched_variables()] == [v.ref()]

    def test_inside(self):
        v = tf.Variable([1.0, 2.0])

        @tf.function
        def step(x):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum((v - x) ** 2)
            v.assign_sub(0.1 * tape.gradient(loss, v))
            return loss

        losses = [float(step(tf.constant([0.0, 0.0]))) for _ in range(5)]
        np.testing.assert_allclose(losses, [5 * 0.64**i for i in range(5)], rtol=1e-5)

    def test_unconnected(self):
        f = tf.function(lambda x, y: x)
        x, y = tf.constant(1.0), tf.constant(2.0)
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = f(x, y)
        assert tape.gradient(z, [x, y])[1] is None


class TestHostSteps:
    def test_data_dependent_shapes_cut_the_program(self):
        @tf.function
        def f(x):
            y = x * 2.0
            return tf.boolean_mask(y, y > 3.0) * 10.0

        np.testing.assert_allclose(f(tf.constant([1.0, 2.0, 3.0])), [40, 60])
        np.testing.assert_allclose(f(tf.constant([5.0, 2.0, 0.0])), [100, 40])

    def test_shape_arguments_become_part_of_the_key(self):
        @tf.function
        def f(x, shape):
            return tf.zeros(shape) + x

        assert f(tf.constant(1.0), tf.constant([2, 3])).shape == [2, 3]
        assert f(tf.constant(1.0), tf.constant([4, 1])).shape == [4, 1]

    def test_sizes_computed_from_data(self):
        @tf.function
        def f(lengths):
            return tf.sequence_mask(lengths)

        assert f(tf.constant([1, 3, 2])).shape == [3, 3]
        assert f(tf.constant([1, 5, 2])).shape == [3, 5]

    def test_print_and_py_function_run_in_order(self):
        seen = []

        @tf.function
        def f(x):
            y = x + 1.0
            tf.py_function(lambda v: seen.append(float(v)), [y], [])
            z = y * 2.0
            tf.py_function(lambda v: seen.append(float(v)), [z], [])
            return z

        f(tf.constant(1.0))
        f(tf.constant(2.0))
        assert seen == [2.0, 4.0, 3.0, 6.0]

    def test_python_side_effects_happen_while_tracing(self):
        seen = []

        @tf.function
        def f(x):
            seen.append("traced")
            return x

        f(tf.constant(1.0))
        f(tf.constant(2.0))
        assert seen == ["traced"]

    def test_jit_compile_refuses_host_steps(self):
        @tf.function(jit_compile=True)
        def f(x):
            return tf.strings.as_string(x)

        with pytest.raises(tf.errors.InvalidArgumentError, match="jit_compile=True"):
            f(tf.constant(1.0))

    def test_strings_pass_through(self):
        f = tf.function(lambda s: tf.strings.join([s, tf.constant("!")]))
        assert f(tf.constant("a")).numpy() == b"a!"


class TestErrors:
    def test_leaked_tensor(self):
        kept = []

        @tf.function
        def f(x):
            kept.append(x + 1)
            return x

        f(tf.constant(1.0))
        with pytest.raises((ValueError, TypeError), match=r"out of scope|belongs to the graph"):
            tf.add(kept[0], 1.0)

    def test_python_bool_of_a_symbolic_tensor(self):
        f = tf.function(lambda x: 1.0 if x else 2.0, autograph=False)
        with pytest.raises(tf.errors.OperatorNotAllowedInGraphError, match="bool"):
            f(tf.constant(True))

    def test_shape_mismatch_names_the_op(self):
        @tf.function
        def f(x, y):
            return tf.matmul(x, y)

        with pytest.raises(ValueError, match="MatMul"):
            f(tf.ones([2, 3]), tf.ones([2, 3]))


class TestChecks:
    """What cannot be seen before a compiled program runs is checked while it runs."""

    def test_indices(self):
        x = tf.constant([1.0, 2.0, 3.0])
        f = tf.function(lambda x, i: tf.gather(x, i) * 2.0)
        np.testing.assert_allclose(f(x, tf.constant([0, 2])), [2, 6])
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"indices is out of range \[0, 3\).*test_function.py"
        ):
            f(x, tf.constant([0, 5]))
        np.testing.assert_allclose(f(x, tf.constant([1, 1])), [4, 4])
        with pytest.raises(tf.errors.InvalidArgumentError, match="index into param shape"):
            tf.function(lambda x, i: tf.gather_nd(x, i))(x, tf.constant([[4]]))
        with pytest.raises(tf.errors.InvalidArgumentError, match="index into shape"):
            tf.function(lambda i: tf.scatter_nd(i, [1.0], [3]))(tf.constant([[5]]))

    def test_inside_loops_and_branches(self):
        x = tf.constant([1.0, 2.0, 3.0])

        @tf.function
        def total(n):
            s = 0.0
            for i in tf.range(n):
                s += x[i]
            return s

        assert float(total(tf.constant(3))) == 6.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="slice index is out of range"):
            total(tf.constant(5))
        f = tf.function(lambda p, i: tf.cond(p, lambda: tf.gather(x, i), lambda: x[0]))
        assert float(f(tf.constant(False), tf.constant(9))) == 1.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="out of range"):
            f(tf.constant(True), tf.constant(9))

    def test_division_and_labels(self):
        for fn in (lambda x, y: x // y, lambda x, y: x % y):
            with pytest.raises(tf.errors.InvalidArgumentError, match="division by zero"):
                tf.function(fn)(tf.constant([5, 6]), tf.constant([2, 0]))
        f = tf.function(lambda labels, z: tf.nn.sparse_softmax_cross_entropy_with_logits(labels, z))
        with pytest.raises(tf.errors.InvalidArgumentError, match="label value is out of range"):
            f(tf.constant([7]), tf.zeros([1, 3]))

    def test_jit_compile_clamps_as_tensorflow_does(self):
        f = tf.function(lambda x, i: tf.gather(x, i), jit_compile=True)
        assert float(f(tf.constant([1.0, 2.0]), tf.constant(7))) == 2.0


class TestConcreteFunctions:
    @staticmethod
    def concrete(*args, names=(None, None)):
        f = tf.function(lambda x, y, n=3, flag=True: x * 10.0 - y if flag else (x + y) * n)
        return f.get_concrete_function(*[tf.TensorSpec([], tf.float32, name=n) for n in names], *args)

    def test_takes_tensors_in_order_by_name_and_with_the_python_arguments_it_was_traced_with(self):
        f, x, y = self.concrete(), tf.constant(1.0), tf.constant(2.0)
        calls = f(x, y), f(x, y=y), f(y=y, x=x), f(1.0, 2.0), f(x, y, 3), f(x, y, 3, True), f(x, y, flag=True)
        assert [float(r) for r in calls] == [8.0] * 7
        assert float(self.concrete(2, False)(x, y)) == 6.0
        assert float(self.concrete(names=("a", "b"))(a=x, b=y)) == 8.0

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda f, x: f(x, x, 4),
            lambda f, x: f(x, x, flag=False),
            lambda f, x: f(x, x, bogus=1),
            lambda f, x: f(x),
            lambda f, x: f(x, x=x, y=x),
            lambda f, x: f(x, tf.constant([1.0])),
        ],
    )
    def test_takes_nothing_else(self, wrong):
        with pytest.raises(TypeError, match="Binding inputs to"):
            wrong(self.concrete(), tf.constant(1.0))


class TestVariablesAsArguments:
    def test_one_graph_for_all_that_are_alike(self):
        traces = []

        @tf.function
        def update(v, by):
            traces.append(v.shape)
            v.assign_sub(by)
            return v.read_value()

        a, b = tf.Variable([1.0]), tf.Variable([5.0])
        assert [float(update(v, tf.constant([1.0]))[0]) for v in (a, b, a)] == [0.0, 4.0, -1.0]
        assert len(traces) == 1
        update(tf.Variable([1.0, 2.0]), tf.constant([1.0, 1.0]))
        update(tf.Variable([1.0], trainable=False), tf.constant([1.0]))
        assert len(traces) == 3

    def test_the_same_one_twice_and_captured(self):
        captured = tf.Variable(5.0)

        @tf.function
        def f(a, b):
            a.assign_add(1.0)
            b.assign_add(2.0)
            captured.assign_add(10.0)
            return a + b

        v, w = tf.Variable(1.0), tf.Variable(2.0)
        assert [float(x) for x in (f(v, w), f(v, v), f(w, v), f(w, w), f(captured, v), f(captured, captured))] == [
            6.0, 10.0, 12.0, 16.0, 65.0, 138.0,
        ]  # fmt: skip
        assert f.experimental_get_tracing_count() == 2

    def test_gradients(self):
        f = tf.function(lambda v, x: v * v * x)
        v, w = tf.Variable(2.0), tf.Variable(3.0)
        outer = tf.function(lambda x: f(v, x) + f(w, x))
        with tf.GradientTape(persistent=True) as tape:
            y = f(v, tf.constant(3.0))
            z = outer(tf.constant(1.0))
        assert float(tape.gradient(y, v)) == 12.0
        assert [float(g) for g in tape.gradient(z, [v, w])] == [4.0, 6.0]
        assert f.experimental_get_tracing_count() == 1

    def test_in_structures_and_concrete_functions(self):
        f = tf.function(lambda x: x["a"] + x["b"][0])
        v, w = tf.Variable(2.0), tf.Variable(3.0)
        assert [float(f({"a": v, "b": [w]})), float(f({"a": w, "b": [v]})), float(f({"a": w, "b": [w]}))] == [
            5.0,
            5.0,
            6.0,
        ]
        concrete = f.get_concrete_function({"a": v, "b": [w]})
        assert (
            "VariableSpec(shape=(), dtype=tf.float32, trainable=True, alias_id=1)"
            in concrete.pretty_printed_signature()
        )
        assert float(concrete({"a": w, "b": [v]})) == 5.0
        with pytest.raises(TypeError, match="Binding inputs"):
            concrete({"a": tf.Variable([1.0]), "b": [v]})

    def test_are_not_kept_alive_and_neither_are_tensors(self):
        f = tf.function(lambda v, x: v + x)
        v, x = tf.Variable(1.0), tf.constant([2.0])
        f(v, x)
        gone = [weakref.ref(v), weakref.ref(v._state), weakref.ref(x._host())]
        del v, x
        gc.collect()
        assert [r() for r in gone] == [None] * 3


def test_a_few_scalars_between_host_steps_are_computed_there():
    @tf.function
    def f(s):
        return tf.strings.as_string(2 * (tf.strings.length(s) + 1))

    assert f(tf.constant("abc")).numpy() == b"8"
    plan = f.get_concrete_function(tf.constant("abc")).program.describe()
    assert "compiled:" not in plan
    assert plan.count("host:") == 1
