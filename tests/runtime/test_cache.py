"""The compile cache: hits within and between processes, damage, full disks, eviction, the command."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from runtime.programs import ROOT, unary

from headrace import runtime
from headrace.runtime import cache, cache_command

F32 = np.dtype(np.float32)


def compile_and_check(size=5, **arguments):
    """Compile -x for `size` numbers and show that the program works."""
    program = runtime.compile(unary("negate", (size,)), [((size,), F32)], **arguments)
    array = np.arange(size, dtype="f")
    np.testing.assert_array_equal(runtime.to_numpy(program.run([runtime.put(array)])[0]), -array)
    return program


def entries(folder):
    return sorted(folder.glob("*.xla"))


def test_hit(cache_dir):
    before = cache.stats()
    assert before.entries == before.bytes == 0
    first, second = compile_and_check(), compile_and_check()
    assert (first.from_cache, second.from_cache) == (False, True)
    assert "HloModule" in second.hlo_text()
    assert first.memory()["argument"] == second.memory()["argument"]
    after = cache.stats()
    assert (after.hits - before.hits, after.misses - before.misses) == (1, 1)
    assert after.seconds_saved >= before.seconds_saved
    assert after.entries == 1
    assert after.bytes == entries(cache_dir)[0].stat().st_size
    assert cache_dir.stat().st_mode & 0o777 == 0o700


def test_what_makes_a_difference(cache_dir, monkeypatch):
    compile_and_check()
    assert not compile_and_check(6).from_cache
    assert not compile_and_check(options={"xla_backend_optimization_level": 0}).from_cache
    placement = runtime.default_device().placement

    def key(module="m", version="1", place=placement, flags=None):
        return cache.key(module, version, place, flags or {})

    other_device = SimpleNamespace(
        client=placement.client, device=SimpleNamespace(device_kind=placement.device.device_kind, id=1)
    )
    keys = {key(), key("n"), key(version="2"), key(place=other_device), key(flags={"a": 1})}
    monkeypatch.setattr(cache.cpu, "features", lambda: ("another", "processor"))
    keys.add(key())
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_max_isa=AVX2")
    keys.add(key())
    assert len(keys) == 7


def test_donation_survives(cache_dir):
    module = unary("negate", (64,), attribute="{tf.aliasing_output = 0 : i32}")
    for from_cache in (False, True):
        program = runtime.compile(module, [((64,), F32)])
        assert program.from_cache is from_cache
        buffer = runtime.put(np.ones(64, "f"))
        program.run([buffer])
        assert buffer.is_deleted()


@pytest.mark.parametrize("value", ["0", "false", "OFF", "no"])
def test_switched_off(cache_dir, monkeypatch, value):
    monkeypatch.setenv("HEADRACE_CACHE", value)
    compile_and_check()
    assert not compile_and_check().from_cache
    assert not cache_dir.exists()


def test_not_for_this_program(cache_dir):
    compile_and_check(cache=False)
    assert not cache_dir.exists()


def flip(data):
    return data[:200] + bytes([data[200] ^ 1]) + data[201:]


DAMAGE = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "only the header": lambda data: data[:54],
    "longer": lambda data: data + b"x",
    "one bit": flip,
    "another format": lambda data: b"headrace executable 9\n" + data[22:],
    "noise": lambda data: bytes(range(256)) * 20,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_entry_is_compiled_again(cache_dir, damage):
    compile_and_check()
    (path,) = entries(cache_dir)
    path.write_bytes(damage(path.read_bytes()))
    assert not compile_and_check().from_cache
    assert entries(cache_dir) == [path]
    assert compile_and_check().from_cache


def test_whole_entry_that_xla_does_not_take(cache_dir):
    compile_and_check()
    (path,) = entries(cache_dir)
    cache.store(path.stem, lambda: b"an executable of another planet", 1.0)
    assert not compile_and_check().from_cache
    assert compile_and_check().from_cache


def test_entry_that_cannot_be_read(cache_dir):
    compile_and_check()
    (path,) = entries(cache_dir)
    path.unlink()
    path.mkdir()  # opening it fails, whoever asks
    with pytest.warns(RuntimeWarning, match=r"compile cache .* cannot be read"):
        assert not compile_and_check().from_cache
    compile_and_check()  # says nothing more


def test_disk_full(cache_dir, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "_write", full)
    with pytest.warns(
        RuntimeWarning, match=r"compile cache .* cannot be written .*No space left.*HEADRACE_CACHE_DIR"
    ):
        compile_and_check()
    compile_and_check(6)  # says nothing more


def test_disk_that_fills_while_writing(cache_dir, monkeypatch):
    def full(*names):
        raise OSError(28, "No space left on device")

    cache_dir.mkdir()
    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        compile_and_check()
    assert list(cache_dir.iterdir()) == []  # nothing half-written stays


def test_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HEADRACE_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.warns(RuntimeWarning, match="compile cache"):
        compile_and_check()
    compile_and_check()


def test_program_that_cannot_be_serialised(cache_dir):
    def fail():
        raise RuntimeError("UNIMPLEMENTED")

    cache.store("key", fail, 1.0)
    assert not cache_dir.exists()


def write(name, size, age, folder):
    """An entry of `size` bytes in all that was last used `age` seconds ago."""
    cache.store(name, lambda: b"x" * (size - 62), 1.0)
    path = folder / f"{name}.xla"
    assert path.stat().st_size == size
    when = path.stat().st_mtime - age
    os.utime(path, (when, when))


def names(folder):
    return [path.stem for path in entries(folder)]


def test_eviction_takes_the_longest_unused(cache_dir, monkeypatch):
    monkeypatch.setenv("HEADRACE_CACHE_SIZE", "4000")
    for name, age in (("a", 400), ("b", 300), ("c", 200)):
        write(name, 1000, age, cache_dir)
    write("d", 1200, 0, cache_dir)
    assert names(cache_dir) == ["b", "c", "d"]
    write("e", 1200, 0, cache_dir)
    assert names(cache_dir) == ["c", "d", "e"]
    cache.store("too large", lambda: b"x" * 4000, 1.0)
    assert names(cache_dir) == ["c", "d", "e"]


def test_use_postpones_eviction(cache_dir, monkeypatch):
    write("old", 1000, 90_000, cache_dir)
    write("older", 1000, 100_000, cache_dir)
    assert cache.fetch("older", lambda data: data) == b"x" * 938
    assert cache.prune(1500) == 1
    assert names(cache_dir) == ["older"]


def test_writing_seldom_looks_at_the_folder(cache_dir, monkeypatch):
    looks = []
    prune = cache.prune
    monkeypatch.setattr(cache, "prune", lambda size: looks.append(size) or prune(size))
    for number in range(50):
        write(f"entry{number}", 1000, 0, cache_dir)
    assert len(looks) == 1


def test_leftovers_of_killed_processes_go(cache_dir):
    cache_dir.mkdir()
    for name, age in (("stale.new", 7200), ("fresh.new", 0)):
        path = cache_dir / name
        path.write_bytes(b"half")
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    cache.prune(cache.limit())
    assert [path.name for path in cache_dir.iterdir()] == ["fresh.new"]


def test_clear(cache_dir):
    assert cache.clear() == 0
    compile_and_check()
    compile_and_check(6)
    assert cache.clear() == 2
    assert list(cache_dir.iterdir()) == []
    assert not compile_and_check().from_cache


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1000", 1000),
        ("1K", 1024),
        ("1.5m", 3 << 19),
        ("2G", 2 << 30),
        ("1 GiB", 1 << 30),
        ("3MB", 3 << 20),
    ],
)
def test_sizes(text, size):
    assert cache.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "lots", "-1", "G", "1X", "nan", "inf"])
def test_sizes_that_are_none(text, monkeypatch):
    monkeypatch.setenv("HEADRACE_CACHE_SIZE", text)
    with pytest.raises(ValueError, match="Expected a cache size such as 500M"):
        cache.limit()


def test_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HEADRACE_CACHE_DIR", "~/here")
    assert cache.directory() == tmp_path / "here"
    monkeypatch.delenv("HEADRACE_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.directory() == tmp_path / "xdg" / "headrace"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.directory() == tmp_path / ".cache" / "headrace"


PROGRAM = """
    import numpy as np
    from headrace import runtime
    module = '''func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %y = stablehlo.tanh %x : tensor<4xf32>
      return %y : tensor<4xf32>
    }'''
    program = runtime.compile(module, [((4,), np.dtype("f"))])
    print(program.from_cache, float(runtime.to_numpy(program.run([runtime.put(np.ones(4, "f"))])[0])[0]))
