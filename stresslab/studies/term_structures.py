"""Term structures of PD, EAD and LGD for allowances, estimated from simulations of the same portfolio.

Some months of the macro paths, as far apart as possible, are the points. The portfolio is advanced to each point, and
simulated from there under an outlook: what was reasonable to expect that month. The outcome of every loan is counted by
its state at the point; an allowance in any other month is interpolated between the points.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from tqdm import tqdm

from stresslab.checks import refuse, whole_faults
from stresslab.engine.loan_outcomes import loan_outcomes
from stresslab.engine.mean_field import sample_of
from stresslab.engine.model import Model
from stresslab.engine.packing import income_trend, opening_unemployment
from stresslab.engine.prepare import Renewal, prepare
from stresslab.engine.simulate import advance, simulate
from stresslab.files import whole_file
from stresslab.measures.provisions.expected_loss import change_over_a_year
from stresslab.measures.provisions.risk_states import CELLS, CURRENT, GRADE_BELOW, UNDRAWN, WATCHED
from stresslab.measures.result_view import Output, labelled
from stresslab.schema import BUCKETS
from stresslab.studies.outlook import Outlook, expected_macro
from stresslab.studies.seeds import drawn_seed
from stresslab.typed import typed

Array = NDArray[Any]
BATCHES = 10
"""Groups of borrowers whose spread gives the sampling error."""
FEW = 30
"""Loans below which a cell takes the experience of all segments of its kind, revolving or not."""
OUTPUTS = {
    "balance": Output("currency", "balance at the point, undrawn limit in the undrawn cell"),
    "defaulting": Output("currency", "balance that defaults in the month"),
    "exposure": Output("currency", "balance at default of the loans that default in the month"),
    "loss": Output("currency", "part of the exposure lost, discounted to the default"),
    "loss_drawn": Output("currency", "loss without what is drawn after the point"),
    "loans": Output("number", "loans in the cell"),
    "pooled": Output("1", "few loans, so that all segments of the kind stand in"),
    "unemployment": Output("1", "share of borrowers unemployed at the point"),
    "unemployment_change": Output("1", "its change over 12 months"),
    "age": Output("month", "age of the portfolio at the point, in run-off"),
    "kept": Output("1", "share of the month's losses that is on loans of the point"),
    "recovered_share": Output("1", "recovered over written off, both discounted"),
    "monthly_rate": Output("1/month", "contract rate of the segment"),
    "revolving": Output("1", "revolving segment"),
}


class _Settings(NamedTuple):
    """What every simulation of a portfolio from a point on shares."""

    model: Model
    seed: int
    renewal: Renewal
    outlooks: Sequence[Outlook]
    horizon: int
    threads: int | None

    @property
    def later_seed(self) -> int:
        """Seed of what follows a point: other draws than those that led there."""
        return (self.seed + 1) % 2**64


@typed
def term_structures(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    model: Model | None = None,
    *,
    seed: int | None = None,
    renewal: Renewal = "static",
    outlooks: Sequence[Outlook] = (Outlook(),),
    points: int = 8,
    sample: int = 100_000,
    horizon: int = 60,
    cache: str | Path | None = None,
    progress: bool = True,
    threads: int | None = None,
) -> xr.Dataset:
    r"""PD, EAD and LGD by segment, state of the loan, age and state of the economy, with their sampling error.

    Parameters
    ----------
    portfolio : xarray.Dataset
        As given to `simulate`, for whose result allowances are wanted.
    macro : xarray.Dataset
        As given to `simulate`.
    model : Model or None
        As given to `simulate`.
    seed : int or None
        Of every run; drawn if None and stored in attrs.
    renewal : {"static", "run-off"}
        As given to `simulate`.
    outlooks : sequence of Outlook
        What is expected from each month on.
    points : int
        Months of the paths at which the portfolio is examined, the first one the start.
    sample : int
        Borrowers who are followed, every k-th of the portfolio.
    horizon : int
        Months followed, at least 12; defaults and losses beyond it are not seen.
    cache : str, Path or None
        Folder in which the output is kept under its `terms_fingerprint` and read again; None: only in this process.
    progress : bool
        Show a progress bar, one step for each point and outlook.
    threads : int or None
        As in `simulate`.

    Returns
    -------
    xarray.Dataset
        ===================  ===========================  ========  ===================================================
        variable             dims                         unit      meaning
        ===================  ===========================  ========  ===================================================
        balance              batch, point, segment, cell  currency  owed at the point; undrawn limits in cell "undrawn"
        defaulting           all                          currency  part of it that defaults in month `ahead`
        exposure             all                          currency  what those loans owe then
        loss                 all                          currency  part of the exposure that is lost
        loss_drawn           all                          currency  loss without what is drawn after the point
        loans                point, segment, cell         number    loans counted
        pooled               point, segment, cell         1         fewer than 30 loans
        unemployment         point                        1         share of borrowers unemployed
        unemployment_change  point                        1         its change over 12 months
        age                  point                        month     age of the portfolio, in run-off
        kept                 segment, ahead               1         share of a month's losses on loans of the point
        recovered_share      segment                      1         recovered over written off, discounted
        monthly_rate         segment                      1/month   contract rate
        revolving            segment                      1         revolving segment
        ===================  ===========================  ========  ===================================================

        All dims are outlook, batch, point, segment, cell, ahead; `ahead` [month] 0 means defaulted already. The
        exposure includes further drawings; for current loans these stand in cell "undrawn" instead. The loss is
        discounted to the default at the loan's rate. Where `pooled`, all segments of the kind, revolving or not, stand
        in. Attrs `fingerprint` is the portfolio's, `terms_fingerprint` that of all that the output depends on.

        Of several scenarios all variables stand along `scenario`, each with points on its own paths, the same as alone;
        one with fewer points than another is filled up with points without loans.

    Raises
    ------
    InputError
        Names each fault, as `simulate` does.

    Notes
    -----
    Of a cell, summed over batches, for default in month h

    .. math:: PD_h = \frac{\mathrm{defaulting}_h}{\mathrm{balance}} , \quad
              EAD_h = \frac{\mathrm{exposure}_h}{\mathrm{defaulting}_h} , \quad
              LGD_h = \frac{\mathrm{loss}_h}{\mathrm{exposure}_h}

    The spread over batches, groups of borrowers, gives the sampling error.

    Examples
    --------
    Loans 90 days past due have defaulted already:

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=500, seed=1)
    >>> macro = sl.scenario("china-baseline")
    >>> terms = sl.term_structures(book, macro, seed=3, points=1, horizon=24, progress=False)
    >>> late = terms.sel(cell="90-119", ahead=0).sum("batch")
    >>> bool((late["defaulting"] == late["balance"]).all())
    True
    """
    refuse("term_structures", setting_faults(outlooks, points, sample, horizon))
    seed = int(drawn_seed(seed))
    prepared, paths = prepare("term_structures", portfolio, macro, model, seed, None, renewal, threads, (), None, None)
    choice: dict[str, Any] = {
        "seed": str(seed), "renewal": renewal, "points": points, "sample": sample, "horizon": horizon,
        "outlooks": json.dumps([asdict(outlook) for outlook in outlooks]),
        "model": json.dumps(prepared.model.to_dict()), "fingerprint": prepared.mark,
    }  # fmt: skip
    key = _fingerprint(choice, paths)
    if key in _KEPT:
        return _KEPT[key]
    file = None if cache is None else Path(cache) / f"terms-{key}.nc"
    if file is not None and file.is_file():
        terms = xr.load_dataset(file)
    else:
        settings = _Settings(prepared.model, seed, renewal, outlooks, horizon, threads)
        sampled = sample_of(portfolio, sample)
        terms = _along_scenarios(
            [_estimate(sampled, portfolio, part, points, settings, progress) for part in _scenarios(paths)], paths
        )
        of_portfolio = {name: str(portfolio.attrs.get(name, "")) for name in ("currency", "own_lender")}
        terms = labelled(terms, OUTPUTS).assign_attrs(choice, terms_fingerprint=key, **of_portfolio)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(file) as partial:
                terms.to_netcdf(partial)
    _KEPT.clear()
    _KEPT[key] = terms
    return terms


def _scenarios(paths: xr.Dataset) -> list[xr.Dataset]:
    """The macro paths of each scenario, whose points do not depend on the others."""
    if "scenario" not in paths.dims:
        return [paths]
    return [paths.isel(scenario=place, drop=True) for place in range(paths.sizes["scenario"])]


def _along_scenarios(parts: list[xr.Dataset], paths: xr.Dataset) -> xr.Dataset:
    """Term structures along `scenario`, if the macro paths are, filled up with empty points where there are fewer."""
    if "scenario" not in paths.dims:
        return parts[0]
    most = max(part.sizes["point"] for part in parts)
    alike = [part.pad(point=(0, most - part.sizes["point"]), constant_values=0) for part in parts]
    names = paths["scenario"].variable if "scenario" in paths.coords else "scenario"
    return xr.concat(alike, names, data_vars="all")


_KEPT: dict[str, xr.Dataset] = {}
"""The last output of this process under its fingerprint."""


def setting_faults(outlooks: Sequence[Outlook], points: Any, sample: Any, horizon: Any) -> list[str]:
    """Faults of what is chosen beside portfolio and macro."""
    faults = []
    names = [outlook.name for outlook in outlooks if isinstance(outlook, Outlook)]
    if not names or len(names) < len(outlooks) or len(set(names)) < len(names):
        faults.append(f"outlooks: found {outlooks!r}, expected Outlook(...) with different names; give at least one")
    faults += whole_faults("points", points, 1, advice="give a number of months at which to look ahead")
    faults += whole_faults("sample", sample, 1, 2**31, advice="give a number of borrowers")
    return faults + whole_faults("horizon", horizon, 12)


def _fingerprint(choice: dict[str, Any], paths: xr.Dataset) -> str:
    """Of everything that the output depends on."""
    digest = hashlib.sha256(json.dumps(choice, sort_keys=True).encode())
    for name in sorted(map(str, paths.variables)):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(paths[name].values).tobytes())
    return digest.hexdigest()[:16]


def _estimate(
    sampled: xr.Dataset, portfolio: xr.Dataset, paths: xr.Dataset, points: int, settings: _Settings, progress: bool
) -> xr.Dataset:
    """Advance the sampled borrowers to each point, and follow their loans from there under each outlook."""
    model, seed, renewal = settings.model, settings.seed, settings.renewal
    chosen, features = choose_points(paths, sampled, model, points, renewal)
    start = _unemployment(chosen[0][0], sampled)
    segments = _segments(portfolio)
    sums: list[list[dict[str, Array]]] = [[] for _ in settings.outlooks]
    recovered, kept = np.zeros((2, len(segments))), None
    with tqdm(total=len(chosen) * len(sums), disable=not progress, unit=" simulations", smoothing=0) as bar:
        for path, month in chosen:
            there = sampled
            if month > 0:
                there = advance(sampled, path, month, model, seed=seed, renewal=renewal, threads=settings.threads)
            now = _unemployment(path, there)
            for number, outlook in enumerate(settings.outlooks):
                expected = expected_macro(outlook, now, start, float(income_trend(path, model)), settings.horizon)
                outcomes = loan_outcomes(there, expected, model, seed=settings.later_seed, renewal=renewal)
                sums[number].append(_count(outcomes, segments, settings.horizon))
                recovered += _recovered(outcomes, segments)
                if kept is None:
                    kept = _kept(outcomes, there, expected, settings, segments, _revolving(portfolio, segments))
                bar.update()
    return _dataset(sums, features, segments, portfolio, recovered, np.asarray(kept), settings.outlooks)


def _unemployment(macro_path: xr.Dataset, book: xr.Dataset) -> float:
    """Unemployment of the economy on the portfolio's day."""
    return float(opening_unemployment(macro_path, book)[0])


