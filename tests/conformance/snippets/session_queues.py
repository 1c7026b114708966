"""Queues, queue runners, coordinators, readers and input pipelines of 1.x."""

import numpy as np
from conformance.harness import raises, snippet


@snippet
def fifo_queue(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        q = tf.queue.FIFOQueue(10, [tf.float32, tf.string], shapes=[[2], []], name="q")
        x = v1.placeholder(tf.float32, [None, 2])
        many, one = q.enqueue_many((x, ["a", "b", "c"])), q.enqueue(([7.0, 8.0], "d"))
        out = [sess.run(many, {x: [[1, 2], [3, 4], [5, 6]]}), sess.run(one), sess.run(q.size())]
        first, rest = q.dequeue(), q.dequeue_many(2)
        out += [sess.run(first), sess.run(rest), sess.run(q.size()), sess.run(q.is_closed())]
        sess.run(q.close())
        out += [sess.run(q.is_closed()), sess.run(q.dequeue_up_to(5)), sess.run(q.size())]
        names = [q.name, q.queue_ref.dtype.name, many.name, many.type, one.name, first[0].name, rest[1].name]
        shapes = [t.shape.as_list() for t in (*first, *rest, *q.dequeue_up_to(3))]
        return out, names, shapes, [d.name for d in q.dtypes], [s.as_list() for s in q.shapes], q.names


@snippet
def names_of_components(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        q = tf.queue.FIFOQueue(10, [tf.int32, tf.float32], shapes=[[], []], names=["i", "f"])
        sess.run(q.enqueue({"f": 2.0, "i": 1}))
        sess.run(q.enqueue_many({"f": [3.0, 4.0], "i": [3, 4]}))
        return sess.run(q.dequeue()), sess.run(q.dequeue_many(2)), q.names


@snippet
def padding_queue(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        q = tf.queue.PaddingFIFOQueue(10, [tf.int32, tf.string], shapes=[[None, 2], [None]])
        x, s = v1.placeholder(tf.int32, [None, 2]), v1.placeholder(tf.string, [None])
        put = q.enqueue((x, s))
        for n in (1, 3, 0):
            sess.run(put, {x: np.full((n, 2), n), s: ["a" * n] * n})
        sess.run(q.enqueue_many(([[[1, 2], [3, 4]]] * 2, [["x"], ["y"]])))
        return sess.run(q.dequeue_many(3)), sess.run(q.dequeue_many(2)), q.dequeue_many(2)[0].shape.as_list()


@snippet
def priority_queue(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        q = tf.queue.PriorityQueue(10, [tf.string], shapes=[[]])
        sess.run(q.enqueue_many(([5, 1, 3], ["five", "one", "three"])))
        sess.run(q.enqueue((2, "two")))
        return sess.run(q.dequeue()), sess.run(q.dequeue_many(3)), [d.name for d in q.dtypes]


@snippet
def shuffle_queue(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        q = tf.queue.RandomShuffleQueue(100, 5, [tf.int32, tf.float32], shapes=[[], [2]], seed=3)
        numbers = list(range(50))
        sess.run(q.enqueue_many((numbers, [[i, -i] for i in numbers])))
        a, b = sess.run(q.dequeue_many(20))
        c, d = sess.run(q.dequeue_many(25))
        sess.run(q.close())
        e, f = sess.run(q.dequeue_up_to(25))
        together = sorted([*a.tolist(), *c.tolist(), *e.tolist()])
        matching = all(i == x == -y for i, (x, y) in zip([*a, *c, *e], [*b, *d, *f]))
        return together, matching, a.tolist() != sorted(a.tolist()), len(e)


@snippet
def eager_queues(tf):
    q = tf.queue.FIFOQueue(3, [tf.int32], shapes=[[]])
    q.enqueue(1)
    q.enqueue_many([[2, 3]])
    out = [q.size(), q.dequeue(), q.dequeue_many(2), q.is_closed()]
    q.close()
    return out, q.is_closed()


@snippet
def queues_in_functions(tf):
    q = tf.queue.FIFOQueue(10, [tf.float32], shapes=[[]])

    @tf.function
    def step(x):
        q.enqueue(x * 2.0)
        q.enqueue(x + 1.0)
        return q.size(), q.dequeue()

    return step(3.0), step(5.0), q.dequeue_many(2)


@snippet
def chosen_queue(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        a = tf.queue.FIFOQueue(10, [tf.float32], shapes=[[]])
        b = tf.queue.FIFOQueue(5, [tf.float32], shapes=[[]])
        i = v1.placeholder(tf.int32, [])
        chosen = tf.queue.QueueBase.from_list(i, [a, b])
        put, take = chosen.enqueue(3.0), chosen.dequeue()
        sess.run(put, {i: 1})
        sess.run(put, {i: 1})
        sess.run(put, {i: 0})
        return sess.run([a.size(), b.size()]), sess.run(take, {i: 1}), sess.run([a.size(), b.size()])


@snippet
def waiting_for_each_other(tf):
    import threading

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        q = tf.queue.FIFOQueue(2, [tf.int32], shapes=[[]])
        x = v1.placeholder(tf.int32, [None])
        put, take = q.enqueue_many([x]), q.dequeue_many(5)
        out = []
        thread = threading.Thread(target=lambda: out.append(sess.run(take)))
        thread.start()
        sess.run(put, {x: [1, 2, 3, 4, 5]})
        thread.join(20)
        thread = threading.Thread(target=lambda: sess.run(put, {x: [1, 2, 3, 4, 5, 6]}))
        thread.start()
        out += [sess.run(q.dequeue()) for _ in range(4)]
        thread.join(20)
        return out, sess.run(q.size())


@snippet
def both_in_one_run(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        q = tf.queue.FIFOQueue(1, [tf.int32], shapes=[[]])
        take = q.dequeue()
        put = q.enqueue(5)
        return sess.run([take, put]), sess.run([put, take])


@snippet(how=["close", "cancel", "session", "timeout"])
def waiting_ends(tf, how):
    import threading

    v1 = tf.compat.v1
    with tf.Graph().as_default():
        q = tf.queue.FIFOQueue(1, [tf.int32], shapes=[[]])
        put, take = q.enqueue(1), q.dequeue()
        close, cancel, size = q.close(), q.close(cancel_pending_enqueues=True), q.size()
        sess = v1.Session()
        errors = []

        def attempt(op, **options):
            try:
                errors.append(sess.run(op, **options))
            except tf.errors.OpError as error:
                errors.append(type(error).__name__)

        if how == "timeout":
            attempt(take, options=v1.RunOptions(timeout_in_ms=50))
            return errors
        if how == "close":
            thread = threading.Thread(target=attempt, args=(take,))
        else:
            sess.run(put)
            thread = threading.Thread(target=attempt, args=(put,))
        thread.start()
        thread.join(0.3)
        if how == "session":
            sess.close()
        else:
            sess.run(close if how == "close" else cancel)
        thread.join(20)
        if how == "cancel":
            attempt(take)
            attempt(take)
            attempt(put)
            attempt(close)
            attempt(size)
        return errors


@raises
def too_few_left(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        q = tf.queue.FIFOQueue(5, [tf.int32], shapes=[[]])
        sess.run(q.enqueue(1))
        sess.run(q.close())
        return sess.run(q.dequeue_many(2))


@raises
def enqueue_into_closed(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        q = tf.queue.FIFOQueue(5, [tf.int32])
        sess.run(q.close())
        sess.run(q.enqueue(1))


@raises
def many_without_shapes(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        q = tf.queue.FIFOQueue(5, [tf.int32])
        sess.run(q.enqueue(1))
        sess.run(q.dequeue_many(1))


@raises
def wrong_shape_in_a_run(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        q = tf.queue.FIFOQueue(5, [tf.int32], shapes=[[2]])
        x = v1.placeholder(tf.int32)
        sess.run(q.enqueue(x), {x: [1, 2, 3]})


@raises
def wrong_shape_in_a_graph(tf):
    with tf.Graph().as_default():
        tf.queue.FIFOQueue(5, [tf.int32], shapes=[[2]]).enqueue([1, 2, 3])


@raises
def unequal_rows(tf):
    with tf.Graph().as_default():
        tf.queue.FIFOQueue(5, [tf.int32, tf.int32], shapes=[[], []]).enqueue_many(([1, 2], [1, 2, 3]))


@raises
def partly_known_shapes(tf):
    with tf.Graph().as_default():
        tf.queue.FIFOQueue(5, [tf.int32], shapes=[[None]])


@raises
def unequal_shapes_and_types(tf):
    with tf.Graph().as_default():
        tf.queue.FIFOQueue(5, [tf.int32], shapes=[[], []])


@raises
def dictionary_without_names(tf):
    with tf.Graph().as_default():
        tf.queue.FIFOQueue(5, [tf.int32]).enqueue({"a": 1})


@raises
def another_names(tf):
    with tf.Graph().as_default():
        tf.queue.FIFOQueue(5, [tf.int32], names=["a"]).enqueue({"b": 1})


@raises
def min_after_dequeue_too_large(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        sess.run(tf.queue.RandomShuffleQueue(5, 5, [tf.int32]).size())


@raises
def list_of_different_queues(tf):
    with tf.Graph().as_default():
        queues = [tf.queue.FIFOQueue(5, [tf.int32]), tf.queue.FIFOQueue(5, [tf.float32])]
        tf.queue.QueueBase.from_list(0, queues)


# ------------------------------------------------------------------------------------------- coordinators and runners
@snippet
def coordinator(tf):
    import threading
    import time

    coord = tf.train.Coordinator()
    seen = []

    def work(i):
        with coord.stop_on_exception():
            while not coord.should_stop():
                time.sleep(0.01)
                if i == 2:
                    raise KeyError("two")
            seen.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    try:
        coord.join(threads)
    except KeyError as error:
        seen.append(str(error))
    stopped = coord.should_stop(), coord.joined
    coord.clear_stop()
    return sorted(map(str, seen)), stopped, coord.should_stop(), coord.joined, coord.wait_for_stop(0.01)


@snippet
def clean_stops(tf):
    out = []
    for types, error in (
        (None, tf.errors.OutOfRangeError(None, None, "end")),
        ((ValueError,), ValueError("clean")),
        ((ValueError,), tf.errors.OutOfRangeError(None, None, "end")),
    ):
        coord = tf.train.Coordinator(clean_stop_exception_types=types)
        with coord.stop_on_exception():
            raise error
        try:
            coord.join([])
            out.append("clean")
        except tf.errors.OutOfRangeError as raised:
            out.append(type(raised).__name__)
    return out


@raises
def stop_after_join(tf):
    coord = tf.train.Coordinator()
    coord.join([])
    with coord.stop_on_exception():
        raise ValueError("late")


@raises
def threads_that_do_not_end(tf):
    import threading
    import time

    coord = tf.train.Coordinator()
    thread = threading.Thread(target=time.sleep, args=(1.5,))
    thread.start()
    coord.request_stop()
    coord.join([thread], stop_grace_period_secs=0.1)


@snippet
def looper(tf):
    v1 = tf.compat.v1
    coord, seen = tf.train.Coordinator(), []

    class Loop(v1.train.LooperThread):
        def start_loop(self):
            seen.append("start")

        def run_loop(self):
            seen.append("run")
            if len(seen) == 4:
                coord.request_stop()

        def stop_loop(self):
            seen.append("stop")

    thread = Loop(coord, 0.01)
    thread.start()
    coord.join([thread])
    return seen, thread.daemon


@snippet
def queue_runner(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        counter = v1.get_variable("n", initializer=tf.constant(0, tf.int64), trainable=False)
        queue = tf.queue.FIFOQueue(3, [tf.int64], shapes=[[]])
        runner = v1.train.QueueRunner(queue, [queue.enqueue(counter.count_up_to(7))])
        v1.train.add_queue_runner(runner)
        sess.run(v1.global_variables_initializer())
        coord = tf.train.Coordinator()
        threads = v1.train.start_queue_runners(sess, coord)
        out, take = [], queue.dequeue()
        try:
            while True:
                out.append(int(sess.run(take)))
        except tf.errors.OutOfRangeError:
            coord.request_stop()
        coord.join(threads)
        again = len(runner.create_threads(sess))
        return sorted(out), len(threads), runner.name, runner.exceptions_raised, again


@snippet
def queue_runner_as_proto(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        queue = tf.queue.FIFOQueue(3, [tf.int64], shapes=[[]], name="queue")
        runner = v1.train.QueueRunner(
            queue, [queue.enqueue(1, name="put")] * 2,
            queue_closed_exception_types=(tf.errors.OutOfRangeError, tf.errors.CancelledError),
        )  # fmt: skip
        proto = runner.to_proto()
        again = v1.train.QueueRunner.from_proto(proto)
        fields = [
            proto.queue_name, list(proto.enqueue_op_name), proto.close_op_name, proto.cancel_op_name,
            list(proto.queue_closed_exception_types),
        ]  # fmt: skip
        kinds = [t.__name__ for t in again.queue_closed_exception_types]
        return fields, again.name, kinds, [op.name for op in again.enqueue_ops]


@snippet
def error_in_a_queue_runner(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        queue = tf.queue.FIFOQueue(3, [tf.float32], shapes=[[]])
        bad = v1.py_func(lambda: 1 / 0, [], tf.float32)
        bad.set_shape([])
        v1.train.add_queue_runner(v1.train.QueueRunner(queue, [queue.enqueue(bad)]))
        coord = tf.train.Coordinator()
        threads = v1.train.start_queue_runners(sess, coord)
        try:
            sess.run(queue.dequeue())
        except tf.errors.OpError as error:
            first = isinstance(error, (tf.errors.OutOfRangeError, tf.errors.CancelledError))
        try:
            coord.join(threads)
        except Exception as error:  # noqa: BLE001 - the type is TensorFlow's own
            return first, "division by zero" in str(error)


@raises
def runner_without_operations(tf):
    with tf.Graph().as_default():
        tf.compat.v1.train.QueueRunner(tf.queue.FIFOQueue(3, [tf.int64]), [])


@raises
def runner_in_eager_mode(tf):
    tf.compat.v1.train.QueueRunner()


@raises
def runners_without_session(tf):
    with tf.Graph().as_default():
        tf.compat.v1.train.start_queue_runners()


# ------------------------------------------------------------------------------------------------------- pipelines
def _collect(tf, fetch, limit=100):
    """What a pipeline gives until its end."""
    v1 = tf.compat.v1
    with v1.Session() as sess:
        sess.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
        coord = tf.train.Coordinator()
        threads = v1.train.start_queue_runners(sess, coord)
        out = []
        try:
            while not coord.should_stop() and len(out) < limit:
                out.append(sess.run(fetch))
        except tf.errors.OutOfRangeError:
            out.append("end")
        coord.request_stop()
        coord.join(threads)
        return out


@snippet
def producers(tf):
    t = tf.compat.v1.train
    out = []
    with tf.Graph().as_default():
        out.append(
            _collect(tf, t.string_input_producer(["a", "b", "c"], num_epochs=2, shuffle=False).dequeue())
        )
    with tf.Graph().as_default():
        out.append(_collect(tf, t.range_input_producer(4, num_epochs=1, shuffle=False).dequeue()))
    with tf.Graph().as_default():
        rows = t.slice_input_producer(
            [tf.constant([[1, 2], [3, 4]]), ["x", "y"]], num_epochs=2, shuffle=False
        )
        out.append(_collect(tf, rows))
    with tf.Graph().as_default():
        shuffled = _collect(tf, t.range_input_producer(20, num_epochs=2, shuffle=True).dequeue())
        out.append([sorted(shuffled[:20]), sorted(shuffled[20:40]), shuffled[40:]])
        out.append([v.name for v in tf.compat.v1.local_variables()])
    with tf.Graph().as_default():
        out.append(_collect(tf, t.input_producer([[1.0, 2.0], [3.0, 4.0]], shuffle=False).dequeue(), 5))
    return out


@snippet(smaller=[False, True], many=[False, True])
def batches(tf, smaller, many):
    t = tf.compat.v1.train
    with tf.Graph().as_default():
        x, y = t.slice_input_producer(
            [tf.reshape(tf.range(22), [11, 2]), tf.range(11) * 10], num_epochs=1, shuffle=False
        )
        if many:
            x, y = tf.stack([x, -x]), tf.stack([y, y])
        batch = t.batch([x, y], 4, enqueue_many=many, allow_smaller_final_batch=smaller)
        return _collect(tf, batch), [b.shape.as_list() for b in batch], [b.name for b in batch]


@snippet
def batch_of_a_dict_with_padding(tf):
    t = tf.compat.v1.train
    with tf.Graph().as_default():
        i = t.range_input_producer(6, num_epochs=1, shuffle=False).dequeue()
        batch = t.batch({"i": i, "row": tf.fill([i], i)}, 3, dynamic_pad=True, name="padded")
        return _collect(tf, batch), {k: (v.name, v.shape.as_list()) for k, v in batch.items()}


@snippet
def batch_of_sparse_tensors(tf):
    t = tf.compat.v1.train
    with tf.Graph().as_default():
        i = t.range_input_producer(4, num_epochs=1, shuffle=False).dequeue()
        where = tf.cast(tf.reshape(i, [1, 1]), tf.int64)
        sparse = tf.SparseTensor(where, tf.reshape(i * 10, [1]), [5])
        batch = t.batch([sparse, i], 2)
        return [
            [list(s) if s == "end" else [tuple(s[0]), s[1]] for s in _collect(tf, batch)],
            batch[0].shape.as_list(),
        ]


@snippet
def joined_batches(tf):
    t = tf.compat.v1.train
    with tf.Graph().as_default():
        sources = [
            [t.range_input_producer(5, num_epochs=1, shuffle=False, name=f"p{k}").dequeue() + 100 * k]
            for k in range(3)
        ]
        got = _collect(tf, t.batch_join(sources, 5, capacity=20))
        return sorted(np.concatenate(got[:-1]).tolist()), got[-1]


@snippet
def batches_of_some(tf):
    t = tf.compat.v1.train
    out = []
    with tf.Graph().as_default():
        i = t.range_input_producer(9, num_epochs=1, shuffle=False).dequeue()
        out.append(_collect(tf, t.maybe_batch([i], tf.equal(i % 2, 0), 2, allow_smaller_final_batch=True)))
    with tf.Graph().as_default():
        i = t.range_input_producer(6, num_epochs=1, shuffle=False).dequeue()
        some = t.maybe_batch([[i, i * 10]], [True, False], 3, enqueue_many=True)
        out.append(_collect(tf, some))
    return out


@snippet
def shuffled_batches(tf):
    t = tf.compat.v1.train
    with tf.Graph().as_default():
        i = t.range_input_producer(30, num_epochs=1, shuffle=False).dequeue()
        batch = t.shuffle_batch([i, -i], 7, 20, 5, num_threads=2, allow_smaller_final_batch=True, seed=1)
        got = _collect(tf, batch)
        everything = np.concatenate([a for a, _ in got[:-1]]).tolist()
        sums = [int((a + b).sum()) for a, b in got[:-1]]
        summaries = [s.name for s in tf.compat.v1.get_collection("summaries")]
        return (
            sorted(everything),
            sums,
            [len(a) for a, _ in got[:-1]],
            everything == sorted(everything),
            summaries,
        )


@raises
def batch_without_shapes(tf):
    with tf.Graph().as_default():
        tf.compat.v1.train.batch([tf.compat.v1.placeholder(tf.float32)], 2)


@raises
def batch_of_nothing(tf):
    with tf.Graph().as_default():
        tf.compat.v1.train.batch([], 2)


@raises
def batch_in_eager_mode(tf):
    tf.compat.v1.train.batch([tf.constant(1)], 2)


@raises
def no_epochs(tf):
    with tf.Graph().as_default():
        tf.compat.v1.train.limit_epochs(tf.constant(1), 0)


@raises
def no_strings(tf):
    with tf.Graph().as_default():
        tf.compat.v1.train.string_input_producer([])


# --------------------------------------------------------------------------------------------------------- readers
def _files(tf):
    import os
    import tempfile
    import zlib

    folder = tempfile.mkdtemp()
    contents = {
        "a.txt": b"one\ntwo\r\n\nfour",
        "b.txt": b"",
        "c.txt": b"header\nlast\n",
        "fixed": b"HHaabbccddF",
        "fixed.z": zlib.compress(b"HHaabbccddF"),
    }
    for name, content in contents.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
    for name in ("r1", "r2"):
        with tf.io.TFRecordWriter(os.path.join(folder, name)) as w:
            for i in range(3):
                w.write(name.encode() * i)
    return folder


def _read_all(tf, make, names, up_to=0):
    v1 = tf.compat.v1
    folder = _files(tf)
    with tf.Graph().as_default():
        reader = make(v1)
        files = [f"{folder}/{n}" for n in names]
        queue = v1.train.string_input_producer(files, num_epochs=1, shuffle=False)
        record = reader.read_up_to(queue, up_to) if up_to else reader.read(queue)
        counts = [reader.num_records_produced(), reader.num_work_units_completed()]
        with v1.Session() as sess:
            sess.run(v1.local_variables_initializer())
            coord = tf.train.Coordinator()
            threads = v1.train.start_queue_runners(sess, coord)
            out = []
            try:
                while True:
                    key, value = sess.run(record)
                    out.append([[k.rpartition(b"/")[2] for k in key], list(value)] if up_to else
                               [key.rpartition(b"/")[2], value])  # fmt: skip
                    out.append(sess.run(counts))
            except tf.errors.OutOfRangeError:
                out.append(sess.run(counts))
            coord.request_stop()
            coord.join(threads)
            sess.run(reader.reset())
            return out, sess.run(counts), reader.supports_serialize, [r.name for r in record]


@snippet
def text_lines(tf):
    return _read_all(tf, lambda v1: v1.TextLineReader(), ["a.txt", "b.txt", "c.txt"])


@snippet
def text_lines_after_headers(tf):
    return _read_all(tf, lambda v1: v1.TextLineReader(skip_header_lines=1), ["a.txt", "b.txt", "c.txt"])


@snippet
def text_lines_up_to(tf):
    return _read_all(tf, lambda v1: v1.TextLineReader(), ["a.txt", "b.txt", "c.txt"], 3)


@snippet
def whole_files(tf):
    return _read_all(tf, lambda v1: v1.WholeFileReader(), ["a.txt", "b.txt"])


@snippet
def records(tf):
    return _read_all(tf, lambda v1: v1.TFRecordReader(), ["r1", "r2"]), _read_all(
        tf, lambda v1: v1.TFRecordReader(), ["r1", "r2"], 2
    )


@snippet(hop=[0, 1, 3], encoding=[None, "ZLIB"])
def fixed_length(tf, hop, encoding):
    def make(v1):
        return v1.FixedLengthRecordReader(2, header_bytes=2, footer_bytes=1, hop_bytes=hop, encoding=encoding)

    return _read_all(tf, make, ["fixed.z" if encoding else "fixed"])


@snippet
def identity_reader(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        reader, queue = v1.IdentityReader("reader"), tf.queue.FIFOQueue(9, [tf.string], shapes=[[]])
        record, save = reader.read(queue), reader.serialize_state()
        state = v1.placeholder(tf.string, [])
        restore = reader.restore_state(state)
        sess.run(queue.enqueue_many([["a", "b", "c"]]))
        out = [list(sess.run(record)), list(sess.run(record))]
        saved = sess.run(save)
        out.append(saved)
        out.append(list(sess.run(record)))
        sess.run(restore, {state: saved})
        out.append(sess.run([reader.num_records_produced(), reader.num_work_units_completed()]))
        return out


@raises
def missing_file(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        queue = tf.queue.FIFOQueue(9, [tf.string], shapes=[[]])
        sess.run(queue.enqueue("/no/such/file"))
        sess.run(v1.TextLineReader().read(queue))


@raises
def state_of_a_text_reader(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        sess.run(v1.TextLineReader().serialize_state())


@raises
def malformed_state(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        sess.run(v1.IdentityReader().restore_state("nonsense"))


@raises
def reader_in_eager_mode(tf):
    tf.compat.v1.TextLineReader()


@snippet
def files_matched_once(tf):
    v1 = tf.compat.v1
    folder = _files(tf)
    with tf.Graph().as_default(), v1.Session() as sess:
        names = v1.train.match_filenames_once([f"{folder}/*.txt", f"{folder}/r1"])
        sess.run(v1.local_variables_initializer())
        return [n.rpartition(b"/")[2] for n in sess.run(names)], names.name


# ---------------------------------------------------------------------------------------- accumulators, kept tensors
@snippet(how=["MEAN", "SUM"])
def dense_accumulator(tf, how):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        a = v1.ConditionalAccumulator(tf.float32, shape=[2], reduction_type=how, name="acc")
        x, step = v1.placeholder(tf.float32, [2]), v1.placeholder(tf.int64, [])
        apply, take, count = a.apply_grad(x, step), a.take_grad(2), a.num_accumulated()
        out = []
        for s, row in ((0, [1, 2]), (0, [3, 5]), (0, [2, 2])):
            sess.run(apply, {x: row, step: s})
        out += [sess.run(count), sess.run(take), sess.run(count)]
        sess.run(apply, {x: [9, 9], step: 0})  # too late
        out.append(sess.run(count))
        sess.run(a.set_global_step(5))
        sess.run([apply], {x: [1, 1], step: 4})
        sess.run([apply], {x: [1, 1], step: 5})
        out.append(sess.run(count))
        return out, a.name, a.dtype.name, take.shape.as_list(), a.accumulator_ref.op.type


@snippet(how=["MEAN", "SUM"])
def sparse_accumulator(tf, how):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        a = v1.SparseConditionalAccumulator(tf.float32, shape=[4, 2], reduction_type=how)
        sess.run(a.apply_grad([0, 2], [[1.0, 1.0], [2.0, 2.0]]))
        slices = tf.IndexedSlices(
            tf.constant([[3.0, 4.0]]), tf.constant([2], tf.int64), tf.constant([4, 2], tf.int64)
        )
        sess.run(a.apply_indexed_slices_grad(slices))
        out = [sess.run(a.num_accumulated()), list(sess.run(a.take_grad(2)))]
        sess.run(a.apply_grad([3], [[1.0, 1.0]], local_step=1))
        return out, tuple(sess.run(a.take_indexed_slices_grad(1)))


@raises(case=range(5))
def bad_gradients(tf, case):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        dense = v1.ConditionalAccumulator(tf.float32, shape=[2])
        sparse = v1.SparseConditionalAccumulator(tf.float32, shape=[4, 2])
        x = v1.placeholder(tf.float32)
        if case == 0:
            dense.apply_grad([1.0, 2.0, 3.0])
        elif case == 1:
            sess.run(dense.apply_grad(x), {x: [1.0, 2.0, 3.0]})
        elif case == 2:
            sess.run(dense.take_grad(0))
        elif case == 3:
            sess.run(sparse.apply_grad([9], [[1.0, 1.0]]))
        else:
            sess.run(sparse.apply_grad([0], [[1.0, 1.0, 1.0]]))


@snippet
def tensors_that_stay(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        kept = sess.run(v1.get_session_handle(tf.constant([1.0, 2.0]) * 2.0))
        holder, tensor = v1.get_session_tensor(kept.handle, tf.float32)
        x = v1.placeholder(tf.float32, [2])
        out = [sess.run(tensor * 2, {holder: kept.handle}), sess.run(x + 1, {x: kept})]
        gone, delete = v1.delete_session_tensor(kept.handle)
        sess.run(delete, {gone: kept.handle})
        try:
            sess.run(tensor, {holder: kept.handle})
        except tf.errors.InvalidArgumentError:
            return out


# -------------------------------------------------------------------------------------------------- samplers' counts
@snippet(case=[(50000, 64), (1000, 64), (300, 250)], atol=0.02)
def log_uniform_statistics(tf, case):
    v1 = tf.compat.v1
    classes, n = case
    with tf.Graph().as_default(), v1.Session() as sess:
        true = tf.constant([[0], [1], [classes // 3], [classes - 1]], tf.int64)
        drawn = tf.random.log_uniform_candidate_sampler(true, 1, n, True, classes, seed=1)
        means = np.mean([sess.run(drawn[1])[:, 0] for _ in range(400)], 0)
        return means.round(3), drawn[0].shape.as_list()
