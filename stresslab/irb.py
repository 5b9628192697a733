"""Internal-ratings-based approach for retail credit: risk weights, capital, floors and buffers (Basel CRE, RBC)."""

from stresslab.measures.formulas.irb import (
    capital,
    conservation_ratio,
    correlation,
    defaulted_capital,
    expected_loss,
    output_floor,
    risk_weight,
)

__all__ = [
    "capital",
    "conservation_ratio",
    "correlation",
    "defaulted_capital",
    "expected_loss",
    "output_floor",
    "risk_weight",
]
