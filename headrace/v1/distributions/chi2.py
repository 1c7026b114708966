"""The chi-squared distribution, which is a gamma distribution."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .gamma import Gamma
from .parameters import parameter


class Chi2(Gamma):
    """Chi-squared distributions: the sum of the squares of `df` > 0 standard normal numbers.

    Raises:
      ValueError: `df` is not a float.

    >>> float(Chi2(3.0).variance())
    6.0
    """

    df = parameter("The degrees of freedom.")

    def __init__(
        self, df: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Chi2"
    ) -> None:
        with name_scope(name) as name:
            self._take([checks.assert_positive(df)] if validate_args else [], df=df)
        super(Gamma, self).__init__(
            self.df.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name
        )

    @property
    def concentration(self) -> Any:
        """`df / 2`."""
        return 0.5 * self.df

    @property
    def rate(self) -> Any:
        """1/2."""
        return tf.constant(0.5, self.df.dtype)
