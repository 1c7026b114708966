"""`tf.contrib.distributions`: what became `tf.distributions`, and the families most used that stayed here."""

from __future__ import annotations

from typing import Any

from headrace.v1 import distributions
from headrace.v1.distributions import *  # noqa: F403 - the same names
from headrace.v1.distributions import bijectors
from headrace.v1.distributions.autoregressive import Autoregressive
from headrace.v1.distributions.batch_reshape import BatchReshape
from headrace.v1.distributions.binomial import Binomial
from headrace.v1.distributions.cauchy import Cauchy
from headrace.v1.distributions.chi2 import Chi2
from headrace.v1.distributions.deterministic import Deterministic, VectorDeterministic
from headrace.v1.distributions.geometric import Geometric
from headrace.v1.distributions.half_normal import HalfNormal
from headrace.v1.distributions.independent import Independent
from headrace.v1.distributions.inverse_gamma import InverseGamma
from headrace.v1.distributions.kumaraswamy import Kumaraswamy
from headrace.v1.distributions.logistic import Logistic
from headrace.v1.distributions.mixture import Mixture, MixtureSameFamily
from headrace.v1.distributions.multivariate_more import (
    MultivariateNormalDiagPlusLowRank,
    MultivariateNormalFullCovariance,
    SinhArcsinh,
    VectorExponentialDiag,
    VectorLaplaceDiag,
    VectorSinhArcsinhDiag,
)
from headrace.v1.distributions.multivariate_normal import (
    MultivariateNormalDiag,
    MultivariateNormalDiagWithSoftplusScale,
    MultivariateNormalLinearOperator,
    MultivariateNormalTriL,
)
from headrace.v1.distributions.negative_binomial import NegativeBinomial
from headrace.v1.distributions.one_hot_categorical import OneHotCategorical
from headrace.v1.distributions.poisson import Poisson
from headrace.v1.distributions.quantized import QuantizedDistribution
from headrace.v1.distributions.relaxed import (
    ExpRelaxedOneHotCategorical,
    RelaxedBernoulli,
    RelaxedOneHotCategorical,
)
from headrace.v1.distributions.sample_statistics import (
    SeedStream,
    assign_log_moving_mean_exp,
    assign_moving_mean_variance,
    auto_correlation,
    moving_mean_variance,
    normal_conjugates_known_scale_posterior,
    normal_conjugates_known_scale_predictive,
    percentile,
)
from headrace.v1.distributions.softplus_parameters import (
    BetaWithSoftplusConcentration,
    Chi2WithAbsDf,
    ExponentialWithSoftplusRate,
    GammaWithSoftplusConcentrationRate,
    InverseGammaWithSoftplusConcentrationRate,
    LaplaceWithSoftplusScale,
    NormalWithSoftplusScale,
    StudentTWithAbsDfSoftplusScale,
)
from headrace.v1.distributions.special import (
    matrix_diag_transform,
    reduce_weighted_logsumexp,
    softplus_inverse,
    tridiag,
)
from headrace.v1.distributions.transformed import TransformedDistribution
from headrace.v1.distributions.triangles import fill_triangular, fill_triangular_inverse
from headrace.v1.distributions.wishart import WishartCholesky, WishartFull

__all__ = distributions.__all__ + [
    "Autoregressive", "BatchReshape", "BetaWithSoftplusConcentration", "Binomial", "Cauchy", "Chi2",
    "Chi2WithAbsDf", "Deterministic", "ExpRelaxedOneHotCategorical", "ExponentialWithSoftplusRate",
    "GammaWithSoftplusConcentrationRate", "Geometric", "HalfNormal", "Independent", "InverseGamma",
    "InverseGammaWithSoftplusConcentrationRate", "Kumaraswamy", "LaplaceWithSoftplusScale", "Logistic",
    "Mixture", "MixtureSameFamily", "MultivariateNormalDiag", "MultivariateNormalDiagPlusLowRank",
    "MultivariateNormalDiagWithSoftplusScale", "MultivariateNormalFullCovariance",
    "MultivariateNormalLinearOperator", "MultivariateNormalTriL", "NegativeBinomial",
    "NormalWithSoftplusScale", "OneHotCategorical", "Poisson", "QuantizedDistribution", "RelaxedBernoulli",
    "RelaxedOneHotCategorical", "SeedStream", "SinhArcsinh", "StudentTWithAbsDfSoftplusScale",
    "TransformedDistribution", "VectorDeterministic", "VectorExponentialDiag", "VectorLaplaceDiag",
    "VectorSinhArcsinhDiag", "WishartCholesky", "WishartFull", "assign_log_moving_mean_exp",
    "assign_moving_mean_variance", "auto_correlation", "bijectors", "fill_triangular",
    "fill_triangular_inverse", "matrix_diag_transform", "moving_mean_variance",
    "normal_conjugates_known_scale_posterior", "normal_conjugates_known_scale_predictive", "percentile",
    "reduce_weighted_logsumexp", "softplus_inverse", "tridiag",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    here = ", ".join(n for n in __all__ if n[0].isupper())
    raise AttributeError(f"tf.contrib.distributions.{name} is not part of Headrace, which has {here}.")
