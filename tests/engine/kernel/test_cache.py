"""Compiled code is kept under the hash of its sources: a change of any of them has another folder."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numba
import pytest

from stresslab.engine import job_flows
from stresslab.engine.kernel import cache, loop
from stresslab.engine.kernel.cache import FOLDER, HERE, OLD, PREFIX, cache_folder, hash_of, sources
from stresslab.schema import InputError


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The kernel's sources in a folder of their own, without a NUMBA_CACHE_DIR."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    shutil.copy(HERE.parent / "job_flows.py", tmp_path)
    return Path(shutil.copytree(HERE, tmp_path / "kernel", ignore=shutil.ignore_patterns("__pycache__")))


def test_what_is_compiled_is_kept_there():
    kept = [loop.live, loop.live_in_step, loop.live_month, loop.open_accounts, job_flows._follow]
    assert all(Path(function.stats.cache_path).parent == FOLDER for function in kept)


def test_decorating_leaves_the_users_own_folder(monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "/nowhere")
    function = cache.compiled()(lambda x: x)
    assert numba.config.CACHE_DIR == "/nowhere"
    assert Path(function.stats.cache_path).parent == FOLDER


@pytest.mark.parametrize("name", [path.name for path in sources(HERE)])
def test_a_byte_of_any_source_makes_another_folder(copy, name):
    before = cache_folder(copy)
    assert before == copy / "__pycache__" / f"{PREFIX}{hash_of(HERE)}"
    path = next(path for path in sources(copy) if path.name == name)
    path.write_bytes(path.read_bytes() + b"\n")
    after = cache_folder(copy)
    assert before != after
    assert before.is_dir()
    assert after.is_dir()


def test_only_old_folders_are_removed(copy):
    young, old = copy / "__pycache__/numba-young", copy / "__pycache__/numba-old"
    for folder in (young, old):
        folder.mkdir(parents=True)
    (old / "code.nbc").touch()
    long_ago = time.time() - OLD - 60
    os.utime(old, (long_ago, long_ago))
    here = cache_folder(copy)
    os.utime(here, (long_ago, long_ago))
    assert cache_folder(copy) == here
    assert {path.name for path in (copy / "__pycache__").iterdir()} == {"numba-young", here.name}


def test_the_users_folder_comes_first(copy, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "mine"))
    assert cache_folder(copy).parent == tmp_path / "mine"


def test_a_package_that_cannot_be_written_is_compiled_elsewhere(copy, tmp_path):
    (copy / "__pycache__").write_text("a file where the folder would be")
    assert cache_folder(copy).parent == tmp_path / "user/stresslab"


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files of its own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_without_a_home_it_is_compiled_among_temporary_files_that_nobody_else_may_write(copy, temporary, monkeypatch):
    (copy / "__pycache__").write_text("a file where the folder would be")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    folder = cache_folder(copy).parent
    assert folder.parent == temporary
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_temporary_folder_that_others_may_write_is_not_used(copy, temporary, tmp_path):
    (copy / "__pycache__").write_text("a file where the folder would be")
    (tmp_path / "user").write_text("another")
    (temporary / f"stresslab-{os.getuid()}").mkdir(mode=0o777)
    (temporary / f"stresslab-{os.getuid()}").chmod(0o777)
    with pytest.raises(InputError, match=r"among .*__pycache__, .*stresslab, expected one; set it to a folder"):
        cache_folder(copy)


def test_no_folder_at_all_is_an_error_that_says_what_to_do(copy, temporary, monkeypatch):
    (copy / "__pycache__").write_text("a file where the folder would be")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(copy / "__pycache__"))
    with pytest.raises(InputError, match=r"NUMBA_CACHE_DIR: found no folder .*__pycache__, expected one; set it to"):
        cache_folder(copy)


BECOME_NOBODY = """
import os, sys, lazy_loader, xarray, numba.core.caching
numba.njit(lambda x: x)(1)  # all that is loaded of others, before it may no longer be read
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
"""
"""To root no file is read-only."""


def test_an_installation_that_may_not_be_written_compiles_without_a_home(tmp_path):
    place = Path(tempfile.mkdtemp(prefix="installed-"))
    package = shutil.copytree(HERE.parents[1], place / "stresslab", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "twice.py").write_text("def twice(x):\n    return 2 * x\n")
    for path in (place, package, *package.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    temporary = place.with_name(f"{place.name}-temporary")
    temporary.mkdir(mode=0o777)
    temporary.chmod(0o777)
    code = BECOME_NOBODY + (
        "from stresslab.engine.kernel.cache import FOLDER, compiled; from twice import twice\n"
        "print(compiled()(twice)(21), len([*FOLDER.rglob('*.nbc')]), FOLDER)"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=False,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.stderr == ""
        assert done.stdout.startswith(f"42 1 {temporary}/stresslab-")
    finally:
        for path in (place, package, *package.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(place)
        shutil.rmtree(temporary)


def test_numba_cache_dir_of_the_environment_is_used(tmp_path):
    code = "from stresslab.engine.kernel.loop import live; print(live.stats.cache_path)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}, cwd=HERE.parents[2],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert Path(done.stdout.strip()).parent == tmp_path / FOLDER.name