def choose_points(
    paths: xr.Dataset, book: xr.Dataset, model: Model, points: int, renewal: Renewal
) -> tuple[list[tuple[xr.Dataset, int]], Array]:
    """Months of the paths as far apart as possible: the start, then always the one farthest from those chosen.

    Returns (macro (month) of the path, months to advance) for each, and features (point, 3): unemployment of borrowers,
    its change over 12 months, age. Distances are in standard deviations; the age counts only in run-off.
    """
    lines = paths.rename(path="line").assign_coords(path=("line", paths["path"].values))
    rate = lines["unemployment_rate"].transpose("line", "month").values * model.employment.borrower_ratio
    start = float(1.0 - book["employed"].values.mean())
    rate = np.concatenate([np.full((len(rate), 1), start), rate], axis=1)
    age = np.broadcast_to(np.arange(rate.shape[1]) * float(renewal == "run-off"), rate.shape)
    flat = np.stack([rate, change_over_a_year(rate), age], axis=-1).reshape(-1, 3)
    spread = flat.std(axis=0)
    scaled = (flat - flat[0]) / np.where(spread > 1e-9, spread, np.inf)
    places, distance = [0], np.linalg.norm(scaled, axis=1)
    while len(places) < points and distance.max() > 0.05:
        places.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(scaled - scaled[places[-1]], axis=1))
    chosen = []
    for place in places:
        line, month = divmod(place, rate.shape[1])
        macro = lines.isel(line=line, drop=True).reset_coords(drop=True)
        path = int(lines["path"].values[line])
        chosen.append((macro.expand_dims(path=[path]).assign_attrs(paths.attrs), month))
    return chosen, flat[places]


