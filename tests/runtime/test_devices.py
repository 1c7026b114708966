"""Device strings, logical devices, settings, and plug-ins that are missing or broken."""

import copy
import pickle

import pytest

from headrace import runtime
from headrace.core import errors
from headrace.runtime import plugins

CPU = runtime.PhysicalDevice("/physical_device:CPU:0", "CPU")
needs_no_gpu = pytest.mark.skipif(plugins.device_count("GPU") > 0, reason="this machine has a GPU")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (None, None, None, None, None)),
        ("/gpu:0", (None, None, None, "GPU", 0)),
        ("CPU:1", (None, None, None, "CPU", 1)),
        ("cpu", (None, None, None, "CPU", None)),
        ("/device:cpu:*", (None, None, None, "CPU", None)),
        ("device:GPU:3", (None, None, None, "GPU", 3)),
        ("/job:localhost/replica:0/task:2/device:TPU:1", ("localhost", 0, 2, "TPU", 1)),
        ("/cpu:2/job:a", ("a", None, None, "CPU", 2)),
        ("//cpu:1", (None, None, None, "CPU", 1)),
        ("/device:XLA_CPU:0", (None, None, None, "XLA_CPU", 0)),
    ],
)
def test_parse_device(text, expected):
    assert runtime.parse_device(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "Unknown attribute 'nonsense' is encountered while parsing the device spec: 'nonsense'"),
        ("/device:CPU", "Unknown attribute 'device'"),
        ("/Job:localhost", "Unknown attribute 'Job'"),
        ("CPU:x", "Expected a number in the device spec 'CPU:x'; received 'x'"),
        ("/cpu:0/gpu:0", "Multiple device types are not allowed"),
        ("CPU:0:1", "Unknown attribute 'CPU'"),
        (3, "Expecting a string device name"),
    ],
)
def test_strings_that_are_no_devices(text, message):
    with pytest.raises(ValueError, match=message):
        runtime.parse_device(text)


@needs_no_gpu
@pytest.mark.parametrize("text", [None, "", "cpu", "/CPU:0", "/job:localhost", "/replica:0", "/device:cpu:*"])
def test_find_device(text):
    device = runtime.find_device(text)
    assert device is runtime.default_device()
    assert device.name == "/device:CPU:0"
    assert device.full_name == "/job:localhost/replica:0/task:0/device:CPU:0"
    assert (device.device_type, device.index, device.platform) == ("CPU", 0, "cpu")
    assert runtime.find_device(device) is device
    assert repr(device) == "Device(name='/device:CPU:0', device_type='CPU')"


@pytest.mark.parametrize("text", ["/device:CPU:99", "TPU:0", "/device:FOO:0", "gpu:99"])
def test_soft_placement(text):
    assert runtime.find_device(text).name == "/device:CPU:0"
    with pytest.raises(errors.InvalidArgumentError, match="Could not satisfy device specification"):
        runtime.find_device(text, soft_placement=False)


@pytest.mark.parametrize("text", ["/job:worker/task:3/device:CPU:0", "/task:1/cpu:0", "/replica:2"])
def test_devices_of_other_processes(text):
    with pytest.raises(errors.InvalidArgumentError, match="unknown device"):
        runtime.find_device(text)


def test_negative_index():
    with pytest.raises(errors.InvalidArgumentError, match="Malformed device specification 'CPU:-1'"):
        runtime.find_device("CPU:-1")


def test_devices_stay_themselves_when_copied():
    device = runtime.find_device("cpu:0")
    assert copy.deepcopy(device) is device
    assert pickle.loads(pickle.dumps(device)) is device


def test_physical_devices():
    assert runtime.list_physical_devices("CPU") == [CPU]
    assert runtime.list_physical_devices()[0] == CPU
    assert runtime.list_physical_devices("FOO") == []
    assert runtime.list_logical_devices("FOO") == []


def test_memory_growth_is_for_accelerators():
    for call in (runtime.get_memory_growth, lambda device: runtime.set_memory_growth(device, True)):
        with pytest.raises(ValueError, match="Cannot set memory growth on non-GPU"):
            call(CPU)
        with pytest.raises(ValueError, match="Unrecognized device: 'x'"):
            call("x")


def test_settings_are_fixed_once_devices_are_used():
    runtime.list_logical_devices()
    with pytest.raises(RuntimeError, match="Virtual devices cannot be modified after being initialized"):
        runtime.set_logical_device_configuration(CPU, [runtime.LogicalDeviceConfiguration()] * 7)
    with pytest.raises(RuntimeError, match="Visible devices cannot be modified after being initialized"):
        runtime.set_visible_devices([], "CPU")
    runtime.set_visible_devices(runtime.get_visible_devices())  # repeating a setting is no change


def test_configurations_that_a_cpu_cannot_have():
    for configuration, message in [
        (
            [runtime.LogicalDeviceConfiguration(memory_limit=10)],
            "Setting memory limit on CPU virtual devices",
        ),
        ([runtime.LogicalDeviceConfiguration(experimental_priority=1)], "Setting experimental priority"),
        ([], "at least one LogicalDeviceConfiguration"),
    ]:
        with pytest.raises(ValueError, match=message):
            runtime.set_logical_device_configuration(CPU, configuration)


