"""Machine code of the kernel, kept between processes in a folder named after the hash of its sources.

Numba looks at the file of a compiled function alone, not at those of the functions that are inlined into it. With a
folder for each state of the sources nothing is stale and nothing has to be deleted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numba
from numba import njit

from stresslab.schema import BUCKET_FLOOR

HERE = Path(__file__).parent
CONFIG: Any = numba.config
PREFIX = "numba-"
OLD = 86_400
"""Seconds after which the folder of other sources is removed; a process that began before a change may still use it."""


def sources(kernel: Path) -> list[Path]:
    """Files whose functions are compiled."""
    return [*sorted(kernel.glob("*.py")), kernel.parent / "job_flows.py"]


def hash_of(kernel: Path) -> str:
    """First 16 hexadecimal digits of a SHA-256 of all sources, and of what they take from the schema."""
    digest = hashlib.sha256(repr(BUCKET_FLOOR).encode())
    for path in sources(kernel):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder(kernel: Path = HERE) -> Path:
    """Folder for the machine code of these sources; RuntimeError if none can be written.

    Inside NUMBA_CACHE_DIR where that is set, else beside the sources, else in the user's cache directory.
    """
    name = PREFIX + hash_of(kernel)
    if CONFIG.CACHE_DIR:
        parents = [Path(CONFIG.CACHE_DIR)]
    else:
        own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        parents = [kernel / "__pycache__", own / "stresslab"]
    for parent in parents:
        if can_write(parent / name):
            if parent == kernel / "__pycache__":  # the others may be shared with another installation
                remove_old(parent.glob(f"{PREFIX}*"), keep=parent / name)
            return parent / name
    tried = ", ".join(map(str, parents))
    raise RuntimeError(
        f"no folder for compiled code: cannot write {tried}; set NUMBA_CACHE_DIR to one that you may write"
    )


def can_write(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made where it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def remove_old(folders: Iterable[Path], keep: Path) -> None:
    """Remove folders of other sources that have not been written for a day."""
    for folder in folders:
        if folder != keep and time.time() - folder.stat().st_mtime > OLD:
            shutil.rmtree(folder, ignore_errors=True)


FOLDER = cache_folder()


def compiled(**options: Any) -> Callable[[Any], Any]:
    """`numba.njit` that keeps its machine code in FOLDER."""

    def decorate(function: Any) -> Any:
        before, CONFIG.CACHE_DIR = CONFIG.CACHE_DIR, str(FOLDER)
        try:
            return njit(cache=True, **options)(function)
        finally:
            CONFIG.CACHE_DIR = before

    return decorate
