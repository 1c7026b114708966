"""Compiling and running: results, donation, errors, callbacks, inspection."""

import threading

import ml_dtypes
import numpy as np
import pytest
from runtime.programs import tensor, unary

from headrace import runtime
from headrace.core import errors
from headrace.runtime import options

F32 = np.dtype(np.float32)


def test_run():
    program = runtime.compile(unary("negate", (2, 3)), [((2, 3), F32)])
    array = np.arange(6, dtype="f").reshape(2, 3)
    (result,) = program.run([runtime.put(array)])
    np.testing.assert_array_equal(runtime.to_numpy(result), -array)
    assert program.outputs == (((2, 3), F32),)
    assert program.device is runtime.default_device()
    assert program.compile_seconds > 0


def test_outputs_may_be_given_as_lists_and_names():
    program = runtime.compile(unary("negate", (2,)), [([2], "float32")])
    assert program.outputs == (((2,), F32),)


def test_no_arguments_and_no_results():
    constant = runtime.compile(
        "func.func @main() -> tensor<i32> {\n  %c = stablehlo.constant dense<7> : tensor<i32>\n"
        "  return %c : tensor<i32>\n}",
        [((), np.dtype(np.int32))],
    )
    assert runtime.to_numpy(constant.run([])[0]) == 7
    nothing = runtime.compile("func.func @main(%x: tensor<2xf32>) { return }", [])
    assert nothing.run([runtime.put(np.zeros(2, "f"))]) == []


def test_several_results_and_empty_ones():
    a, b = tensor((0, 3)), tensor((), "bool")
    program = runtime.compile(
        f"func.func @main(%x: {a}, %p: {b}) -> ({b}, {a}) {{\n  %q = stablehlo.not %p : {b}\n"
        f"  return %q, %x : {b}, {a}\n}}",
        [((), np.dtype(bool)), ((0, 3), F32)],
    )
    p, x = program.run([runtime.put(np.zeros((0, 3), "f")), runtime.put(np.array(True))])
    assert not runtime.to_numpy(p)
    assert runtime.to_numpy(x).shape == (0, 3)


def test_int4_and_bfloat16_programs():
    program = runtime.compile(
        "func.func @main(%x: tensor<5xi4>, %y: tensor<5xbf16>) -> (tensor<5xi4>, tensor<5xbf16>) {\n"
        "  %a = stablehlo.add %x, %x : tensor<5xi4>\n  %b = stablehlo.add %y, %y : tensor<5xbf16>\n"
        "  return %a, %b : tensor<5xi4>, tensor<5xbf16>\n}",
        [((5,), np.dtype(ml_dtypes.int4)), ((5,), np.dtype(ml_dtypes.bfloat16))],
    )
    small = np.array([-4, -1, 0, 1, 3])
    a, b = program.run(
        [runtime.put(small.astype(ml_dtypes.int4)), runtime.put(small.astype(ml_dtypes.bfloat16))]
    )
    np.testing.assert_array_equal(runtime.to_numpy(a).astype(int), 2 * small)
    np.testing.assert_array_equal(runtime.to_numpy(b).astype(int), 2 * small)


def test_donation_reuses_the_argument():
    shape = (1 << 12,)
    program = runtime.compile(
        unary("negate", shape, attribute="{tf.aliasing_output = 0 : i32}"), [(shape, F32)]
    )
    assert program.memory()["alias"] == 4 * shape[0]
    donated = runtime.put(np.ones(shape, "f"))
    (result,) = program.run([donated])
    assert donated.is_deleted()
    assert (runtime.to_numpy(result) == -1).all()
    with pytest.raises(errors.InvalidArgumentError, match="Argument 0 of the program was deleted or donated"):
        program.run([donated])


def test_donating_lent_memory_leaves_it_alone():
    program = runtime.compile(
        unary("negate", (256,), attribute="{tf.aliasing_output = 0 : i32}"), [((256,), F32)]
    )
    array = runtime.aligned_empty((256,), F32)
    array[:] = 1
    (result,) = program.run([runtime.put(array, zero_copy=True)])
    assert (runtime.to_numpy(result) == -1).all()
    assert (array == 1).all()
    buffer = runtime.put(array)
    view = runtime.to_numpy(buffer)
    (result,) = program.run([buffer])
    assert (runtime.to_numpy(result) == -1).all()
    assert (view == 1).all()


def test_donating_and_using_the_same_buffer():
    kind = tensor((8,))
    program = runtime.compile(
        f"func.func @main(%x: {kind} {{tf.aliasing_output = 0 : i32}}, %y: {kind}) -> {kind} {{\n"
        f"  %z = stablehlo.add %x, %y : {kind}\n  return %z : {kind}\n}}",
        [((8,), F32)],
    )
    buffer = runtime.put(np.ones(8, "f"))
    with pytest.raises(errors.OpError, match="donate"):
        runtime.wait(program.run([buffer, buffer])[0])


