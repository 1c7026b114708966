"""`tf.contrib.summary` in a graph: the events that a few steps write, in the order of their tags."""

import glob
import tempfile

import numpy as np


def _events(tf, folder):
    kinds = {
        "simple_value": lambda v: round(v.simple_value, 5),
        "histo": lambda v: [v.histo.min, v.histo.max, v.histo.num, len(v.histo.bucket)],
        "image": lambda v: [v.image.height, v.image.width, v.image.colorspace],
        "audio": lambda v: [v.audio.sample_rate, v.audio.num_channels, v.audio.length_frames],
        "tensor": lambda v: str(tf.make_ndarray(v.tensor).tolist()),
    }
    found = []
    for path in glob.glob(folder + "/*"):
        for event in tf.train.summary_iterator(path):
            kind = event.WhichOneof("what")
            if kind != "summary":
                found.append([kind, event.step])
            for v in event.summary.value:
                what = v.WhichOneof("value")
                found.append(
                    [v.tag, event.step, what, str(kinds[what](v)), v.metadata.plugin_data.plugin_name]
                )
    return sorted(str(e) for e in found)


def all_kinds(tf):
    summary, folder = tf.contrib.summary, tempfile.mkdtemp()
    tf.train.get_or_create_global_step()
    writer = summary.create_file_writer(folder, flush_millis=10000)
    x, rng = tf.constant([0.5, 2.0]), np.random.RandomState(0)
    with writer.as_default():
        summary.scalar("nothing", 1.0)
        with summary.always_record_summaries():
            with tf.name_scope("net"):
                summary.scalar("loss", tf.reduce_sum(x))
                summary.scalar("loss", tf.reduce_sum(x))
                summary.scalar("loss", tf.reduce_sum(x), family="fam")
                summary.histogram("h", x)
            summary.image("im", rng.rand(5, 4, 3, 3).astype("f"), max_images=2)
            summary.audio("au", rng.rand(2, 10, 2).astype("f"), 44100.0, 3, step=11)
            summary.generic("strings", tf.constant(["a", "b"]), step=tf.constant(5, tf.int64))
            about = tf.SummaryMetadata(plugin_data={"plugin_name": "scalars"})
            summary.generic("tensor", x, metadata=about, step=5)
            summary.scalar("bad name!", tf.constant(3))
        with summary.never_record_summaries():
            summary.scalar("never", tf.reduce_max(x))

    def run(session):
        with writer.as_default():
            summary.initialize(graph=tf.get_default_graph(), session=session)
            done = [bool(d) for d in session.run(summary.all_summary_ops())]
            event = tf.Event(
                wall_time=1.0, step=99, summary=tf.Summary(value=[{"tag": "imp", "simple_value": 3.0}])
            )
            session.run(summary.import_event(event.SerializeToString()))
            session.run(summary.flush())
        session.run(writer.close())
        return [str(done), _events(tf, folder)]

    return run


def some_steps(tf):
    summary, folder = tf.contrib.summary, tempfile.mkdtemp()
    step = tf.train.get_or_create_global_step()
    writer = summary.create_file_writer(folder)
    with writer.as_default(), summary.record_summaries_every_n_global_steps(2):
        summary.scalar("even", 2 * step)
        should = summary.should_record_summaries()
    advance = tf.assign_add(step, 1)

    def run(session):
        with writer.as_default():
            summary.initialize(session=session)
        found = []
        for _ in range(5):
            found.append(str(session.run([summary.all_summary_ops(), should])))
            session.run(advance)
        session.run(writer.flush())
        return [
            [f.replace("np.True_", "True").replace("np.False_", "False") for f in found],
            _events(tf, folder),
        ]

    return run


def names(tf):
    summary = tf.contrib.summary
    none = summary.scalar("a", 1.0).type
    with (
        summary.create_file_writer(tempfile.mkdtemp()).as_default(),
        summary.always_record_summaries(),
        tf.name_scope("net"),
    ):
        summary.scalar("loss", 1.0, step=1)
        summary.histogram("h", tf.ones([3]), family="f", step=1)
    kinds = [
        str([op.name, op.type]) for op in tf.get_default_graph().get_operations() if "Summary" in op.type
    ]
    dirs = [summary.eval_dir("/x"), summary.eval_dir("/x", "y")]
    return lambda session: [none, kinds, dirs]
