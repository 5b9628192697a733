"""Asymptotic single-risk-factor (Vasicek) model: loss quantiles, granularity, contributions and default counts."""

from stresslab.measures.formulas.asrf import (
    cdf,
    conditional_pd,
    default_count_quantile,
    default_count_tail,
    density,
    euler_contributions,
    expected_shortfall,
    granularity_adjustment,
    implied_correlation,
    quantile,
    standard_deviation,
    systematic_factor,
)

__all__ = [
    "cdf",
    "conditional_pd",
    "default_count_quantile",
    "default_count_tail",
    "density",
    "euler_contributions",
    "expected_shortfall",
    "granularity_adjustment",
    "implied_correlation",
    "quantile",
    "standard_deviation",
    "systematic_factor",
]
