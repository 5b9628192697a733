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


@pytest.fixture
def published_folder() -> Path:
    """Folder of the published figures that were collected."""
    folder = FED.parent / "published"
    if not folder.is_dir():
        pytest.skip("the collected published figures are not beside the repository (../shared/data/published)")
    return folder