def test_wrong_number_of_arguments():
    program = runtime.compile(unary("negate", (2,)), [((2,), F32)])
    with pytest.raises(
        errors.InvalidArgumentError, match="supplied 0 arguments but compiled program expected 1"
    ):
        program.run([])


def test_wrong_size_of_argument():
    program = runtime.compile(unary("negate", (2,)), [((2,), F32)])
    with pytest.raises(errors.InvalidArgumentError, match="size"):
        program.run([runtime.put(np.zeros(3, "f"))])


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("nonsense", "custom op 'nonsense' is unknown"),
        (
            "func.func @main(%x: tensor<2xf32>) -> tensor<3xf32> { return %x : tensor<2xf32> }",
            "doesn't match",
        ),
        (
            "func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> { return %x : tensor<?xf32> }",
            "Unbounded dynamism",
        ),
    ],
)
def test_modules_that_xla_rejects(module, message):
    with pytest.raises(errors.OpError, match=message) as caught:
        runtime.compile(module, [((2,), F32)])
    assert "Source Location Trace" not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_unknown_option():
    with pytest.raises(errors.InvalidArgumentError, match="No such compile option: 'xla_no_such_flag'"):
        runtime.compile(unary("negate", (2,)), [((2,), F32)], options={"xla_no_such_flag": 1})


def test_default_option_that_this_jaxlib_does_not_know_is_dropped(monkeypatch):
    monkeypatch.setattr(options, "_CPU", (*options._CPU, ("xla_gone_since", True, lambda module: True)))
    monkeypatch.setattr(options, "_unknown", set())
    program = runtime.compile(unary("cosine", (3,)), [((3,), F32)], cache=False)
    assert runtime.to_numpy(program.run([runtime.put(np.zeros(3, "f"))])[0]).tolist() == [1, 1, 1]
    assert options._unknown == {"xla_gone_since"}
    assert "xla_gone_since" not in options.flags("cpu", {}, "stablehlo.convolution")


def test_default_options_are_accepted_and_can_be_taken_out():
    name = "xla_cpu_experimental_ynn_fusion_type"
    kind, row = tensor((64, 64)), tensor((64,))
    module = (
        f"func.func @main(%x: {kind}) -> {row} {{\n  %z = stablehlo.constant dense<0.0> : tensor<f32>\n"
        f"  %y = stablehlo.reduce(%x init: %z) applies stablehlo.add across dimensions = [1] : "
        f"({kind}, tensor<f32>) -> {row}\n  return %y : {row}\n}}"
    )
    ours = runtime.compile(module, [((64,), F32)]).hlo_text()
    off = runtime.compile(module, [((64,), F32)], options={name: ""}).hlo_text()
    assert name in options.flags("cpu", {}, "stablehlo.convolution") and name not in options._unknown
    assert "ynn_fusion" in ours and "ynn_fusion" not in off
    assert name not in options.flags("cpu", {name: None}, "stablehlo.convolution")


def test_inspection():
    program = runtime.compile(unary("tanh", (128,)), [((128,), F32)])
    assert "HloModule" in program.hlo_text()
    assert program.cost_analysis()["transcendentals"] == 128
    memory = program.memory()
    assert memory["argument"] == memory["output"] == 512
    assert set(memory) == {"argument", "output", "temp", "alias", "peak"}


def callback_program(shape, callback, dtype="float32"):
    kind = tensor(shape, dtype)
    return runtime.compile(
        f"func.func @main(%x: {kind}) -> {kind} {{\n"
        f"  %y = stablehlo.custom_call @xla_ffi_python_cpu_callback(%x) {{api_version = 4 : i32, "
        f"has_side_effect = true, backend_config = {{index = 0 : ui64}}}} : ({kind}) -> {kind}\n"
        f"  return %y : {kind}\n}}",
        [(shape, np.dtype(dtype))],
        callbacks=[callback],
    )


@pytest.mark.parametrize("shape", [(), (4,), (300, 300)], ids=str)
def test_callback(shape, cache_dir):
    seen = []

    def double(x):
        seen.append((x.shape, x.dtype, x.flags.writeable))
        return (x * 2,)

    program = callback_program(shape, double)
    array = np.ones(shape, "f")
    np.testing.assert_array_equal(runtime.to_numpy(program.run([runtime.put(array)])[0]), 2 * array)
    assert seen == [(shape, F32, False)]
    assert not program.from_cache and not cache_dir.exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.ones(9, "f"), "must return a tuple of 1 arrays"),
        (None, "must return a tuple of 1 arrays"),
        ((), "must return a tuple of 1 arrays"),
        ((np.ones(4, "f"),) * 2, "must return a tuple of 1 arrays"),
        ((np.ones(9, "f"),), r"Result 0 of a callback must have dtype float32 and shape \(4,\); received"),
        ((np.ones(()),), r"received dtype float64 and shape \(\)"),
        ((np.ones(4, np.int32),), "received dtype int32"),
    ],
)
def test_wrong_results_of_callbacks(wrong, message):
    """XLA would copy from beyond their end."""
    program = callback_program((4,), lambda x: wrong)
    with pytest.raises(errors.InvalidArgumentError, match=message):
        runtime.wait(program.run([runtime.put(np.ones(4, "f"))])[0])


