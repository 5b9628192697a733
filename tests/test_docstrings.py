"""Public docstrings are numpydoc, agree with the signatures, and show an example that runs."""

import importlib
import inspect

import pytest
from numpydoc.validate import validate

import stresslab as sl

STYLE = {
    "GL01",  # text begins on the line of the quotes
    "ES01",  # a summary may be enough
    "SA01",  # and names may stand alone
}


def public_names():
    """Every function, class and method that a user can reach by `sl.`, under the name of its module."""
    places = [("stresslab", name) for name in sl.__all__]
    for space in (name for name in sl.__all__ if inspect.ismodule(getattr(sl, name))):
        places += [(f"stresslab.{space}", name) for name in importlib.import_module(f"stresslab.{space}").__all__]
    seen = {}
    for module, name in places:
        thing = getattr(importlib.import_module(module), name)
        if inspect.ismodule(thing):
            continue
        seen.setdefault(f"{thing.__module__}.{thing.__qualname__}", thing)
        if inspect.isclass(thing):
            for each, member in vars(thing).items():
                plain = inspect.unwrap(getattr(member, "__func__", member))
                if not each.startswith("_") and inspect.isfunction(plain):
                    seen[f"{thing.__module__}.{thing.__qualname__}.{each}"] = plain
    return sorted(seen)


@pytest.mark.parametrize("name", public_names())
def test_docstring_is_numpydoc_and_agrees_with_the_signature(name):
    faults = [f"{code}: {text}" for code, text in validate(name)["errors"] if code not in STYLE]
    assert faults == []


def test_a_wrong_docstring_is_seen():
    def wrong(level, seed):
        """Quantile.

        Parameters
        ----------
        level : float
            Of the quantile.
        """

    globals()["wrong"] = wrong
    wrong.__module__, wrong.__qualname__ = __name__, "wrong"
    codes = {code for code, _ in validate(f"{__name__}.wrong")["errors"]}
    assert {"PR01", "RT01", "EX01"} - codes == {"RT01"}  # it returns nothing
