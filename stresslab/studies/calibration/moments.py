"""Simulated moments: the targets' statistics of a portfolio at one set of parameters after another, on shared draws."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import least_squares, minimize

from stresslab.checks import refuse
from stresslab.engine.model import Model
from stresslab.engine.simulate import advance, simulate
from stresslab.files import whole_file
from stresslab.measures.estimators import jackknife_covariance
from stresslab.schema import FLOWS, STOCKS, InputError
from stresslab.studies.calibration.question import changed, constant_macro, question_fingerprint, scales_of
from stresslab.studies.calibration.targets import Target
from stresslab.studies.subset import of_borrowers

Array = NDArray[np.float64]
Method = Literal["least-squares", "nelder-mead"]
GROUPS = 20
"""Groups of borrowers, and of paths, left out in turn for the simulation's error."""
LEAST_SCALE = 0.02
"""Of a parameter, over the width of its bounds in the table: one that stands at its bound moves by steps of this."""
ADDING = (*STOCKS, *FLOWS, "entries_to_arrears", "restructured", "redefaulted", "flagged", "warned", "false_alarms")
"""Variables of a result that are sums over borrowers."""


@dataclass
class SimulatedMoments:
    """Statistics at one point after another; points are parameters in units of their bounds' width."""

    book: xr.Dataset
    macro: xr.Dataset
    targets: tuple[Target, ...]
    model: Model
    names: list[str]
    ranges: Array
    seed: int
    warmup: int
    seasoning: int
    simulation: dict[str, Any]
    checkpoint: Path | None
    bar: Any
    question: str = ""
    known: dict[str, Array] = field(default_factory=dict)
    best: float = np.inf
    best_point: Array = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.value = np.array([target.value for target in self.targets])
        self.error = np.array([target.standard_error for target in self.targets])
        self.scale = scales_of(self.model, self.names, LEAST_SCALE) / (self.ranges[:, 1] - self.ranges[:, 0])
        self.question = question_fingerprint(
            self.book, self.macro, self.model, self.names, self.targets, self.seed, self.warmup, self.seasoning,
            self.simulation,
        )  # fmt: skip

    def read_checkpoint(self) -> None:
        """Take the statistics that an earlier run of the same question wrote; a last line cut short does not count."""
        if self.checkpoint is None or not self.checkpoint.exists():
            return
        try:
            text = self.checkpoint.read_text("utf-8")
            entries = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
            known = {entry["point"]: entry["figures"] for entry in entries if entry["question"] == self.question}
            self.known |= {point: np.array(figures, float) for point, figures in known.items()}
        except (OSError, ValueError, KeyError, TypeError) as error:
            found = f"found {str(self.checkpoint)!r}, which is none ({type(error).__name__})"
            advice = "name the file of an earlier run, or one that is not there yet"
            raise InputError("calibrate", [f"checkpoint: {found}, expected lines of results; {advice}"]) from error
        if text and not text.endswith("\n"):
            with whole_file(self.checkpoint) as partial:
                partial.write_text(text[: text.rfind("\n") + 1], "utf-8")

    def unit(self, values: Array) -> Array:
        """Parameters in units of their bounds' width."""
        scaled: Array = (values - self.ranges[:, 0]) / (self.ranges[:, 1] - self.ranges[:, 0])
        return scaled

    def natural(self, point: Array) -> Array:
        """Parameters in their own units."""
        low, high = self.ranges.T
        values: Array = np.clip(low + point * (high - low), low, high)
        return values

    def model_at(self, point: Array) -> Model:
        """The model with the parameters of a point."""
        return changed(self.model, dict(zip(self.names, self.natural(point).tolist(), strict=True)))

    def result(self, point: Array, book: xr.Dataset) -> xr.Dataset:
        """A portfolio's result under the parameters of a point, after the warm-up."""
        model = self.model_at(point)
        if self.seasoning:
            steady = constant_macro(self.macro, self.seasoning)
            book = advance(book, steady, self.seasoning, model, seed=self.seed)
        return measured(
            simulate(book, self.macro, model, seed=self.seed, progress=False, **self.simulation), self.warmup
        )

    def figures(self, point: Array) -> Array:
        """Every target's statistic at a point, simulated once and written to the checkpoint."""
        key = json.dumps(self.natural(point).tolist())
        if key not in self.known:
            self.known[key] = statistics_of(self.result(point, self.book), self.targets)
            if self.checkpoint is not None:
                entry = {"question": self.question, "point": key, "figures": self.known[key].tolist()}
                with self.checkpoint.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(entry) + "\n")
        self.bar.update()
        return self.known[key]

    def residuals(self, point: Array) -> Array:
        """Simulated less target values, in standard errors of the targets."""
        apart: Array = (self.figures(point) - self.value) / self.error
        if not float(apart @ apart) >= self.best:
            self.best, self.best_point = float(apart @ apart), point.copy()
        self.bar.set_postfix_str(f"misfit {self.best:.4g}")
        return apart

    def slopes(self, point: Array, step: float, central: bool = False) -> Array:
        """Sensitivities (target, parameter), for the width of the bounds."""
        columns = []
        for place, at in enumerate(point):
            size = min(step * float(self.scale[place]), 0.5)
            ends = [at, at + size if at + size <= 1.0 else at - size]
            if central:
                ends = [max(at - size, 0.0), min(at + size, 1.0)]
            moved = [np.where(np.arange(point.size) == place, end, point) for end in ends]
            columns.append((self.figures(moved[1]) - self.figures(moved[0])) / (ends[1] - ends[0]))
        return np.stack(columns, axis=1)

    def minimise(self, start: Array, method: Method, step: float, iterations: int) -> tuple[Array, str]:
        """The point of the least misfit, and why the search ended."""
        inside = np.clip(start, 1e-6, 1.0 - 1e-6)
        size = np.clip(self.scale, 1e-3, 0.5)
        if method == "nelder-mead":
            corners = np.vstack([inside, inside + np.diag(np.where(inside > 0.5, -size, size) * 0.5)])
            solution = minimize(
                lambda point: float(np.sum(self.residuals(point) ** 2)), inside, method="Nelder-Mead",
                bounds=[(0.0, 1.0)] * start.size,
                options={
                    "initial_simplex": corners, "maxfev": iterations * (start.size + 1), "xatol": 1e-4, "fatol": 1e-3,
                },
            )  # fmt: skip
        else:
            for wide in (2.0, 1.0):  # coarse slopes lead near the minimum, finer ones to it
                solution = least_squares(
                    self.residuals, inside, lambda at, wide=wide: self.slopes(at, wide * step) / self.error[:, None],
                    bounds=(0.0, 1.0), x_scale=size, ftol=1e-4, xtol=1e-4, gtol=1e-6, max_nfev=iterations,
                )  # fmt: skip
                inside = np.clip(self.best_point, 1e-6, 1.0 - 1e-6)
        return self.best_point, str(solution.message)

    def noise(self, point: Array) -> Array:
        """Covariance of the simulated statistics (target, target): from borrowers, and from the economies drawn.

        Borrowers are simulated in groups, each a small portfolio, and the groups' sums are left out in turn.
        """
        ids, whole = np.argsort(np.argsort(self.book["borrower_id"].values)), self.result(point, self.book)
        groups = [ids % GROUPS == group for group in range(min(GROUPS, ids.size))]
        parts = [sums_of(self.result(point, of_borrowers(self.book, mine)), whole) for mine in groups]
        total = parts[0].copy(deep=True)
        for part in parts[1:]:
            total = total + part
        without = [statistics_of(whole.assign((total - part).data_vars), self.targets) for part in parts]
        covariance = jackknife_covariance(without)
        paths = self.macro.sizes.get("path", 1)
        if paths > 1 and any("path" in v.dims and bool((v != v[{"path": 0}]).any()) for v in self.macro.values()):
            count = min(GROUPS, paths)
            kept = [np.flatnonzero(np.arange(paths) % count != group) for group in range(count)]
            without = [statistics_of(whole.isel(path=places), self.targets) for places in kept]
            covariance = np.add(covariance, jackknife_covariance(without))
        return covariance


