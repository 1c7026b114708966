"""Queues and their like under threads: who waits, who goes on, and that nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headrace as tf
from headrace.session.staging import MapStagingArea, StagingArea

v1 = tf.compat.v1
LONG = 20.0  # seconds after which a test that hangs has failed


@pytest.fixture
def sess():
    with tf.Graph().as_default(), v1.Session() as session:
        yield session


class Background:
    """Something in a thread: `result()` waits for what it returns or raises."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call, self.value, self.error = call, None, None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.value = self.call()
        except Exception as error:  # noqa: BLE001 - handed on by result()
            self.error = error

    def waits(self) -> bool:
        self.thread.join(0.15)
        return self.thread.is_alive()

    def result(self) -> Any:
        self.thread.join(LONG)
        assert not self.thread.is_alive(), "it hangs"
        if self.error is not None:
            raise self.error
        return self.value


def begin(session: Any, fetches: Any) -> Background:
    """A run in a thread."""
    return Background(lambda: session.run(fetches))


class TestWaiting:
    def test_others_go_on_meanwhile(self, sess):
        q = tf.queue.FIFOQueue(10, tf.int32, shapes=[[]])
        v = v1.get_variable("v", initializer=0.0)
        sess.run(v1.global_variables_initializer())
        takes = [begin(sess, q.dequeue()) for _ in range(5)]
        assert all(t.waits() for t in takes)
        add = v.assign_add(1.0)
        for _ in range(20):
            sess.run(add)
        assert sess.run(v) == 20.0
        sess.run(q.enqueue_many([[1, 2, 3, 4, 5]]))
        assert sorted(int(t.result()) for t in takes) == [1, 2, 3, 4, 5]

    def test_first_come_first_served(self, sess):
        q = tf.queue.FIFOQueue(10, tf.int32, shapes=[[]])
        first = begin(sess, q.dequeue_many(3))
        assert first.waits()
        second = begin(sess, q.dequeue())
        assert second.waits()
        put = q.enqueue_many([[1, 2]])
        sess.run(put)
        assert first.waits() and second.waits() and sess.run(q.size()) == 0
        sess.run(put)
        assert first.result().tolist() == [1, 2, 1] and second.result() == 2

    def test_more_at_once_than_there_is_room_for(self, sess):
        q = tf.queue.FIFOQueue(3, tf.int32, shapes=[[]])
        put = begin(sess, q.enqueue_many([np.arange(100)]))
        assert sess.run(q.dequeue_many(60)).tolist() == list(range(60))
        assert sess.run(q.dequeue_many(40)).tolist() == list(range(60, 100))
        put.result()

    def test_what_was_taken_by_one_who_gives_up_comes_back(self, sess):
        q = tf.queue.FIFOQueue(10, tf.int32, shapes=[[]])
        sess.run(q.enqueue_many([[1, 2, 3]]))
        with pytest.raises(tf.errors.DeadlineExceededError):
            sess.run(q.dequeue_many(5), options=v1.RunOptions(timeout_in_ms=30))
        assert sess.run(q.size()) == 3
        assert sess.run(q.dequeue_many(3)).tolist() == [1, 2, 3]

    def test_close_waits_for_those_who_wait_to_get_in(self, sess):
        q = tf.queue.FIFOQueue(1, tf.int32, shapes=[[]])
        put, close, take = q.enqueue(1), q.close(), q.dequeue()
        sess.run(put)
        second = begin(sess, put)
        assert second.waits()
        closing = begin(sess, close)
        assert closing.waits() and not sess.run(q.is_closed())
        assert sess.run(take) == 1
        second.result(), closing.result()
        assert sess.run(q.is_closed()) and sess.run(take) == 1
        with pytest.raises(tf.errors.OutOfRangeError, match="closed and has insufficient elements"):
            sess.run(take)

    def test_one_run_may_feed_itself(self, sess):
        a, b = (tf.queue.FIFOQueue(1, tf.int32, shapes=[[]]) for _ in range(2))
        take = a.dequeue()
        through = b.enqueue(take + 1)
        last = b.dequeue()
        give = a.enqueue(5)
        for fetches in ([last, through, give], [give, through, last]):
            got = begin(sess, fetches).result()
            assert 6 in got

    def test_a_run_that_waits_twice(self, sess):
        a, b = (tf.queue.FIFOQueue(1, tf.int32, shapes=[[]]) for _ in range(2))
        both = begin(sess, [a.dequeue(), b.dequeue()])
        assert both.waits()
        sess.run(b.enqueue(2))
        assert both.waits()
        sess.run(a.enqueue(1))
        assert both.result() == [1, 2]

    def test_an_error_beside_a_waiting_op_ends_the_run(self, sess):
        q = tf.queue.FIFOQueue(1, tf.int32, shapes=[[]])
        bad = v1.py_func(lambda: 1 / 0, [], tf.float32)
        with pytest.raises(Exception, match="division by zero"):
            begin(sess, [q.dequeue(), bad]).result()
        sess.run(q.enqueue(3))
        assert sess.run(q.dequeue()) == 3

    def test_eager_threads(self):
        q = tf.queue.FIFOQueue(2, tf.int32, shapes=[[]])
        take = Background(lambda: q.dequeue_many(4).numpy().tolist())
        for i in range(4):
            q.enqueue(i)
        assert take.result() == [0, 1, 2, 3]

    def test_many_threads_lose_nothing(self, sess):
        q = tf.queue.RandomShuffleQueue(7, 0, [tf.int32, tf.int32], shapes=[[], []])
        x = v1.placeholder(tf.int32, [])
        put, take = sess.make_callable(q.enqueue((x, -x)), [x]), sess.make_callable(q.dequeue())
        producers = [Background(lambda k=k: [put(k * 100 + i) for i in range(100)]) for k in range(4)]
        consumers = [Background(lambda: [take() for _ in range(100)]) for _ in range(4)]
        for p in producers:
            p.result()
        got = [pair for c in consumers for pair in c.result()]
        assert sorted(int(a) for a, _ in got) == list(range(400))
        assert all(a == -b for a, b in got)


