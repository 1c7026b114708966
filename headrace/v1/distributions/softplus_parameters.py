"""Distributions whose positive parameters may be any numbers: softplus makes them positive."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope

from .beta import Beta
from .chi2 import Chi2
from .gamma import Exponential, Gamma
from .inverse_gamma import InverseGamma
from .laplace import Laplace
from .normal import Normal
from .student_t import StudentT


class NormalWithSoftplusScale(Normal):
    """`Normal(loc, softplus(scale))`.

    >>> float(NormalWithSoftplusScale(1.0, 0.0).mean())
    1.0
    """

    def __init__(
        self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "NormalWithSoftplusScale",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            super().__init__(loc, tf.nn.softplus(scale), validate_args, allow_nan_stats, name)


class LaplaceWithSoftplusScale(Laplace):
    """`Laplace(loc, softplus(scale))`."""

    def __init__(
        self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "LaplaceWithSoftplusScale",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            super().__init__(loc, tf.nn.softplus(scale), validate_args, allow_nan_stats, name)


class StudentTWithAbsDfSoftplusScale(StudentT):
    """`StudentT(floor(abs(df)), loc, softplus(scale))`."""

    def __init__(
        self, df: Any, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "StudentTWithAbsDfSoftplusScale",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            df = tf.floor(tf.abs(df))
            super().__init__(df, loc, tf.nn.softplus(scale), validate_args, allow_nan_stats, name)


class BetaWithSoftplusConcentration(Beta):
    """`Beta(softplus(concentration1), softplus(concentration0))`."""

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "BetaWithSoftplusConcentration",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            one, zero = tf.nn.softplus(concentration1), tf.nn.softplus(concentration0)
            super().__init__(one, zero, validate_args, allow_nan_stats, name)


class ExponentialWithSoftplusRate(Exponential):
    """`Exponential(softplus(rate))`."""

    def __init__(
        self, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "ExponentialWithSoftplusRate",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            super().__init__(tf.nn.softplus(rate), validate_args, allow_nan_stats, name)


class GammaWithSoftplusConcentrationRate(Gamma):
    """`Gamma(softplus(concentration), softplus(rate))`."""

    def __init__(
        self, concentration: Any, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "GammaWithSoftplusConcentrationRate",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            concentration, rate = tf.nn.softplus(concentration), tf.nn.softplus(rate)
            super().__init__(concentration, rate, validate_args, allow_nan_stats, name)


class InverseGammaWithSoftplusConcentrationRate(InverseGamma):
    """`InverseGamma(softplus(concentration), softplus(rate))`."""

    def __init__(
        self, concentration: Any, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "InverseGammaWithSoftplusConcentrationRate",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            concentration, rate = tf.nn.softplus(concentration), tf.nn.softplus(rate)
            super().__init__(concentration, rate, validate_args, allow_nan_stats, name)


class Chi2WithAbsDf(Chi2):
    """`Chi2(floor(abs(df)))`."""

    def __init__(
        self, df: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Chi2WithAbsDf"
    ) -> None:
        with name_scope(name) as name:
            super().__init__(tf.floor(tf.abs(df)), validate_args, allow_nan_stats, name)
