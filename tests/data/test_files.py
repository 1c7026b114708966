"""Datasets in files: saved, loaded, cached, damaged."""

from __future__ import annotations

import importlib
import json
import os
import random

import numpy as np
import pytest

import headrace as tf

pytest.importorskip("google_crc32c")
Dataset = tf.data.Dataset
files = importlib.import_module("headrace.data.files")


def everything():
    return Dataset.from_tensor_slices(
        {
            "ints": np.arange(6, dtype=np.int16).reshape(3, 2),
            "texts": (np.array(["a", "", "éé"], object), tf.ragged.constant([[1], [2, 3], []])),
            "sparse": tf.sparse.from_dense([[1.0, 0.0], [0.0, 0.0], [2.0, 3.0]]),
            "half": tf.cast([1.5, 2.5, -0.5], tf.bfloat16),
            "flags": [True, False, True],
        }
    )


def as_lists(dataset):
    return [
        [t._host().tolist() for t in tf.nest.flatten(x, expand_composites=True)]
        for x in dataset
    ]  # fmt: skip


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_saved_and_loaded(tmp_path, compression):
    path = str(tmp_path / "d")
    dataset = everything()
    dataset.save(path, compression)
    loaded = Dataset.load(path)
    assert loaded.element_spec == dataset.element_spec
    assert int(loaded.cardinality()) == 3
    assert as_lists(loaded) == as_lists(dataset)
    assert as_lists(Dataset.load(path, dataset.element_spec, compression)) == as_lists(dataset)
    with pytest.raises(ValueError, match="element_spec"):
        Dataset.load(path, tf.TensorSpec([]))


def test_shards(tmp_path):
    path = str(tmp_path / "d")
    Dataset.range(10).save(path, shard_func=lambda x: x % 3)
    assert sorted(int(x) for x in Dataset.load(path)) == list(range(10))
    turns = Dataset.load(path, reader_func=lambda parts: parts.interleave(lambda part: part, cycle_length=3))
    assert [int(x) for x in turns] == list(range(10))


def test_a_failed_save_leaves_nothing(tmp_path):
    path = str(tmp_path / "d")
    Dataset.range(3).save(path)
    with pytest.raises(tf.errors.InvalidArgumentError):
        Dataset.range(5).map(lambda x: tf.gather([1, 2], x)).save(path)
    assert os.listdir(tmp_path) == ["d"]
    assert [int(x) for x in Dataset.load(path)] == [0, 1, 2], "what was there before is still there"


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(TypeError, match="cannot be written"):
        Dataset.range(4).window(2).save(str(tmp_path / "d"))


def test_caches_in_files(tmp_path):
    made = []

    def look(x):
        made.append(int(x))
        return x

    def dataset():
        return Dataset.range(3).map(lambda x: tf.py_function(look, [x], tf.int64)).cache(str(tmp_path / "c"))

    for d in (dataset(), dataset()):
        assert [int(x) for x in d] == [int(x) for x in d] == [0, 1, 2]
    assert made == [0, 1, 2]


def test_an_unfinished_iteration_caches_nothing(tmp_path):
    for path in ("", str(tmp_path / "c")):
        dataset = Dataset.range(5).map(lambda x: x).cache(path)
        next(iter(dataset))
        assert [int(x) for x in dataset] == [0, 1, 2, 3, 4]


def test_snapshots(tmp_path):
    path = str(tmp_path / "s")
    assert [int(x) for x in Dataset.range(3).snapshot(path)] == [0, 1, 2]
    assert [int(x) for x in Dataset.range(9).snapshot(path)] == [0, 1, 2], "read, not made"


def test_nothing_there(tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match=r"Dataset\.save"):
        Dataset.load(str(tmp_path / "none"))


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_are_reported(tmp_path, seed):
    draw = random.Random(seed)
    path = str(tmp_path / "d")
    everything().save(path)
    name = draw.choice(sorted(os.listdir(path)))
    with open(os.path.join(path, name), "rb") as file:
        content = bytearray(file.read())
    for _ in range(draw.randint(1, 4)):
        content[draw.randrange(len(content))] = draw.randrange(256)
    del content[draw.choice([len(content), draw.randrange(len(content))]) :]
    with open(os.path.join(path, name), "wb") as file:
        file.write(content)
    try:
        list(Dataset.load(path))
    except (tf.errors.OpError, ValueError, TypeError):
        pass  # said so, or was not hurt


@pytest.mark.parametrize("seed", range(200))
def test_damaged_records_are_reported(seed):
    draw = random.Random(seed)
    element = next(everything()._plan.start())
    record = bytearray(files.packed(element))
    specs = tf.nest.flatten(list(everything()._plan.specs), expand_composites=True)
    assert len(files.unpacked(bytes(record), specs, "x")) == len(specs)
    for _ in range(draw.randint(1, 3)):
        record[draw.randrange(len(record))] = draw.choice([0, 1, 127, 128, 255])
    try:
        files.unpacked(bytes(record), specs, "x")
    except tf.errors.DataLossError:
        pass


def test_a_description_of_the_future(tmp_path):
    path = tmp_path / "d"
    Dataset.range(2).save(str(path))
    about = json.loads((path / "dataset.json").read_text())
    (path / "dataset.json").write_text(json.dumps({**about, "format": 99}))
    with pytest.raises(tf.errors.DataLossError, match="99"):
        Dataset.load(str(path))
