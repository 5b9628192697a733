"""The command line: `stresslab demo`, `stresslab run STUDY.toml`, `stresslab scenarios`.

What loads the engine is imported inside the commands: it takes a second, and what is wrong there is said like all else.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import stresslab as sl
from stresslab.schema import InputError

if TYPE_CHECKING:
    from stresslab.study import Answers, Study

app = typer.Typer(
    help="""Stress tests of consumer credit portfolios, borrower by borrower.

    Ends with 0 if all went well, 2 if there is something to correct, which is said, and 130 if it was stopped.""",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
console = Console()
errors = Console(stderr=True, style="red", markup=False, highlight=False, soft_wrap=True)

WRONG, STOPPED, FAILED = 2, 130, 1
"""Exit codes: something to correct, stopped by the user, nobody to read the output."""
Folder = Annotated[
    Path, typer.Option("--out", help="Folder of its own for datasets, table and figures; answers there are replaced.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar.")]


@app.command()
def demo(
    borrowers: Annotated[int | None, typer.Option(min=1, help="Borrowers, about 2.2 loans each.")] = None,
    paths: Annotated[int | None, typer.Option(min=2, help="Macro paths for each scenario.")] = None,
    out: Folder = Path("out"),
    quiet: Quiet = False,
) -> None:
    """Stress a million Chinese online loans in the Federal Reserve's 2026 scenarios."""
    with _plain_messages():
        from stresslab.study import demo_study

        _report(demo_study(borrowers, paths), out, quiet)


@app.command()
def run(
    study: Annotated[Path, typer.Argument(help="A study file (TOML).")],
    out: Folder = Path("out"),
    quiet: Quiet = False,
) -> None:
    """Run a study file and write netCDF datasets, a table and figures into a folder."""
    with _plain_messages():
        from stresslab.study import read_study

        _report(read_study(study), out, quiet)


@app.command()
def scenarios() -> None:
    """List the scenarios that come with the package."""
    with _plain_messages():
        _list_scenarios()


def _list_scenarios() -> None:
    """Print the table of scenarios."""
    table = Table(box=None, pad_edge=False)
    for column in ("name", "months", "unemployment, peak", "publisher", "purpose"):
        table.add_column(column, no_wrap=column == "name", overflow="fold")
    for row in sl.scenarios.table().to_dict("records"):
        peak = f"{row['peak_unemployment']:.1%}"
        table.add_row(row["name"], str(row["months"]), peak, row["publisher"], row["purpose"])
    console.print(table)


@contextmanager
def _plain_messages() -> Iterator[None]:
    """Say what a user can correct in one message, without a traceback: input, files, memory, an interruption."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names that the terminal has no letters for
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except InputError as error:
        _end(str(error), WRONG)
    except BrokenPipeError:  # as of `stresslab scenarios | head`: whoever reads has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(FAILED) from None
    except OSError as error:
        _end(f"{error.filename or 'file'}: {error.strerror or error}; choose another place or file", WRONG)
    except MemoryError:
        _end("memory: found less than the run needs; lower macro_paths.paths or synthetic_portfolio.borrowers", WRONG)
    except KeyboardInterrupt:
        _end("stopped; no answers were written", STOPPED)


def _end(message: str, code: int) -> NoReturn:
    """Print a message on standard error, where there is one, and end with a code."""
    with suppress(OSError, ValueError):
        errors.print(message)
    raise typer.Exit(code) from None


def _report(study: Study, out: Path, quiet: bool) -> None:
    """Run, write, and print the table, the notes, and where the files are."""
    from stresslab.study import run_study
    from stresslab.study_output import write_answers

    started = time.perf_counter()
    console.print(Text(study.title, style="bold"))
    answers = run_study(study, folder=out, progress=not quiet)
    files = write_answers(answers, out)
    console.print(_table(answers))
    for note in answers.notes():
        console.print(Text(f"note: {note}"), soft_wrap=True)
    result = answers.result
    console.print(
        f"{result.attrs['loans']:,} loans of {result.attrs['borrowers']:,} borrowers, {result.sizes['path']} paths, "
        f"{result.sizes['month'] - 1} months in {time.perf_counter() - started:.0f} s; "
        f"{len(files)} files in {out}/: {', '.join(path.name for path in files)}",
        highlight=False,
        markup=False,
    )


def _table(answers: Answers) -> Table:
    """Key figures as they are printed."""
    from stresslab.study import summary_table

    summary = summary_table(answers)
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in summary.columns:
        table.add_column(Text(str(name)), justify="right", overflow="fold")
    for figure, row in summary.iterrows():
        table.add_row(Text(str(figure)), *map(_number, row))
    return table


def _number(value: float) -> str:
    """A figure with three digits, or whole from 100; "-" where there is none.

    >>> _number(1.2345), _number(12345.6), _number(float("nan"))
    ('1.23', '12,346', '-')
    """
    if np.isnan(value):
        return "-"
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
