"""`tf.distributions` of TensorFlow 1.x: a distribution is a class with its parameters and one formula per statistic.

`base` holds what every distribution does, `parameters` what those of this package share (shapes and checks of their
parameters); each other file is one family."""

from __future__ import annotations

from .base import FULLY_REPARAMETERIZED, NOT_REPARAMETERIZED, Distribution, ReparameterizationType
from .bernoulli import Bernoulli
from .beta import Beta
from .categorical import Categorical
from .dirichlet import Dirichlet
from .gamma import Exponential, Gamma
from .kullback_leibler import RegisterKL, kl_divergence
from .laplace import Laplace
from .multinomial import DirichletMultinomial, Multinomial
from .normal import Normal
from .student_t import StudentT
from .uniform import Uniform

__all__ = [
    "FULLY_REPARAMETERIZED",
    "NOT_REPARAMETERIZED",
    "Bernoulli",
    "Beta",
    "Categorical",
    "Dirichlet",
    "DirichletMultinomial",
    "Distribution",
    "Exponential",
    "Gamma",
    "Laplace",
    "Multinomial",
    "Normal",
    "RegisterKL",
    "ReparameterizationType",
    "StudentT",
    "Uniform",
    "kl_divergence",
]
