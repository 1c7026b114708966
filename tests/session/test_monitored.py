"""Monitored sessions: their life, their hooks, and how they come back."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headrace as tf

v1 = tf.compat.v1
train = v1.train


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default() as g:
        yield g
    v1.summary.FileWriterCache.clear()


def model() -> tuple[Any, Any]:
    """A weight and the operation that counts it and the global step up."""
    step = train.get_or_create_global_step()
    w = v1.get_variable("w", [], initializer=v1.zeros_initializer())
    return w, tf.group(v1.assign_add(w, 2.0), v1.assign_add(step, 1))


def steps(sess: Any, op: Any) -> int:
    n = 0
    while not sess.should_stop():
        sess.run(op)
        n += 1
    return n


class Recorder(train.SessionRunHook):  # type: ignore[misc, name-defined]
    def __init__(self, fetches: Any = None) -> None:
        self.calls: list[Any] = []
        self.fetches = fetches

    def begin(self) -> None:
        self.calls.append("begin")

    def after_create_session(self, session: Any, coord: Any) -> None:
        assert session.graph.finalized and not coord.should_stop()
        self.calls.append("create")

    def before_run(self, run_context: Any) -> Any:
        self.calls.append("before")
        return train.SessionRunArgs(self.fetches) if self.fetches is not None else None

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self.calls.append(("after", run_values.results))

    def end(self, session: Any) -> None:
        self.calls.append("end")


def events(folder: Path) -> list[Any]:
    return [e for f in sorted(folder.glob("events*")) for e in train.summary_iterator(str(f))]


# ------------------------------------------------------------------------------------------------------------ training
def test_training_goes_on(tmp_path: Path, graph: Any) -> None:
    w, op = model()
    v1.summary.scalar("weight", w)
    options = {"save_checkpoint_steps": 2, "save_summaries_steps": 1, "log_step_count_steps": 2}
    with train.MonitoredTrainingSession(
        checkpoint_dir=tmp_path, hooks=[train.StopAtStepHook(last_step=5)], **options
    ) as sess:
        assert steps(sess, op) == 5
    assert graph.finalized is False
    assert sorted(f.name for f in tmp_path.glob("*.index")) == [f"model.ckpt-{i}.index" for i in (0, 2, 4, 5)]
    assert (tmp_path / "graph.pbtxt").exists() and (tmp_path / "model.ckpt-5.meta").exists()
    v1.summary.FileWriterCache.clear()
    found = events(tmp_path)
    tags = {v.tag for e in found for v in e.summary.value}
    assert tags == {"weight", "global_step/sec"}
    assert [e.session_log.checkpoint_path for e in found if e.session_log.status == v1.SessionLog.CHECKPOINT]
    with train.MonitoredTrainingSession(
        checkpoint_dir=tmp_path, hooks=[train.StopAtStepHook(num_steps=2)], save_checkpoint_secs=None
    ) as sess:
        assert steps(sess, op) == 2
        assert sess.graph is graph
    with pytest.raises(RuntimeError, match="closed session"):
        sess.run(w)
    assert tf.train.load_variable(tmp_path, "w") == 10.0


def test_order_of_calls() -> None:
    w, op = model()
    hook = Recorder(w)
    with train.MonitoredSession(hooks=[hook, train.StopAtStepHook(2)]) as sess:
        assert sess.run(op) is None
        sess.run(op)
        assert sess.should_stop()
        with pytest.raises(RuntimeError, match="after should_stop"):
            sess.run(op)
    names = [c if isinstance(c, str) else c[0] for c in hook.calls]
    assert names == ["begin", "create", "before", "after", "before", "after", "end"]


def test_feeds_of_hooks() -> None:
    p = v1.placeholder_with_default(1.0, [])
    with train.MonitoredSession(hooks=[train.FeedFnHook(lambda: {p: 7.0})]) as sess:
        assert sess.run(p) == 7.0
        with pytest.raises(RuntimeError, match="fed by a user and a hook"):
            sess.run(p, {p: 1.0})
    with (
        train.MonitoredSession(hooks=[train.FeedFnHook(lambda: {p: 7.0})] * 2) as sess,
        pytest.raises(RuntimeError, match="fed by two hooks"),
    ):
        sess.run(p)


def test_structures_of_fetches() -> None:
    w, _ = model()
    with train.MonitoredSession(hooks=[Recorder({"a": [w]})]) as sess:
        assert sess.run({"x": (w, [w])}) == {"x": (0.0, [0.0])}


# --------------------------------------------------------------------------------------------------------- failures
class Failing(train.SessionRunHook):  # type: ignore[misc, name-defined]
    def __init__(self, error: Exception, at: int) -> None:
        self.error, self.at, self.created = error, at, 0

    def after_create_session(self, session: Any, coord: Any) -> None:
        self.created += 1

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self.at -= 1
        if not self.at:
            raise self.error


@pytest.mark.parametrize("kind", [tf.errors.AbortedError, tf.errors.UnavailableError])
def test_coming_back(kind: Any, tmp_path: Path) -> None:
    w, op = model()
    hook = Failing(kind(None, None, "a machine went away"), at=3)
    saving = {"checkpoint_dir": tmp_path, "save_checkpoint_steps": 1, "save_checkpoint_secs": None}
    with train.MonitoredTrainingSession(hooks=[hook, train.StopAtStepHook(last_step=5)], **saving) as sess:
        steps(sess, op)
        last = sess.run_step_fn(lambda step_context: step_context.session.run(w))
    assert hook.created == 2 and last == 10.0


def test_other_failures_end_it() -> None:
    _, op = model()
    hook = Recorder()
    for creator in (train.MonitoredSession, train.SingularMonitoredSession):
        with pytest.raises(ZeroDivisionError), creator(hooks=[hook, Failing(ZeroDivisionError(), 1)]) as sess:
            sess.run(op)
    assert "end" not in hook.calls
    with (
        pytest.raises(tf.errors.AbortedError),
        train.SingularMonitoredSession(hooks=[Failing(tf.errors.AbortedError(None, None, "x"), 1)]) as sess,
    ):
        sess.run(op)


def test_the_end_of_the_data_is_no_failure() -> None:
    data = v1.data.make_one_shot_iterator(tf.data.Dataset.range(3)).get_next()
    hook, seen = Recorder(), []
    with train.MonitoredSession(hooks=[hook]) as sess:
        while not sess.should_stop():
            seen.append(int(sess.run(data)))
    assert seen == [0, 1, 2] and hook.calls[-1] == "end"


def test_queues() -> None:
    queue = tf.queue.FIFOQueue(10, tf.int32, shapes=[[]])
    train.add_queue_runner(train.QueueRunner(queue, [queue.enqueue(i) for i in range(3)]))
    item = queue.dequeue()
    before = threading.active_count()
    with train.MonitoredSession() as sess:
        assert {int(sess.run(item)) for _ in range(30)} == {0, 1, 2}
    assert threading.active_count() <= before


# ------------------------------------------------------------------------------------------------------------ step_fn
def test_step_functions() -> None:
    w, op = model()
    hook = Recorder()
    with train.SingularMonitoredSession(hooks=[hook]) as sess:
        sess.run_step_fn(lambda step_context: step_context.run_with_hooks(op))
        assert sess.run_step_fn(lambda step_context: step_context.session.run(w)) == 2.0
        assert hook.calls.count("before") == 1 and sess.raw_session().run(w) == 2.0
        with pytest.raises(ValueError, match="step_context"):
            sess.run_step_fn(lambda other: None)
        sess.run_step_fn(lambda step_context: step_context.request_stop())
        pytest.fail("request_stop leaves the block")
    assert hook.calls[-1] == "end"


# --------------------------------------------------------------------------------------------------------------- hooks
def test_nan() -> None:
    model()
    nan = tf.constant(np.nan)
    with (
        pytest.raises(train.NanLossDuringTrainingError),
        train.MonitoredSession(hooks=[train.NanTensorHook(nan)]) as sess,
    ):
        sess.run(nan)
    with train.MonitoredSession(hooks=[train.NanTensorHook(nan, fail_on_nan_loss=False)]) as sess:
        sess.run(nan)
        assert sess.should_stop()


def test_logging(caplog: pytest.LogCaptureFixture) -> None:
    w, op = model()
    with caplog.at_level(logging.INFO, logger="headrace"):
        hooks = [
            train.LoggingTensorHook({"weight": w}, every_n_iter=2),
            train.LoggingTensorHook([w], at_end=True, formatter=lambda v: f"final {list(v.values())}"),
            train.StepCounterHook(every_n_steps=2),
            train.StopAtStepHook(5),
        ]
        with train.MonitoredSession(hooks=hooks) as sess:
            steps(sess, op)
    lines = [r.getMessage() for r in caplog.records]
    assert len([x for x in lines if x.startswith("weight = ")]) == 3
    assert any(x.startswith("final [") and "10.0" in x for x in lines)
    assert any(x.startswith("global_step/sec: ") for x in lines)


def test_final_values_and_waiting() -> None:
    w, op = model()
    final = train.FinalOpsHook([w])
    hooks = [final, train.GlobalStepWaiterHook(0), train.StopAtStepHook(2)]
    with train.MonitoredSession(hooks=hooks) as sess:
        steps(sess, op)
    assert final.final_ops_values == [4.0]


def test_listeners(tmp_path: Path) -> None:
    calls: list[Any] = []

    class Listener(train.CheckpointSaverListener):  # type: ignore[misc, name-defined]
        def begin(self) -> None:
            calls.append("begin")

        def before_save(self, session: Any, global_step_value: int) -> None:
            calls.append(("before", global_step_value))

        def after_save(self, session: Any, global_step_value: int) -> bool:
            calls.append(("after", global_step_value))
            return global_step_value == 2

        def end(self, session: Any, global_step_value: int) -> None:
            calls.append(("end", global_step_value))

    _, op = model()
    hook = train.CheckpointSaverHook(tmp_path, save_steps=1, saver=train.Saver(), listeners=[Listener()])
    with train.MonitoredSession(hooks=[hook]) as sess:
        assert steps(sess, op) == 2
    assert calls == ["begin", *[(k, i) for i in range(3) for k in ("before", "after")], ("end", 2)]


def test_which_saver(tmp_path: Path, graph: Any) -> None:
    model()
    hook = train.CheckpointSaverHook(tmp_path, save_steps=1)
    with pytest.raises(RuntimeError, match="No item in collection"):
        hook._get_saver()
    for _ in range(2):
        graph.add_to_collection(v1.GraphKeys.SAVERS, train.Saver())
    with pytest.raises(RuntimeError, match="More than one"):
        hook._get_saver()


def test_profiles(tmp_path: Path) -> None:
    _, op = model()
    hooks = [train.ProfilerHook(save_steps=2, output_dir=tmp_path), train.StopAtStepHook(5)]
    with train.MonitoredSession(hooks=hooks) as sess:
        steps(sess, op)
    written = sorted(os.listdir(tmp_path))
    assert written and all(n.startswith("timeline-") for n in written)
    assert json.loads((tmp_path / written[0]).read_text())["traceEvents"]


def test_arguments() -> None:
    w, _ = model()
    wrong: list[Any] = [
        lambda: train.StopAtStepHook(), lambda: train.StopAtStepHook(1, 1), lambda: train.SecondOrStepTimer(),
        lambda: train.SecondOrStepTimer(1, 1), lambda: train.LoggingTensorHook([w]),
        lambda: train.LoggingTensorHook([w], every_n_iter=0), lambda: train.StepCounterHook(None),
        lambda: train.SummarySaverHook(save_steps=1), lambda: train.CheckpointSaverHook("x", save_steps=1, saver=1, scaffold=2),
    ]  # fmt: skip
    for make in wrong:
        with pytest.raises(ValueError):
            make()


def test_hooks_that_count_need_a_step() -> None:
    with pytest.raises(RuntimeError, match="Global step should be created"):
        train.MonitoredSession(hooks=[train.StopAtStepHook(1)])


def test_timers() -> None:
    timer = train.SecondOrStepTimer(every_steps=3)
    assert timer.should_trigger_for_step(5)
    assert timer.update_last_triggered_step(5) == (None, None)
    assert [timer.should_trigger_for_step(i) for i in (5, 6, 8)] == [False, False, True]
    seconds, count = timer.update_last_triggered_step(8)
    assert seconds >= 0 and count == 3 and timer.last_triggered_step() == 8
    slow = train.SecondOrStepTimer(every_secs=1000)
    slow.update_last_triggered_step(1)
    assert not slow.should_trigger_for_step(100)


# ---------------------------------------------------------------------------------------------------- scaffolds, managers
def test_scaffolds(graph: Any) -> None:
    w, _ = model()
    called: list[Any] = []
    scaffold = train.Scaffold(
        init_op=w.assign(7.0).op,
        init_fn=lambda s, sess: called.append((s, sess)),
        ready_op=tf.constant([], tf.string), ready_for_local_init_op=tf.constant([], tf.string),
    )  # fmt: skip
    with train.MonitoredSession(train.ChiefSessionCreator(scaffold)) as sess:
        assert sess.run(w) == 7.0
    assert called[0][0] is scaffold and isinstance(scaffold.saver, train.Saver)
    copied = train.Scaffold(copy_from_scaffold=scaffold)
    assert copied.init_op is scaffold.init_op
    with pytest.raises(TypeError):
        train.Scaffold(copy_from_scaffold=3)
    graph.add_to_collection(v1.GraphKeys.SUMMARY_OP, 1)
    graph.add_to_collection(v1.GraphKeys.SUMMARY_OP, 2)
    with pytest.raises(RuntimeError, match="More than one item"):
        train.Scaffold().finalize()


def test_local_variables_and_tables() -> None:
    local = v1.get_local_variable("l", [], initializer=v1.ones_initializer())
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [5]), -1)
    found = table.lookup(tf.constant(["a", "b"]))
    with train.MonitoredSession() as sess:
        assert sess.run(local) == 1.0 and sess.run(found).tolist() == [5, -1]


def test_session_managers(tmp_path: Path) -> None:
    x = v1.get_variable("x", [])
    saver = train.Saver()
    manager = train.SessionManager(ready_op=v1.report_uninitialized_variables(), recovery_wait_secs=0.05)
    with pytest.raises(RuntimeError, match="no init_op or init_fn"):
        manager.prepare_session("")
    with pytest.raises(RuntimeError, match="Variables not initialized: x"):
        manager.prepare_session("", init_op=tf.no_op())
    sess = manager.prepare_session("", init_fn=lambda sess: sess.run(x.initializer))
    sess.run(x.assign(3.0))
    path = saver.save(sess, str(tmp_path / "model"))
    assert manager.recover_session("")[1] is False
    restored, ready = manager.recover_session("", saver=saver, checkpoint_dir=tmp_path)
    assert ready and restored.run(x) == 3.0
    assert manager.prepare_session("", saver=saver, checkpoint_filename_with_path=path).run(x) == 3.0
    with pytest.raises(ValueError, match="both checkpoint_dir"):
        manager.prepare_session("", saver=saver, checkpoint_dir=tmp_path, checkpoint_filename_with_path=path)
    with pytest.raises(tf.errors.DeadlineExceededError, match="not initialized: x"):
        manager.wait_for_session("", max_wait_secs=0.1)
    with pytest.raises(ValueError, match="local_init_op"):
        train.SessionManager(ready_for_local_init_op=tf.no_op())


def test_workers_wait() -> None:
    v1.get_variable("x", [])
    with pytest.raises(tf.errors.DeadlineExceededError):
        train.MonitoredSession(train.WorkerSessionCreator(max_wait_secs=0))


# --------------------------------------------------------------------------------------------------------- supervisors
def test_supervisors(tmp_path: Path, graph: Any) -> None:
    w, op = model()
    v1.summary.scalar("weight", w)
    supervisor = train.Supervisor(logdir=tmp_path, save_model_secs=0.02, save_summaries_secs=0.02)
    assert graph.finalized
    with supervisor.managed_session() as sess:
        while not supervisor.should_stop():
            sess.run(op)
            if list(tmp_path.glob("*.index")) and sess.run(w) > 4.0:
                supervisor.request_stop()
    assert {"weight"} <= {v.tag for e in events(tmp_path) for v in e.summary.value}
    before = tf.train.load_variable(tmp_path, "w")
    again = train.Supervisor(
        logdir=tmp_path, summary_op=None, saver=supervisor.saver, ready_op=supervisor.ready_op, init_op=supervisor.init_op,
        local_init_op=supervisor.local_init_op, save_model_secs=0,
    )  # fmt: skip
    with again.managed_session() as sess:
        assert sess.run(w) == before


def test_supervisors_tell_of_failures(tmp_path: Path) -> None:
    _, op = model()
    supervisor = train.Supervisor()
    assert supervisor.summary_writer is None
    with pytest.raises(ZeroDivisionError), supervisor.managed_session() as sess:
        sess.run(op)
        raise ZeroDivisionError
    with supervisor.managed_session():
        raise tf.errors.OutOfRangeError(None, None, "the end")
    calls = []

    def step(sess: Any, limit: int) -> None:
        calls.append(sess.run(op))
        if len(calls) == 1:
            raise tf.errors.AbortedError(None, None, "again")
        if len(calls) == limit:
            supervisor.request_stop()

    train.basic_train_loop(supervisor, step, args=(3,))
    assert len(calls) == 3
    with pytest.raises(RuntimeError, match="summary writer"):
        supervisor.summary_computed(None, b"")
