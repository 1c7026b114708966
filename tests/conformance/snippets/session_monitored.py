"""Monitored sessions and their hooks."""

import os
import tempfile

from conformance.harness import raises, snippet


def _model(tf):
    v1 = tf.compat.v1
    step = v1.train.get_or_create_global_step()
    w = v1.get_variable("w", [], initializer=v1.zeros_initializer())
    return w, step, tf.group(v1.assign_add(w, 2.0), v1.assign_add(step, 1))


@snippet
def training(tf):
    train = tf.compat.v1.train
    folder = tempfile.mkdtemp()
    with tf.Graph().as_default() as graph:
        w, _, op = _model(tf)
        tf.compat.v1.summary.scalar("w", w)
        n = 0
        with train.MonitoredTrainingSession(
            checkpoint_dir=folder, hooks=[train.StopAtStepHook(last_step=5)], save_checkpoint_steps=2,
            save_checkpoint_secs=None, save_summaries_steps=1, log_step_count_steps=2,
        ) as sess:  # fmt: skip
            while not sess.should_stop():
                sess.run(op)
                n += 1
        kept = sorted(x for x in os.listdir(folder) if not x.startswith("events"))
        with train.MonitoredTrainingSession(
            checkpoint_dir=folder, hooks=[train.StopAtStepHook(num_steps=2)], save_checkpoint_secs=None
        ) as sess:
            last = []
            while not sess.should_stop():
                sess.run(op)
                last.append(sess.run_step_fn(lambda step_context: step_context.session.run(w)))
        return n, kept, last, graph.finalized


@snippet
def calls(tf):
    train = tf.compat.v1.train
    log = []

    class Hook(train.SessionRunHook):
        def begin(self):
            log.append("begin")

        def after_create_session(self, session, coord):
            log.append(("create", session.graph.finalized, coord.should_stop()))

        def before_run(self, run_context):
            log.append(("before", run_context.original_args.fetches is op, run_context.stop_requested))
            return train.SessionRunArgs({"w": [w]})

        def after_run(self, run_context, run_values):
            log.append(("after", sorted(run_values.results)))
            if len(log) > 7:
                run_context.request_stop()

        def end(self, session):
            log.append(("end", float(session.run(w))))

    with tf.Graph().as_default():
        w, _, op = _model(tf)
        with train.MonitoredSession(hooks=[Hook()]) as sess:
            while not sess.should_stop():
                log.append(sess.run(op))
    return log


@snippet(kind=["AbortedError", "UnavailableError"])
def coming_back(tf, kind):
    train = tf.compat.v1.train
    created = []

    class Failing(train.SessionRunHook):
        left = 2

        def after_create_session(self, session, coord):
            created.append(1)

        def after_run(self, run_context, run_values):
            self.left -= 1
            if not self.left:
                raise getattr(tf.errors, kind)(None, None, "gone")

    with tf.Graph().as_default():
        w, _, op = _model(tf)
        with train.MonitoredSession(hooks=[Failing(), train.StopAtStepHook(last_step=3)]) as sess:
            while not sess.should_stop():
                sess.run(op)
            last = sess.run_step_fn(lambda step_context: step_context.session.run(w))
    return len(created), last


@raises(kind=["value", "aborted", "nan", "stopped", "step_fn", "fed", "no_step", "hook", "timer", "logging", "every",
              "savers", "summary", "counter", "scaffold", "ready"])  # fmt: skip
def failures(tf, kind):
    v1 = tf.compat.v1
    train = v1.train

    def inside(action, *hooks):
        with train.SingularMonitoredSession(hooks=hooks) as sess:
            return action(sess)

    def throw(error):
        raise error

    def stopped(sess):
        sess.run(op)
        sess.run(op)

    with tf.Graph().as_default():
        if kind == "no_step":
            return train.MonitoredSession(hooks=[train.StopAtStepHook(1)])
        w, _, op = _model(tf)
        p = v1.placeholder_with_default(1.0, [])
        nan = tf.constant(float("nan"))
        feed = train.FeedFnHook(lambda: {p: 2.0})
        return {
            "value": lambda: inside(lambda sess: throw(ValueError("x"))),
            "aborted": lambda: inside(lambda sess: throw(tf.errors.AbortedError(None, None, "x"))),
            "nan": lambda: inside(lambda sess: sess.run(op), train.NanTensorHook(nan)),
            "stopped": lambda: inside(stopped, train.StopAtStepHook(1)),
            "step_fn": lambda: inside(lambda sess: sess.run_step_fn(lambda other: 1)),
            "fed": lambda: inside(lambda sess: sess.run(p), feed, feed),
            "hook": lambda: train.StopAtStepHook(),
            "timer": lambda: train.SecondOrStepTimer(1, 1),
            "logging": lambda: train.LoggingTensorHook([w]),
            "every": lambda: train.LoggingTensorHook([w], every_n_iter=0),
            "savers": lambda: train.CheckpointSaverHook("x", save_steps=1, saver=1, scaffold=2),
            "summary": lambda: train.SummarySaverHook(save_steps=1),
            "counter": lambda: train.StepCounterHook(None),
            "scaffold": lambda: train.Scaffold(copy_from_scaffold=3),
            "ready": lambda: train.SessionManager(
                ready_op=v1.report_uninitialized_variables()
            ).prepare_session("", init_op=tf.no_op()),
        }[kind]()


