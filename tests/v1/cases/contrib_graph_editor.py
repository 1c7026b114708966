"""Cases of `tf.contrib.graph_editor`."""


def _graph(tf):
    a = tf.constant([1.0, 2.0], name="a")
    b = tf.constant([3.0, 4.0], name="b")
    with tf.name_scope("foo"):
        c = tf.multiply(a, b, name="c")
        d = tf.negative(c, name="d")
        with tf.name_scope("bar"):
            e = tf.multiply(d, tf.constant(2.0, name="two"), name="e")
    with tf.control_dependencies([d.op]):
        f = tf.square(e, name="f")
    return a, b, c, d, e, f


def _names(found):
    return sorted(x.name for x in found)


def walks(tf):
    ge = tf.contrib.graph_editor
    a, _, c, d, e, f = _graph(tf)
    graph = tf.get_default_graph()
    cios = ge.ControlOutputs(graph)
    told = [
        _names(ge.get_forward_walk_ops([c])), _names(ge.get_forward_walk_ops(c.op, inclusive=False)),
        _names(ge.get_forward_walk_ops([a], stop_at_ts=[d])), _names(ge.get_forward_walk_ops([d.op], control_outputs=cios)),
        _names(ge.get_backward_walk_ops([e])), _names(ge.get_backward_walk_ops(e.op, inclusive=False)),
        _names(ge.get_backward_walk_ops([f], control_inputs=True, stop_at_ts=[d])),
        _names(ge.get_backward_walk_ops([f], within_ops_fn=lambda op: "foo" in op.name or op is f.op)),
        _names(ge.get_walks_intersection_ops([c], [f])), _names(ge.get_walks_union_ops([d], [c])),
        _names(ge.get_within_boundary_ops(graph, d.op, [c.op, f.op])), _names(ge.get_name_scope_ops(graph, "foo/")),
        _names(ge.select_ops("^foo/", graph=graph)), _names(ge.select_ts("^foo/bar", graph=graph)),
        _names(ge.filter_ops(graph, lambda op: op.type == "Mul")), [_names(x) for x in ge.compute_boundary_ts([c.op, d.op])],
        _names(ge.get_ops_ios([d.op])), _names(ge.get_ops_ios([d.op], control_ios=cios)), _names(ge.get_consuming_ops([d, a])),
        _names(ge.get_generating_ops([d, a])), _names(ge.get_tensors(graph)),
    ]  # fmt: skip
    return lambda sess: told


def views(tf):
    ge = tf.contrib.graph_editor
    _, _, c, d, _, _ = _graph(tf)
    view = ge.sgv("foo/", graph=tf.get_default_graph())
    turned = view.remap_inputs([1, 0]).remap_outputs([0])
    other = ge.make_view([c.op, d.op])
    told = [
        _names(view.ops), [t.name for t in view.inputs], [t.name for t in view.outputs], [t.name for t in turned.inputs],
        [t.name for t in turned.outputs], [t.name for t in other.inputs], [t.name for t in other.outputs],
        _names(other.consumers()), other.find_op_by_name("foo/d").name, ge.make_view_from_scope("foo/bar", tf.get_default_graph()).op(1).name,
    ]  # fmt: skip
    return lambda sess: told


def replacing(tf):
    ge = tf.contrib.graph_editor
    a, b, c, d, e, f = _graph(tf)
    g = ge.graph_replace(f, {a: tf.constant([10.0, 20.0]), b: c})
    pair = ge.graph_replace({"e": e, "b": b}, {d: tf.constant([1.0, 1.0])}, dst_scope="new")
    placed = ge.graph_replace([e], {d: tf.constant([2.0, 2.0])}, dst_scope="new", src_scope="foo")
    return lambda sess: [
        sess.run([g, pair, placed, f]),
        [pair["e"].name, pair["b"].name, placed[0].name, g.name],
    ]


def copying(tf):
    ge = tf.contrib.graph_editor
    _, _, c, d, e, f = _graph(tf)
    tf.add_to_collection(tf.GraphKeys.LOSSES, e)
    view, info = ge.copy(ge.sgv("^foo/", graph=tf.get_default_graph()), dst_scope="second", src_scope="foo")
    elsewhere = tf.Graph()
    _, far_info = ge.copy([c.op, d.op, e.op, e.op.inputs[1].op], elsewhere)
    with tf.Session(graph=elsewhere) as other:
        feeds = {"geph__a_0:0": [1.0, 1.0], "geph__b_0:0": [5.0, 6.0]}
        there = other.run(far_info.transformed(e), feeds)
    told = [
        _names(view.ops), info.transformed(d).name, info.original(info.transformed(d)).name, [t.name for t in view.outputs],
        info.transformed(f) is None, sorted(op.name for op in elsewhere.get_operations()),
        [t.name for t in tf.get_collection(tf.GraphKeys.LOSSES)], ge.placeholder_name(c), ge.placeholder_name(c, scope="x"),
    ]  # fmt: skip
    return lambda sess: [
        told,
        there,
        sess.run(info.transformed(e), {"second/geph__a_0:0": [1.0, 2.0], "second/geph__b_0:0": [2.0, 2.0]}),
    ]


def connecting(tf):
    ge = tf.contrib.graph_editor
    a, b, c, d, e, f = _graph(tf)
    x = tf.constant([5.0, 6.0], name="x")
    changed = [ge.reroute_ts([x], [a]), ge.swap_ts([d], [tf.identity(x, name="y")])]
    h = tf.negative(b, name="h")
    k = tf.square(x, name="k")
    ge.connect(ge.sgv(h.op), ge.sgv(k.op))
    _, placeholders = ge.detach_inputs(ge.sgv(f.op))
    ge.remove_control_inputs(f.op, d.op)
    ge.add_control_inputs(k.op, h.op)
    fed = {placeholders[0]: [7.0, 8.0]}
    return lambda sess: [
        changed, sess.run([c, d, e, k]), sess.run(f, fed), [p.name for p in placeholders], [t.name for t in f.op.inputs],
        _names(f.op.control_inputs), _names(k.op.control_inputs),
    ]  # fmt: skip
