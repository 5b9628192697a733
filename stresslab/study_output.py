"""Answers of a study as files: written whole into a folder of their own, with a manifest."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import stresslab as sl
from stresslab.checks import refuse
from stresslab.files import MANIFEST, WRITTEN_BY, digest, place_faults, whole_folder
from stresslab.schema import InputError
from stresslab.study import Answers, summary_table

WRITTEN = ("result", "losses", "provisions", "liquidity", "capital")


def write_answers(answers: Answers, folder: str | Path, *, figures: bool = True) -> list[Path]:
    """Write the datasets as netCDF, the key figures as CSV, the figures as PNG, and a manifest, into a folder.

    Parameters
    ----------
    answers : Answers
        From `run_study`.
    folder : str or Path
        Made if it does not exist. What stands there must be answers of a study, which are replaced as a whole.
    figures : bool, default True
        Draw the five figures as well.

    Returns
    -------
    list of Path
        The files written, `manifest.json` last.

    Raises
    ------
    InputError
        If the folder holds files that are no answers, or cannot be written.

    Notes
    -----
    All is written into a folder beside the target and renamed when it is whole, so the target never holds half of the
    answers, nor files of two studies. `manifest.json` holds the study, input files and outputs with size and SHA-256,
    all seeds, versions, the fingerprint of the portfolio, the times of start and end, and the notes. A process that is
    killed leaves a hidden folder `.out.partial-...` beside the target, which the next run removes after a day. If it is
    killed between the two renames, the folder before stands beside as `.out.previous-...`; the next run puts it back.

    Examples
    --------
    >>> import tempfile
    >>> from stresslab.study import demo_study, run_study
    >>> answers = run_study(demo_study(borrowers=300, paths=2), progress=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_answers(answers, f"{folder}/out", figures=False)][-2:]
    ['summary.csv', 'manifest.json']
    """
    place = Path(os.path.abspath(folder))
    refuse("write_answers", place_faults("folder", place))
    with whole_folder(place) as partial:
        try:
            names = _write(answers, partial, figures)
            outputs = {name: digest(partial / name) for name in names}
            manifest = {"written_by": WRITTEN_BY, **answers.record, "outputs": outputs, "notes": answers.notes()}
            (partial / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")
        except (OSError, RuntimeError) as error:  # the netCDF library raises RuntimeError where a disk is full
            found = f"found that the answers cannot be written ({getattr(error, 'strerror', None) or error})"
            advice = "expected a disk with room; name another place"
            raise InputError("write_answers", [f"folder: {found}, {advice}"]) from error
    return [place / name for name in (*names, MANIFEST)]


def _write(answers: Answers, folder: Path, figures: bool) -> list[str]:
    """Write everything but the manifest; returns the names of the files."""
    names = []
    for name in WRITTEN:
        names.append(f"{name}.nc")
        answers.datasets()[name].to_netcdf(folder / names[-1])
    names.append("summary.csv")
    summary_table(answers).to_csv(folder / names[-1], float_format="%.6g")
    return names + (_figures(answers, folder) if figures else [])


def _figures(answers: Answers, folder: Path) -> list[str]:
    """Draw and write the five figures of a study; returns the names of the files."""
    from matplotlib.figure import Figure

    result = answers.result
    last = result.isel(scenario=-1) if "scenario" in result.dims else result
    cash = answers.liquidity.isel(scenario=-1) if "scenario" in answers.liquidity.dims else answers.liquidity
    draw: dict[str, Callable[[Any], Any]] = {
        "arrears_rate": lambda ax: sl.plot.fan(result, "arrears_rate", ax=ax),
        "loss_distribution": lambda ax: sl.plot.loss_distribution(answers.losses, ax=ax),
        "arrears": lambda ax: sl.plot.arrears(last, ax=ax),
        "buffer": lambda ax: sl.plot.buffer(cash, ax=ax),
        "capital": lambda ax: sl.plot.capital(answers.capital, ax=ax),
    }
    for name, picture in draw.items():
        figure = Figure(figsize=(10, 6), layout="constrained")
        picture(figure.add_subplot())
        figure.savefig(folder / f"{name}.png", dpi=120)
    return [f"{name}.png" for name in draw]
