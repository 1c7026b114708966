"""Graphs as messages: importing, attributes, errors, graph_util."""

import numpy as np
from conformance.harness import raises, snippet

CONST = (
    'node { name: "a" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } } '
    'attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape {} float_val: 1 } } } }'
)
T = 'attr { key: "T" value { type: DT_FLOAT } }'
NEG = f'node {{ name: "b" op: "Neg" input: "a" {T} }}'


def parsed(tf, text):
    from google.protobuf import text_format

    return text_format.Parse(text, tf.compat.v1.GraphDef())


def imported(tf, text, **kwargs):
    with tf.Graph().as_default():
        return tf.graph_util.import_graph_def(parsed(tf, text), **kwargs)


@snippet
def names(tf):
    with tf.Graph().as_default() as graph:
        message = parsed(tf, CONST + NEG)
        elements = tf.graph_util.import_graph_def(message, return_elements=["b", "b:0"])
        tf.graph_util.import_graph_def(message)
        tf.graph_util.import_graph_def(message, name="x/")
        tf.graph_util.import_graph_def(message, name="")
        tf.graph_util.import_graph_def(message, name="")
        return [e.name for e in elements], [op.name for op in graph.get_operations()]


@snippet
def mapped_inputs(tf):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.constant(5.0, name="x")
        message = parsed(tf, CONST + NEG + 'node { name: "c" op: "NoOp" input: "^a" }')
        y, c = tf.graph_util.import_graph_def(message, {"a:0": x, "^a": x}, ["b:0", "c"])
        return session.run(y), [op.name for op in c.control_inputs]


@snippet
def devices_and_colocation(tf):
    text = CONST.replace('op: "Const"', 'op: "Const" device: "/device:CPU:0"')
    text += NEG.replace(T, T + 'attr { key: "_class" value { list { s: "loc:@a" } } }')
    with tf.Graph().as_default():
        a, b = tf.graph_util.import_graph_def(parsed(tf, text), return_elements=["a", "b"])
        return a.device, b.colocation_groups(), b.get_attr("_class")


@snippet
def attributes(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 4, 4, 1], name="x")
        y = tf.nn.conv2d(x, tf.ones([2, 2, 1, 1]), [1, 2, 2, 1], "SAME").op
        z = tf.concat([x, x], 0).op
        found = [
            y.get_attr(n) for n in ("strides", "padding", "T", "data_format", "use_cudnn_on_gpu", "dilations")
        ]
        found += [z.get_attr("N"), z.get_attr("Tidx"), x.op.get_attr("dtype")]
        found += [d.size for d in x.op.get_attr("shape").dim]
        return found, y.node_def.op, [a.name for a in y.op_def.input_arg], y.type


BAD = {
    "unknown_op": ('node { name: "a" op: "Foo" }', {}),
    "unique": (CONST + CONST, {}),
    "input": (CONST + NEG.replace('input: "a"', 'input: "x"'), {}),
    "control_input": (CONST + NEG.replace('input: "a"', 'input: "a" input: "^x"'), {}),
    "output": (CONST + NEG.replace('input: "a"', 'input: "a:1"'), {}),
    "type": (CONST + NEG.replace("DT_FLOAT", "DT_INT32"), {}),
    "attribute": (CONST + NEG.replace(T, ""), {}),
    "kind": (CONST + NEG.replace("type: DT_FLOAT", "i: 1"), {}),
    "few": (CONST + NEG.replace("Neg", "AddV2"), {}),
    "many": (CONST + NEG.replace('input: "a"', 'input: "a" input: "a"'), {}),
    "shape": (CONST + NEG.replace('input: "a"', 'input: "a" input: "a"').replace("Neg", "MatMul"), {}),
    "cycle": (NEG.replace('input: "a"', 'input: "b"'), {}),
    "name": ('node { name: "a b" op: "NoOp" }', {}),
    "no_name": ('node { op: "NoOp" }', {}),
    "strings": (CONST + NEG.replace("DT_FLOAT", "DT_STRING"), {}),
    "control_first": (CONST + NEG.replace('input: "a"', 'input: "^a" input: "a"'), {}),
    "future": ("versions { min_consumer: 99999 }" + CONST, {}),
    "colocation": (CONST + NEG.replace(T, T + 'attr { key: "_class" value { list { s: "loc:@zz" } } }'), {}),
    "returned": (CONST, {"return_elements": ["zz"]}),
    "returned_tensor": (CONST, {"return_elements": ["zz:0"]}),
    "returned_output": (CONST, {"return_elements": ["a:3"]}),
    "returned_type": (CONST, {"return_elements": [3]}),
    "map_type": (CONST, {"input_map": [1]}),
    "map_key": (CONST, {"input_map": {1: None}}),
    "scope": (CONST, {"name": "x y"}),
}


