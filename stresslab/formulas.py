"""Closed formulas of provisioning, liquidity and supervisory tables, to check a model by hand."""

from stresslab.measures.capital.stress_table import dfast_loss_rate
from stresslab.measures.formulas.credit_loss import (
    expected_credit_loss,
    migrate_stages,
    modification_gain,
    npl_sensitivity,
)
from stresslab.measures.liquidity.ratios import hqla, lcr, nsfr

__all__ = [
    "dfast_loss_rate",
    "expected_credit_loss",
    "hqla",
    "lcr",
    "migrate_stages",
    "modification_gain",
    "npl_sensitivity",
    "nsfr",
]