def test_results_of_callbacks_may_be_strided():
    program = callback_program((4,), lambda x: [np.arange(8, dtype="f")[::-2]])
    assert runtime.to_numpy(program.run([runtime.put(np.ones(4, "f"))])[0]).tolist() == [7, 5, 3, 1]


CALLBACK_TYPES = {
    "i1": np.bool_, "i8": np.int8, "ui64": np.uint64, "f16": np.float16, "complex<f64>": np.complex128,
    "bf16": ml_dtypes.bfloat16,
    "f8E4M3FN": ml_dtypes.float8_e4m3fn, "i4": ml_dtypes.int4, "ui2": ml_dtypes.uint2,
}  # fmt: skip


@pytest.mark.parametrize("name", CALLBACK_TYPES)
def test_types_of_callbacks(name):
    dtype, kind = np.dtype(CALLBACK_TYPES[name]), f"tensor<3x{name}>"
    target = "xla_ffi_python_cpu_callback"
    call = f"stablehlo.custom_call @{target}(%x) {{has_side_effect = true, api_version = 4 : i32"
    program = runtime.compile(
        f"func.func @main(%x: {kind}) -> {kind} {{\n"
        f"  {call}, backend_config = {{index = 1 : ui64}}}} : "
        f"({kind}) -> ()\n"
        f"  %y = {call}, backend_config = {{index = 0 : ui64}}}} : ({kind}) -> {kind}\n"
        f"  return %y : {kind}\n}}",
        [((3,), dtype)],
        callbacks=[lambda x: (x[::-1],), lambda x: seen.append(x) or ()],
    )
    seen = []
    array = np.array([0, 1, 1]).astype(dtype)
    assert runtime.to_numpy(program.run([runtime.put(array)])[0]).tobytes() == array[::-1].tobytes()
    assert len(seen) == 1 and seen[0].dtype == dtype


def test_callbacks_that_do_not_fit_the_module():
    kind = "tensor<2xf32>"

    def module(*numbers_and_results):
        calls = "\n".join(
            f"%y{i} = stablehlo.custom_call @xla_ffi_python_cpu_callback(%x) {{api_version = 4 : i32, "
            f"backend_config = {{index = {number} : ui64}}}} : ({kind}) -> {result}"
            for i, (number, result) in enumerate(numbers_and_results)
        )
        return f"func.func @main(%x: {kind}) -> {kind} {{\n{calls}\nreturn %x : {kind}\n}}"

    with pytest.raises(ValueError, match=r"calls callbacks \[1\], but there are 1"):
        runtime.compile(module((0, kind), (1, kind)), [((2,), F32)], callbacks=[print])
    with pytest.raises(ValueError, match="pass them as `callbacks`"):
        runtime.compile(module((0, kind)), [((2,), F32)])
    with pytest.raises(ValueError, match="Callback 0 is called for results"):
        runtime.compile(module((0, kind), (0, "tensor<3xi32>")), [((2,), F32)], callbacks=[print])
    with pytest.raises(errors.UnknownError, match="nonsense"):
        runtime.compile("nonsense", [], callbacks=[print])


class MyError(Exception):
    pass


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (ValueError("bad value"), errors.InvalidArgumentError),
        (NotImplementedError("not yet"), errors.UnimplementedError),
        (MyError("mine"), errors.UnknownError),
        (errors.NotFoundError(None, None, "no such thing"), errors.NotFoundError),
    ],
)
def test_exceptions_of_callbacks(raised, expected):
    def fail(x):
        raise raised

    program = callback_program((4,), fail)
    for _ in range(2):
        with pytest.raises(expected, match=str(raised)) as caught:
            runtime.wait(program.run([runtime.put(np.ones(4, "f"))])[0])
        if caught.value is not raised:
            assert caught.value.__cause__ is raised


def test_error_of_a_running_program_reaches_every_reader():
    def fail(x):
        raise ValueError("too late")

    shape = (512, 512)  # large enough to run in the background
    program = callback_program(shape, fail)
    with pytest.raises(errors.InvalidArgumentError, match="too late"):
        (result,) = program.run([runtime.put(np.ones(shape, "f"))])
        runtime.to_numpy(result)


def test_compiling_and_running_from_many_threads():
    failures = []

    def work(number):
        try:
            shape = (number + 2,)
            for _ in range(3):
                program = runtime.compile(unary("negate", shape), [(shape, F32)])
                array = np.full(shape, number, "f")
                for _ in range(50):
                    np.testing.assert_array_equal(
                        runtime.to_numpy(program.run([runtime.put(array)])[0]), -array
                    )
        except BaseException as error:  # noqa: BLE001 - shown by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
