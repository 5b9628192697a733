"""Parameters that make a book show given figures: the method of simulated moments on shared draws."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import least_squares, minimize
from scipy.stats import chi2
from tqdm import tqdm

from stresslab.checks import refuse
from stresslab.engine.mean_field import sample_of
from stresslab.engine.model import Model
from stresslab.engine.simulate import advance, simulate
from stresslab.measures.estimators import jackknife_covariance
from stresslab.schema import FLOWS, STOCKS
from stresslab.studies.calibration.identification import Identification, identify, warnings_of
from stresslab.studies.calibration.question import (
    changed,
    mark_of,
    number_faults,
    question_faults,
    ranges_of,
    scales_of,
    some_of,
    still,
)
from stresslab.studies.calibration.targets import Target

Array = NDArray[np.float64]
Bounds = tuple[float, float]
Method = Literal["least-squares", "nelder-mead"]
GROUPS = 20
"""Groups of borrowers, and of paths, left out in turn for the simulation's error."""
LEAST_SCALE = 0.02
"""Of a parameter, over the width of its bounds in the table: one that stands at its bound moves by steps of this."""
ADDING = (*STOCKS, *FLOWS, "entries_to_arrears", "restructured", "redefaulted", "flagged", "warned", "false_alarms")
"""Variables of a result that are sums over borrowers."""


def calibrate(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    targets: Sequence[Target],
    parameters: Mapping[str, Bounds | None] | Sequence[str],
    *,
    model: Model | None = None,
    seed: int | None = None,
    sample: int | None = None,
    warmup: int = 0,
    seasoning: int = 0,
    method: Method = "least-squares",
    step: float = 0.15,
    iterations: int = 20,
    checkpoint: str | PathLike[str] | None = None,
    progress: bool = True,
    **simulation: Any,
) -> xr.Dataset:
    """Model parameters at which a simulated book shows the figures that data show, with errors and what pins them.

    portfolio, macro, model, simulation : as in simulate(); one scenario; model is where the search starts
    targets : at least as many as parameters; the `correlation` of a Targets enters the standard errors
    parameters : names as in Model.replace(), "name[0]" for the first of a list; with (low, high), or None for the
      bounds of the model's own table
    seed : of every run, so that the fit is a smooth question; drawn if None
    sample : borrowers simulated, every k-th; None: all
    warmup : months of macro lived before measuring, on every run; month 0 of what statistics see is their end. The
      portfolio is what other parameters, or the world, left: only after a warm-up does it belong to those tried
    seasoning : months the book is moved before each run, along one path that stays at macro's first month: cheaper than
      a warm-up on many paths, for parameters whose steady state is far
    method : "least-squares" (trust region within the bounds) | "nelder-mead" (no derivatives, several times the runs)
    step : of a parameter for its sensitivity, relative to how far it starts from the table's nearer bound; small ones
      see the luck of few borrowers. A first search takes twice these steps
    iterations : at most, of each search, each as many runs as there are parameters and one
    checkpoint : file to which every run's figures are appended; the same question goes on from it. A statistic of your
      own is known by its code, not by what that calls: delete the file when this has changed
    Returns Dataset:
      start, fitted, standard_error, low, high (parameter); covariance (parameter, other);
      target_value, target_se, simulated_start, simulated, simulated_se, z (target): z = (simulated - target_value) /
        sqrt(target_se^2 + simulated_se^2);
      sensitivity (target, parameter) = d simulated / d parameter; sensitivity_scaled: over target_se, for the width of
        the bounds;
      influence (parameter, target) = (J'WJ)^-1 J'W, d fitted / d target_value; influence_scaled: for one target_se,
        over the standard_error;
      singular_value (direction), direction (direction, parameter): of sensitivity_scaled; 1 / singular_value is the
        error of that direction in widths of the bounds;
      attrs misfit = sum ((simulated - target_value) / target_se)^2, degrees (targets less parameters), p_value (of sum
        z^2: meant for independent targets), condition_number, warnings (one a line), evaluations, message, model (JSON,
        see calibrated_model()), seed.
    covariance = L (S_data + S_simulation) L', L = influence; S_simulation by the jackknife over groups of borrowers
    (and of paths, if these differ): (1 + 1/S) (J'WJ)^-1 where S times as much was simulated as observed. Borrowers
    count as drawn at random: a tape of the very ones that the targets speak of has less error than this says.
    A minimum near the start is found, not the lowest of all: start elsewhere (model) where it matters.
    Raises InputError naming each fault: an unknown parameter, a whole number (try its values one by one), bounds beyond
    the table, fewer targets than parameters, a statistic that gives no number.
    """
    base = Model.from_preset(str(portfolio.attrs.get("preset", ""))) if model is None else model
    wanted = dict(parameters) if isinstance(parameters, Mapping) else dict.fromkeys(parameters)
    ranges, start, faults = ranges_of(base, wanted)
    faults += question_faults(macro, targets, wanted, simulation, seed, checkpoint)
    faults += number_faults(macro, sample, warmup, seasoning, method, step, iterations, simulation.get("horizon"))
    refuse("calibrate", faults)
    drawn = secrets.randbits(62) if seed is None else int(seed)
    book = portfolio if sample is None else sample_of(portfolio, sample)
    with tqdm(desc="calibration", disable=not progress, unit=" runs") as bar:
        search = _Search(
            book, macro, tuple(targets), base, list(wanted), ranges, drawn, warmup, seasoning, simulation,
            None if checkpoint is None else Path(checkpoint), bar,
        )  # fmt: skip
        search.open()
        begin = search.unit(start)
        found, message = search.minimise(begin, method, step, iterations)
        sensitivity = search.slopes(found, step, central=True)
        noise = search.noise(found)
    return _report(search, begin, found, sensitivity, noise, getattr(targets, "correlation", None), method, message)