def _segments(book: xr.Dataset) -> list[str]:
    """Labels "lender:product" of a portfolio."""
    pairs = sorted(set(zip(book["lender"].values.astype(str), book["product"].values.astype(str), strict=True)))
    return [f"{lender}:{product}" for lender, product in pairs]


def _code(loans: xr.Dataset, segments: list[str]) -> Array:
    """Position of each loan's segment."""
    names = np.char.add(np.char.add(loans["lender"].values.astype(str), ":"), loans["product"].values.astype(str))
    return np.searchsorted(segments, names)


def cell_of(outcomes: xr.Dataset) -> Array:
    """Position in `CELLS` of each loan's state: its bucket, and while current its grade."""
    bucket = outcomes["bucket"].values
    grade = np.searchsorted(GRADE_BELOW, outcomes["drop"].values, side="right")
    current = np.where(outcomes["watched"].values, CELLS.index(WATCHED), grade)
    late = CELLS.index(BUCKETS[1]) + bucket - 1
    return np.where(bucket == 0, current, late)


def _count(outcomes: xr.Dataset, segments: list[str], horizon: int) -> dict[str, Array]:
    """Sums (batch, segment, cell, ahead) over loans of what defaulted, on how much, and what it cost."""
    code, cell, batch = _code(outcomes, segments), cell_of(outcomes), outcomes["borrower"].values % BATCHES
    month = outcomes["default_month"].values
    bad = month >= 0
    shape = (BATCHES, len(segments), len(CELLS), horizon + 1)
    exposure, fresh = outcomes["exposure"].values, outcomes["fresh"].values
    loss = outcomes["written_off"].values - outcomes["recovered"].values
    old = np.divide(exposure - fresh, exposure, out=np.zeros_like(exposure), where=exposure > 0)
    current = cell < len(CURRENT)
    beside = np.full(cell.size, CELLS.index(UNDRAWN))

    def add(where: Array, ahead: Array, values: Array, chosen: Array) -> Array:
        place = np.ravel_multi_index((batch, code, where, ahead), shape)
        return np.bincount(place[chosen], values[chosen], np.prod(shape)).reshape(shape)

    balance, undrawn, ahead = outcomes["balance"].values, outcomes["undrawn"].values, np.where(bad, month, 0)
    all_loans = np.ones(bad.size, bool)
    none = np.zeros(bad.size, np.int64)
    stays = np.where(current, old, 1.0)  # the part of a default that is counted where the loan stood
    sums = {
        "balance": (add(cell, none, balance, all_loans) + add(beside, none, undrawn, current))[..., 0],
        "loans": add(cell, none, np.ones(bad.size), balance > 0)[..., 0],
        "defaulting": add(cell, ahead, balance, bad) + add(beside, ahead, undrawn, bad & current),
        "exposure": add(cell, ahead, stays * exposure, bad) + add(beside, ahead, fresh, bad & current),
        "loss": add(cell, ahead, stays * loss, bad) + add(beside, ahead, (1.0 - old) * loss, bad & current),
        "loss_drawn": add(cell, ahead, old * loss, bad),
    }
    sums["loans"] += add(beside, none, np.ones(bad.size), undrawn > 0)[..., 0]
    return sums


