"""`tf.contrib.distributions`: what became `tf.distributions`, and the families most used that stayed here."""

from __future__ import annotations

from typing import Any

from headrace.v1 import distributions
from headrace.v1.distributions import *  # noqa: F403 - the same names
from headrace.v1.distributions.binomial import Binomial
from headrace.v1.distributions.chi2 import Chi2
from headrace.v1.distributions.deterministic import Deterministic, VectorDeterministic
from headrace.v1.distributions.geometric import Geometric
from headrace.v1.distributions.half_normal import HalfNormal
from headrace.v1.distributions.independent import Independent
from headrace.v1.distributions.inverse_gamma import InverseGamma
from headrace.v1.distributions.logistic import Logistic
from headrace.v1.distributions.mixture import Mixture, MixtureSameFamily
from headrace.v1.distributions.multivariate_normal import (
    MultivariateNormalDiag,
    MultivariateNormalDiagWithSoftplusScale,
    MultivariateNormalLinearOperator,
    MultivariateNormalTriL,
)
from headrace.v1.distributions.one_hot_categorical import OneHotCategorical
from headrace.v1.distributions.poisson import Poisson
from headrace.v1.distributions.relaxed import (
    ExpRelaxedOneHotCategorical,
    RelaxedBernoulli,
    RelaxedOneHotCategorical,
)

__all__ = distributions.__all__ + [
    "Binomial",
    "Chi2",
    "Deterministic",
    "ExpRelaxedOneHotCategorical",
    "Geometric",
    "HalfNormal",
    "Independent",
    "InverseGamma",
    "Logistic",
    "Mixture",
    "MixtureSameFamily",
    "MultivariateNormalDiag",
    "MultivariateNormalDiagWithSoftplusScale",
    "MultivariateNormalLinearOperator",
    "MultivariateNormalTriL",
    "OneHotCategorical",
    "Poisson",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "VectorDeterministic",
]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    here = ", ".join(n for n in __all__ if n[0].isupper())
    raise AttributeError(f"tf.contrib.distributions.{name} is not part of Headrace, which has {here}.")