@raises(case=list(BAD))
def malformed(tf, case):
    text, kwargs = BAD[case]
    return imported(tf, text, **kwargs)


@raises
def no_message(tf):
    with tf.Graph().as_default():
        tf.graph_util.import_graph_def("abc")


@raises
def mapped_but_not_there(tf):
    with tf.Graph().as_default():
        tf.graph_util.import_graph_def(parsed(tf, CONST), {"zz:0": tf.constant(1.0)})


@raises
def mapped_of_another_type(tf):
    with tf.Graph().as_default():
        tf.graph_util.import_graph_def(parsed(tf, CONST + NEG), {"a:0": tf.constant(1)})


@snippet
def frozen(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session() as session:
        x = v1.placeholder(tf.float32, [2], name="x")
        v = v1.get_variable("v", initializer=[3.0, 4.0])
        tf.identity(x * v + tf.gather(v, [1, 0]), name="y")
        session.run(v.initializer)
        message = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["y"])
    with tf.Graph().as_default(), v1.Session() as session:
        tf.graph_util.import_graph_def(message, name="")
        return [session.run("y:0", {"x:0": np.float32([a, 1.0])}) for a in (1.0, -5.0)]


@snippet
def parts(tf):
    v1 = tf.compat.v1
    util = v1.graph_util
    with tf.Graph().as_default() as graph:
        a = tf.constant(1.0, name="a")
        b = tf.exp(a, name="b")
        tf.sin(b, name="c")
        message = graph.as_graph_def()
        return (
            [n.name for n in util.extract_sub_graph(message, ["b"]).node],
            [n.op for n in util.remove_training_nodes(message).node],
            util.tensor_shape_from_node_def_name(graph, "b"),
            [util.must_run_on_cpu(tf.constant(c).op) for c in ("a", 1, 1.0, [1, 2])],
        )


@raises(case=["string", "missing", "message"])
def bad_parts(tf, case):
    util = tf.compat.v1.graph_util
    message = parsed(tf, CONST)
    return {
        "string": lambda: util.extract_sub_graph(message, "a"),
        "missing": lambda: util.extract_sub_graph(message, ["zz"]),
        "message": lambda: util.extract_sub_graph("a", ["a"]),
    }[case]()


def small_nets(tf):
    """Functions of a picture whose results' shapes follow from its own."""
    v1 = tf.compat.v1

    def choice(x):
        return v1.cond(
            v1.placeholder_with_default(False, []), lambda: tf.nn.relu(x), lambda: tf.nn.dropout(x, 0.5)
        )

    def normalised(x):
        def batch(training):
            given = {} if training else {"mean": [0.0], "variance": [1.0]}
            return v1.nn.fused_batch_norm(x, [1.0], [0.0], is_training=training, **given)[0]

        y = v1.cond(v1.placeholder_with_default(False, []), lambda: batch(True), lambda: batch(False))
        return tf.matmul(tf.reshape(y, [-1, 64]), tf.ones([64, 3]))

    return {
        "choice": choice,
        "normalised": normalised,
        "flat": lambda x: tf.reshape(x, tf.stack([tf.shape(x)[0], 64])) @ tf.ones([64, 3]),
        "default": lambda x: v1.placeholder_with_default(x, [None, 8, 8, 1]),
        "filled": lambda x: tf.fill([tf.shape(x)[0], 3], 1.0),
        "transposed": lambda x: tf.nn.conv2d_transpose(
            x, tf.ones([3, 3, 5, 1]), tf.stack([tf.shape(x)[0], 16, 16, 5]), [1, 2, 2, 1]
        ),
    }


@snippet(
    net=["choice", "normalised", "flat", "default", "filled", "transposed"], add_shapes=[False, True],
    batch=[1, None],
)  # fmt: skip
def shapes_of_mapped_inputs(tf, net, add_shapes, batch):
    v1 = tf.compat.v1
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default() as graph:
            x = v1.placeholder(tf.float32, [None, 8, 8, 1], name="x")
            before = tf.identity(small_nets(tf)[net](x), name="y").shape
    finally:
        v1.enable_control_flow_v2()
    message = graph.as_graph_def(add_shapes=add_shapes)
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [batch, 8, 8, 1])
        (y,) = tf.graph_util.import_graph_def(message, {"x:0": x}, ["y:0"])
        return before, y.shape
