"""What the tests of the pictures share."""

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

mpl.use("Agg")


@pytest.fixture
def ax():
    """Axes of a figure of the size of the pages, without pyplot."""
    return Figure(figsize=(10, 6), layout="constrained").add_subplot()