def calibrated_model(report: xr.Dataset) -> Model:
    """The fitted model of a report of calibrate(), also of one saved and read again.

    >>> report = xr.Dataset(attrs={"model": json.dumps(Model().replace(**{"income.low_pay": 0.5}).to_dict())})
    >>> calibrated_model(report).income.low_pay
    0.5
    """
    return Model().replace(**json.loads(report.attrs["model"]))


@dataclass
class _Search:
    """Figures at one point after another, all on the same draws; points in units of the bounds' width."""

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
        self.value = np.array([one.value for one in self.targets])
        self.error = np.array([one.standard_error for one in self.targets])
        self.scale = scales_of(self.model, self.names, LEAST_SCALE) / (self.ranges[:, 1] - self.ranges[:, 0])
        self.question = mark_of(
            self.book, self.macro, self.model, self.names, self.targets, self.seed, self.warmup, self.seasoning,
            self.simulation,
        )  # fmt: skip

    def open(self) -> None:
        """Read what an earlier run of the same question found; a last line cut short does not count."""
        if self.checkpoint is None or not self.checkpoint.exists():
            return
        text = self.checkpoint.read_text("utf-8")
        if text and not text.endswith("\n"):
            self.checkpoint.write_text(text[: text.rfind("\n") + 1], "utf-8")
        for line in text[: text.rfind("\n") + 1].splitlines():
            entry = json.loads(line)
            if entry["question"] == self.question:
                self.known[entry["point"]] = np.array(entry["figures"], float)

    def unit(self, values: Array) -> Array:
        scaled: Array = (values - self.ranges[:, 0]) / (self.ranges[:, 1] - self.ranges[:, 0])
        return scaled

    def natural(self, point: Array) -> Array:
        low, high = self.ranges.T
        values: Array = np.clip(low + point * (high - low), low, high)
        return values

    def model_at(self, point: Array) -> Model:
        return changed(self.model, dict(zip(self.names, self.natural(point).tolist(), strict=True)))

    def live(self, point: Array, book: xr.Dataset) -> xr.Dataset:
        """A book's result under the parameters of a point, as measured after the warm-up."""
        model = self.model_at(point)
        if self.seasoning:
            book = advance(book, still(self.macro, self.seasoning), self.seasoning, model, seed=self.seed)
        result = simulate(book, self.macro, model, seed=self.seed, progress=False, **self.simulation)
        return measured(result, self.warmup)

    def figures(self, point: Array) -> Array:
        """Every target's statistic at a point; each point is lived once, and what was found is written down."""
        key = json.dumps(self.natural(point).tolist())
        if key not in self.known:
            self.known[key] = _figures(self.live(point, self.book), self.targets)
            if self.checkpoint is not None:
                entry = {"question": self.question, "point": key, "figures": self.known[key].tolist()}
                with self.checkpoint.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(entry) + "\n")
        self.bar.update()
        return self.known[key]

    def residuals(self, point: Array) -> Array:
        apart: Array = (self.figures(point) - self.value) / self.error
        if not float(apart @ apart) >= self.best:
            self.best, self.best_point = float(apart @ apart), point.copy()
        self.bar.set_postfix_str(f"misfit {self.best:.4g}")
        return apart

    def slopes(self, point: Array, step: float, central: bool = False) -> Array:
        """(target, parameter), for the width of the bounds."""
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
        """The point of the least misfit found, and why the search ended."""
        inside = np.clip(start, 1e-6, 1.0 - 1e-6)
        size = np.clip(self.scale, 1e-3, 0.5)
        if method == "nelder-mead":
            corners = np.vstack([inside, inside + np.diag(np.where(inside > 0.5, -size, size) * 0.5)])
            found = minimize(
                lambda point: float(np.sum(self.residuals(point) ** 2)), inside, method="Nelder-Mead",
                bounds=[(0.0, 1.0)] * start.size,
                options={
                    "initial_simplex": corners, "maxfev": iterations * (start.size + 1), "xatol": 1e-4, "fatol": 1e-3,
                },
            )  # fmt: skip
        else:
            for wide in (2.0, 1.0):  # coarse slopes find the way, finer ones the place
                found = least_squares(
                    self.residuals, inside, lambda at, wide=wide: self.slopes(at, wide * step) / self.error[:, None],
                    bounds=(0.0, 1.0), x_scale=size, ftol=1e-4, xtol=1e-4, gtol=1e-6, max_nfev=iterations,
                )  # fmt: skip
                inside = np.clip(self.best_point, 1e-6, 1.0 - 1e-6)
        return self.best_point, str(found.message)

    def noise(self, point: Array) -> Array:
        """Covariance of the simulated figures (target, target): luck of borrowers, and of the economies drawn.

        Borrowers are lived in groups, each a small book of its own, and the groups' sums are left out in turn.
        """
        ids, lived = np.argsort(np.argsort(self.book["borrower_id"].values)), [self.live(point, self.book)]
        groups = [ids % GROUPS == group for group in range(min(GROUPS, ids.size))]
        parts = [sums_of(self.live(point, some_of(self.book, mine)), lived[0]) for mine in groups]
        whole = parts[0].copy(deep=True)
        for part in parts[1:]:
            whole = whole + part
        spread = jackknife_covariance(
            [_figures(lived[0].assign((whole - part).data_vars), self.targets) for part in parts]
        )
        paths = self.macro.sizes.get("path", 1)
        if paths > 1 and any("path" in v.dims and bool((v != v[{"path": 0}]).any()) for v in self.macro.values()):
            count = min(GROUPS, paths)
            some = [np.flatnonzero(np.arange(paths) % count != group) for group in range(count)]
            found = jackknife_covariance([_figures(lived[0].isel(path=each), self.targets) for each in some])
            spread = np.add(spread, found)
        return spread


