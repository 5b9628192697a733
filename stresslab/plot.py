"""Plots of results and measures, on matplotlib axes."""

from stresslab.views.plot import (
    allowance_waterfall,
    arrears,
    backtest,
    buffer,
    capital,
    fan,
    ladder,
    life,
    loss_distribution,
    scenario,
    stages,
    survival,
    tornado,
)

__all__ = [
    "allowance_waterfall",
    "arrears",
    "backtest",
    "buffer",
    "capital",
    "fan",
    "ladder",
    "life",
    "loss_distribution",
    "scenario",
    "stages",
    "survival",
    "tornado",
]