def _recovered(outcomes: xr.Dataset, segments: list[str]) -> Array:
    """Sums (2, segment): written off, and what was recovered of it, both discounted."""
    code = _code(outcomes, segments)
    return np.stack([np.bincount(code, outcomes[name].values, len(segments)) for name in ("written_off", "recovered")])


def _kept(
    outcomes: xr.Dataset, book: xr.Dataset, macro: xr.Dataset, settings: _Settings, segments: list[str],
    revolving: Array,
) -> Array:  # fmt: skip
    """Share (segment, ahead) of a month's write-offs that is on loans of the point, all segments of a kind together."""
    run = simulate(
        book, macro, settings.model, seed=settings.later_seed, renewal=settings.renewal, threads=settings.threads,
        progress=False,
    )  # fmt: skip
    months = macro.sizes["month"]
    written_off = run["written_off"].isel(path=0).reindex(segment=segments, fill_value=0.0)
    of_all = written_off.transpose("segment", "month").values
    place = (_code(outcomes, segments), outcomes["written_off_month"].values)
    of_point = np.zeros((len(segments), months + 1))
    np.add.at(of_point, place, outcomes["lost"].values)
    out = np.ones((len(segments), months + 1))
    for kind in (False, True):
        those = revolving == kind
        whole, part = of_all[those].sum(0), of_point[those].sum(0)
        out[those] = np.divide(part, whole, out=np.ones_like(part), where=whole > 0)
    out[:, 0] = 1.0
    return np.minimum(out, 1.0)