class TestEnds:
    def test_closing_the_session_cancels_runs(self):
        with tf.Graph().as_default():
            session = v1.Session()
            q, full = tf.queue.FIFOQueue(1, tf.int32), tf.queue.FIFOQueue(1, tf.int32)
            put = full.enqueue(1)
            session.run(put)
            area = StagingArea([tf.int32])
            gradients = v1.ConditionalAccumulator(tf.float32, shape=[])
            ops = [q.dequeue(), put, area.get(), gradients.take_grad(1)]
            waiting = [begin(session, op) for op in ops]
            assert all(w.waits() for w in waiting)
            session.close()
            for w in waiting:
                with pytest.raises(tf.errors.CancelledError, match="was cancelled"):
                    w.result()

    def test_time_limits(self):
        with tf.Graph().as_default():
            q = tf.queue.FIFOQueue(1, tf.int32)
            with v1.Session(config=v1.ConfigProto(operation_timeout_in_ms=40)) as session:
                for run in (lambda: session.run(q.dequeue()), session.make_callable(q.dequeue())):
                    began = time.monotonic()
                    with pytest.raises(tf.errors.DeadlineExceededError):
                        run()
                    assert time.monotonic() - began < LONG
                session.run(q.enqueue(1))
                assert session.run(q.dequeue(), options=v1.RunOptions(timeout_in_ms=10_000)) == 1

    def test_errors_name_the_line(self, sess):
        q = tf.queue.FIFOQueue(1, tf.int32)
        sess.run(q.close())
        with pytest.raises(tf.errors.OutOfRangeError, match=r"test_queues\.py"):
            sess.run(q.dequeue())


