"""Every benchmark of `asv run` works: setup and each method once, on a small size."""

import importlib
import inspect
import math
import pkgutil
import re

import pytest

import benchmarks
from benchmarks.bench_engine import Benchmark, Size, time_import

pytestmark = pytest.mark.slow
SMALL = Size(
    borrowers=200, paths=2, months=12, loans=600, draws=10_000, macro_paths=3, result_borrowers=200, result_paths=3,
    rounds=1,
)  # fmt: skip
COLLECTED = re.compile(r"(time|timeraw|track|mem|peakmem)_\w+")
MODULES = [importlib.import_module(f"benchmarks.{module.name}") for module in pkgutil.iter_modules(benchmarks.__path__)]


def own(module, kind):
    """Members of a kind that a module defines itself."""
    return [(name, item) for name, item in inspect.getmembers(module, kind) if item.__module__ == module.__name__]


def methods_of(kind):
    """Methods of a class that asv runs."""
    return [name for name in dir(kind) if COLLECTED.fullmatch(name)]


CASES = [
    pytest.param(kind, values, id="-".join([name, *map(str, values)]))
    for module in MODULES
    for name, kind in own(module, inspect.isclass)
    if methods_of(kind)
    for values in ([(value,) for value in kind.params] if hasattr(kind, "params") else [()])
]


@pytest.mark.parametrize(("kind", "values"), CASES)
def test_each_benchmark_runs(monkeypatch, kind, values):
    assert issubclass(kind, Benchmark)
    monkeypatch.setattr(kind, "size", SMALL)
    benchmark = kind()
    benchmark.setup(*values)
    for method in methods_of(kind):
        figure = getattr(benchmark, method)(*values)
        assert figure is None or (method.startswith("track_") and math.isfinite(figure) and figure > 0)


def test_the_one_benchmark_without_a_class_runs():
    functions = [item for module in MODULES for name, item in own(module, inspect.isfunction) if COLLECTED.match(name)]
    assert functions == [time_import]
    time_import()