def test_logical_cpu_devices(python):
    printed = python(
        """
        import numpy as np
        from headrace import runtime

        cpu, = runtime.list_physical_devices("CPU")
        assert runtime.get_logical_device_configuration(cpu) is None
        configuration = [runtime.LogicalDeviceConfiguration()] * 3
        runtime.set_logical_device_configuration(cpu, configuration)
        assert runtime.get_logical_device_configuration(cpu) == configuration
        print([device.name for device in runtime.list_logical_devices("CPU")])
        runtime.set_logical_device_configuration(cpu, configuration)  # again, which changes nothing

        second, third = runtime.find_device("cpu:1"), runtime.find_device("/device:CPU:2")
        buffer = runtime.put(np.arange(3.0), second)
        assert runtime.device_of(buffer) is second
        moved = runtime.transfer(buffer, third)
        assert runtime.device_of(moved) is third
        print(runtime.to_numpy(moved))

        module = '''func.func @main(%x: tensor<3xf64>) -> tensor<3xf64> {
          %y = stablehlo.add %x, %x : tensor<3xf64>
          return %y : tensor<3xf64>
        }'''
        for _ in range(2):
            program = runtime.compile(module, [((3,), np.dtype(float))], device=third)
            result, = program.run([moved])
            assert runtime.device_of(result) is third and program.device is third
            print(program.from_cache, runtime.to_numpy(result))
        print(runtime.to_numpy(program.run([buffer])[0]))  # which is copied there
        """,
        HEADRACE_CACHE="0",
    )
    assert printed.splitlines() == [
        "['/device:CPU:0', '/device:CPU:1', '/device:CPU:2']",
        "[0. 1. 2.]",
        "False [0. 2. 4.]",
        "False [0. 2. 4.]",
        "[0. 2. 4.]",
    ]


def test_hidden_devices(python):
    printed = python(
        """
        from headrace import runtime

        cpu, = runtime.list_physical_devices("CPU")
        try:
            runtime.set_visible_devices("x")
        except ValueError as error:
            print(error)
        try:
            runtime.set_visible_devices(cpu, "GPU")
        except ValueError as error:
            print(error)
        runtime.set_visible_devices([], "CPU")
        print(runtime.get_visible_devices("CPU"), runtime.list_logical_devices("CPU"))
        """
    )
    first, second, third = printed.splitlines()
    assert first.startswith("Unrecognized device: 'x'. Expected one of [PhysicalDevice(")
    assert second.startswith("Unrecognized device: PhysicalDevice(name='/physical_device:CPU:0'")
    assert third == "[] []"


# A GPU plug-in as the runtime sees one: a file of the right name, and a driver that counts two devices.
FAKE_GPU = """
    import sys, warnings
    import numpy as np
    from pathlib import Path
    from headrace import runtime
    from headrace.runtime import plugins

    folder = Path({folder!r}) / "jax_plugins" / "xla_cuda13"
    folder.mkdir(parents=True)
    (folder / "xla_cuda_plugin.so").write_bytes(b"not a library")
    sys.path.insert(0, {folder!r})
    plugins._COUNT["cuda"] = lambda: 2
    gpus = runtime.list_physical_devices("GPU")
"""


def test_plugin_that_does_not_start(python, tmp_path):
    printed = python(
        FAKE_GPU.format(folder=str(tmp_path))
        + """
    print([gpu.name for gpu in gpus], plugins.find("GPU").name, "jaxlib" in sys.modules)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        device = runtime.default_device()
        runtime.put(np.zeros(2))
        runtime.find_device("gpu:1")
        print(len(caught), str(caught[0].message).split(" could not be started")[0].rpartition("/")[2])
    print(device.name, runtime.list_physical_devices("GPU"), runtime.list_logical_devices())
    """
    )
    assert printed.splitlines() == [
        "['/physical_device:GPU:0', '/physical_device:GPU:1'] cuda False",
        "1 xla_cuda_plugin.so",
        "/device:CPU:0 [] [Device(name='/device:CPU:0', device_type='CPU')]",
    ]


def test_settings_of_gpus(python, tmp_path):
    printed = python(
        FAKE_GPU.format(folder=str(tmp_path))
        + """
    from headrace.runtime import client, config
    def attempt(call, *arguments):
        try:
            print(call(*arguments))
        except ValueError as error:
            print(type(error).__name__, error)
    plugins.memory_mib = lambda index: 1000

    print(runtime.get_memory_growth(gpus[0]))
    runtime.set_memory_growth(gpus[0], True)
    runtime.set_memory_growth(gpus[1], False)
    attempt(client._plugin_options, plugins.find("GPU"))
    runtime.set_visible_devices(gpus[1], "GPU")
    options = client._plugin_options(plugins.find("GPU"))
    print(options["visible_devices"], options["preallocate"], "memory_fraction" in options)
    runtime.set_logical_device_configuration(gpus[1], [runtime.LogicalDeviceConfiguration(memory_limit=250)])
    print(client._plugin_options(plugins.find("GPU"))["memory_fraction"])
    attempt(runtime.set_logical_device_configuration, gpus[0], [runtime.LogicalDeviceConfiguration()] * 2)
    """
    )
    lines = printed.splitlines()
    assert lines[:4] == [
        "None",
        "ValueError Memory growth cannot differ between GPU devices",
        "[1] True False",
        "0.25",
    ]
    assert lines[4].startswith("ValueError /physical_device:GPU:0 cannot be split into 2 logical devices")


