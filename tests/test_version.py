"""The version stands in the package itself."""

import importlib.metadata
import json

import pytest

import stresslab as sl
from stresslab.version import VERSION


def test_a_package_without_metadata_simulates_and_tells_its_version(monkeypatch):
    """As one that was copied beside the code that uses it."""
    known = importlib.metadata.version

    def version(name):
        if name == "stresslab":
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("stresslab")
    book = sl.synthetic_portfolio("us-card", borrowers=20, seed=1, seasoning_months=0)
    result = sl.simulate(book, sl.scenario("us-2007"), seed=1, horizon=1, progress=False)
    assert json.loads(result.attrs["versions"])["stresslab"] == VERSION


def test_the_version_of_the_metadata_is_that_of_the_package():
    assert importlib.metadata.version("stresslab") == VERSION