@snippet
def ends(tf):
    train = tf.compat.v1.train
    out = []
    with tf.Graph().as_default():
        w, _, op = _model(tf)
        final = train.FinalOpsHook(w)
        with train.MonitoredSession(hooks=[final]) as sess:
            sess.run(op)
            raise tf.errors.OutOfRangeError(None, None, "the end")
        out.append(final.final_ops_values)
        with train.SingularMonitoredSession(
            hooks=[train.NanTensorHook(tf.constant(float("nan")), False)]
        ) as sess:
            sess.run(op)
            out += [sess.should_stop(), sess.raw_session().run(w)]
        with train.SingularMonitoredSession() as sess:
            sess.run_step_fn(lambda step_context: step_context.run_with_hooks(op))
            sess.run_step_fn(lambda step_context: step_context.request_stop())
        out.append(sess._is_closed())
    return out


@snippet
def listeners(tf):
    train = tf.compat.v1.train
    log = []

    class Listener(train.CheckpointSaverListener):
        def begin(self):
            log.append("begin")

        def before_save(self, session, global_step_value):
            log.append(("before", int(global_step_value)))

        def after_save(self, session, global_step_value):
            log.append(("after", int(global_step_value)))
            return global_step_value == 2

        def end(self, session, global_step_value):
            log.append(("end", int(global_step_value)))

    with tf.Graph().as_default():
        _, _, op = _model(tf)
        folder = tempfile.mkdtemp()
        hook = train.CheckpointSaverHook(folder, save_steps=1, saver=train.Saver(), listeners=[Listener()])
        with train.MonitoredSession(hooks=[hook]) as sess:
            while not sess.should_stop():
                sess.run(op)
    return log


@snippet
def timers(tf):
    timer = tf.compat.v1.train.SecondOrStepTimer(every_steps=3)
    out = [timer.should_trigger_for_step(5), timer.update_last_triggered_step(5)]
    out += [timer.should_trigger_for_step(i) for i in (5, 6, 8)]
    out += [timer.update_last_triggered_step(8)[1], timer.last_triggered_step()]
    return out


@snippet
def managers(tf):
    v1 = tf.compat.v1
    folder = tempfile.mkdtemp()
    with tf.Graph().as_default():
        x = v1.get_variable("x", [])
        saver = v1.train.Saver()
        manager = v1.train.SessionManager(ready_op=v1.report_uninitialized_variables())
        sess = manager.prepare_session("", init_op=x.initializer)
        sess.run(x.assign(3.0))
        saver.save(sess, os.path.join(folder, "m"))
        restored, ready = manager.recover_session("", saver=saver, checkpoint_dir=folder)
        return ready, restored.run(x), manager.recover_session("")[1]


@snippet
def supervisors(tf):
    v1 = tf.compat.v1
    folder = tempfile.mkdtemp()
    with tf.Graph().as_default() as graph:
        w, _, op = _model(tf)
        supervisor = v1.train.Supervisor(logdir=folder, save_summaries_secs=0, save_model_secs=0)
        with supervisor.managed_session() as sess:
            sess.run(op)
            supervisor.saver.save(sess, supervisor.save_path, global_step=supervisor.global_step)
        calls = []

        def one(sess, last):
            calls.append(float(sess.run(w)))
            sess.run(op)
            if len(calls) == last:
                supervisor.request_stop()

        v1.train.basic_train_loop(supervisor, one, args=(3,))
        return calls, graph.finalized, sorted(x for x in os.listdir(folder) if not x.startswith("events"))
