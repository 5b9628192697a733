"""Files and folders that are written whole or not at all: beside the target, then renamed to it.

A rename within a file system happens at once. A folder takes the place of another in two renames; if the process ends
between them, the folder before stands beside the target, and `place_faults` puts it back.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from stresslab.schema import InputError

MANIFEST = "manifest.json"
WRITTEN_BY = "stresslab"
"""By this word in its manifest a folder is known as one of this package, which may be replaced."""
OLD = 86_400
"""Seconds after which what a killed process left beside a target is removed; another one may still be writing."""
LARGEST_TOML = 1_000_000
"""Bytes of a file that people write."""


def toml_content(path: Path, meant: str) -> dict[str, Any]:
    """Content of a TOML file; InputError, which says what was meant, if it is none that can be read."""
    try:
        size = path.stat().st_size
        if size <= LARGEST_TOML:
            return tomllib.loads(path.read_text("utf-8-sig"))
        fault = f"found {size:,} bytes, expected {meant} of at most {LARGEST_TOML:,}; name that, not a data file"
    except OSError as error:
        fault = f"found none that can be read ({error.strerror}), expected {meant} as TOML; correct the path"
    except RecursionError:
        fault = f"found tables within tables beyond all bounds, expected {meant}; remove them"
    except ValueError as error:  # no UTF-8, no TOML, numbers of thousands of digits, a path with a NUL
        fault = f"found no TOML ({error}), expected {meant} as TOML in UTF-8; correct that line"
    raise InputError(str(path), [f"file: {fault}"])


def beside(target: Path, kind: str) -> Path:
    """A new hidden name beside the target, with its suffix."""
    return target.with_name(f".{target.stem}.{kind}-{secrets.token_hex(4)}{target.suffix}")


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A path to write to; the file takes the target's place when the block ends, and is removed if it fails."""
    try:
        if "\0" in str(target):
            raise ValueError("a NUL in its name")
        partial = beside(target, "partial")
    except ValueError as error:
        raise _unwritable(target, error) from error
    try:
        yield partial
        sync(partial)
        os.replace(partial, target)
    except OSError as error:
        raise _unwritable(target, error.strerror or error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _unwritable(target: Path, reason: object) -> InputError:
    """Error of a file that cannot be written."""
    fault = f"file: found no way to write it ({reason}), expected a name in a folder of yours; name another place"
    return InputError(str(target), [fault])


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder to write into, which takes the target's place when the block ends, and is removed if it fails."""
    partial, whole = beside(target, "partial"), False
    partial.mkdir(parents=True)
    try:
        yield partial
        for path in partial.iterdir():
            sync(path)
        sync(partial)
        whole = True
        _take_place(partial, target)
    except OSError as error:
        if not whole:
            raise
        found = f"{target}: found that it cannot be replaced ({error.strerror}), expected a rename"
        raise InputError("out", [f"{found}; move the answers, which stand whole in {partial}"]) from error
    finally:
        if not whole:
            shutil.rmtree(partial, ignore_errors=True)


def _take_place(partial: Path, target: Path) -> None:
    """Rename a whole folder to the target; what stood there is moved aside first and then removed."""
    before = beside(target, "previous")
    if target.exists():
        os.rename(target, before)
    try:
        os.rename(partial, target)
    except OSError:
        if before.exists():
            os.rename(before, target)
        raise
    sync(target.parent)
    shutil.rmtree(before, ignore_errors=True)


def sync(path: Path) -> None:
    """Have the system write a file or folder to the disk; folders only where the system can."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def place_faults(name: str, target: Path) -> list[str]:
    """Faults of a place for a folder of answers: it must be free, or hold nothing but answers of this package.

    Puts back a folder that a killed process had moved aside, and removes what others left a day ago.
    """
    try:
        if target.is_symlink():
            found, advice = f"a link to {os.readlink(target)} at", "name that folder itself"
        elif target.exists() and not target.is_dir():
            found, advice = "a file at", "name another place"
        elif os.path.ismount(target) or target == Path.cwd():
            found, advice = "a mounted or the current folder,", f"name one in it: {target / 'out'}"
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            _tidy(target)
            trial = beside(target, "partial")
            trial.mkdir()
            trial.rmdir()
            strange = foreign(target) if target.exists() else []
            if not strange:
                return []
            more = f" and {len(strange) - 5:,} more" if len(strange) > 5 else ""
            found, advice = f"{', '.join(strange[:5])}{more} in", "move them or name another folder"
    except (OSError, ValueError) as error:
        found, advice = f"no way to write ({getattr(error, 'strerror', None) or error})", "name another place"
    return [f"{name}: found {found} {str(target)!r}, expected nothing there, or answers of a study alone; {advice}"]


def foreign(folder: Path) -> list[str]:
    """Names in a folder that its manifest does not list; all of them if it has no manifest of this package."""
    manifest = manifest_of(folder)
    listed = {MANIFEST, *manifest["outputs"]} if manifest else set()
    return sorted(
        path.name for path in folder.iterdir() if path.name not in listed or path.is_symlink() or not path.is_file()
    )


def manifest_of(folder: Path) -> dict[str, Any]:
    """Content of the manifest of a folder; empty if it has none of this package."""
    try:
        content = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    ours = isinstance(content, dict) and content.get("written_by") == WRITTEN_BY
    return content if ours and isinstance(content.get("outputs"), dict) else {}


def _tidy(target: Path) -> None:
    """Put back the folder that a killed process had moved aside, and remove what is older than a day."""
    pattern = rf"\.{re.escape(target.stem)}\.(previous|partial)-[0-9a-f]{{8}}{re.escape(target.suffix)}"
    left = [(path.stat().st_mtime, path) for path in target.parent.iterdir() if re.fullmatch(pattern, path.name)]
    before = [(when, path) for when, path in left if ".previous-" in path.name]
    if before and not target.exists():
        os.rename(max(before)[1], target)
        left.remove(max(before))
    for when, path in left:
        if time.time() - when > OLD:
            shutil.rmtree(path, ignore_errors=True)


def digest(path: Path) -> dict[str, Any]:
    """Size [byte] and SHA-256 of a file."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