def _revolving(book: xr.Dataset, segments: list[str]) -> Array:
    """Which segments are revolving."""
    code = _code(book, segments)
    return np.bincount(code, book["tenor_months"].values == 0, len(segments)) > 0


def _dataset(
    sums: list[list[dict[str, Array]]], features: Array, segments: list[str], book: xr.Dataset, recovered: Array,
    kept: Array, outlooks: Sequence[Outlook],
) -> xr.Dataset:  # fmt: skip
    """Sums as a labelled Dataset; cells with few loans take the experience of their kind."""
    stacked = {name: np.stack([[point[name] for point in points] for points in sums]) for name in sums[0][0]}
    stacked = {name: np.moveaxis(values, 2, 1) for name, values in stacked.items()}  # (outlook, batch, point, ...)
    loans = stacked.pop("loans")[0].sum(0)
    revolving = _revolving(book, segments)
    pooled = loans < FEW
    for kind in (False, True):
        those = np.flatnonzero(revolving == kind)
        for values in stacked.values():
            whole = values[:, :, :, those].sum(axis=3, keepdims=True)
            mask = pooled[:, those].reshape((1, 1, *pooled[:, those].shape) + (1,) * (values.ndim - 5))
            values[:, :, :, those] = np.where(mask, whole, values[:, :, :, those])
    code = _code(book, segments)
    weight = book["balance"].values + 1e-9
    rate = np.bincount(code, weight * book["annual_rate"].values) / np.bincount(code, weight) / 12.0
    dims = ("outlook", "batch", "point", "segment", "cell")
    balance = stacked.pop("balance")[0]
    variables: dict[str, Any] = {
        "balance": (dims[1:], balance),
        **{name: ((*dims, "ahead"), values) for name, values in stacked.items()},
        "loans": (dims[2:], loans),
        "pooled": (dims[2:], pooled),
        "unemployment": ("point", features[:, 0]),
        "unemployment_change": ("point", features[:, 1]),
        "age": ("point", features[:, 2]),
        "kept": (("segment", "ahead"), kept),
        "recovered_share": ("segment", recovered[1] / np.maximum(recovered[0], 1e-9)),
        "monthly_rate": ("segment", rate),
        "revolving": ("segment", revolving),
    }
    coords = {
        "outlook": [outlook.name for outlook in outlooks], "segment": segments, "cell": list(CELLS),
        "ahead": np.arange(kept.shape[1]),
    }  # fmt: skip
    return xr.Dataset(variables, coords)
