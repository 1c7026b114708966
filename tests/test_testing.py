"""tf.test: the assertions hold and fail where TensorFlow's do, sessions, files, gradients, benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

import numpy as np
import pytest

import headrace as tf
from headrace.io.graph_def import graph_def

nan, inf = np.nan, np.inf


class Case(tf.test.TestCase):
    __test__ = False

    def runTest(self):
        pass


@pytest.fixture
def case():
    made = Case()
    made.setUp()
    yield made
    made.tearDown()
    made.doCleanups()


RAGGED = [[1], [2, 3]]
HOLDS = [
    ("assertAllClose", {"a": 1.0}, {"a": 1.0 + 1e-8}),
    ("assertAllClose", [[1], [2, 3]], [[1], [2, 3.0]]),
    ("assertAllClose", (1, [2.0]), [1, (2.0,)]),
    ("assertAllClose", tf.constant(2.0), 2),
    ("assertAllClose", tf.constant([2.0], tf.bfloat16), [2.0]),
    ("assertAllClose", inf, inf),
    ("assertAllClose", nan, nan),
    ("assertAllClose", tf.ragged.constant([[1.0], [2.0, 3.0]]), [[1.0], [2.0, 3.0]]),
    ("assertAllClose", [1.0], [1.1], 0.2),
    ("assertAllEqual", tf.ragged.constant(RAGGED), RAGGED),
    ("assertAllEqual", [nan], [nan]),
    ("assertAllEqual", ["a"], tf.constant(["a"])),
    ("assertAllEqual", tf.constant("a"), b"a"),
    ("assertAllEqual", True, tf.constant(True)),
    ("assertAllEqual", tf.sparse.from_dense([0, 2]), [0, 2]),
    ("assertNotAllClose", [1], [2]),
    ("assertNotAllEqual", [1], [2]),
    ("assertAllInRange", [1, 5], 1, 5),
    ("assertAllInSet", [1, 5], [1, 5, 6]),
    ("assertAllGreater", [1, 5], 0),
    ("assertAllGreaterEqual", [1, 5], 1),
    ("assertAllLess", [1, 5], 6),
    ("assertAllLessEqual", [[1, 2]], 2),
    ("assertShapeEqual", np.ones([2]), tf.ones([2])),
    ("assertDTypeEqual", tf.ones([1]), np.float32),
    ("assertDictEqual", {"a": tf.constant([1])}, {"a": tf.constant([1])}),
    ("assertAllCloseAccordingToType", np.float16(1), np.float16(1.0005)),
    ("assertNear", 1.0, 1.1, 0.2),
    ("assertArrayNear", [1.0], [1.05], 0.1),
    ("assertNDArrayNear", np.ones(2), np.ones(2), 0.1),
    ("assertDeviceEqual", "/device:CPU:0", "/cpu:0"),
    ("assertLen", [1], 1),
    ("assertEmpty", []),
    ("assertNotEmpty", [1]),
    ("assertSameElements", [1, 1], [1]),
    ("assertBetween", 2, 1, 3),
    ("assertStartsWith", "ab", "a"),
    ("assertEndsWith", "ab", "b"),
    ("assertNotStartsWith", "ab", "b"),
    ("assertContainsInOrder", ["a", "c"], "abc"),
    ("assertTotallyOrdered", [1, 1], [2]),
    ("assertUrlEqual", "a?x=1&y=2", "a?y=2&x=1"),
    ("assertJsonEqual", '{"a":1}', '{"a": 1}'),
    ("assertCommandSucceeds", ["true"]),
    ("assertCommandFails", ["false"], [""]),
    ("assertRegexMatch", "abc", ["x", "b"]),
    ("assertContainsSubsequence", [1, 2, 3], [1, 3]),
    ("assertContainsExactSubsequence", [1, 2, 3], [2, 3]),
    ("assertSequenceStartsWith", [1], [1, 2]),
    ("assertSequenceAlmostEqual", [1.0], [1.00000001]),
    ("assertDictAlmostEqual", {"a": 1.0}, {"a": 1.00000001}),
    ("assertMappingEqual", {"a": 1}, {"a": 1}),
    ("assertSameStructure", {"a": [1]}, {"a": [1]}),
    ("assertNoCommonElements", [1], [2]),
    ("assertContainsSubset", [1], [1, 2]),
    ("assertIsSubclass", int, object),
    ("assertItemsEqual", [1, 2], [2, 1]),
]
FAILS = [
    ("assertAllClose", [1, 2], [1, 3]),
    ("assertAllClose", {"a": 1}, {"b": 1}),
    ("assertAllClose", [1, 2], [1, 2, 3]),
    ("assertAllClose", tf.constant([1.0]), 1.0),
    ("assertAllClose", 1.0, inf),
    ("assertAllClose", {"a": 1}, [1]),
    ("assertAllClose", [[1], [2, 3]], [[1], [2]]),
    ("assertAllEqual", [1, 2], [1, 3]),
    ("assertAllEqual", [1, 2], [1]),
    ("assertAllEqual", tf.ragged.constant([[1]]), [[2]]),
    ("assertAllEqual", ["a"], ["b"]),
    ("assertNotAllClose", [1], [1]),
    ("assertNotAllEqual", [1], [1]),
    ("assertAllInRange", [1, 5], 1, 4),
    ("assertAllInRange", [1, 5], 1, 5, False, True),
    ("assertAllInSet", [1, 5], [1]),
    ("assertAllGreater", [1, 5], 1),
    ("assertAllGreater", 1, 1),
    ("assertAllLess", [[1, 2]], 2),
    ("assertShapeEqual", np.ones([2]), tf.ones([3])),
    ("assertDTypeEqual", tf.ones([1]), np.float64),
    ("assertDictEqual", {"a": 1}, {"a": 2}),
    ("assertNear", 1.0, 1.1, 0.05),
    ("assertNDArrayNear", np.ones(2), np.zeros(2), 0.1),
    ("assertDeviceEqual", "/device:CPU:0", "/cpu:1"),
    ("assertEmpty", [1]),
    ("assertBetween", 1, 2, 3),
    ("assertTotallyOrdered", [1, 2], [2]),
    ("assertContainsExactSubsequence", [1, 2, 3], [1, 3]),
    ("assertSameStructure", {"a": [1]}, {"a": [2]}),
    ("assertContainsInOrder", ["c", "a"], "abc"),
    ("assertContainsSubset", [3], [1, 2]),
    ("assertRegexMatch", "abc", ["x"]),
    ("assertCommandSucceeds", ["false"]),
    ("assertNotIsSubclass", int, object),
    ("assertLen", [1], 2),
]


@pytest.mark.parametrize("row", HOLDS, ids=lambda row: row[0])
def test_what_holds(case, row):
    getattr(case, row[0])(*row[1:])


@pytest.mark.parametrize("row", FAILS, ids=lambda row: row[0])
def test_what_fails(case, row):
    with pytest.raises(AssertionError):
        getattr(case, row[0])(*row[1:])


def test_a_failure_says_where(case):
    with pytest.raises(
        AssertionError,
        match=r"(?s)Mismatched elements: 1 / 3.*here it is|not close where = \(array\(\[2\]\),\)",
    ):
        case.assertAllClose([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], msg="here it is")
    with pytest.raises(AssertionError, match=r"\['a'\]\[1\]"):
        case.assertAllClose({"a": [1.0, [2.0]]}, {"a": [1.0, [3.0]]})
    with pytest.raises(AssertionError, match=r"\[1, 0\] : 7"):
        case.assertAllLess([[1, 2], [7, 3]], 5)


def test_errors_expected(case):
    def bad():
        return tf.ones([2]) + tf.ones([3])

    with case.assertRaisesOpError("shapes"):
        bad()
    with case.assertRaisesIncompatibleShapesError():
        bad()
    with case.assertRaisesWithPredicateMatch(ValueError, lambda e: "x" in str(e)):
        raise ValueError("axb")
    with case.assertRaisesWithLiteralMatch(ValueError, "axb"):
        raise ValueError("axb")
    with pytest.raises(AssertionError, match="not raised"), case.assertRaisesOpError("x"):
        pass


def test_evaluation(case):
    got = case.evaluate(
        {
            "a": tf.constant(1),
            "b": [tf.ragged.constant(RAGGED), tf.sparse.from_dense([0, 1]), None],
            "c": lambda: tf.constant(2),
        }
    )
    assert got["a"] == 1 and got["c"] == 2 and got["b"][2] is None
    assert got["b"][0].to_list() == RAGGED
    assert got["b"][1].indices.tolist() == [[1]]


def test_sessions(case):
    with case.session() as session, pytest.raises(AttributeError, match="eager"):
        session.run(1)
    with tf.Graph().as_default():
        assert case.evaluate(tf.constant(2) + 1) == 3
        with case.session() as session:
            assert session.run(tf.constant(1)) == 1
        with case.cached_session() as session:
            assert tf.constant(4).eval() == 4
        with case.cached_session() as again:
            assert again is session
        with pytest.raises(ValueError, match="first call"), case.cached_session(graph=tf.Graph()):
            pass


def test_files(case):
    file = case.create_tempfile(content="hi")
    assert file.read_text() == "hi" and Path(file).read_text() == "hi"
    made = case.create_tempdir("d").create_file("a/b", b"x")
    assert made.read_bytes() == b"x"
    assert case.get_temp_dir() == case.get_temp_dir() and os.path.isdir(case.get_temp_dir())
    paths = [file.full_path, made.full_path]
    case.doCleanups()
    assert not any(os.path.exists(p) for p in paths)


def test_seeds_are_the_same_in_every_test(case):
    first = tf.random.uniform([2])
    case.setUp()
    case.assertAllEqual(first, tf.random.uniform([2]))


def test_threads(case):
    thread = case.checkedThread(lambda: 1 / 0)
    thread.start()
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        thread.join()


def test_as_unittest_runs_it():
    class Own(tf.test.TestCase):
        def test_one(self):
            for i in range(2):
                with self.subTest(i=i):
                    self.assertAllEqual(tf.range(i + 1)[i], i)

        def test_two(self):
            self.assertAllEqual(1, 2)

    result = unittest.TestResult()
    unittest.TestLoader().loadTestsFromTestCase(Own).run(result)
    assert (result.testsRun, len(result.failures), len(result.skipped), result.errors) == (3, 1, 1, [])


@pytest.mark.parametrize(
    ("f", "x", "want"),
    [
        (
            lambda x: x * x,
            [tf.constant([1 + 1j, 2])],
            [[2, -2, 0, 0], [2, 2, 0, 0], [0, 0, 4, 0], [0, 0, 0, 4]],
        ),
        (lambda x: tf.complex(x, 2 * x), [tf.constant([3.0])], [[1], [2]]),
        (lambda x: tf.gather(x, [0, 0]), [tf.constant([3.0, 1.0])], [[1, 0], [1, 0]]),
        (lambda x: tf.constant([1.0]), [tf.ones([2])], [[0, 0]]),
        (lambda x: x, [tf.zeros([0])], np.zeros([0, 0])),
        (tf.function(lambda x: tf.reduce_sum(x * x)), [np.array([3.0, 4.0])], [[6, 8]]),
    ],
)
def test_gradients(f, x, want):
    exact, measured = tf.test.compute_gradient(f, x)
    np.testing.assert_allclose(exact[0], want)
    np.testing.assert_allclose(measured[0], want, atol=1e-2)


def test_gradients_of_a_list_only():
    with pytest.raises(ValueError, match="list or tuple"):
        tf.test.compute_gradient(lambda x: x, 1.0)


def test_the_machine():
    assert tf.test.is_built_with_xla()
    assert tf.test.is_gpu_available() == bool(tf.test.gpu_device_name())
    assert isinstance(tf.test.is_built_with_cuda(), bool) and isinstance(
        tf.test.is_built_with_gpu_support(), bool
    )
    with pytest.raises(tf.errors.UnimplementedError, match="set_logical_device_configuration"):
        tf.test.create_local_cluster(1, 1)
    with pytest.raises(ValueError, match="capabilit"):
        tf.test.is_gpu_available(min_cuda_compute_capability=(3, 5))
    assert tf.test.with_eager_op_as_function(Case) is Case


def test_graphs():
    def graph(constant):
        with tf.Graph().as_default() as g:
            tf.add(tf.constant(constant, name="a"), tf.constant(2, name="b"), name="c")
        return graph_def(g)

    tf.test.assert_equal_graph_def(graph(1), graph(1))
    with pytest.raises(AssertionError, match="'a'"):
        tf.test.assert_equal_graph_def(graph(1), graph(3))
    with pytest.raises(TypeError, match="GraphDef"):
        tf.test.assert_equal_graph_def(1, graph(1))
    case = Case()
    case.assertProtoEquals(str(graph(1)), graph(1))


PROGRAM = """
import headrace as tf
class Own(tf.test.TestCase):
    def test_one(self):
        self.assertAllClose(tf.ones([2]), [1, 1])
class Speed(tf.test.Benchmark):
    def benchmark_sum(self):
        self.report_benchmark(iters=3, wall_time=0.5, extras={"size": 4, "kind": "x"}, metrics=[{"name": "m", "value": 1, "max_value": 2}])
    def benchmark_session(self):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            self.run_op_benchmark(session, tf.constant(1) + 1, min_iters=2, mbs=1)
if __name__ == "__main__":
    tf.test.main()
"""


def test_main(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    assert "OK" in done.stderr
    env = {**os.environ, "TEST_REPORT_FILE_PREFIX": str(tmp_path / "report_")}
    done = subprocess.run(
        [sys.executable, program, "--benchmarks=all"], capture_output=True, text=True, check=True, env=env
    )
    assert 'name: "Speed.benchmark_sum" iters: 3 wall_time: 0.5' in done.stdout
    assert 'extras { key: "size" value { double_value: 4.0 } }' in done.stdout
    assert "benchmark_session" in done.stdout and "peak_memory_bytes" in done.stdout
    assert (tmp_path / "report_Speed.benchmark_sum").read_text().startswith("entry {")