def measured(result: xr.Dataset, warmup: int) -> xr.Dataset:
    """A result from the end of its warm-up on: month 0 is there, and has no flows.

    >>> measured(xr.Dataset({"paid": ("month", [0.0, 5.0, 7.0])}, {"month": [0, 1, 2]}), 1)["paid"].values
    array([0., 7.])
    """
    if not warmup:
        return result
    after = result.isel(month=slice(warmup, None)).assign_coords(month=np.arange(result.sizes["month"] - warmup))
    flows = [name for name in (*FLOWS, "entries_to_arrears") if name in after]
    return after.assign({name: after[name].where(after["month"] > 0, 0) for name in flows})


def sums_of(part: xr.Dataset, whole: xr.Dataset) -> xr.Dataset:
    """The sums over borrowers in a part's result, with the segments of the whole: 0 where the part has nobody.

    >>> whole = xr.Dataset({"paid": ("segment", [5.0, 2.0])}, {"segment": ["a", "b"]})
    >>> sums_of(whole.isel(segment=[0]), whole)["paid"].values
    array([5., 0.])
    """
    names = [name for name in ADDING if name in whole and "segment" in whole[name].dims]
    bare = part[names].drop_vars([name for name in part.coords if name not in part.dims])
    filled = bare.reindex(segment=whole["segment"].values, fill_value=0)
    return xr.Dataset({name: filled[name].transpose(*whole[name].dims) for name in names})


