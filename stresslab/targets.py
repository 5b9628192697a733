"""Calibration targets: statistics of a result, and their values in data."""

from stresslab.studies.calibration.targets import (
    Target,
    arrears_share,
    charge_off_rate_annual,
    default_rate_annual,
    loss_given_write_off,
    roll_rate,
    vintage_loss,
)
from stresslab.studies.calibration.targets_from_data import from_panel, from_tape

__all__ = [
    "Target",
    "arrears_share",
    "charge_off_rate_annual",
    "default_rate_annual",
    "from_panel",
    "from_tape",
    "loss_given_write_off",
    "roll_rate",
    "vintage_loss",
]
