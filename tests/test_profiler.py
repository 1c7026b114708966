"""Recordings of where the time goes."""

import gzip
import json

import pytest

import headrace as tf


def events(folder):
    (path,) = folder.glob("plugins/profile/*/*trace.json.gz")
    with gzip.open(path) as file:
        return {event.get("name") for event in json.load(file)["traceEvents"]}


def test_a_recording_names_its_parts(tmp_path):
    double = tf.function(lambda x: x * 2)
    with (
        tf.profiler.experimental.Profile(tmp_path),
        tf.profiler.experimental.Trace("a step", step_num=3, _r=1),
    ):
        double(tf.ones([100]))
    assert list(tmp_path.glob("plugins/profile/*/*.xplane.pb"))
    assert "a step" in events(tmp_path)


def test_nothing_is_written_unless_asked(tmp_path):
    tf.profiler.experimental.start(tmp_path)
    tf.profiler.experimental.stop(save=False)
    assert not list(tmp_path.iterdir())


def test_one_recording_at_a_time(tmp_path):
    with pytest.raises(tf.errors.UnavailableError, match="No profiler is running"):
        tf.profiler.experimental.stop()
    tf.profiler.experimental.start(tmp_path)
    with pytest.raises(tf.errors.AlreadyExistsError, match="Another profiler"):
        tf.profiler.experimental.start(tmp_path)
    tf.profiler.experimental.stop(save=False)


def test_options_without_effect_are_refused(tmp_path):
    with pytest.raises(NotImplementedError, match="delay_ms"):
        tf.profiler.experimental.start(tmp_path, tf.profiler.experimental.ProfilerOptions(delay_ms=5))
