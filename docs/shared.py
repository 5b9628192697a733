"""What pages share. A page that wants it begins with a hidden cell, and its visible code is that of any user.

Portfolios and runs that several pages use are made once for each state of the library, and stored under `_build/shared`:

    import stresslab as sl
    import shared

    sl.synthetic_portfolio, sl.simulate = shared.book, shared.result

A page that reads and writes files does so in a new folder that holds some of `docs/data`:

    shared.work_with("loan_tape.csv")
"""

import fcntl
import hashlib
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any

import numpy
import xarray as xr

import stresslab as sl

DOCS = Path(__file__).parent
STORE = DOCS / "_build" / "shared"
DATA = DOCS / "data"


@cache
def library_hash() -> str:
    """Hash of every source and data file of the library, and of NumPy's version, whose exponentials it uses."""
    digest = hashlib.sha256(numpy.__version__.encode())
    package = Path(sl.__file__).parent
    for path in sorted(p for p in package.rglob("*") if p.suffix in {".py", ".toml"}):
        digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def remembered(function: Callable[..., xr.Dataset]) -> Callable[..., xr.Dataset]:
    """The same function; its Dataset is stored under a hash of the library and of the arguments."""

    @wraps(function)
    def call(*arguments: Any, **options: Any) -> xr.Dataset:
        question = pickle.dumps((arguments, sorted(options.items())))
        key = hashlib.sha256(library_hash().encode() + question).hexdigest()[:24]
        path = STORE / f"{function.__name__}-{key}.pickle"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a page that runs beside this one waits instead of making it twice
            if not path.exists():
                unfinished = path.with_suffix(".part")
                unfinished.write_bytes(pickle.dumps(function(*arguments, **options)))
                os.replace(unfinished, path)
            stored: xr.Dataset = pickle.loads(path.read_bytes())
        return stored

    return call


book = remembered(sl.synthetic_portfolio)
result = remembered(sl.simulate)


def work_with(*files: str) -> None:
    """Make a new folder with copies of these files of `docs/data` the current one."""
    folder = tempfile.mkdtemp()
    for name in files:
        shutil.copy(DATA / name, folder)
    os.chdir(folder)
