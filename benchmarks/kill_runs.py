"""Kill `stresslab run` at random moments, and see that its folder holds whole answers or none: `make kill`.

Half of the moments are spread over the whole run, half over the time in which files are written. Every other run begins
with answers of an earlier one in its folder, which must stand there whole until the new ones do.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from stresslab.files import MANIFEST, digest, manifest_of

STUDY = """
scenarios = ["fed-2026-baseline", "fed-2026-severely-adverse"]
[synthetic_portfolio]
borrowers = 500
[macro_paths]
paths = 2
[simulate]
horizon = 3
"""
COMMAND = [sys.executable, "-c", "from stresslab.cli import app; app()", "run", "study.toml", "--quiet"]


def state_of(folder: Path) -> str:
    """ "absent", "whole" if all files and no others are there with the sums of the manifest, or what is wrong."""
    if not folder.exists():
        return "absent"
    outputs = manifest_of(folder).get("outputs")
    if outputs is None:
        return "broken: no manifest"
    names = {path.name for path in folder.iterdir()} - {MANIFEST}
    wrong = sorted(names ^ set(outputs)) + [
        name for name in names & set(outputs) if digest(folder / name) != outputs[name]
    ]
    return f"broken: {', '.join(wrong)}" if wrong else "whole"


def is_writing(place: Path) -> bool:
    """Whether files of answers are being written beside the folder."""
    with suppress(FileNotFoundError):  # renamed meanwhile
        return any(any(partial.iterdir()) for partial in place.glob(".out.partial-*"))
    return False


def start(place: Path) -> subprocess.Popen[bytes]:
    """A run of the study in a folder."""
    return subprocess.Popen(
        COMMAND, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def wait_for(condition: Callable[[], bool], run: subprocess.Popen[bytes]) -> None:
    """Wait until a condition holds or the run ends."""
    while run.poll() is None and not condition():
        time.sleep(0.0005)


def measured(place: Path) -> tuple[float, float]:
    """Seconds that a run takes, and how many of them it writes, its answers staying in the folder."""
    started, run = time.perf_counter(), start(place)
    wait_for(lambda: is_writing(place), run)
    writing = time.perf_counter()
    if run.wait() != 0:
        raise RuntimeError("the run that is left alone failed")
    return time.perf_counter() - started, time.perf_counter() - writing


def kill_once(place: Path, whole_run: float, writing: float, in_writing: bool, chance: random.Random) -> None:
    """Start a run and kill it at a random moment of its life, or of its writing."""
    run = start(place)
    if in_writing:
        wait_for(lambda: is_writing(place), run)
        time.sleep(chance.uniform(0.0, writing))
    else:
        time.sleep(chance.uniform(0.0, whole_run))
    os.killpg(run.pid, signal.SIGKILL) if run.poll() is None else None
    run.wait()


def kill_runs(count: int, seed: int = 1) -> Counter[str]:
    """How often the folder held what, after so many runs were killed."""
    chance, found = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "study.toml").write_text(STUDY, "utf-8")
        whole_run, writing = measured(place)
        shutil.move(place / "out", place / "old")
        old = manifest_of(place / "old")
        for number in range(count):
            begins_with_answers = number % 2 == 0
            if begins_with_answers:
                shutil.copytree(place / "old", place / "out")
            kill_once(place, whole_run, writing, in_writing=number % 4 < 2, chance=chance)
            state = state_of(place / "out")
            if state == "whole":
                state = "old ones whole" if manifest_of(place / "out") == old else "new ones whole"
            elif state == "absent" and begins_with_answers:
                aside = [state_of(before) for before in place.glob(".out.previous-*")]
                state = "old ones whole, moved aside" if aside == ["whole"] else "broken: old ones lost"
            found[state] += 1
            for path in place.iterdir():
                if path.name not in ("study.toml", "old"):
                    shutil.rmtree(path)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="runs to kill")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    options = parser.parse_args()
    states = kill_runs(options.count, options.seed)
    for name, times in states.most_common():
        print(f"{times:4d}  {name}")
    sys.exit(any(name.startswith("broken") for name in states))
