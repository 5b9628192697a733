"""Outcomes of a run, one number for each path, for `reverse_stress` and `sensitivity`."""

from stresslab.studies.outcomes import loss_rate, lowest_headroom, lowest_ratio

__all__ = ["loss_rate", "lowest_headroom", "lowest_ratio"]
