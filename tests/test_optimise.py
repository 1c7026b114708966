"""Rewrites of graphs: what they leave is smaller and does the same."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.compiler.optimise import DEFAULT, Passes, set_passes
from headrace.compiler.optimise.options import _UNMET, ABSENT, NOTHING, OPTIONS, from_config
from headrace.compiler.optimise.rewriter import Rewriter
from headrace.compiler.program import Cluster, Program

v1 = tf.compat.v1


@pytest.fixture(autouse=True)
def default_passes():
    yield
    set_passes(DEFAULT)


def rewritten(function, *specs, passes=DEFAULT):
    graph = tf.function(function).get_concrete_function(*specs).graph
    return graph, Rewriter(graph, passes).result()


def types(function, *specs, passes=DEFAULT):
    return [
        n.type
        for n in rewritten(function, *specs, passes=passes)[1].operations
        if n.type not in ("Const", "Placeholder")
    ]


FLOAT = tf.TensorSpec([2, 3], tf.float32)


class TestRules:
    @pytest.mark.parametrize(
        "function",
        [
            lambda x: x * 1.0,
            lambda x: 1.0 * x,
            lambda x: x / 1.0,
            lambda x: x - 0.0,
            lambda x: tf.negative(-x),
            lambda x: tf.transpose(tf.transpose(x)),
            lambda x: tf.transpose(x, [0, 1]),
            lambda x: tf.cast(tf.cast(x, tf.float64), tf.float32),
            lambda x: tf.reshape(x, [2, 3]),
            lambda x: tf.tile(x, [1, 1]),
            lambda x: tf.pad(x, [[0, 0], [0, 0]]),
            lambda x: tf.reduce_sum(x, axis=[]),
            lambda x: tf.identity(tf.stop_gradient(x)),
            lambda x: tf.add_n([x]),
        ],
    )
    def test_what_does_nothing_goes(self, function):
        assert types(lambda x: tf.exp(function(x)), FLOAT) == ["Exp", "Identity"]

    @pytest.mark.parametrize(
        "function",
        [
            lambda x: x + 0.0,  # -0.0 becomes 0.0
            lambda x: x * tf.ones([4, 2, 3]),
            lambda x: tf.cast(tf.cast(x, tf.float16), tf.float32),
            lambda x: tf.transpose(tf.transpose(x, [1, 0]), [0, 1]),
        ],
    )
    def test_what_does_something_stays(self, function):
        assert types(lambda x: tf.exp(function(x)), FLOAT)[0] != "Exp"

    def test_integers_plus_zero(self):
        assert types(lambda x: tf.bitwise.invert(x + 0), tf.TensorSpec([2], tf.int32)) == [
            "Invert",
            "Identity",
        ]

    def test_host_ops_on_constants_run_once(self):
        def f(x):
            length = tf.strings.length(tf.strings.join(["a", tf.strings.as_string(12)]))
            return x * tf.cast(length, tf.float32)

        assert types(f, FLOAT) == ["Mul", "Identity"]
        program = tf.function(f).get_concrete_function(FLOAT).program
        assert [type(s) for s in program.steps] == [Cluster]

    def test_known_shapes(self):
        f = lambda x: tf.strings.as_string(tf.shape(x)[0] + tf.rank(x))
        graph, view = rewritten(f, FLOAT)
        assert [n.type for n in view.operations] in (["Const"], ["Const", "Identity"])
        assert Program(graph)([tf.zeros([2, 3])])[0].numpy() == b"4"

    def test_the_same_is_computed_once(self):
        assert types(lambda x: tf.exp(x) + tf.exp(x), FLOAT) == ["Exp", "AddV2", "Identity"]
        assert types(lambda x: x * 2.0 + x * 2.0, FLOAT) == ["Mul", "AddV2", "Identity"]

    def test_different_attributes_are_not_the_same(self):
        f = lambda x: tf.argmax(x, 1, tf.int32) + tf.cast(tf.argmax(x, 1, tf.int64), tf.int32)
        assert types(f, FLOAT).count("ArgMax") == 2
        g = lambda x: tf.exp(x * 0.0) + tf.exp(x * -0.0)
        assert types(g, FLOAT).count("Mul") == 2

    def test_random_ops_are_never_merged(self):
        f = lambda x: tf.random.uniform([3]) - tf.random.uniform([3]) + x
        assert types(f, FLOAT).count("RandomUniform") == 2

    def test_python_functions_are_never_merged_or_folded(self):
        calls = []

        def f(x):
            for _ in range(2):
                x += tf.numpy_function(lambda a: calls.append(0) or a, [1.0], tf.float32, stateful=False)
            return x

        tf.function(f)(tf.zeros([]))
        assert len(calls) == 2

    def test_a_known_predicate_chooses_its_branch(self):
        def f(x):
            flag = v1.placeholder_with_default(True, [])
            return tf.exp(
                tf.cond(flag, lambda: x * 2.0, lambda: tf.py_function(lambda a: a, [x], tf.float32))
            )

        assert types(f, FLOAT) == ["Mul", "Exp", "Identity"]

    def test_calls_with_host_ops_are_taken_apart(self):
        @tf.function
        def inner(x):
            tf.print("inner", output_stream="file:///dev/null")
            return tf.exp(x), x

        def f(x):
            a, b = inner(x)
            c, _ = inner(a)
            return a + b, c

        _, view = rewritten(f, FLOAT)
        found = [n.type for n in view.operations]
        assert "StatefulPartitionedCall" not in found
        assert found.count("PrintV2") == 2 and found.count("Exp") == 2
        y, z = tf.function(f)(tf.zeros([2, 3]))
        np.testing.assert_array_equal(y, np.ones([2, 3], np.float32))
        np.testing.assert_allclose(z, np.full([2, 3], np.e), rtol=1e-6)

    def test_what_a_graph_returns_stays_apart(self):
        f = lambda x: (tf.identity(x), tf.exp(x), tf.exp(x))
        graph, view = rewritten(f, FLOAT)
        assert len({id(t) for t in [*view.outputs, *graph.inputs]}) == 4


class TestBehaviour:
    def test_errors_name_the_users_op_and_line(self):
        with tf.Graph().as_default(), v1.Session() as sess:
            x = v1.placeholder(tf.string, [])
            n = tf.strings.to_number(tf.identity(x), name="parse")  # this line
            with pytest.raises(tf.errors.InvalidArgumentError, match="parse") as found:
                sess.run(n * 1.0, {x: "x"})
        assert "test_optimise.py" in str(found.value)

    def test_errors_of_constants_are_the_runs(self):
        with tf.Graph().as_default(), v1.Session() as sess:
            n = tf.strings.to_number(tf.constant("no number"))
            assert sess.run(tf.constant(1.0)) == 1
            with pytest.raises(tf.errors.InvalidArgumentError, match="no number"):
                sess.run(n)

    def test_control_dependencies_still_run_and_come_first(self, tmp_path):
        log = f"file://{tmp_path / 'log'}"
        with tf.Graph().as_default(), v1.Session() as sess:
            first = tf.print("first", output_stream=log)
            with tf.control_dependencies([first]):
                one = tf.constant(2.0) * 1.0  # has a control input: it is not folded away
            with tf.control_dependencies([tf.exp(one)]):
                second = tf.print("second", tf.strings.as_string(3), output_stream=log)
            sess.run(second)
        assert (tmp_path / "log").read_text() == 'first\nsecond "3"\n'

    def test_variables_are_read_when_they_were(self):
        with tf.Graph().as_default(), v1.Session() as sess:
            v = v1.get_variable("v", initializer=1.0, use_resource=True)
            before = v.read_value()
            with tf.control_dependencies([before]):
                assign = v.assign_add(1.0)
            with tf.control_dependencies([assign]):
                after = v.read_value()
            text = tf.strings.join([tf.strings.as_string(before), "-", tf.strings.as_string(after)])
            sess.run(v.initializer)
            assert sess.run(text) == b"1.000000-2.000000"

    def test_fetched_and_fed_in_the_middle(self):
        with tf.Graph().as_default(), v1.Session() as sess:
            a = tf.strings.join(["x", "y"])
            b = tf.strings.length(a)
            assert sess.run([a, b]) == [b"xy", 2]
            assert sess.run(b, {a: "abc"}) == 3
            assert sess.run([a, b], {a: "abcd"}) == [b"abcd", 4]


def random_function(seed):
    """A graph of ops that may and may not be rewritten, some of which run on the host."""

    def f(x, n):
        random = np.random.RandomState(seed)
        floats = [x, tf.constant([[1.0, -0.0, 3.0], [np.nan, 2.0, np.inf]])]
        ints = [n, tf.constant(3), tf.shape(x)[1]]
        pick = lambda values: values[random.randint(len(values))]
        ones, zeros = tf.ones([2, 3]), tf.zeros([3])

        @tf.function
        def called(a):
            return tf.strings.to_number(tf.strings.as_string(a)) * 1.0, tf.identity(a)

        rules = [
            lambda: pick(floats) * 1.0,
            lambda: ones * pick(floats),
            lambda: pick(floats) - zeros,
            lambda: pick(floats) + 0.0,
            lambda: pick(floats) / tf.ones([]),
            lambda: tf.negative(-pick(floats)),
            lambda: -pick(floats),
            lambda: tf.transpose(tf.transpose(pick(floats)), [1, 0]),
            lambda: tf.reshape(tf.reshape(pick(floats), [3, 2]), [2, 3]),
            lambda: tf.cast(tf.cast(pick(floats), tf.float64), tf.float32),
            lambda: tf.cast(tf.cast(pick(floats), tf.float16), tf.float32),
            lambda: pick(floats) + pick(floats),
            lambda: pick(floats) * tf.cast(pick(ints), tf.float32),
            lambda: tf.reduce_max(pick(floats), axis=[]),
            lambda: tf.identity(pick(floats)),
            lambda: tf.tile(tf.pad(pick(floats), [[0, 0], [0, 0]]), [1, 1]),
            lambda: tf.cond(tf.constant(True), lambda: pick(floats) * 2.0, lambda: pick(floats)),
            lambda: tf.cond(pick(ints) > 2, lambda: pick(floats) * 2.0, lambda: pick(floats)),
            lambda: called(pick(floats))[random.randint(2)],
            lambda: tf.gather(pick(floats), tf.where(tf.constant([1, 1]))[:, 0]),
        ]
        more = [
            lambda: tf.strings.length(tf.strings.as_string(pick(ints))),
            lambda: pick(ints) + 0,
            lambda: pick(ints) * pick(ints),
            lambda: tf.shape(pick(floats))[random.randint(2)],
            lambda: tf.unique(tf.stack([pick(ints), pick(ints)]))[1][0],
        ]
        for _ in range(30):
            if random.rand() < 0.7:
                floats.append(tf.ensure_shape(pick(rules)(), [2, 3]))
            else:
                ints.append(pick(more)() % 1000)
        return [pick(floats) for _ in range(3)] + [pick(ints) for _ in range(2)]

    return f


@pytest.mark.parametrize("seed", range(25))
def test_rewritten_graphs_compute_the_same(seed):
    specs = tf.TensorSpec([2, 3] if seed % 2 else [None, 3]), tf.TensorSpec([], tf.int32)
    graph = tf.function(random_function(seed), autograph=False).get_concrete_function(*specs).graph
    inputs = [tf.constant([[0.5, -1.5, -0.0], [np.inf, np.nan, 1e-3]]), tf.constant(2)]
    graph.memo["passes"] = NOTHING
    plain = Program(graph)(inputs)
    view = Rewriter(graph, DEFAULT).result()
    assert len(view.operations) < len(graph.operations)
    view.memo["passes"] = NOTHING
    smaller = Program(view)
    for a, b in zip(plain, smaller(inputs), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
        assert a.dtype == b.dtype
        if a.dtype.is_floating:
            np.testing.assert_array_equal(np.signbit(a.numpy()), np.signbit(b.numpy()))


class TestOptions:
    def test_options_of_the_process(self):
        f = lambda x: tf.strings.length(tf.strings.join(["a", "b"])) + x
        spec = tf.TensorSpec([], tf.int32)
        tf.config.optimizer.set_experimental_options({"constant_folding": False})
        assert tf.config.optimizer.get_experimental_options()["constant_folding"] is False
        made = [n.type for n in tf.function(f).get_concrete_function(spec).program.graph.operations]
        assert "StringJoin" in made
        tf.config.optimizer.set_experimental_options({"constant_folding": True})
        made = [n.type for n in tf.function(f).get_concrete_function(spec).program.graph.operations]
        assert "StringJoin" not in made

    def test_what_there_is_not(self):
        options = tf.config.optimizer.set_experimental_options
        with pytest.raises(NotImplementedError, match="mixed_precision"):
            options({"auto_mixed_precision": True})
        with pytest.raises(NotImplementedError, match="XLA"):
            options({"layout_optimizer": False})
        with pytest.raises(ValueError, match="constant_folding"):
            options({"constant_foldign": True})
        options({"layout_optimizer": True, "auto_parallel": False})

    def test_debug_stripper(self):
        def f(x):
            tf.debugging.assert_positive(x)
            return tf.debugging.check_numerics(tf.sqrt(x), "root")

        tf.config.optimizer.set_experimental_options({"debug_stripper": True})
        assert np.isnan(tf.function(f)(tf.constant(-1.0)))
        tf.config.optimizer.set_experimental_options({"debug_stripper": False})
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.function(f)(tf.constant(-1.0))

    def test_options_of_a_session(self):
        config = v1.ConfigProto()
        config.graph_options.rewrite_options.constant_folding = config.graph_options.rewrite_options.OFF
        with tf.Graph().as_default():
            with v1.Session(config=config) as sess:
                assert sess._passes == Passes(fold=False)
            config.graph_options.optimizer_options.opt_level = -1
            with v1.Session(config=config) as sess:
                assert sess._passes == NOTHING
            config.graph_options.rewrite_options.custom_optimizers.add(name="mine")
            with pytest.raises(NotImplementedError, match="mine"):
                v1.Session(config=config)

    def test_options_of_a_session_that_are_in_vain(self, caplog, monkeypatch):
        from headrace.compiler.optimise import options

        monkeypatch.setattr(options, "_warned", set())
        caplog.set_level("WARNING", logger="headrace")
        graph_options = v1.ConfigProto().graph_options
        optimizer, rewrite = graph_options.optimizer_options, graph_options.rewrite_options
        optimizer.global_jit_level = optimizer.ON_1  # as it is
        rewrite.layout_optimizer, rewrite.remapping, rewrite.min_graph_nodes = (
            rewrite.ON,
            rewrite.AGGRESSIVE,
            -1,
        )
        rewrite.scoped_allocator_optimization = rewrite.OFF
        from_config(v1.ConfigProto(graph_options=graph_options))
        assert not caplog.messages
        optimizer.global_jit_level = optimizer.OFF
        rewrite.layout_optimizer, rewrite.remapping, rewrite.min_graph_nodes = rewrite.OFF, rewrite.OFF, 8
        rewrite.scoped_allocator_optimization, rewrite.memory_optimization = rewrite.ON, rewrite.NO_MEM_OPT
        graph_options.build_cost_model = 1
        config = v1.ConfigProto(graph_options=graph_options)
        for _ in range(2):  # said once
            assert from_config(config) == Passes()
        asked = [m.split()[0].removeprefix("ConfigProto.graph_options.") for m in caplog.messages]
        assert sorted(asked) == [
            "build_cost_model=1",
            "optimizer_options.global_jit_level=OFF",
            "rewrite_options.layout_optimizer=OFF",
            "rewrite_options.memory_optimization=NO_MEM_OPT",
            "rewrite_options.min_graph_nodes=8",
            "rewrite_options.remapping=OFF",
            "rewrite_options.scoped_allocator_optimization=ON",
        ]
        assert "XLA does this" in caplog.text

    def test_every_option_of_a_session_is_known(self):
        """An option is a rewrite of ours, checked, warned of, or asks for what holds anyhow."""
        holds = {
            "enable_recv_scheduling", "infer_shapes", "place_pruned_graph", "build_cost_model_after",
            "optimizer_options", "rewrite_options",
            "do_common_subexpression_elimination", "do_constant_folding", "do_function_inlining", "cpu_global_jit",
            "fail_on_optimizer_errors", "experimental_disable_compressed_tensor_optimization",
            "experimental_disable_folding_quantization_emulation", "experimental_conditional_code_motion",
            "disable_tfg_optimizer", "memory_optimizer_target_node_name_scope",
        }  # fmt: skip
        read = {
            "opt_level", "disable_meta_optimizer", "disable_model_pruning", "optimizers", "custom_optimizers",
            "common_subgraph_elimination",
        }  # fmt: skip
        known = holds | read | {path.rpartition(".")[2] for path in _UNMET} | set(OPTIONS) | ABSENT
        graph_options = v1.ConfigProto().graph_options
        for message in (graph_options, graph_options.optimizer_options, graph_options.rewrite_options):
            assert {f.name for f in message.DESCRIPTOR.fields} <= known

    def test_set_passes(self):
        set_passes(NOTHING)
        assert Program(
            tf.function(lambda: tf.strings.join(["a", "b"])).get_concrete_function().graph
        ).graph.outputs


def test_calls_that_compile_whole_stay_whole():
    """A function with parameters and none of whose ops needs the host is one compiled step next to a host step."""
    inner = tf.function(lambda x: tf.reduce_sum(x) * 2.0)
    v = tf.Variable(1.0)

    @tf.function
    def step(iterator):
        return inner(next(iterator) * v.assign_add(1.0))

    iterator = iter(tf.data.Dataset.from_tensors(tf.ones([3])).repeat(2))
    graph = step.get_concrete_function(iterator).graph
    calls = [n for n in Program(graph).graph.operations if n.type.endswith("PartitionedCall")]
    assert len(calls) == 1
    assert float(step(iterator)) == 12.0


class TestSessions:
    """What a session keeps, and what it is fed, in graphs that were rewritten."""

    def test_random_ops_go_on_where_they_were(self, request):
        """In all runs of a session, whatever is fetched with them; an op that was rewritten is still that op."""

        def numbers():
            with tf.Graph().as_default(), v1.Session() as sess:
                v1.set_random_seed(1)
                a, b = tf.random.uniform([2]), tf.random.uniform([2], seed=3)
                text = tf.strings.as_string(tf.random.shuffle(tf.range(4), seed=5) * 1)
                length = tf.strings.length(text)
                ran = [sess.run([a, b, text]) for _ in range(3)]
                ran += [sess.run([b, length]), sess.run([b, text]), sess.run([a, text])]
            return [[x.tolist() for x in run] for run in ran]

        request.addfinalizer(lambda: set_passes(DEFAULT))
        rewritten = numbers()
        assert len({str(run[1]) for run in rewritten[:3]}) == 3
        set_passes(NOTHING)
        assert rewritten == numbers()

    def test_to_the_last_bit(self):
        """Integers that a float cannot hold are not what they were; complex products mix their parts (inf + 1j times 1 has a NaN)."""
        with tf.Graph().as_default(), v1.Session() as sess:
            text = tf.strings.as_string(
                tf.constant(1)
            )  # a step on the host, without which nothing is rewritten
            n = v1.placeholder(tf.int64, [2])
            there = tf.stack([tf.cast(tf.cast(n, tf.float64), tf.int64)])
            assert sess.run([there, text], {n: [2**53 + 1, 5]})[0].tolist() == [[2**53, 5]]
        one = tf.constant(1.0, tf.complex64)
        f = lambda x: tf.reduce_sum(tf.cast(x, tf.complex64) * one)
        assert types(f, FLOAT).count("Mul") == 1

    def test_constants_that_are_fed(self):
        with tf.Graph().as_default(), v1.Session() as sess:
            k, go = tf.constant([1.0, 2.0]), tf.constant(True)
            length = tf.strings.length(tf.strings.as_string(k * 1.0))
            chosen = tf.cond(go, lambda: tf.strings.as_string(1.0), lambda: tf.strings.as_string(3.0))
            assert sess.run(length, {k: [100000.0, 20.0]}).tolist() == [13, 9]
            assert sess.run([k, length], {k: [100000.0, 20.0]})[0].tolist() == [100000.0, 20.0]
            assert sess.run(length).tolist() == [8, 8]
            assert sess.run(chosen, {go: False}) == b"3.000000"
            same = tf.constant([1.0, 2.0])  # the same value, which is not fed
            both = tf.strings.as_string(k), tf.strings.as_string(same)
            assert sess.run(both, {k: [5.0, 6.0]})[1].tolist() == [b"1.000000", b"2.000000"]


@pytest.mark.parametrize("kind", ["compiled", "taken apart"])
def test_a_function_called_twice_draws_twice(kind):
    """Each call has its own place in the streams of its random ops, as in TensorFlow, however it runs."""
    tf.random.set_seed(1)

    @tf.function
    def noisy(x):
        if kind == "taken apart":
            tf.debugging.assert_greater(tf.strings.length(tf.strings.as_string(x)), 0)
        return x * 0.0 + tf.random.uniform([2])

    @tf.function
    def twice(x):
        return noisy(x)

    @tf.function
    def f(x):
        return noisy(x), noisy(x + 1.0), twice(x)

    runs = [[y.numpy().tolist() for y in f(tf.ones([2]))] for _ in range(3)]
    assert all(a == b == c for a, b, c in runs)
    assert len({str(a) for a, _, _ in runs}) == 3
    assert np.allclose(runs[0][0], [0.81269646, 0.07857466]), "TensorFlow's numbers"