"""


def test_second_process_compiles_nothing(cache_dir, python, capsys):
    value = "0.7615941762924194"
    assert python(PROGRAM).split()[0] == "False"
    assert abs(float(python(PROGRAM).split()[1]) - float(value)) < 1e-6
    assert python(PROGRAM).split()[0] == "True"
    past = cache.lifetime_stats()
    assert (past.hits, past.misses, past.entries) == (2, 1, 1)
    assert cache_command([]) == 0
    assert "hits        2 of 3 (67 %)" in capsys.readouterr().out


def test_processes_that_write_at_the_same_time(cache_dir):
    program = (
        "import numpy as np\nfrom headrace import runtime\n"
        "for size in range(1, 9):\n"
        "    kind = f'tensor<{size}xf32>'\n"
        "    body = f'%y = stablehlo.negate %x : {kind} return %y : {kind}'\n"
        "    module = f'func.func @main(%x: {kind}) -> {kind} {{ {body} }}'\n"
        "    program = runtime.compile(module, [((size,), np.dtype('f'))])\n"
        "    assert runtime.to_numpy(program.run([runtime.put(np.ones(size, 'f'))])[0]).sum() == -size\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program], env=environment, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for process in running:
        assert (process.communicate(timeout=120)[1], process.returncode) == (b"", 0)
    assert len(entries(cache_dir)) == 8
    assert list(cache_dir.glob("*.new")) == []


def test_damaged_usage_file_starts_anew(cache_dir):
    cache_dir.mkdir()
    for text in ("", "{", "[]", '{"hits": "many"}'):
        (cache_dir / "usage.json").write_text(text)
        assert cache.lifetime_stats().hits == 0


def test_command(cache_dir, capsys):
    write("a", 1000, 300, cache_dir)
    write("b", 1000, 0, cache_dir)

    def output(*arguments):
        assert cache_command(arguments) == 0
        return capsys.readouterr().out

    shown = output("show")
    assert f"directory   {cache_dir}" in shown
    assert "entries     2" in shown
    assert "0.0 MiB of 1,024 MiB" in shown
    assert output("prune") == "removed 0 entries, kept 2 (0.0 MiB)\n"
    assert output("prune", "--size", "1.5K").startswith("removed 1 entries, kept 1")
    assert output("clear") == "removed 1 entries\n"


def test_command_with_wrong_arguments(cache_dir, capsys, monkeypatch):
    for arguments in (["nonsense"], ["prune", "--size", "lots"]):
        with pytest.raises(SystemExit):
            cache_command(arguments)
    assert "Expected a cache size such as 500M" in capsys.readouterr().err
    monkeypatch.setenv("HEADRACE_CACHE_SIZE", "lots")
    assert cache_command(["show"]) == 1
    assert "Expected a cache size such as 500M" in capsys.readouterr().err
