"""Writing summaries: what the functions return and refuse. (What is in the files, `tests/summary/` compares.)"""

from conformance.harness import raises, snippet


def writer(tf):
    import tempfile

    return tf.summary.create_file_writer(tempfile.mkdtemp())


@snippet
def without_a_writer(tf):
    s = tf.summary
    return (
        s.write("a", 1.0, step=1),
        s.write("a", 1.0),
        s.should_record_summaries(),
        s.experimental.get_step(),
    )


@snippet
def with_a_writer(tf):
    s = tf.summary
    with writer(tf).as_default():
        return (
            s.write("a", 1.0, step=1),
            s.write("a", [1, 2], step=tf.constant(2, tf.int64)),
            s.write("a", lambda: tf.constant("text"), step=tf.Variable(3, dtype=tf.int64)),
            s.write(tf.constant("a"), 1.0, step=4),
            s.experimental.write_raw_pb(b"", step=1),
            s.should_record_summaries(),
            s.graph(tf.Graph()),
        )


@snippet
def steps(tf):
    s = tf.summary.experimental
    out = [s.get_step()]
    w = writer(tf)
    with w.as_default(step=33):
        out.append(s.get_step())
        s.set_step(44)
        out.append(s.get_step())
    out.append(s.get_step())
    s.set_step(5)
    with w.as_default():
        out += [s.get_step(), tf.summary.write("a", 1.0)]
    out.append(s.get_step())
    s.set_step(None)
    return [*out[1:3], *out[4:], out[0] is None, out[3] is None]


@snippet
def conditions(tf):
    s = tf.summary
    out = []
    with writer(tf).as_default(step=0):
        for condition in (True, False, tf.constant(False), lambda: True, lambda: tf.constant(False)):
            with s.record_if(condition):
                out.append((s.write("a", 1.0), s.should_record_summaries()))
    return out


@snippet
def in_a_function(tf):
    s, w = tf.summary, writer(tf)

    @tf.function
    def f(x, step):
        with w.as_default(), s.record_if(tf.equal(step % 2, 0)):
            return s.write("a", x, step=step), s.should_record_summaries()

    return [f(tf.constant(1.0), tf.constant(i, tf.int64)) for i in range(3)]


@snippet
def scopes(tf):
    s = tf.summary.experimental
    out = []
    with tf.name_scope("outer"):
        for name in ("q", "a/b c", "bad name!", "!!!", "", None):
            with s.summary_scope(name, "default") as (tag, scope):
                out.append((tag, scope))
    return out


@snippet
def the_noop_writer(tf):
    w = tf.summary.create_noop_writer()
    with w.as_default(step=3):
        return tf.summary.write("a", 1.0), isinstance(w, tf.summary.SummaryWriter)


@raises(
    what=[
        "no step", "step float", "step text", "step int32", "metadata", "tag", "raw", "graph", "flush", "closed", "reuse",
        "no logdir", "logdir", "export", "export step",
    ]
)  # fmt: skip
def refused(tf, what):
    s = tf.summary
    with writer(tf).as_default() as w:
        if what in ("closed", "reuse"):
            w.close()
        if what == "export step":
            s.trace_on()
        {
            "no step": lambda: s.write("a", 1.0),
            "step float": lambda: s.write("a", 1.0, step=2.5),
            "step text": lambda: s.write("a", 1.0, step="x"),
            "step int32": lambda: s.write("a", 1.0, step=tf.constant(1)),
            "metadata": lambda: s.write("a", 1.0, step=1, metadata=5),
            "tag": lambda: s.write(3, 1.0, step=1),
            "raw": lambda: s.experimental.write_raw_pb(b"\xff\xff", step=1),
            "graph": lambda: s.graph(3),
            "flush": lambda: s.flush(3),
            "closed": lambda: s.write("a", 1.0, step=1),
            "reuse": w.as_default,
            "no logdir": lambda: s.create_file_writer(None),
            "logdir": lambda: s.create_file_writer(3),
            "export": lambda: s.trace_export("a", step=1),
            "export step": lambda: s.trace_export("a"),
        }[what]()


@raises
def graph_inside_of_a_function(tf):
    with writer(tf).as_default():
        tf.function(lambda: tf.summary.graph(tf.Graph()))()
