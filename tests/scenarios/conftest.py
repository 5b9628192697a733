"""What the tests of the scenarios share."""

from pathlib import Path

import pytest

FED = Path(__file__).parents[2].parent / "shared" / "data" / "fed_scenarios"


@pytest.fixture
def fed_folder() -> Path:
    """Folder of the files as the Federal Reserve published them."""
    if not FED.is_dir():
        pytest.skip("the published files of the Federal Reserve are not beside the repository (../shared/data)")
    return FED