def measured(result: xr.Dataset, warmup: int) -> xr.Dataset:
    """A result from the end of its warm-up on: month 0 is its last month, without flows.

    >>> measured(xr.Dataset({"paid": ("month", [0.0, 5.0, 7.0])}, {"month": [0, 1, 2]}), 1)["paid"].values
    array([0., 7.])
    """
    if not warmup:
        return result
    after = result.isel(month=slice(warmup, None)).assign_coords(month=np.arange(result.sizes["month"] - warmup))
    flows = [name for name in (*FLOWS, "entries_to_arrears") if name in after]
    return after.assign({name: after[name].where(after["month"] > 0, 0) for name in flows})


def sums_of(part: xr.Dataset, whole: xr.Dataset) -> xr.Dataset:
    """The sums over borrowers in a part's result, with the segments of the whole: 0 where the part has none.

    >>> whole = xr.Dataset({"paid": ("segment", [5.0, 2.0])}, {"segment": ["a", "b"]})
    >>> sums_of(whole.isel(segment=[0]), whole)["paid"].values
    array([5., 0.])
    """
    names = [name for name in ADDING if name in whole and "segment" in whole[name].dims]
    bare = part[names].drop_vars([name for name in part.coords if name not in part.dims])
    same = bare["segment"].equals(whole["segment"])
    filled = bare if same else bare.reindex(segment=whole["segment"].values, fill_value=0)
    return xr.Dataset({name: filled[name].transpose(*whole[name].dims) for name in names})


def statistics_of(result: xr.Dataset, targets: Sequence[Target]) -> Array:
    """Every target's statistic of a result; refuses those that are not finite."""
    values = [float(np.mean(np.asarray(target.statistic(result), float))) for target in targets]
    refuse(
        "calibrate",
        [
            f"{target.name}: found {value} in a simulated portfolio, expected a finite number; simulate more borrowers "
            "or choose a larger group"
            for target, value in zip(targets, values, strict=True)
            if not np.isfinite(value)
        ],
    )
    return np.array(values)