class TestNames:
    def test_shared_queues(self, sess):
        a = tf.queue.FIFOQueue(3, tf.int32, shared_name="common")
        b = tf.queue.FIFOQueue(3, tf.int32, shared_name="common")
        sess.run(a.enqueue(7))
        assert sess.run(b.dequeue()) == 7
        with pytest.raises(tf.errors.InvalidArgumentError, match="capacity"):
            sess.run(tf.queue.FIFOQueue(4, tf.int32, shared_name="common").size())

    def test_sessions_have_queues_of_their_own(self):
        with tf.Graph().as_default(), v1.Session() as one, v1.Session() as other:
            q = tf.queue.FIFOQueue(3, tf.int32)
            one.run(q.enqueue(7))
            assert (one.run(q.size()), other.run(q.size())) == (1, 0)

    def test_shared_eager_queues(self):
        a = tf.queue.FIFOQueue(3, tf.int32, shared_name="eager common")
        tf.queue.FIFOQueue(3, tf.int32, shared_name="eager common").enqueue(7)
        assert a.dequeue() == 7

    def test_fed_arrays_may_change_after_the_run(self, sess):
        q = tf.queue.FIFOQueue(3, tf.float32, shapes=[[2]])
        x, array = v1.placeholder(tf.float32, [2]), np.ones(2, np.float32)
        sess.run(q.enqueue(x), {x: array})
        array[:] = 5
        assert sess.run(q.dequeue()).tolist() == [1, 1]

    def test_a_seed_makes_the_order_repeatable(self):
        orders = []
        for _ in range(2):
            with tf.Graph().as_default(), v1.Session() as session:
                q = tf.queue.RandomShuffleQueue(100, 0, tf.int32, shapes=[[]], seed=3)
                session.run(q.enqueue_many([np.arange(50)]))
                orders.append(session.run(q.dequeue_many(50)).tolist())
        assert orders[0] == orders[1] != sorted(orders[0])


class TestTraining:
    def test_batches_feed_a_training_step(self, tmp_path, sess):
        path = tmp_path / "rows.csv"
        path.write_text("".join(f"{i / 100},{2 * i / 100 + 1}\n" for i in range(100)))
        files = v1.train.string_input_producer([str(path)], num_epochs=30, seed=1)
        _, line = v1.TextLineReader().read(files)
        x, y = tf.io.decode_csv(line, [[0.0], [0.0]])
        xs, ys = v1.train.shuffle_batch([x, y], 20, 200, 50, num_threads=2, seed=1)
        w, b = v1.get_variable("w", initializer=0.0), v1.get_variable("b", initializer=0.0)
        loss = tf.reduce_mean(tf.square(w * xs + b - ys))
        step = v1.train.GradientDescentOptimizer(0.5).minimize(loss)
        sess.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
        coord = tf.train.Coordinator()
        threads = v1.train.start_queue_runners(sess, coord)
        steps = 0
        try:
            while not coord.should_stop():
                sess.run(step)
                steps += 1
        except tf.errors.OutOfRangeError:
            coord.request_stop()
        coord.join(threads, stop_grace_period_secs=LONG)
        assert steps == 150
        np.testing.assert_allclose(sess.run([w, b]), [2.0, 1.0], atol=0.02)

    def test_stopping_early_ends_all_threads(self, sess):
        example = v1.train.range_input_producer(10).dequeue()
        batch = v1.train.batch([example], 4, num_threads=3)
        coord = tf.train.Coordinator()
        threads = v1.train.start_queue_runners(sess, coord)
        assert sess.run(batch).shape == (4,)
        coord.request_stop()
        coord.join(threads, stop_grace_period_secs=LONG)
        assert not any(t.is_alive() for t in threads)