def _report(
    search: _Search,
    begin: Array,
    point: Array,
    slopes: Array,
    noise: Array,
    correlation: Any,
    method: str,
    message: str,
) -> xr.Dataset:
    """Everything that a reader of the fit asks for."""
    data = np.outer(search.error, search.error) * (np.eye(len(search.targets)) if correlation is None else correlation)
    found = identify(slopes, search.error, data + noise)
    width, simulated = search.ranges[:, 1] - search.ranges[:, 0], search.figures(point)
    error, total = np.sqrt(np.diag(found.covariance)), np.sqrt(search.error**2 + np.diag(noise))
    z = (simulated - search.value) / total
    degrees = len(search.targets) - len(search.names)
    out = xr.Dataset(
        coords={"parameter": search.names, "other": search.names, "target": [one.name for one in search.targets]}
    )
    for name, values in {
        "start": search.natural(begin), "fitted": search.natural(point), "standard_error": error * width,
        "low": search.ranges[:, 0], "high": search.ranges[:, 1],
    }.items():  # fmt: skip
        out[name] = ("parameter", values)
    out["covariance"] = (("parameter", "other"), found.covariance * np.outer(width, width))
    for name, values in {
        "target_value": search.value, "target_se": search.error, "simulated_start": search.figures(begin),
        "simulated": simulated, "simulated_se": np.sqrt(np.diag(noise)), "z": z,
    }.items():  # fmt: skip
        out[name] = ("target", values)
    out["sensitivity"] = (("target", "parameter"), slopes / width)
    out["sensitivity_scaled"] = (("target", "parameter"), slopes / search.error[:, None])
    out["influence"] = (("parameter", "target"), found.influence * width[:, None])
    out["influence_scaled"] = (("parameter", "target"), found.influence * search.error / error[:, None])
    out["singular_value"] = ("direction", found.singular)
    out["direction"] = (("direction", "parameter"), found.directions)
    return out.assign_attrs(
        misfit=float(np.sum(((simulated - search.value) / search.error) ** 2)), degrees=degrees,
        p_value=float(chi2.sf(z @ z, degrees)) if degrees else float("nan"), condition_number=found.condition,
        warnings="\n".join(_warnings(found, search, point, message)), method=method,
        evaluations=len(search.known),
        message=message, model=json.dumps(search.model_at(point).to_dict()), seed=str(search.seed),
        warmup=search.warmup, seasoning=search.seasoning, borrowers=search.book.sizes["borrower"],
    )  # fmt: skip


def _warnings(found: Identification, search: _Search, point: Array, message: str) -> list[str]:
    """Of identification, and of a search that was cut short."""
    texts = warnings_of(found, search.names, point)
    if "maximum number" in message.lower():
        texts.append(f"search: ended early ({message}); allow more iterations")
    return texts


def _figures(result: xr.Dataset, targets: Sequence[Target]) -> Array:
    """Every statistic of a result, checked: finite numbers."""
    values = [float(np.mean(np.asarray(one.statistic(result), float))) for one in targets]
    refuse(
        "calibrate",
        [
            f"{one.name}: found {value} in a simulated book, expected a finite number; more borrowers or a larger group"
            for one, value in zip(targets, values, strict=True)
            if not np.isfinite(value)
        ],
    )
    return np.array(values)
