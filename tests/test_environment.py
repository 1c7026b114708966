"""Names of devices, device settings, the logger, tf.xla, what cannot be loaded or connected to."""

from __future__ import annotations

import pytest

import headrace as tf


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/job:ps/replica:1/task:2/device:CPU:0", "/job:ps/replica:1/task:2/device:CPU:0"), ("/cpu:0", "/device:CPU:0"),
        ("/gpu:*", "/device:GPU:*"), ("", ""), ("/job:a", "/job:a"),
    ],
)  # fmt: skip
def test_device_names(text, name):
    spec = tf.DeviceSpec.from_string(text)
    assert spec.to_string() == name
    assert spec == tf.DeviceSpec.from_string(name) and hash(spec) == hash(tf.DeviceSpec.from_string(name))


def test_parts_of_device_names():
    spec = tf.DeviceSpec.from_string("/job:ps/task:2/device:CPU:0")
    assert (spec.job, spec.task, spec.replica, spec.device_type, spec.device_index) == (
        "ps",
        2,
        None,
        "CPU",
        0,
    )
    assert spec.replace(job="w", device_index=3).to_string() == "/job:w/task:2/device:CPU:3"
    assert (
        tf.DeviceSpec(job="x", replica=1).make_merged_spec(spec).to_string()
        == "/job:ps/replica:1/task:2/device:CPU:0"
    )
    assert (
        repr(tf.DeviceSpec(job="x"))
        == "<DeviceSpec(job=x, replica=None, task=None, device_type=None, device_index=None)>"
    )
    with pytest.raises(ValueError, match="foo"):
        tf.DeviceSpec.from_string("/foo")
    with tf.device(tf.DeviceSpec(device_type="CPU", device_index=0)):
        assert tf.constant(1).device.endswith("CPU:0")


def test_device_settings():
    config = tf.config.experimental
    cpu = tf.config.list_physical_devices("CPU")[0]
    assert config.get_device_details(cpu) == {}
    assert (
        config.get_memory_info("CPU:0") == {"current": 0, "peak": 0} and config.get_memory_usage("CPU:0") == 0
    )
    config.reset_memory_stats("CPU:0")
    assert config.get_synchronous_execution() and config.get_device_policy() == "silent"
    config.set_synchronous_execution(True)
    config.set_device_policy("silent")
    config.enable_mlir_bridge()
    for refused in (
        lambda: config.set_synchronous_execution(False), lambda: config.set_device_policy("warn"), config.disable_mlir_bridge,
        lambda: tf.config.experimental_connect_to_host("h"), lambda: tf.config.experimental_connect_to_cluster(None),
    ):  # fmt: skip
        with pytest.raises((NotImplementedError, tf.errors.UnimplementedError)):
            refused()
    with pytest.raises(ValueError, match="device_policy"):
        config.set_device_policy("x")
    with pytest.raises(ValueError, match="No matching"):
        config.get_memory_info("GPU:7")
    assert not tf.config.experimental_functions_run_eagerly()


def test_libraries_of_ops(tmp_path):
    assert tf.get_logger().name == "headrace"
    with pytest.raises(tf.errors.NotFoundError, match="no_such"):
        tf.load_op_library("/no_such.so")
    (tmp_path / "a.so").write_text("")
    with pytest.raises(tf.errors.UnimplementedError, match="numpy_function"):
        tf.load_library(str(tmp_path / "a.so"))


def test_xla():
    assert int(tf.xla.experimental.compile(lambda x, y: x * y, [3, tf.constant(2)])) == 6
    with tf.xla.experimental.jit_scope():
        assert int(tf.constant(1) + 1) == 2
    with pytest.raises(ValueError, match="whole"), tf.xla.experimental.jit_scope(compile_ops=False):
        pass


def test_patches_of_volumes():
    x = tf.reshape(tf.range(8.0), [1, 2, 2, 2, 1])
    got = tf.extract_volume_patches(x, [1, 2, 2, 2, 1], [1, 1, 1, 1, 1], "VALID")
    assert got.numpy().reshape(-1).tolist() == list(range(8))


def test_how_ops_run():
    with tf.experimental.async_scope(), tf.experimental.function_executor_type("SINGLE_THREADED_EXECUTOR"):
        assert int(tf.function(lambda: tf.constant(1) + 1)()) == 2
    tf.experimental.async_clear_error()
    with pytest.raises(ValueError, match="executor"), tf.experimental.function_executor_type("x"):
        pass
    with pytest.raises(tf.errors.UnimplementedError, match="fsspec"):
        tf.experimental.register_filesystem_plugin("x.so")
