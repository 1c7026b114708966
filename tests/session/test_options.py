"""Options of sessions and runs: what they do, and what is said of those that do nothing."""

import logging
import time

import pytest

import headrace as tf
from headrace.compiler.program import Cluster
from headrace.session import options

v1 = tf.compat.v1


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(options, "_warned", set())


def messages(caplog):
    return [r.message for r in caplog.records if r.name == "headrace"]


def test_devices():
    with v1.Session(graph=tf.Graph()) as session:
        (device, *_) = session.list_devices()
    assert device.name == "/job:localhost/replica:0/task:0/device:CPU:0"
    assert device.device_type == "CPU" and device.memory_limit_bytes >= 0
    assert repr(device).startswith("_DeviceAttributes(/job:localhost/replica:0/task:0/device:CPU:0, CPU, ")


def test_placements_are_printed_once(capsys):
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [], name="x")
        y = tf.multiply(x, 2.0, name="y")
        with v1.Session(config=v1.ConfigProto(log_device_placement=True)) as session:
            session.run(y, {x: 1.0})
            lines = capsys.readouterr().out.splitlines()
            assert "y: (Mul): /job:localhost/replica:0/task:0/device:CPU:0" in lines
            assert [line.partition(":")[0] for line in lines] == [op.name for op in y.graph.operations]
            session.run(x, {x: 1.0})
            assert capsys.readouterr().out == ""
            z = tf.negative(y, name="z")
            session.run(z, {x: 1.0})
            assert capsys.readouterr().out == "z: (Neg): /job:localhost/replica:0/task:0/device:CPU:0\n"


def test_options_without_effect_are_named_once(caplog):
    config = v1.ConfigProto(
        intra_op_parallelism_threads=97,
        use_per_session_threads=True,
        device_filters=["/job:ps"],
        device_count={"CPU": 3, "GPU": 0},
        allow_soft_placement=True,
        gpu_options=v1.GPUOptions(allow_growth=True),
    )
    config.experimental.executor_type = "x"
    with caplog.at_level(logging.WARNING, "headrace"):
        for _ in range(2):
            v1.Session(graph=tf.Graph(), config=config).close()
    found = messages(caplog)
    for option in ("intra_op_parallelism_threads=97", "use_per_session_threads=True", "device_filters",
                   'device_count["CPU"]=3', "experimental.executor_type"):  # fmt: skip
        assert len([m for m in found if f"ConfigProto.{option}" in m and "has no effect" in m]) == 1, option
    assert len(found) == 5


def test_usual_options_are_quiet(caplog):
    config = v1.ConfigProto(allow_soft_placement=True, operation_timeout_in_ms=1000)
    config.gpu_options.per_process_gpu_memory_fraction = 0.5
    with caplog.at_level(logging.WARNING, "headrace"), tf.Graph().as_default():
        one = tf.constant(1)
        with v1.Session(config=config) as session:
            session.run(one, options=v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE, timeout_in_ms=1000))
    assert messages(caplog) == []


def test_run_options_without_effect(caplog):
    with caplog.at_level(logging.WARNING, "headrace"), tf.Graph().as_default():
        one = tf.constant(1)
        with v1.Session() as session:
            for _ in range(2):
                session.run(one, options=v1.RunOptions(inter_op_thread_pool=-1))
    (message,) = messages(caplog)
    assert "RunOptions.inter_op_thread_pool=-1 has no effect" in message


def test_gpus_are_set_up(monkeypatch, caplog):
    """What is asked of GPUs is passed on; where they are in use already, a warning says so."""
    from types import SimpleNamespace

    gpus = [SimpleNamespace(name=f"/physical_device:GPU:{i}", device_type="GPU") for i in range(3)]
    asked = []

    def growth(device, on):
        raise RuntimeError("Physical devices cannot be modified after being initialized.")

    fake = SimpleNamespace(
        list_physical_devices=lambda: gpus,
        set_visible_devices=lambda devices, kind: asked.append((devices, kind)),
        set_memory_growth=growth,
    )
    monkeypatch.setattr(options, "runtime", fake)
    config = v1.ConfigProto(device_count={"GPU": 0})
    options.apply(config)
    config = v1.ConfigProto()
    config.gpu_options.visible_device_list = "2,0"
    config.gpu_options.allow_growth = True
    config.gpu_options.allocator_type = "BFC"
    with caplog.at_level(logging.WARNING, "headrace"):
        options.apply(config)
    assert asked == [([], "GPU"), ([gpus[2], gpus[0]], "GPU")]
    found = messages(caplog)
    assert any("allow_growth=True has no effect: Physical devices cannot be modified" in m for m in found)
    assert any("allocator_type=BFC" in m for m in found) and len(found) == 2


def test_runs_with_options_are_prepared_once(monkeypatch):
    """A run with a time limit, or one that is traced, does not plan and compile again."""
    compiled = []
    compiling = Cluster._compile
    monkeypatch.setattr(
        Cluster, "_compile", lambda self, *given: compiled.append(1) or compiling(self, *given)
    )
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 3])
        v = v1.get_variable("v", [3, 2], initializer=v1.ones_initializer())
        fetches = [tf.matmul(x, v), v1.assign_add(v, v)]
        session.run(v.initializer)
        feed, meta = {x: [[1.0, 2.0, 3.0]]}, v1.RunMetadata()
        for _ in range(3):
            session.run(fetches, feed, options=v1.RunOptions(timeout_in_ms=60000))
        assert len(compiled) == 1
        full = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE)
        for _ in range(3):
            session.run(fetches, feed, options=full, run_metadata=meta)
        assert len(compiled) == 2  # a trace has a plan of its own
        assert session.run(v)[0, 0] == 64.0
        with pytest.raises(TypeError, match="feed_dict"):
            session.run(fetches, [x], options=full)


def test_compiling_is_not_in_the_times_of_a_trace(monkeypatch):
    compiling = Cluster._compile

    def slowly(self, *given):
        time.sleep(0.5)
        return compiling(self, *given)

    monkeypatch.setattr(Cluster, "_compile", slowly)
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [300])
        meta, full = v1.RunMetadata(), v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE)
        session.run(tf.tanh(x) * 2.0, {x: [0.5] * 300}, options=full, run_metadata=meta)
    assert 0 < meta.step_stats.dev_stats[0].node_stats[0].all_end_rel_micros < 400_000


def test_the_graph_of_a_run():
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [], name="x")
        y, _ = tf.exp(x, name="y"), tf.sin(x, name="z")
        meta = v1.RunMetadata()
        for level in (v1.RunOptions.NO_TRACE, v1.RunOptions.FULL_TRACE):
            wanted = v1.RunOptions(output_partition_graphs=True, trace_level=level)
            assert session.run(y, {x: 0.0}, wanted, meta) == 1.0
            (part,) = meta.partition_graphs
            assert [n.name for n in part.node] == ["x", "y"] and len(meta.step_stats.dev_stats) in (0, 2)
