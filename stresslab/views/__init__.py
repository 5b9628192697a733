"""Plots of results and measures on matplotlib axes."""

from stresslab.views import plot

__all__ = ["plot"]
