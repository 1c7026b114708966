"""`tf.compat.v1.profiler`: FLOPs and parameters."""

import numpy as np
from conformance.harness import raises, snippet

_IMAGE = (2, 8, 8, 3)
_OPS = {
    **{n: ("x", [(3, 5)], {}) for n in ("Reciprocal", "Square", "Rsqrt", "Log", "Neg")},
    **{
        n: ("xy", [(3, 5), (1, 5)], {})
        for n in (
            "Add",
            "AddV2",
            "Sub",
            "Mul",
            "RealDiv",
            "Maximum",
            "Minimum",
            "Pow",
            "Greater",
            "Equal",
            "SquaredDifference",
        )
    },
    "Exp": ("x", [(3, 5)], {}),
    "Softmax": (["logits"], [(3, 5)], {}),
    "L2Loss": ("t", [(3, 5)], {}),
    "RsqrtGrad": (["y", "dy"], [(3, 5), (3, 5)], {}),
    "BiasAdd": (["value", "bias"], [(3, 5), (5,)], {}),
    "BiasAddGrad": (["out_backprop"], [(3, 5)], {}),
    "Sum": (["input"], [(3, 5)], {"axis": [1]}),
    "Mean": (["input"], [(3, 5)], {"axis": [1]}),
    "ArgMax": (["input"], [(3, 5)], {"dimension": 1}),
    "MatMul": ("ab", [(5, 3), (5, 7)], {"transpose_a": True}),
    "BatchMatMulV2": ("xy", [(2, 3, 5), (5, 7)], {}),
    "AvgPool": (["value"], [_IMAGE], {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}),
    "MaxPool": (["input"], [_IMAGE], {"ksize": [1, 3, 3, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}),
    "MaxPoolGrad": (
        ["orig_input", "orig_output", "grad"],
        [_IMAGE, (2, 4, 4, 3), (2, 4, 4, 3)],
        {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"},
    ),
    "Conv2D": (["input", "filter"], [_IMAGE, (3, 3, 3, 4)], {"strides": [1, 2, 2, 1], "padding": "SAME"}),
    "Conv2DBackpropInput": (
        ["filter", "out_backprop"],
        [(3, 3, 3, 4), (2, 4, 4, 4)],
        {"input_sizes": list(_IMAGE), "strides": [1, 2, 2, 1], "padding": "SAME"},
    ),
    "Conv2DBackpropFilter": (
        ["input", "out_backprop"],
        [_IMAGE, (2, 4, 4, 4)],
        {"filter_sizes": [3, 3, 3, 4], "strides": [1, 2, 2, 1], "padding": "SAME"},
    ),
    "Conv3D": (
        ["input", "filter"],
        [(2, 4, 8, 8, 3), (3, 3, 3, 3, 4)],
        {"strides": [1, 1, 2, 2, 1], "padding": "SAME"},
    ),
    "DepthwiseConv2dNative": (
        ["input", "filter"],
        [_IMAGE, (3, 3, 3, 2)],
        {"strides": [1, 1, 1, 1], "padding": "SAME"},
    ),
}


@snippet(op=sorted(_OPS))
def flops_of(tf, op):
    v1 = tf.compat.v1
    names, shapes, attrs = _OPS[op]
    with tf.Graph().as_default() as graph:
        inputs = {n: v1.placeholder(tf.float32, s) for n, s in zip(names, shapes)}
        getattr(tf.raw_ops, op)(**inputs, **attrs)
        options = v1.profiler.ProfileOptionBuilder.float_operation()
        options["output"] = "none"
        found = v1.profiler.profile(graph, options=options, cmd="op")
        return found.total_float_ops, [(c.name, c.float_ops) for c in found.children]


def _net(tf):
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [8, 16], name="x")
    w = v1.get_variable("w", initializer=np.ones((16, 32), np.float32))
    b = v1.get_variable("b", initializer=np.ones(32, np.float32), trainable=False)
    with tf.name_scope("layer"):
        y = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, w, name="mm"), b, name="bias"), name="relu")
    return tf.reduce_mean(tf.square(y, name="sq"), name="mean")


def _tree(m):
    return m.name, m.total_float_ops, m.float_ops, m.total_parameters, [_tree(c) for c in m.children]


@snippet(cmd=["scope", "op"])
def a_net(tf, cmd):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        _net(tf)
        builder = v1.profiler.ProfileOptionBuilder
        out = []
        for options in (
            builder(builder.float_operation()).with_empty_output().build(),
            builder(builder.float_operation())
            .with_empty_output()
            .with_accounted_types(["MatMul", "Mean"])
            .build(),
            builder(builder.float_operation())
            .with_empty_output()
            .with_node_names(hide_name_regexes=["layer/.*"])
            .build(),
        ):
            out.append(_tree(v1.profiler.profile(graph, options=options, cmd=cmd)))
        return out


@snippet
def limits(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        _net(tf)
        builder = v1.profiler.ProfileOptionBuilder
        options = (
            builder(builder.float_operation())
            .with_empty_output()
            .order_by("name")
            .with_min_float_operations(300)
        )
        return _tree(v1.profiler.profile(graph, options=options.build(), cmd="scope"))


@snippet
def parameters(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        _net(tf)
        options = v1.profiler.ProfileOptionBuilder.trainable_variables_parameter()
        options["output"] = "none"
        found = v1.profiler.profile(graph, options=options)
        return _tree(found), found.total_definition_count


@snippet
def options_of(tf):
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    keys = (
        "max_depth",
        "min_float_ops",
        "min_params",
        "order_by",
        "account_type_regexes",
        "select",
        "output",
    )
    made = [
        builder.float_operation(),
        builder.trainable_variables_parameter(),
        builder(builder.float_operation())
        .with_max_depth(3)
        .with_min_parameters(2)
        .select(["params"])
        .build(),
    ]
    return [[o[k] for k in keys] for o in made]


@snippet
def nothing_known(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        tf.matmul(v1.placeholder(tf.float32, [None, 3]), tf.zeros([3, 4]))
        options = v1.profiler.ProfileOptionBuilder.float_operation()
        options["output"] = "none"
        return v1.profiler.profile(graph, options=options, cmd="op").total_float_ops


@raises
def bad_command(tf):
    with tf.Graph().as_default() as graph:
        _net(tf)
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        options["output"] = "none"
        tf.compat.v1.profiler.profile(graph, options=options, cmd="nothing")
