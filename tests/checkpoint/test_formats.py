"""Files of both versions: written and read, in parts, damaged in every way."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from headrace.checkpoint import bundle
from headrace.checkpoint.bundle import BundleReader, BundleWriter, merge
from headrace.checkpoint.reader import open_checkpoint
from headrace.checkpoint.slices_v1 import SliceReader, SliceWriter
from headrace.checkpoint.slicing import FULL, Box, ordered_signed, ordered_text, parse_spec
from headrace.checkpoint.table import Table, TableWriter, masked_crc
from headrace.core import errors

DAMAGE = (
    errors.DataLossError, errors.NotFoundError, errors.InvalidArgumentError, errors.UnimplementedError,
    errors.OutOfRangeError,
)  # fmt: skip


def strings(*values: bytes) -> np.ndarray:
    out = np.empty(len(values), object)
    out[:] = values
    return out


VALUES: dict[str, np.ndarray] = {
    "bool": np.array([True, False]),
    "complex": np.array([1 + 2j, -3], np.complex64),
    "double": np.array([[-1.5]], np.float64),
    "empty": np.zeros([0, 3], np.float32),
    "float": np.arange(6, dtype=np.float32).reshape(2, 3),
    "half": np.array([1.5, -2], np.float16),
    "int8": np.array([-1, 3], np.int8),
    "long": np.array(2**40, np.int64),
    "string": strings(b"hi", b"", b"\x00\xff" * 300),
    "uint16": np.array([65535], np.uint16),
}
NEWER = {
    "bfloat16": np.array([1.5, -2], ml_dtypes.bfloat16),
    "float8": np.array([1.5], ml_dtypes.float8_e4m3fn),
    "int4": np.array([-7, 3], ml_dtypes.int4),
    "uint64": np.array([2**63], np.uint64),
}


def write_v2(prefix: Path, values: dict[str, np.ndarray]) -> str:
    with BundleWriter(str(prefix)) as writer:
        for name, value in values.items():
            writer.add(name, value)
    return str(prefix)


def write_v1(path: Path, values: dict[str, np.ndarray]) -> str:
    with SliceWriter(str(path)) as writer:
        for name, value in values.items():
            writer.add(name, value)
    return str(path)


def same(a: Any, b: Any) -> None:
    np.testing.assert_array_equal(a, b, strict=True)


@pytest.mark.parametrize("write", [write_v1, write_v2])
def test_every_type_comes_back(write: Any, tmp_path: Path) -> None:
    values = VALUES | (NEWER if write is write_v2 else {})
    with open_checkpoint(write(tmp_path / "model", values)) as reader:
        assert reader.names() == sorted(values)
        for name, value in values.items():
            same(reader.tensor(name), value)
            assert reader.shape(name) == value.shape


@pytest.mark.parametrize("write", [write_v1, write_v2])
def test_what_is_missing(write: Any, tmp_path: Path) -> None:
    with pytest.raises(errors.NotFoundError, match="Failed to find any matching files"):
        open_checkpoint(str(tmp_path / "nothing"))
    with (
        open_checkpoint(write(tmp_path / "model", VALUES)) as reader,
        pytest.raises(errors.NotFoundError, match="not found in checkpoint"),
    ):
        reader.tensor("nothing")


def test_types_that_version_1_lacks(tmp_path: Path) -> None:
    for name, value in NEWER.items():
        with pytest.raises(errors.UnimplementedError, match="version 2"):
            write_v1(tmp_path / name, {name: value})
    assert os.listdir(tmp_path) == []


def test_arrays_that_are_views(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.int32).reshape(4, 6)
    values = {"t": array.T, "s": array[::2, 1::2], "r": array[::-1]}
    for write in (write_v1, write_v2):
        with open_checkpoint(write(tmp_path / write.__name__, values)) as reader:
            for name, value in values.items():
                same(reader.tensor(name), value)


def test_many_blocks(tmp_path: Path) -> None:
    names = {f"{'deep/' * 60}layer_{i}": np.full([2], i) for i in range(2000)}
    with BundleReader(write_v2(tmp_path / "model", names)) as reader:
        assert reader.names() == sorted(names)
        same(reader.tensor(f"{'deep/' * 60}layer_1999"), np.full([2], 1999))
    with open(tmp_path / "table", "wb") as file:
        table = TableWriter(file)
        entries = [(b"%06d" % i, bytes([i % 251]) * (i % 4000)) for i in range(2000)]
        for key, value in entries:
            table.add(key, value)
        table.finish()
    from headrace.checkpoint.files import OldFile

    opened = OldFile(str(tmp_path / "table"))
    read = Table(opened)
    assert len(read._keys) > 3
    assert [(k, bytes(v)) for k, v in read] == entries
    assert bytes(read.get(b"001234")) == entries[1234][1]
    assert read.get(b"0012345") is None and read.get(b"9") is None
    opened.close()


# -------------------------------------------------------------------------------------------------------------- parts
WHOLE = np.arange(40, dtype=np.float32).reshape(4, 10)


def in_parts(writer: Any, boxes: list[Box]) -> None:
    for box in boxes:
        piece = WHOLE[tuple(slice(*b) for b in box.bounds(WHOLE.shape))]
        if isinstance(writer, BundleWriter):
            writer.add_part("w", WHOLE.shape, box, piece)
        else:
            writer.add("w", piece, None, WHOLE.shape, box)


ROWS = [Box([(0, 1), (0, FULL)]), Box([(1, 2), (0, FULL)]), Box([(3, 1), (0, FULL)])]
TILES = [Box([(a, 2), (b, 5)]) for a in (0, 2) for b in (0, 5)]


@pytest.mark.parametrize("boxes", [ROWS, TILES], ids=["rows", "tiles"])
@pytest.mark.parametrize("kind", [BundleWriter, SliceWriter])
def test_parts(kind: Any, boxes: list[Box], tmp_path: Path) -> None:
    path = str(tmp_path / "model")
    with kind(path) as writer:
        in_parts(writer, boxes)
    with open_checkpoint(path) as reader:
        assert reader.names() == ["w"]
        assert set(reader.boxes("w")) == set(boxes)
        same(reader.tensor("w"), WHOLE)
        for wanted in (*ROWS, *TILES, Box([(1, 2), (3, 4)]), Box.whole(2)):
            same(reader.part("w", wanted), WHOLE[tuple(slice(*b) for b in wanted.bounds(WHOLE.shape))])


@pytest.mark.parametrize("kind", [BundleWriter, SliceWriter])
def test_a_part_that_is_missing(kind: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "model")
    with kind(path) as writer:
        in_parts(writer, ROWS[:2])
    with open_checkpoint(path) as reader:
        same(reader.part("w", Box([(1, 2), (0, 3)])), WHOLE[1:3, :3])
        with pytest.raises(errors.NotFoundError, match="is not in the checkpoint"):
            reader.tensor("w")


def test_merging(tmp_path: Path) -> None:
    folders = [tmp_path / "tmp0" / "part", tmp_path / "tmp1" / "part"]
    for i, prefix in enumerate(folders):
        with BundleWriter(str(prefix)) as writer:
            writer.add(f"only{i}", np.array(i))
            in_parts(writer, TILES[2 * i : 2 * i + 2])
    merge([str(f) for f in folders], str(tmp_path / "model"))
    assert sorted(os.listdir(tmp_path)) == [
        "model.data-00000-of-00002", "model.data-00001-of-00002", "model.index",
    ]  # fmt: skip
    with BundleReader(str(tmp_path / "model")) as reader:
        assert reader.names() == ["only0", "only1", "w"]
        same(reader.tensor("w"), WHOLE)
        same(reader.tensor("only1"), np.array(1))


def test_merging_what_does_not_go_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_v2(tmp_path / name, {"w": np.ones(2)})
    both = [str(tmp_path / name) for name in ("a", "b")]
    with pytest.raises(errors.InvalidArgumentError, match="Duplicate"):
        merge(both, str(tmp_path / "model"))
    with pytest.raises(errors.NotFoundError):
        merge([both[0], str(tmp_path / "nothing")], str(tmp_path / "model"))
    assert sorted(n for n in os.listdir(tmp_path) if n.startswith("model")) == []
    merge([both[0], str(tmp_path / "nothing")], str(tmp_path / "model"), allow_missing_files=True)
    same(BundleReader(str(tmp_path / "model")).tensor("w"), np.ones(2))


def test_specs() -> None:
    assert parse_spec("") is None
    shape, box = parse_spec("4 8 0,2:-")  # type: ignore[misc]
    assert shape == (4, 8) and box.shape_in(shape) == (2, 8) and str(box) == "0,2:-"
    for bad in ("4 8 0,2", "4 x 0,2:-", "4 8 3,2:-", "4 8 -1,2:-", "4 8 a:-", "4 8 0,0:-", "-4 8 -:-"):
        with pytest.raises(errors.InvalidArgumentError):
            parse_spec(bad)


def test_keys_sort_as_what_they_stand_for() -> None:
    numbers = sorted({sign * (2**k + d) for k in range(63) for d in (-1, 0, 1) for sign in (1, -1)})
    assert sorted(numbers, key=ordered_signed) == numbers
    texts = sorted([b"", b"a", b"a\x00", b"a\x00b", b"a\xff", b"ab", b"\xff\xff"])
    assert sorted(texts, key=ordered_text) == texts


# -------------------------------------------------------------------------------------------------- failing to write
def test_a_failed_save_leaves_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(errors.InvalidArgumentError, match="duplicate"),
        BundleWriter(str(tmp_path / "model")) as writer,
    ):
        writer.add("a", np.ones(3))
        writer.add("a", np.ones(3))
    assert os.listdir(tmp_path) == []


def test_a_failed_save_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = write_v2(tmp_path / "model", {"a": np.ones(3)})
    with monkeypatch.context() as patch:
        patch.setattr(
            bundle, "write_index", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        with pytest.raises(OSError):
            write_v2(tmp_path / "model", {"a": np.zeros(3)})
    assert sorted(os.listdir(tmp_path)) == ["model.data-00000-of-00001", "model.index"]
    same(BundleReader(prefix).tensor("a"), np.ones(3))


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(errors.NotFoundError, match="No such file or directory"):
        BundleWriter(str(tmp_path / "a" / "b" / "model"))
    write_v2(tmp_path / "a" / "model", VALUES)  # one level is made


# ---------------------------------------------------------------------------------------------------------- bad files
def read_all(path: str) -> None:
    """Reads everything; what it raises must be a documented error."""
    try:
        with open_checkpoint(path) as reader:
            for name in reader.names():
                try:
                    reader.dtype(name), reader.shape(name), reader.stored_size(name), reader.tensor(name)
                except DAMAGE:
                    pass
    except DAMAGE:
        pass


@pytest.mark.parametrize("write", [write_v1, write_v2])
def test_cut_short(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "model", VALUES)
    for file in sorted(tmp_path.iterdir()):
        data = file.read_bytes()
        for n in [0, 1, 47, 48, len(data) // 2, len(data) - 49, len(data) - 1, *range(0, len(data), 97)]:
            if not 0 <= n < len(data):
                continue
            file.write_bytes(data[:n])
            cut = errors.OutOfRangeError if ".data-" in file.name else errors.DataLossError
            with pytest.raises((cut, errors.NotFoundError)), open_checkpoint(path) as reader:
                for name in reader.names():
                    reader.tensor(name)
        file.write_bytes(data)


@pytest.mark.parametrize("write", [write_v1, write_v2])
def test_flipped_bits_are_noticed(write: Any, tmp_path: Path) -> None:
    """Checksums cover all but the padding of the footer."""
    path = write(tmp_path / "model", VALUES)
    draw = random.Random(7)
    for file in sorted(tmp_path.iterdir()):
        data = file.read_bytes()
        for _ in range(150):
            at = draw.randrange(len(data))
            bad = bytearray(data)
            bad[at] ^= 1 << draw.randrange(8)
            file.write_bytes(bad)
            if len(data) - 48 <= at < len(data) - 8 and not file.name.endswith("00001"):
                read_all(path)
            else:
                with (
                    pytest.raises((errors.DataLossError, errors.NotFoundError)),
                    open_checkpoint(path) as reader,
                ):
                    for name in reader.names():
                        reader.tensor(name)
        file.write_bytes(data)


def reseal(data: bytes) -> bytes:
    """The file with the checksums of its blocks made right again, so that parsers get to see what is inside."""
    out = bytearray(data)
    from headrace.checkpoint.table import read_varint

    def seal(offset: int, size: int) -> None:
        if offset + size + 5 <= len(out):
            out[offset + size + 1 : offset + size + 5] = struct.pack(
                "<I", masked_crc(bytes(out[offset : offset + size + 1]))
            )

    try:
        _, at = read_varint(data, len(data) - 48)
        _, at = read_varint(data, at)
        index, at = read_varint(data, at)
        size, at = read_varint(data, at)
        seal(index, size)
        # The blocks before the index: found by their length, since each is followed by the next.
        at = index
        while at < index + size:
            _, at = read_varint(out, at)
            rest, at = read_varint(out, at)
            length, at = read_varint(out, at)
            if not length:
                break
            offset, end = read_varint(out, at + rest)
            seal(offset, read_varint(out, end)[0])
            at += rest + length
    except (IndexError, ValueError):
        pass
    return bytes(out)


@pytest.mark.parametrize("write", [write_v1, write_v2])
def test_nonsense_with_right_checksums(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "model", VALUES)
    file = tmp_path / ("model" if write is write_v1 else "model.index")
    data = file.read_bytes()
    draw = random.Random(11)
    for round in range(600):
        bad = bytearray(data)
        for _ in range(1 + round % 4):
            kind = draw.random()
            at = draw.randrange(len(bad))
            if kind < 0.6:
                bad[at] = draw.choice([0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)])
            elif kind < 0.8:
                n = draw.randrange(1, 12)
                bad[at : at + n] = bytes([0xFF] * n)[: len(bad[at : at + n])]
            else:
                del bad[at : at + draw.randrange(1, 9)]
        file.write_bytes(reseal(bytes(bad)))
        read_all(path)


def test_sizes_that_files_do_not_have(tmp_path: Path) -> None:
    """An entry that claims terabytes takes no memory for them."""
    prefix = write_v2(tmp_path / "model", {"a": np.ones(4, np.float32), "s": strings(b"x")})
    with BundleReader(prefix) as reader:
        entries = reader.entries
    entries[b"a"].shape.dim[0].size = 1 << 40
    entries[b"a"].size = 1 << 42
    entries[b"s"].shape.dim[0].size = 1 << 50
    with open(f"{prefix}.index", "wb") as file:
        bundle.write_index(_Counted(file), entries, 1)
    with BundleReader(prefix) as reader:
        for name in ("a", "s"):
            with pytest.raises((errors.DataLossError, errors.OutOfRangeError)):
                reader.tensor(name)


def test_parts_that_files_do_not_have(tmp_path: Path) -> None:
    """The first of two parts is there; the other one claims terabytes."""
    large = 1 << 40
    prefix = str(tmp_path / "model")
    with BundleWriter(prefix) as writer:
        writer.add_part("w", [large], Box([(0, 1)]), np.ones(1, np.float32))
        writer.add_part("w", [large], Box([(1, 1)]), np.ones(1, np.float32))
        writer.add_part("t", [2, 2], Box([(0, 1), (0, FULL)]), np.ones([1, 2], np.float32))
        writer.add_part("t", [2, 2], Box([(1, 1), (0, FULL)]), np.ones([1, 2], np.float32))
    with BundleReader(prefix) as reader:
        entries = reader.entries
    rest = Box([(1, large - 1)])
    rest.to_proto(entries[b"w"].slices.add())
    del entries[b"w"].slices[1]
    entry = entries[rest.key("w")] = entries.pop(Box([(1, 1)]).key("w"))
    entry.shape.dim[0].size = large - 1
    odd = entries[Box([(1, 1), (0, FULL)]).key("t")]
    odd.shape.dim[0].size, odd.shape.dim[1].size = 2, 1
    for size in (4, 4 * (large - 1)):
        entry.size = size
        with open(f"{prefix}.index", "wb") as file:
            bundle.write_index(_Counted(file), entries, 1)
        with BundleReader(prefix) as reader:
            for name in ("w", "t"):
                with pytest.raises((errors.DataLossError, errors.OutOfRangeError)):
                    reader.tensor(name)

    old = str(tmp_path / "old")
    with SliceWriter(old) as version_1:
        version_1.add("w", np.ones(1, np.float32), None, [2], Box([(0, 1)]))
        version_1.add("w", np.ones(1, np.float32), None, [2], Box([(1, 1)]))
        version_1._tensors["w"] = ((large,), version_1._tensors["w"][1], [Box([(0, 1)]), rest])
    with SliceReader(old) as reader, pytest.raises(errors.DataLossError):
        reader.tensor("w")


class _Counted:
    def __init__(self, file: Any) -> None:
        self.write = file.write


def test_overlapping_parts_are_damage(tmp_path: Path) -> None:
    path = str(tmp_path / "model")
    with BundleWriter(path) as writer:
        in_parts(writer, [Box([(0, 2), (0, FULL)]), Box([(1, 2), (0, FULL)])])
    with pytest.raises(errors.DataLossError, match="overlaps"):
        BundleReader(path).tensor("w")


def test_another_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no checkpoint\n" * 40)
    with pytest.raises(errors.DataLossError, match="bad magic number"):
        SliceReader(str(tmp_path / "text"))
    (tmp_path / "empty.index").write_bytes(b"")
    with pytest.raises(errors.DataLossError):
        BundleReader(str(tmp_path / "empty"))
