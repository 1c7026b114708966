"""`tf.contrib.deprecated`: summaries of before 1.0."""

from headrace.v1.older import (
    audio_summary,
    histogram_summary,
    image_summary,
    merge_all_summaries,
    scalar_summary,
)

__all__ = ["audio_summary", "histogram_summary", "image_summary", "merge_all_summaries", "scalar_summary"]
