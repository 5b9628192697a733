"""Run the code of all pages, several at a time, into the cache that `sphinx-build` then reads (`make docs`).

    python docs/run_pages.py [--workers 2] [page.md ...]

A page is run again when its code or the library has changed. There is no time limit; cells that took longer than
30 seconds are named.
"""

import argparse
import os
import re
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.read import is_myst_markdown_notebook, myst_nb_reader_plugin

DOCS = Path(__file__).resolve().parent
BUILD = DOCS / "_build"
CACHE = BUILD / ".jupyter_cache"
LONGEST_FIRST = (
    "backtest",
    "calibration",
    "capital",
    "evidence",
    "provisions",
    "scenarios",
    "reverse",
    "liquidity",
    "scenario_to_table",
)
SLOW_CELL_SECONDS = 30.0
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def notebooks() -> list[Path]:
    """Pages with code cells, those that take longest first."""
    pages = [
        page
        for page in sorted(DOCS.rglob("*.md"))
        if BUILD not in page.parents and is_myst_markdown_notebook(page.read_text("utf-8"))
    ]
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    return sorted(pages, key=lambda page: place.get(page.stem, len(place)))


def forget_if_the_library_changed() -> None:
    """Remove what an older library has computed."""
    from shared import library_hash

    seen, now = BUILD / ".library", library_hash()
    if not seen.exists() or seen.read_text() != now:
        for folder in (BUILD, DOCS / "gallery", DOCS / "api" / "generated"):
            shutil.rmtree(folder, ignore_errors=True)
        BUILD.mkdir()
        seen.write_text(now)


def run(page: Path) -> tuple[ExecutionResult, list[tuple[float, str]]]:
    """The executed page, and seconds and first line of its slow cells."""
    done = single_nb_execution(
        myst_nb_reader_plugin(str(page)),
        cwd=str(page.parent),
        timeout=-1,
        allow_errors=False,
        record_timing=True,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    return done, [
        (seconds, cell.source.partition("\n")[0])
        for cell in done.nb.cells
        if (seconds := seconds_of(cell)) > SLOW_CELL_SECONDS
    ]


def seconds_of(cell: nbformat.NotebookNode) -> float:
    """Seconds that a cell took; its record of times is removed, since it is no part of the page."""
    times = cell.metadata.pop("execution", {})
    if not {"iopub.execute_input", "shell.execute_reply"} <= {*times}:
        return 0.0
    begin, end = (datetime.fromisoformat(times[key]) for key in ("iopub.execute_input", "shell.execute_reply"))
    return (end - begin).total_seconds()


def is_cached(cache: JupyterCacheBase, page: Path) -> bool:
    try:
        cache.match_cache_notebook(myst_nb_reader_plugin(str(page)))
    except KeyError:
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("pages", nargs="*", type=Path, help="these pages only")
    asked = parser.parse_args()
    sys.path.insert(0, str(DOCS))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(DOCS), os.environ.get("PYTHONPATH")]))
    forget_if_the_library_changed()
    cache = get_cache(CACHE)
    pages = [page.resolve() for page in asked.pages] or notebooks()
    waiting = [page for page in pages if not is_cached(cache, page)]
    start, failures = time.monotonic(), 0
    with ThreadPoolExecutor(asked.workers) as pool:
        tasks = {pool.submit(run, page): page for page in waiting}
        for task in as_completed(tasks):
            page = tasks[task].relative_to(DOCS)
            done, slow = task.result()
            print(f"  {done.time:6.1f} s  {page}", flush=True)
            for seconds, line in slow:
                print(f"           {seconds:.0f} s in the cell that begins with: {line}")
            if done.err is not None:
                failures += 1
                print(f"{page} failed:\n{ANSI.sub('', str(done.err))}", file=sys.stderr)
                continue
            bundle = CacheBundleIn(done.nb, str(tasks[task]), data={"execution_seconds": done.time})
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    print(f"{len(waiting)} pages run, {len(pages) - len(waiting)} as before, {time.monotonic() - start:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
