"""`tf.contrib.staging`: values that one run computes for the next."""

from headrace.session.staging import MapStagingArea, StagingArea

__all__ = ["MapStagingArea", "StagingArea"]
