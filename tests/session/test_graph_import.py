"""import_graph_def: arguments, what TensorFlow 1.x's nodes become, and messages that contradict themselves."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import headrace as tf
from headrace.proto import graph_pb2

v1 = tf.compat.v1


def graph_def(text):
    return text_format.Parse(text, graph_pb2.GraphDef())


def const(name, value):
    return f"""node {{ name: "{name}" op: "Const" attr {{ key: "dtype" value {{ type: DT_FLOAT }} }}
      attr {{ key: "value" value {{ tensor {{ dtype: DT_FLOAT tensor_shape {{}} float_val: {value} }} }} }} }}"""


def node(name, op, *inputs, attrs="", **types):
    fields = " ".join([f'input: "{i}"' for i in inputs])
    given_types = " ".join([f'attr {{ key: "{k}" value {{ type: {t} }} }}' for k, t in types.items()])
    return f'node {{ name: "{name}" op: "{op}" {fields} {given_types} {attrs} }}'


def neg(name, source, attrs="", T="DT_FLOAT"):
    return node(name, "Neg", source, attrs=attrs, T=T)


def attr(name, value):
    return f'attr {{ key: "{name}" value {{ {value} }} }}'


A = const("a", 1)


# -------------------------------------------------------------------------------------------------------------- arguments
def test_names_and_returned_elements():
    message = graph_def(A + neg("b", "a"))
    with tf.Graph().as_default() as graph:
        assert tf.import_graph_def(message) is None
        b, y = tf.import_graph_def(message, return_elements=["b", "b:0"])
        assert (b.name, y.name) == ("import_1/b", "import_1/b:0")
        with graph.name_scope("outer"):
            (y,) = tf.import_graph_def(message, return_elements=["b:0"], name="inner")
        assert y.name == "outer/inner/b:0"
        tf.import_graph_def(message, name="")
        (again,) = tf.import_graph_def(message, name="", return_elements=["a"])
        assert again.name == "a_1"


def test_input_map():
    message = graph_def(A + neg("b", "a") + node("c", "NoOp", "^a"))
    with tf.Graph().as_default(), v1.Session() as session:
        x = tf.constant(5.0, name="x")
        y, c = tf.import_graph_def(message, {"a": x, "^a": x.op}, ["b:0", "c"])
        assert session.run(y) == -5.0
        assert [op.name for op in c.control_inputs] == ["x"]
        with pytest.raises(ValueError, match=r"not found in graph_def: \[zz:0\]"):
            tf.import_graph_def(message, {"zz:0": x})
        with pytest.raises(ValueError, match=r"was passed int32 from .* incompatible with expected float32"):
            tf.import_graph_def(message, {"a:0": tf.constant(1)})


def test_devices_colocation_and_shapes():
    shapes = attr("_output_shapes", "list { shape { dim { size: 3 } } }")
    message = graph_def(
        'node { name: "x" op: "Placeholder" device: "/device:CPU:0" attr { key: "dtype" value { type: DT_FLOAT } } '
        + shapes
        + "}"
        + neg("b", "x", attr("_class", 'list { s: "loc:@x" }') + attr("_mark", "i: 7"))
    )
    with tf.Graph().as_default() as graph:
        x, b = tf.import_graph_def(message, return_elements=["x", "b"])
        assert x.device == "/device:CPU:0" and b.outputs[0].shape.as_list() == [3]
        assert b.colocation_groups() == [b"loc:@import/x"] and b.get_attr("_mark") == 7
        written = graph.as_graph_def(add_shapes=True)
        assert written.node[1].attr["_mark"].i == 7
        assert written.node[1].attr["_class"].list.s[0] == b"loc:@import/x"


def test_order_of_nodes_does_not_matter():
    with tf.Graph().as_default(), v1.Session() as session:
        (y,) = tf.import_graph_def(graph_def(neg("c", "b") + neg("b", "a") + A), return_elements=["c:0"])
        assert session.run(y) == 1.0


def test_old_placeholders_have_no_shape():
    text = node("x", "Placeholder", dtype="DT_FLOAT", attrs=attr("shape", "shape {}"))
    with tf.Graph().as_default():
        (old,) = tf.import_graph_def(graph_def("versions { producer: 20 }" + text), return_elements=["x:0"])
        (new,) = tf.import_graph_def(graph_def("versions { producer: 2000 }" + text), return_elements=["x:0"])
    assert old.shape.rank is None and new.shape.rank == 0


def test_shapes_follow_from_actual_inputs():
    """Branches and loops are made for the shapes of what they are called with."""

    def net(x):
        test = tf.compat.v1.placeholder_with_default(False, [])
        x = tf.cond(test, lambda: tf.nn.relu(x), lambda: tf.tanh(x))
        _, doubled = tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, y * 2.0), (0, x))
        _, grown = tf.while_loop(
            lambda i, y: i < 2,
            lambda i, y: (i + 1, tf.concat([y, y], 0)),
            (0, x),
            (tf.TensorShape([]), tf.TensorShape([None, 4])),
        )
        return doubled, grown

    with tf.Graph().as_default() as graph:
        doubled, grown = net(tf.compat.v1.placeholder(tf.float32, [None, 4], name="x"))
        names = [doubled.name, grown.name]
    for add_shapes in (False, True):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            x = tf.compat.v1.placeholder(tf.float32, [3, 4])
            y, z = tf.import_graph_def(graph.as_graph_def(add_shapes=add_shapes), {"x:0": x}, names)
            assert y.shape == [3, 4] and z.shape.as_list() == [None, 4]
            found = session.run([y, z], {x: np.ones([3, 4])})
            assert found[1].shape == (12, 4)
            np.testing.assert_allclose(found[0], 4 * np.tanh(np.ones([3, 4])), rtol=1e-6)


def test_branch_that_is_not_for_the_shape():
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [None], name="x")
        even = tf.equal(tf.shape(x)[0] % 2, 0)
        y = tf.cond(even, lambda: tf.reduce_sum(tf.reshape(x, [2, -1]), 0), lambda: x)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        message = graph.as_graph_def()
        (y,) = tf.import_graph_def(message, {"x:0": tf.constant([1.0, 2.0, 3.0])}, [y.name])
        assert session.run(y).tolist() == [1, 2, 3]


# -------------------------------------------------------------------------------------------------------------- bad input
BAD = {
    "unique": (A + A, "Node 'a' is not unique"),
    "missing input": (neg("b", "x"), "Node 'b': Unknown input node 'x'"),
    "missing control input": (A + node("b", "NoOp", "^x"), r"Node 'b': Unknown input node '\^x'"),
    "output": (A + neg("b", "a:1"), "Connecting to invalid output 1 of source node a which has 1 outputs"),
    "negative output": (A + neg("b", "a:-1"), "Unknown input node 'a:-1'"),
    "type": (A + neg("b", "a", T="DT_INT32"), "Input 0 of node import/b was passed float32 from import/a:0"),
    "no attribute": (A + node("b", "Neg", "a"), "NodeDef missing attr 'T'"),
    "kind": (A + node("b", "Neg", "a", attrs=attr("T", "i: 1")), "when 'type' expected"),
    "kind of flag": (
        A + node("b", "MatMul", "a", "a", attrs=attr("transpose_a", "i: 1"), T="DT_FLOAT"),
        "value with type 'int' when 'bool' expected",
    ),
    "too few": (A + node("b", "AddV2", "a", T="DT_FLOAT"), "do not match 1 inputs specified"),
    "too many": (A + node("b", "Neg", "a", "a", T="DT_FLOAT"), "do not match 2 inputs specified"),
    "shape": (A + node("b", "MatMul", "a", "a", T="DT_FLOAT"), r"node import/b"),
    "cycle": (neg("b", "c") + neg("c", "b"), "2 nodes in a cycle"),
    "name": ('node { name: "a b" op: "NoOp" }', "Node 'a b': Node name contains invalid characters"),
    "no name": ('node { op: "NoOp" }', "Node '': Node name contains invalid characters"),
    "value": (A.replace("DT_FLOAT tensor_shape", "DT_INT32 tensor_shape"), "node import/a"),
    "value cut short": (
        A.replace("tensor_shape {} float_val: 1", 'tensor_shape { dim { size: 5 } } tensor_content: "abc"'),
        "3 bytes do not fill",
    ),
    "control first": (
        A + node("b", "Neg", "^a", "a", T="DT_FLOAT"),
        "Control dependencies must come after regular",
    ),
    "future": ("versions { min_consumer: 99999 }" + A, "min consumer version 99999 above current version"),
    "colocation": (A + neg("b", "a", attr("_class", 'list { s: "loc:@zz" }')), "colocated with unknown node 'zz'"),
    "output shapes": (
        "versions { producer: 24 }" + A + neg("b", "a", attr("_output_shapes", "list { shape { dim { size: 3 } } }")),
        "inconsistent with the GraphDef",
    ),
    "exit": (A + node("e", "Exit", "a", T="DT_FLOAT"), "Node 'e' leaves a loop, but is in none"),
    "merge": (
        A + node("m", "Merge", "a", "a", attrs=attr("N", "i: 2"), T="DT_FLOAT"),
        "not of the two branches of one Switch",
    ),
    "no condition": (
        A + node("e", "Enter", "a", attrs=attr("frame_name", 's: "f"'), T="DT_FLOAT") + node("x", "Exit", "e", T="DT_FLOAT"),
        "has 0 LoopCond nodes",
    ),
    "assigning a value": (A + node("b", "Assign", "a", "a", T="DT_FLOAT"), "must be a reference to a variable"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_malformed(name):
    text, message = BAD[name]
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        tf.import_graph_def(graph_def(text))


def test_unknown_ops_and_functions():
    call = (
        attr("Tin", "list { type: DT_FLOAT }")
        + attr("Tout", "list { type: DT_FLOAT }")
        + attr("f", 'func { name: "g" }')
    )
    with tf.Graph().as_default():
        with pytest.raises(tf.errors.NotFoundError, match="Op type not registered 'Foo'"):
            tf.import_graph_def(graph_def(node("a", "Foo")))
        with pytest.raises(tf.errors.NotFoundError, match="Function g is not defined"):
            tf.import_graph_def(graph_def(A + node("b", "PartitionedCall", "a", attrs=call)))


def test_arguments_of_wrong_types():
    message = graph_def(A)
    with tf.Graph().as_default() as graph:
        for bad in ("abc", None, message.node[0]):
            with pytest.raises(TypeError, match="GraphDef"):
                tf.import_graph_def(bad)
        with pytest.raises(TypeError, match="must be a dictionary"):
            tf.import_graph_def(message, input_map=[1])
        with pytest.raises(TypeError, match="must be strings"):
            tf.import_graph_def(message, input_map={1: tf.constant(1.0)})
        with pytest.raises(TypeError, match="list of strings"):
            tf.import_graph_def(message, return_elements=[3])
        for bad in ("zz", "zz:0", "a:3"):
            with pytest.raises(ValueError, match=r"not found|Invalid return output"):
                tf.import_graph_def(message, return_elements=[bad])
        graph.finalize()
        with pytest.raises(RuntimeError, match="finalized"):
            tf.import_graph_def(message)


def test_ops_of_the_program_that_wrote_the_message():
    text = A + neg("b", "a", attr("newer", "i: 3"))
    theirs = 'op { name: "Neg" attr { name: "T" type: "type" } attr { name: "newer" type: "int" default_value { i: DEFAULT } } }'
    with tf.Graph().as_default():
        tf.import_graph_def(graph_def(text))  # what it means is not known
        same = text_format.Parse(theirs.replace("DEFAULT", "3"), graph_pb2.OpList())
        tf.import_graph_def(graph_def(text), producer_op_list=same)
        other = text_format.Parse(theirs.replace("DEFAULT", "4"), graph_pb2.OpList())
        with pytest.raises(ValueError, match="no attribute 'newer' here"):
            tf.import_graph_def(graph_def(text), producer_op_list=other)
        with pytest.raises(TypeError, match="OpList"):
            tf.import_graph_def(graph_def(text), producer_op_list=[])


# ------------------------------------------------------------------------------------------------ TensorFlow 1.x's nodes
LOOP = A + const("limit", 40) + "".join(
    [
        node("enter", "Enter", "a", attrs=attr("frame_name", 's: "f"'), T="DT_FLOAT"),
        node("limit_in", "Enter", "limit", attrs=attr("frame_name", 's: "f"') + attr("is_constant", "b: true"), T="DT_FLOAT"),
        node("merge", "Merge", "enter", "next", attrs=attr("N", "i: 2"), T="DT_FLOAT"),
        node("less", "Less", "merge", "limit_in", T="DT_FLOAT"),
        node("cond", "LoopCond", "less"),
        node("switch", "Switch", "merge", "cond", T="DT_FLOAT"),
        node("double", "AddV2", "switch:1", "switch:1", T="DT_FLOAT"),
        node("next", "NextIteration", "double", T="DT_FLOAT"),
        node("exit", "Exit", "switch", T="DT_FLOAT"),
    ]
)  # fmt: skip


def test_a_loop_becomes_a_while():
    with tf.Graph().as_default() as graph, v1.Session() as session:
        exit_, y = tf.import_graph_def(
            graph_def(LOOP + neg("y", "exit")), name="", return_elements=["exit:0", "y:0"]
        )
        assert session.run([exit_, y]) == [64.0, -64.0]
        assert {"StatelessWhile", "Identity"} <= {op.type for op in graph.get_operations()}
        (gradient,) = v1.gradients(exit_, graph.get_tensor_by_name("a:0"))
        assert session.run(gradient) == 64.0


def test_input_map_reaches_into_loops():
    with tf.Graph().as_default() as graph, v1.Session() as session:
        x = v1.placeholder(tf.float32, [])
        (y,) = tf.import_graph_def(graph_def(LOOP), {"limit:0": x}, ["exit:0"], name="m")
        assert session.run(y, {x: 7.0}) == 8.0
        assert [op.name for op in graph.get_operations() if "While" in op.type] == ["m/while/While"]


def test_a_loop_variable_merges_two_values():
    merge = node("merge", "Merge", "enter", "next", attrs=attr("N", "i: 2"), T="DT_FLOAT")
    assert merge in LOOP
    for inputs in (("enter", "next", "a"), ("enter", "next", "next"), ("a", "next")):
        changed_ = node("merge", "Merge", *inputs, attrs=attr("N", f"i: {len(inputs)}"), T="DT_FLOAT")
        with tf.Graph().as_default(), pytest.raises(ValueError, match="merge"):
            tf.import_graph_def(graph_def(LOOP.replace(merge, changed_)))


def test_a_conditional_becomes_an_if():
    text = (
        A
        + node("p", "Placeholder", dtype="DT_BOOL")
        + "".join(
            [
                node("s", "Switch", "a", "p", T="DT_FLOAT"),
                neg("t", "s:1"),
                node("f", "AddV2", "s", "s", T="DT_FLOAT"),
                node("m", "Merge", "f", "t", attrs=attr("N", "i: 2"), T="DT_FLOAT"),
                node("which", "Identity", "m:1", T="DT_INT32"),
            ]
        )
    )
    with tf.Graph().as_default() as graph, v1.Session() as session:
        tf.import_graph_def(graph_def(text), name="")
        assert session.run(["m:0", "which:0"], {"p:0": True}) == [-1.0, 1]
        assert session.run(["m:0", "which:0"], {"p:0": False}) == [2.0, 0]
        assert "StatelessIf" in {op.type for op in graph.get_operations()}


VARIABLE = node("v", "VariableV2", dtype="DT_FLOAT", attrs=attr("shape", "shape {}"))


def test_reference_variables():
    text = (
        A
        + VARIABLE
        + "".join(
            [
                node("init", "Assign", "v", "a", T="DT_FLOAT"),
                node("read", "Identity", "v", T="DT_FLOAT"),
                node("step", "AssignAdd", "v", "read", T="DT_FLOAT"),
                node("after", "Identity", "step", T="DT_FLOAT"),
                node("waited", "AddV2", "read", "a", "^step", T="DT_FLOAT"),
            ]
        )
    )
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def(text), name="")
        with v1.Session() as session, v1.Session() as other:
            with pytest.raises(tf.errors.FailedPreconditionError):
                session.run("read:0")
            session.run("init")
            assert session.run("v:0") == session.run("read:0") == 1.0
            assert session.run("after:0") == 2.0
            assert session.run("waited:0") == 5.0, (
                "a value passed on by Identity is that of the time it is used"
            )
            other.run("init")
            assert other.run("read:0") == 1.0 and session.run("read:0") == 4.0
        assert [n.op for n in graph.as_graph_def().node][:3] == ["Const", "VariableV2", "Assign"]


# ------------------------------------------------------------------------------------------------------------------- fuzz
def full_graph():
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        v = v1.get_variable("v", initializer=np.ones((3, 2), np.float32))
        y = tf.nn.relu(tf.matmul(x, v))
        i, s = tf.while_loop(
            lambda i, s: i < 3, lambda i, s: (i + 1, s * 2.0), (tf.constant(0), tf.reduce_sum(y))
        )
        z = v1.cond(s > 1.0, lambda: s + 1.0, lambda: tf.cast(i, tf.float32))
        tf.function(lambda a: a * 2.0)(z)
        tf.concat([x, x], 0)
        tf.split(x, 3, 1)
    return graph.as_graph_def(add_shapes=True)


FULL = full_graph().SerializeToString()
LOOPS = graph_def(LOOP + VARIABLE + node("init", "Assign", "v", "exit", T="DT_FLOAT")).SerializeToString()
DOCUMENTED = (ValueError, TypeError, tf.errors.NotFoundError, tf.errors.InvalidArgumentError)


def import_all(message):
    with tf.Graph().as_default():
        tf.import_graph_def(message)


@st.composite
def changed(draw, data):
    """A message with some of its fields changed: names, inputs, ops, attributes left out, swapped or of other values."""
    message = graph_pb2.GraphDef.FromString(data)
    nodes = [*message.node, *[n for f in message.library.function for n in f.node_def]]
    for _ in range(draw(st.integers(1, 3))):
        n = draw(st.sampled_from(nodes))
        other = draw(st.sampled_from(nodes))
        kind = draw(st.integers(0, 8))
        if kind == 0 and n.input:
            del n.input[draw(st.integers(0, len(n.input) - 1))]
        elif kind == 1:
            n.input.append(
                draw(
                    st.sampled_from(
                        [other.name, f"^{other.name}", f"{other.name}:1", f"{other.name}:9", "", "^", ":0"]
                    )
                )
            )
        elif kind == 2:
            n.op = draw(
                st.sampled_from(
                    [other.op, "", "Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond", "Assign"]
                )
            )
        elif kind == 3:
            n.name = draw(st.sampled_from([other.name, "", "^a", "new"]))
        elif kind == 4 and n.attr:
            del n.attr[draw(st.sampled_from(sorted(n.attr)))]
        elif kind == 5 and n.attr and other.attr:
            n.attr[draw(st.sampled_from(sorted(n.attr)))].CopyFrom(
                other.attr[draw(st.sampled_from(sorted(other.attr)))]
            )
        elif kind == 6 and n.attr:
            n.attr[draw(st.sampled_from(sorted(n.attr)))].i = draw(st.integers(-(2**63), 2**63 - 1))
        elif kind == 7 and n.attr:
            n.attr[draw(st.sampled_from(sorted(n.attr)))].type = draw(
                st.sampled_from([0, 1, 3, 7, 20, 21, 101, 120, 77])
            )
        elif kind == 8 and message.library.function:
            f = draw(st.sampled_from(list(message.library.function)))
            what = draw(st.integers(0, 2))
            if what == 0 and f.ret:
                del f.ret[draw(st.sampled_from(sorted(f.ret)))]
            elif what == 1 and f.signature.input_arg:
                del f.signature.input_arg[0]
            elif f.ret:
                f.ret[sorted(f.ret)[0]] = draw(st.sampled_from(["", "x", "no:where:0", ":::"]))
    return message


def check_errors_are_documented(message):
    with contextlib.suppress(*DOCUMENTED):
        import_all(message)


FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@FUZZ
@given(changed(FULL))
def test_changed_messages(message):
    check_errors_are_documented(message)


@FUZZ
@given(changed(LOOPS))
def test_changed_loops(message):
    check_errors_are_documented(message)


@FUZZ
@given(st.binary(max_size=60), st.integers(0, len(FULL) - 1), st.integers(0, 40))
def test_changed_bytes(data, at, cut):
    from google.protobuf.message import DecodeError

    try:
        message = graph_pb2.GraphDef.FromString(FULL[:at] + data + FULL[at + cut :])
    except DecodeError:
        return
    check_errors_are_documented(message)


def test_text_and_bytes_agree(tmp_path):
    message = full_graph()
    path = tf.io.write_graph(message, str(tmp_path), "graph.pbtxt")
    with tf.io.gfile.GFile(path) as file:
        assert text_format.Parse(file.read(), v1.GraphDef()) == message
    import_all(message)


def test_dims_that_are_known_are_picked_from_shapes_that_are_not():
    """`tf.layers.dense` on three dimensions, as 1.x writes it: GatherV2 of a shape, Prod of the result."""
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, None, 6], name="x")
        some = tf.gather(tf.shape(x), [2])
        tf.reshape(x, tf.stack([-1, tf.reduce_prod(some, [0])]), name="y")
    with tf.Graph().as_default() as copy:
        tf.import_graph_def(graph.as_graph_def(), name="")
        assert copy.get_tensor_by_name("y:0").shape.as_list() == [None, 6]


class TestPipelines:
    """Datasets of imported graphs, in the ops that TensorFlow 1.x writes."""

    def test_older_ops(self):
        def elements(build):
            with tf.Graph().as_default(), v1.Session() as sess:
                source = tf.raw_ops.RangeDataset(start=zero, stop=np.int64(6), step=one, **types)
                dataset = build(source)
                iterator = tf.raw_ops.IteratorV2(shared_name="", container="", **types)
                got = tf.raw_ops.IteratorGetNext(iterator=iterator, **types)[0]
                sess.run(tf.raw_ops.MakeIterator(dataset=dataset, iterator=iterator))
                found = []
                with contextlib.suppress(tf.errors.OutOfRangeError):
                    while True:
                        found.append(sess.run(got).tolist())
                return found

        raw, types = tf.raw_ops, {"output_types": [tf.int64], "output_shapes": [[]]}
        zero, one, two = (np.int64(n) for n in range(3))
        double = tf.function(lambda x: 2 * x).get_concrete_function(tf.TensorSpec([], tf.int64))
        double.graph.memo["results"] = (tf.TensorSpec([], tf.int64),)
        call = {"other_arguments": [], "f": double.graph, **types}
        six = list(range(6))
        optimized = lambda d: raw.OptimizeDataset(input_dataset=d, optimizations=["map_fusion"], **types)
        assert elements(lambda d: raw.ModelDataset(input_dataset=optimized(d), **types)) == six
        assert elements(lambda d: raw.CacheDataset(input_dataset=d, filename="", **types)) == six
        assert elements(lambda d: raw.BatchDataset(input_dataset=d, batch_size=np.int64(4), **types)) == [
            [0, 1, 2, 3], [4, 5],
        ]  # fmt: skip
        seeds = {"buffer_size": np.int64(3), "seed": one, "seed2": two}
        shuffled = elements(lambda d: raw.ShuffleDataset(input_dataset=d, **seeds, **types))
        assert sorted(shuffled) == six != shuffled
        twice = elements(lambda d: raw.ShuffleAndRepeatDataset(input_dataset=d, count=two, **seeds, **types))
        assert sorted(twice[:6]) == sorted(twice[6:]) == six
        assert elements(lambda d: raw.ParallelMapDataset(input_dataset=d, num_parallel_calls=2, **call)) == [
            2 * n for n in six
        ]
        more = {"batch_size": np.int64(4), "num_parallel_calls": one, "drop_remainder": True}
        assert elements(lambda d: raw.MapAndBatchDataset(input_dataset=d, **more, **call)) == [[0, 2, 4, 6]]

    def test_records_of_files(self, tmp_path):
        with tf.Graph().as_default() as graph:
            (tmp_path / "a").write_text("x\ny\n")
            names = tf.data.Dataset.from_tensors(str(tmp_path / "a"))
            data = names.interleave(lambda name: tf.data.TextLineDataset(name), 1)
            tf.identity(v1.data.make_one_shot_iterator(data).get_next(), name="y")
        with tf.Graph().as_default(), v1.Session() as sess:
            tf.import_graph_def(graph.as_graph_def(), name="")
            assert [sess.run("y:0") for _ in range(2)] == [b"x", b"y"]

    def test_datasets_of_elements(self):
        """What a function of the file returns is a variant: the components are those of the op that makes it."""
        with tf.Graph().as_default() as graph:
            data = tf.data.Dataset.range(4).flat_map(
                lambda n: tf.data.Dataset.from_tensors(tf.cast(n, tf.float32)).repeat(n)
            )
            data = data.interleave(lambda x: tf.data.Dataset.from_tensors((x, [x])), 2)
            iterator = v1.data.make_initializable_iterator(data)
            assert iterator.initializer.name == "MakeIterator"
            tf.identity(iterator.get_next()[1], name="y")
        with tf.Graph().as_default(), v1.Session() as sess:
            tf.import_graph_def(graph.as_graph_def(), name="")
            sess.run("MakeIterator")
            assert [sess.run("y:0").tolist() for _ in range(6)] == [[1.0], [2.0], [2.0], [3.0], [3.0], [3.0]]
