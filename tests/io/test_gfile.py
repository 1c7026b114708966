"""`tf.io.gfile` on local paths and, through fsspec, on others."""

from __future__ import annotations

import builtins
import pathlib
import sys
import uuid

import pytest

import headrace as tf
from headrace.io import files

gfile = tf.io.gfile


@pytest.fixture(params=["local", "file", "ram"])
def root(request, tmp_path):
    """A new directory: a plain path, the same as a URL, and one in memory."""
    if request.param == "ram":
        path = f"ram://{uuid.uuid4().hex}"
        gfile.makedirs(path)
        return path
    return str(tmp_path) if request.param == "local" else f"file://{tmp_path}"


def put(path, text="text"):
    with gfile.GFile(path, "w") as f:
        f.write(text)
    return path


def test_text_is_utf8(root):
    path = put(f"{root}/a", "hé\nb\n")
    assert gfile.GFile(path).read() == "hé\nb\n"
    assert gfile.GFile(path, "rb").read() == "hé\nb\n".encode()
    assert gfile.GFile(path).readlines() == list(gfile.GFile(path)) == ["hé\n", "b\n"]
    assert gfile.GFile(path, "rb").readline() == "hé\n".encode()
    assert gfile.GFile(path, "rb").read(2) == b"h\xc3"
    assert gfile.GFile(path).size() == 6


def test_places_in_a_file(root):
    f = gfile.GFile(put(f"{root}/a", "abcdef"))
    f.seek(2)
    assert (f.tell(), f.read(2), f.tell(), f.seekable()) == (2, "cd", 4, True)
    f.seek(-1, 2)
    assert f.read() == "f"
    assert f.read() == f.readline() == ""
    f.close()
    assert f.read() == "abcdef"  # used again, it is opened anew


def test_appending(root):
    path = put(f"{root}/a", "one")
    with gfile.GFile(path, "a") as f:
        f.write("two")
    assert gfile.GFile(path).read() == "onetwo"


def test_reading_and_writing(tmp_path):
    with gfile.GFile(f"{tmp_path}/a", "w+") as f:
        f.write("abcdef")
        f.seek(1)
        assert f.read(2) == "bc"
        assert f.size() == 6
    with gfile.GFile(f"{tmp_path}/a", "r+") as f:
        f.write("X")
    assert gfile.GFile(f"{tmp_path}/a").read() == "Xbcdef"


def test_modes_are_checked(tmp_path):
    for mode in ("", "x", "rt", "rw", "U", "b"):
        with pytest.raises(tf.errors.InvalidArgumentError, match="mode"):
            gfile.GFile("a", mode)
    path = put(f"{tmp_path}/a")
    with pytest.raises(tf.errors.PermissionDeniedError, match="writing"):
        gfile.GFile(path).write("x")
    with pytest.raises(tf.errors.PermissionDeniedError, match="reading"):
        gfile.GFile(path, "w").read()
    with pytest.raises(TypeError, match="string"):
        gfile.GFile(path, "w").write(3)


def test_a_file_that_is_never_used_is_not_touched(tmp_path):
    gfile.GFile(f"{tmp_path}/none").close()
    gfile.GFile(f"{tmp_path}/new", "w").close()
    assert gfile.listdir(tmp_path) == []


def test_directories(root):
    gfile.mkdir(f"{root}/a")
    gfile.mkdir(f"{root}/a")
    gfile.makedirs(f"{root}/a/b/c")
    gfile.makedirs(f"{root}/a/b/c")
    put(f"{root}/a/f")
    assert gfile.listdir(f"{root}/a") == ["b", "f"]
    assert gfile.isdir(f"{root}/a") and not gfile.isdir(f"{root}/a/f") and not gfile.isdir(f"{root}/none")
    assert gfile.exists(f"{root}/a/f") and not gfile.exists(f"{root}/none")
    for missing in (f"{root}/none", f"{root}/a/f"):
        with pytest.raises(tf.errors.NotFoundError, match="directory"):
            gfile.listdir(missing)
    with pytest.raises(tf.errors.FailedPreconditionError, match="not a directory"):
        gfile.makedirs(f"{root}/a/f/g")


def test_walk(root):
    gfile.makedirs(f"{root}/a/b")
    put(f"{root}/a/f")
    whole = [(f"{root}", ["a"], []), (f"{root}/a", ["b"], ["f"]), (f"{root}/a/b", [], [])]
    assert list(gfile.walk(root)) == whole
    assert list(gfile.walk(root, topdown=False)) == whole[::-1]
    failed = []
    assert list(gfile.walk(f"{root}/none", onerror=failed.append)) == []
    assert isinstance(failed[0], tf.errors.NotFoundError)


def test_copying_and_moving(root):
    a, b = put(f"{root}/a", "A"), f"{root}/b"
    gfile.copy(a, b)
    for change in (gfile.copy, gfile.rename):
        with pytest.raises(tf.errors.AlreadyExistsError, match="overwrite=True"):
            change(a, b)
        with pytest.raises(tf.errors.NotFoundError):
            change(f"{root}/none", f"{root}/c")
    put(a, "new")
    gfile.copy(a, b, overwrite=True)
    assert gfile.GFile(b).read() == "new"
    gfile.rename(a, f"{root}/c")
    gfile.rename(b, f"{root}/c", overwrite=True)
    assert gfile.listdir(root) == ["c"]
    gfile.mkdir(f"{root}/d")
    put(f"{root}/d/x")
    gfile.rename(f"{root}/d", f"{root}/e")
    assert gfile.listdir(f"{root}/e") == ["x"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="directory"):
        gfile.copy(f"{root}/e", f"{root}/f")