class TestStaging:
    def test_areas_have_room(self, sess):
        area = StagingArea([tf.int32], shapes=[[]], capacity=1)
        put, get = area.put([1]), area.get()
        sess.run(put)
        second = begin(sess, put)
        assert second.waits()
        assert sess.run([get, area.size()])[0] == [1]
        second.result()
        assert sess.run(area.size()) == 1
        sess.run(area.clear())
        assert sess.run(area.size()) == 0

    def test_maps_find_by_key(self, sess):
        area = MapStagingArea([tf.int32, tf.float32], names=["a", "b"], ordered=True)
        key = v1.placeholder(tf.int64, [])
        get = begin(sess, area.get(7))
        assert get.waits()
        put_a, put_b = area.put(key, {"a": tf.constant(1)}), area.put(key, {"b": tf.constant(2.0)})
        for k in (9, 7):
            sess.run(put_a, {key: k})
            sess.run(put_b, {key: k})
        assert get.result()[1] == {"a": 1, "b": 2.0}
        assert sess.run(area.get())[0] == 9
        with pytest.raises(tf.errors.InvalidArgumentError, match="already"):
            sess.run(put_a, {key: 1}), sess.run(put_a, {key: 1})


def test_samples_of_a_loop_differ() -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        true = tf.constant([[1]], tf.int64)
        draw = lambda i: tf.random.uniform_candidate_sampler(true, 1, 3, True, 10**6)[0]
        rows = tf.map_fn(draw, tf.range(4), fn_output_signature=tf.int64)
        a, b = session.run(rows), session.run(rows)
        assert len(np.unique(np.concatenate([a, b]))) == 24


def test_gradients_of_several_workers_are_averaged(sess):
    step = v1.train.get_or_create_global_step()
    w, x = v1.get_variable("w", [2], initializer=v1.zeros_initializer()), v1.placeholder(tf.float32, [2])
    loss = tf.reduce_sum(tf.square(w - x))
    optimizer = v1.train.SyncReplicasOptimizer(
        v1.train.GradientDescentOptimizer(0.25), replicas_to_aggregate=2, total_num_replicas=2
    )
    train = optimizer.minimize(loss, global_step=step)
    tokens, runner = optimizer.get_init_tokens_op(), optimizer.get_chief_queue_runner()
    sess.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
    sess.run([optimizer.chief_init_op])
    sess.run(tokens)
    workers = [Background(lambda v=v: sess.run(train, {x: v})) for v in ([1.0, 0.0], [3.0, 2.0])]
    for worker in workers:
        worker.result()
    coord = tf.train.Coordinator()
    threads = runner.create_threads(sess, coord, daemon=True, start=True)
    end = time.monotonic() + LONG
    while sess.run(step) < 1 and time.monotonic() < end:
        time.sleep(0.01)
    assert sess.run([w, step])[0].tolist() == [1.0, 0.5]  # a quarter of the mean of (2, 0) and (6, 4)
    coord.request_stop()
    sess.close()
    coord.join(threads, stop_grace_period_secs=LONG)
    with pytest.raises(ValueError, match="Global step"):
        optimizer.apply_gradients([(x, w)])


def test_pipelines_come_back_from_meta_graphs(tmp_path):
    (tmp_path / "lines").write_text("1\n2\n3\n")
    with tf.Graph().as_default():
        files = v1.train.string_input_producer([str(tmp_path / "lines")], num_epochs=2, shuffle=False)
        _, line = v1.TextLineReader().read(files)
        v1.train.batch([line, v1.string_to_number(line)], 4, name="out", allow_smaller_final_batch=True)
        v1.train.export_meta_graph(str(tmp_path / "graph.meta"))
    with tf.Graph().as_default(), v1.Session() as session:
        v1.train.import_meta_graph(str(tmp_path / "graph.meta"))
        session.run(v1.local_variables_initializer())
        coord = tf.train.Coordinator()
        threads = v1.train.start_queue_runners(session, coord)
        out = [session.run("out:1").tolist() for _ in range(2)]
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run("out:1")
        coord.request_stop()
        coord.join(threads, stop_grace_period_secs=LONG)
    assert out == [[1, 2, 3, 1], [2, 3]]
