"""The Python of README.md runs as it stands, on a small portfolio."""

import re

import matplotlib.pyplot as plt

from tests.docs.pages import ROOT, python_of


def small(code):
    """The same code with a portfolio of 2,000 borrowers and 20 paths."""
    code, sizes = re.subn(r"borrowers=[\d_]+", "borrowers=2_000", code)
    code, paths = re.subn(r"paths=\d+", "paths=20", code)
    assert sizes == paths == 1
    return code


def test_python_of_the_readme_runs():
    blocks = python_of((ROOT / "README.md").read_text("utf-8"))
    assert blocks
    names = {}
    exec(compile(small("\n".join(blocks)), "README.md", "exec"), names)
    plt.close("all")
    assert float(names["result"]["balance"].isel(month=0, path=0).sum()) > 0.0
