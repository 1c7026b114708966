"""`tf.contrib.copy_graph`: names, collections and values of copies."""


def copies(tf):
    copy = tf.contrib.copy_graph
    with tf.variable_scope("net"):
        w = tf.get_variable("w", initializer=[[1.0, 2.0], [3.0, 4.0]])
    frozen = tf.Variable(
        [5.0, 6.0], trainable=False, name="frozen", collections=["mine", tf.GraphKeys.GLOBAL_VARIABLES]
    )
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    with tf.control_dependencies([tf.assert_non_negative(x)]):
        y = tf.add(tf.matmul(x, w), frozen, name="y")
    tf.add_to_collection("ends", y)
    other = tf.Graph()
    made = [copy.copy_variable_to_graph(v, other, "Copied") for v in (w, frozen)]
    y2 = copy.copy_op_to_graph(y, other, made, "Copied")
    x2 = copy.get_copied_op(x, other, "Copied")
    plain = tf.Graph()
    again = [copy.copy_variable_to_graph(v, plain) for v in (w, frozen)]
    y3 = copy.copy_op_to_graph(y.op, plain, again)
    keys = [sorted(g.get_all_collection_keys()) for g in (other, plain)]

    def run(session):
        results = []
        for graph, end, start in ((other, y2, x2), (plain, y3.outputs[0], "x:0")):
            with graph.as_default(), tf.Session(graph=graph) as inner:
                inner.run(tf.global_variables_initializer())
                results.append(inner.run(end, {start: [[1.0, 1.0]]}))
        names = [[v.name for v in g.get_collection("trainable_variables")] for g in (other, plain)]
        kinds = [type(e).__name__ for e in (y3,)]
        return [results, keys, names, kinds, [v.name for v in made + again], y2.name, x2.name, y3.name]

    return run