def test_nothing_is_started_by_looking(python):
    assert (
        python(
            """
            import sys
            from headrace import runtime
            runtime.list_physical_devices()
            runtime.get_visible_devices()
            runtime.parse_device("/gpu:0")
            runtime.list_logical_devices("CPU")
            runtime.find_device("cpu:0")
            print([name for name in ("jaxlib", "jax", "tensorflow") if name in sys.modules])
            """
        )
        == "[]\n"
    )


def test_jax_is_never_imported(python):
    """Where jax is installed, some of jaxlib's C++ imports it; none of what the runtime uses even tries."""
    assert (
        python(
            """
            import sys
            asked = []
            class Watch:
                def find_spec(self, name, path=None, target=None):
                    asked.append(name)
            sys.meta_path.insert(0, Watch())
            import ml_dtypes, numpy as np
            from headrace import runtime
            for dtype in (np.float32, ml_dtypes.bfloat16, ml_dtypes.int4):
                buffer = runtime.put(np.ones(4).astype(dtype))
                runtime.to_numpy(runtime.transfer(buffer, runtime.device_of(buffer)))
                runtime.wait(buffer)
            module = "func.func @main(%x: tensor<4xi4>) -> tensor<4xi4> { return %x : tensor<4xi4> }"
            for _ in range(2):  # compiled, then loaded
                program = runtime.compile(module, [((4,), np.dtype(ml_dtypes.int4))])
                runtime.to_numpy(program.run([buffer])[0])
                program.hlo_text(), program.cost_analysis(), program.memory()
            assert "jaxlib" in asked
            print([name for name in asked if name.partition(".")[0] == "jax"])
            """
        )
        == "[]\n"
    )


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork(python):
    printed = python(
        """
        import os, sys, warnings
        import numpy as np
        from headrace import runtime

        module = "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }"
        buffer = runtime.put(np.ones(4, "f"))
        program = runtime.compile(module, [((4,), np.dtype("f"))])
        run = program.run
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if child == 0:
            for call in (
                lambda: runtime.put(np.ones(4, "f")),
                lambda: runtime.compile(module, [((4,), np.dtype("f"))]),
                lambda: run([buffer]),
            ):
                try:
                    call()
                except RuntimeError as error:
                    print(error)
            print(runtime.to_numpy(buffer))  # memory, unlike threads, survives
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
        print(runtime.to_numpy(run([buffer])[0]))
        """
    ).splitlines()
    assert len(printed) == 5
    assert all("started before this process was forked" in line for line in printed[:3])
    assert printed[3:] == ["[1. 1. 1. 1.]"] * 2


def test_forking_before_the_first_computation_is_fine(python):
    assert (
        python(
            """
            import os, sys
            import numpy as np
            from headrace import runtime

            runtime.list_logical_devices()
            child = os.fork()
            if child:
                os.waitpid(child, 0)
            print(runtime.to_numpy(runtime.put(np.ones(2))))
            sys.stdout.flush()
            if not child:
                os._exit(0)
            """
        )
        == "[1. 1.]\n" * 2
    )


def test_functions_run_where_they_are_called_and_take_tensors_from_anywhere(python):
    printed = python(
        """
        import headrace as tf

        cpu, = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        with tf.device("CPU:1"):
            there = tf.ones([1, 3, 3, 1]) + 1.0
        place = lambda x: x.device[-5:]
        double = tf.function(lambda x: x * 2.0)
        v = tf.Variable(tf.ones([1, 3, 3, 1]))
        update = tf.function(lambda x: v.assign_add(x))
        print(place(there), place(double(there)), place(tf.nn.conv2d(there, tf.ones([2, 2, 1, 1]), 1, "VALID")))
        with tf.device("CPU:1"):
            print(place(double(there)), place(double(there)), place(update(there)), place(v))
        print(place(double(there)), place(update(there)), place(v), v.numpy().sum(), there.numpy().sum())
        with tf.GradientTape() as tape:
            tape.watch(there)
            y = double(there) * v
        print(tape.gradient(y, there).numpy().sum())
        """
    )
    assert printed.splitlines() == [
        "CPU:1 CPU:0 CPU:0",
        "CPU:1 CPU:1 CPU:1 CPU:1",
        "CPU:0 CPU:0 CPU:0 45.0 18.0",
        "90.0",
    ]