def test_between_file_systems(tmp_path):
    here, there = put(f"{tmp_path}/a", "A"), f"ram://{uuid.uuid4().hex}"
    gfile.rename(here, there)
    assert not gfile.exists(here) and gfile.GFile(there).read() == "A"
    gfile.copy(there, here)
    assert gfile.GFile(here).read() == "A"


def test_removing(root):
    gfile.makedirs(f"{root}/a/b")
    put(f"{root}/a/b/f")
    with pytest.raises(tf.errors.FailedPreconditionError, match="rmtree"):
        gfile.remove(f"{root}/a")
    gfile.remove(f"{root}/a/b/f")
    gfile.rmtree(f"{root}/a")
    assert not gfile.exists(f"{root}/a")
    for remove in (gfile.remove, gfile.rmtree):
        with pytest.raises(tf.errors.NotFoundError):
            remove(f"{root}/a")


def test_stat(root):
    found = gfile.stat(put(f"{root}/a", "abc"))
    assert (found.length, found.is_directory) == (3, False)
    assert gfile.stat(root).is_directory
    with pytest.raises(tf.errors.NotFoundError):
        gfile.stat(f"{root}/none")


def test_the_time_of_a_change_is_in_nanoseconds(tmp_path):
    path = pathlib.Path(put(f"{tmp_path}/a"))
    assert gfile.stat(path).mtime_nsec == path.stat().st_mtime_ns


def test_glob(root):
    for name in ("a.txt", "b.txt", ".hidden", "c^.txt"):
        put(f"{root}/{name}")
    gfile.makedirs(f"{root}/d/e")
    put(f"{root}/d/e/f.txt")

    def found(*patterns):
        return [p.removeprefix(f"{root}/") for p in gfile.glob([f"{root}/{p}" for p in patterns])]

    assert found("*.txt") == ["a.txt", "b.txt", "c^.txt"]
    assert found("*") == [".hidden", "a.txt", "b.txt", "c^.txt", "d"]
    assert found("[ab].txt") == found("[a-b].txt") == ["a.txt", "b.txt"]
    assert found("[^a].txt") == found("[!a].txt") == ["b.txt"]
    assert found("*/?/*.txt") == ["d/e/f.txt"]
    assert found("**/f.txt") == []  # a star stays within its level
    assert found("\\a.txt", "d/*") == ["a.txt", "d/e"]
    assert found("c[\\^].txt") == ["c^.txt"]
    assert found("[a", "x*", "none") == found("[b-a].txt") == []


def test_glob_of_relative_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put("a.txt")
    assert gfile.glob("*.txt") == ["./a.txt"]
    assert gfile.glob("a.txt") == ["a.txt"]


def test_join():
    assert gfile.join("a", "b/", "c") == "a/b/c"
    assert gfile.join("gs://a", "b") == "gs://a/b"
    assert gfile.join("a", "/b") == "/b"
    assert gfile.join(b"a", b"b") == b"a/b"
    assert gfile.join(pathlib.Path("a"), "b") == "a/b"


def test_kinds_of_paths(tmp_path):
    path = tmp_path / "a"
    put(path)
    assert gfile.exists(path) and gfile.exists(str(path)) and gfile.exists(str(path).encode())
    for wrong in (None, 3, tf.constant("a")):
        with pytest.raises(TypeError, match="path"):
            gfile.exists(wrong)


def test_unknown_schemes_name_what_is_missing(monkeypatch):
    with pytest.raises(tf.errors.UnimplementedError, match="scheme 'nosuch'"):
        gfile.exists("nosuch://a")
    real = builtins.__import__

    def without_fsspec(name, *args, **kwargs):
        if name.startswith("fsspec"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_fsspec)
    monkeypatch.setattr(files, "_remote", {})
    with pytest.raises(tf.errors.UnimplementedError, match=r"headrace\[remote\]"):
        gfile.GFile("memory://a", "w").write("x")
    assert gfile.get_registered_schemes() == ["", "file"]


def test_schemes():
    assert {"", "file", "ram", "s3", "gs"} <= set(gfile.get_registered_schemes())


def test_errors_of_the_operating_system(tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match="none"):
        gfile.GFile(tmp_path / "none").read()
    with pytest.raises(tf.errors.FailedPreconditionError):
        gfile.GFile(tmp_path).read()
    with pytest.raises(tf.errors.InvalidArgumentError):
        gfile.GFile(tmp_path / ("x" * 1000), "w").write("x")
    if sys.platform == "linux":
        with pytest.raises(tf.errors.OpError):
            gfile.GFile("/proc/1/none", "w").write("x")


def test_ops(tmp_path):
    path = str(tmp_path / "deep" / "a")

    @tf.function
    def write_and_read(text):
        tf.io.write_file(path, text)
        return tf.io.read_file(path)

    assert write_and_read(tf.constant("one")) == b"one"
    assert write_and_read(tf.constant("two")) == b"two"  # effects are not folded
    assert tf.io.matching_files([str(tmp_path / "*" / "a"), path]).numpy().tolist() == [path.encode()] * 2
    assert tf.io.match_filenames_once(str(tmp_path / "*")).shape.rank == 1
    with pytest.raises(tf.errors.NotFoundError):
        tf.io.read_file(path + "none")
    with pytest.raises(tf.errors.InvalidArgumentError, match="scalar"):
        tf.io.read_file([path])
