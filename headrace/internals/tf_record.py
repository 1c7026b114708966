"""Stands in for `tensorflow.python.lib.io.tf_record`."""

from headrace.io.tfrecord import TFRecordOptions, TFRecordWriter
from headrace.io.tfrecord import read_records as tf_record_iterator

__all__ = ["TFRecordOptions", "TFRecordWriter", "tf_record_iterator"]
