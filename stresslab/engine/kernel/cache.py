"""Machine code of the kernel, kept between processes in a folder named after the hash of its sources.

Numba looks at the file of a compiled function alone, not at those of the functions that are inlined into it. With a
folder for each state of the sources nothing is stale and nothing has to be deleted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba import njit

from stresslab.schema import BUCKET_FLOOR, InputError

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
    """Folder for the machine code of these sources; InputError if none can be written.

    Inside NUMBA_CACHE_DIR where that is set, else beside the sources, else in the user's cache directory, else in a
    folder for temporary files that nobody else may write.
    """
    name, tried = PREFIX + hash_of(kernel), []
    for parent in [Path(CONFIG.CACHE_DIR)] if CONFIG.CACHE_DIR else usual_places(kernel):
        tried.append(str(parent))
        if can_write(parent / name):
            if parent == kernel / "__pycache__":  # the others may be shared with another installation
                remove_old(parent.glob(f"{PREFIX}*"), keep=parent / name)
            return parent / name
    fault = f"NUMBA_CACHE_DIR: found no folder for compiled code that can be written among {', '.join(tried)}"
    raise InputError("stresslab", [f"{fault}, expected one; set it to a folder that you may write"])


def usual_places(kernel: Path) -> Iterator[Path]:
    """Beside the sources, the cache directory of the user where they have a home, their folder for temporary files."""
    yield kernel / "__pycache__"
    with suppress(RuntimeError):  # no home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stresslab"
    with suppress(OSError):  # no folder for temporary files
        user = os.getuid() if hasattr(os, "getuid") else None  # elsewhere that folder is the user's already
        temporary = Path(tempfile.gettempdir()) / ("stresslab" if user is None else f"stresslab-{user}")
        temporary.mkdir(mode=0o700, exist_ok=True)
        status = temporary.lstat()
        if user is None or (status.st_uid == user and stat.S_IMODE(status.st_mode) == 0o700):
            yield temporary


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
