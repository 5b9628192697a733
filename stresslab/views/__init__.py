"""How people see a simulated book: pictures of results and measures."""

from stresslab.views import plot

__all__ = ["plot"]
