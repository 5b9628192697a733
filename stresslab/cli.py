"""The command line: `stresslab demo`, `stresslab run STUDY.toml`, `stresslab scenarios`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

import stresslab as sl
from stresslab.schema import InputError
from stresslab.study import Answers, Study, demo_study, read_study, run_study, summary_table, write_answers

app = typer.Typer(help="Stress tests of consumer credit portfolios, borrower by borrower.", no_args_is_help=True)
console = Console()

Folder = Annotated[Path, typer.Option("--out", help="Folder for datasets, table and figures.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar.")]


@app.command()
def demo(
    borrowers: Annotated[int | None, typer.Option(min=1, help="Borrowers, about 2.2 loans each.")] = None,
    paths: Annotated[int | None, typer.Option(min=2, help="Macro paths for each scenario.")] = None,
    out: Folder = Path("out"),
    quiet: Quiet = False,
) -> None:
    """Stress a million Chinese online loans in the Federal Reserve's 2026 scenarios."""
    _report(demo_study(borrowers, paths), out, quiet)


@app.command()
def run(
    study: Annotated[Path, typer.Argument(help="A study file (TOML).")],
    out: Folder = Path("out"),
    quiet: Quiet = False,
) -> None:
    """Run a study file and write netCDF datasets, a table and figures into a folder."""
    try:
        _report(read_study(study), out, quiet)
    except InputError as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(2) from None


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


def _report(study: Study, out: Path, quiet: bool) -> None:
    """Run, write, and print the table."""
    started = time.perf_counter()
    console.print(f"[bold]{study.title}[/bold]")
    answers = run_study(study, progress=not quiet)
    files = write_answers(answers, out)
    console.print(_table(answers))
    result = answers.result
    console.print(
        f"{result.attrs['loans']:,} loans of {result.attrs['borrowers']:,} borrowers, {result.sizes['path']} paths, "
        f"{result.sizes['month'] - 1} months in {time.perf_counter() - started:.0f} s; "
        f"{len(files)} files in {out}/: {', '.join(path.name for path in files)}",
        highlight=False,
    )


def _table(answers: Answers) -> Table:
    summary = summary_table(answers)
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in summary.columns:
        table.add_column(str(name), justify="right")
    for figure, row in summary.iterrows():
        table.add_row(str(figure), *("-" if np.isnan(v) else f"{v:,.3g}" if abs(v) < 100 else f"{v:,.0f}" for v in row))
    return table
