"""The command line: `stresslab demo`, `stresslab run STUDY.toml`, `stresslab scenarios`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import stresslab as sl
from stresslab.schema import InputError
from stresslab.study import Answers, Study, demo_study, read_study, run_study, summary_table, write_answers

app = typer.Typer(
    help="Stress tests of consumer credit portfolios, borrower by borrower.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
console = Console()
errors = Console(stderr=True, style="red", markup=False, highlight=False, soft_wrap=True)

Folder = Annotated[Path, typer.Option("--out", file_okay=False, help="Folder for datasets, table and figures.")]
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
        _report(demo_study(borrowers, paths), out, quiet)


@app.command()
def run(
    study: Annotated[Path, typer.Argument(help="A study file (TOML).")],
    out: Folder = Path("out"),
    quiet: Quiet = False,
) -> None:
    """Run a study file and write netCDF datasets, a table and figures into a folder."""
    with _plain_messages():
        _report(read_study(study), out, quiet)


@app.command()
def scenarios() -> None:
    """List the scenarios that come with the package."""
    table = Table(box=None, pad_edge=False)
    for column in ("name", "months", "unemployment, peak", "publisher", "purpose"):
        table.add_column(column, no_wrap=column == "name", overflow="fold")
    for row in sl.scenarios.table().to_dict("records"):
        peak = f"{row['peak_unemployment']:.1%}"
        table.add_row(row["name"], str(row["months"]), peak, row["publisher"], row["purpose"])
    console.print(table)


@contextmanager
def _plain_messages() -> Iterator[None]:
    """Say what a user can correct in one message, without a traceback: input, files, an interruption."""
    try:
        yield
    except InputError as error:
        errors.print(str(error))
        raise typer.Exit(2) from None
    except OSError as error:
        errors.print(f"{error.filename or 'file'}: {error.strerror or error}; choose another place or file")
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        errors.print("stopped; no answers were written")
        raise typer.Exit(130) from None


def _report(study: Study, out: Path, quiet: bool) -> None:
    """Run, write, and print the table."""
    started = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)  # before the simulation, so that a wrong folder is named at once
    console.print(Text(study.title, style="bold"))
    answers = run_study(study, progress=not quiet)
    files = write_answers(answers, out)
    console.print(_table(answers))
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
    summary = summary_table(answers)
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in summary.columns:
        table.add_column(Text(str(name)), justify="right")
    for figure, row in summary.iterrows():
        table.add_row(
            Text(str(figure)), *("-" if np.isnan(v) else f"{v:,.3g}" if abs(v) < 100 else f"{v:,.0f}" for v in row)
        )
    return table


def _number(value: float) -> str:
    """A figure with three digits, or whole from 100; "-" where there is none.

    >>> _number(1.2345), _number(12345.6), _number(float("nan"))
    ('1.23', '12,346', '-')
    """
    if np.isnan(value):
        return "-"
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
