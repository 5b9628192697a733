"""Term structures of PD, EAD and LGD, distilled from the engine: what an allowance expects of loans like these.

Some months of the very paths asked about, chosen as far apart as they come, are the points. The book is lived to each
point, and from there on under an outlook: what was reasonable to expect that month. What becomes of every loan is
counted by where it stood; an allowance in any other month reads between the points.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from tqdm import tqdm

from stresslab.engine.loan_outcomes import fates
from stresslab.engine.mean_field import sample_of
from stresslab.engine.model import Model
from stresslab.engine.prepare import Renewal, ask
from stresslab.engine.simulate import advance, simulate
from stresslab.measures.provisions.expected_loss import change_over_a_year
from stresslab.measures.provisions.risk_states import CELLS, CURRENT, GRADE_BELOW, UNDRAWN, WATCHED
from stresslab.schema import BUCKETS, InputError

Array = NDArray[Any]
BATCHES = 10
"""Groups of borrowers whose spread gives the sampling error."""
FEW = 30
"""Loans below which a cell takes the experience of all segments of its kind, revolving or not."""


@dataclass(frozen=True)
class Outlook:
    """What is expected of unemployment from a month on; income is expected to grow on its trend.

    In h months: long_run + (now - long_run) 2^(-h / half_life_months) + added (h / worst_month) e^(1 - h / worst_month)

    name : the label along `outlook`
    half_life_months : in which a departure from the long run halves
    long_run : unemployment in the long run [1]; None: as at the start of the book
    added : departure expected beyond that, at its largest in worst_month [1]; 0.02 for an adverse outlook

    >>> Outlook(half_life_months=12, long_run=0.05).path(0.09, 24)[[11, 23]]
    array([0.07, 0.06])
    """

    name: str = "central"
    half_life_months: float = 18.0
    long_run: float | None = None
    added: float = 0.0
    worst_month: int = 12

    def __post_init__(self) -> None:
        faults = []
        for key, low, high, what in (
            ("half_life_months", 0.1, 1200.0, "months"),
            ("long_run", 0.0, 0.5, "a decimal: 0.05, not 5"),
            ("added", -0.3, 0.3, "a decimal: 0.02, not 2"),
            ("worst_month", 1, 120, "a month"),
        ):
            value = getattr(self, key)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (key == "long_run" and value is None) and not (number and low <= value <= high):
                faults.append(f"{key}: found {value!r}, expected {low:g} to {high:g}; give {what}")
        if not isinstance(self.name, str) or not self.name:
            faults.append(f"name: found {self.name!r}, expected a name; give one")
        if faults:
            raise InputError("outlook", faults)

    def path(self, now: float, months: int) -> Array:
        """Unemployment expected 1, 2, ... months on; `long_run` must be given."""
        ahead, long_run = np.arange(1, months + 1), now if self.long_run is None else self.long_run
        hump = ahead / self.worst_month * np.exp(1.0 - ahead / self.worst_month)
        gap: Array = (now - long_run) * 0.5 ** (ahead / self.half_life_months)
        return long_run + gap + self.added * hump


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
) -> xr.Dataset:
    """PD, EAD and LGD by segment, state of the loan, age and state of the economy, with their sampling error.

    portfolio, macro, model, renewal : as given to `simulate`, for whose result allowances are wanted
    outlooks : what is expected from each month on
    points : months of the paths at which the book is examined, the first one the start
    sample : borrowers who are followed, every k-th of the book
    horizon : months followed; defaults and losses beyond it are not seen
    cache : folder in which the answer is kept under its fingerprint, and found again; None: only in this process
    Returns Dataset (outlook, batch, point, segment, cell, ahead); `ahead` [month] 0 means defaulted already:
      balance (batch, point, segment, cell) [currency]: owed at the point, undrawn limits for cell "undrawn";
      defaulting: the part of it that defaults in that month; exposure: what those loans owe then, further drawings
      included (for current loans these stand in cell "undrawn" instead); loss: its part lost, discounted to the
      default at the loan's rate; loss_drawn: the same without what is drawn after the point.
      pd = defaulting / balance, ead = exposure / defaulting, lgd = loss / exposure, each summed over batches.
      unemployment, unemployment_change (over 12 months), age [month] (point): where the points lie;
      kept (segment, ahead): share of the losses in that month that are today's loans', the rest are later ones';
      recovered_share, monthly_rate, revolving (segment); loans (point, segment, cell); pooled: fewer than 30 loans, so
      that all segments of the kind stand in.
    Raises InputError naming each fault, as `simulate` does.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=500, seed=1)
    >>> terms = term_structures(book, sl.scenario("china-baseline"), seed=3, points=1, horizon=24, progress=False)
    >>> late = terms.sel(cell="90-119", ahead=0).sum("batch")
    >>> bool((late["defaulting"] == late["balance"]).all())  # defaulted already
    True
    """
    faults = _faults(outlooks, points, sample, horizon)
    if faults:
        raise InputError("term_structures", faults)
    seed = secrets.randbits(63) if seed is None else int(seed)
    asked, paths = ask("term_structures", portfolio, macro, model, seed, None, renewal, None, (), None, None)
    choice: dict[str, Any] = {
        "seed": str(seed), "renewal": renewal, "points": points, "sample": sample, "horizon": horizon,
        "outlooks": json.dumps([asdict(one) for one in outlooks]), "model": json.dumps(asked.model.to_dict()),
        "portfolio_fingerprint": asked.mark,
    }  # fmt: skip
    mark = _fingerprint(choice, paths)
    if mark in _KEPT:
        return _KEPT[mark]
    file = None if cache is None else Path(cache) / f"terms-{mark}.nc"
    if file is not None and file.is_file():
        found = xr.load_dataset(file)
    else:
        some = sample_of(portfolio, sample)
        found = _distil(some, portfolio, paths, asked.model, seed, renewal, outlooks, points, horizon, progress)
        found = found.assign_attrs(choice, fingerprint=mark)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            found.to_netcdf(file)
    _KEPT.clear()
    _KEPT[mark] = found
    return found


_KEPT: dict[str, xr.Dataset] = {}


def _faults(outlooks: Sequence[Outlook], points: Any, sample: Any, horizon: Any) -> list[str]:
    faults = []
    names = [one.name for one in outlooks if isinstance(one, Outlook)]
    if not names or len(names) < len(outlooks) or len(set(names)) < len(names):
        faults.append(f"outlooks: found {outlooks!r}, expected Outlook(...) with different names; give at least one")
    for name, value, low in (("points", points, 1), ("sample", sample, 1), ("horizon", horizon, 12)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < low:
            faults.append(f"{name}: found {value!r}, expected a whole number >= {low}; raise it")
    return faults


def _fingerprint(choice: dict[str, Any], paths: xr.Dataset) -> str:
    """Of everything that the answer depends on."""
    digest = hashlib.sha256(json.dumps(choice, sort_keys=True).encode())
    for name in sorted(map(str, paths.variables)):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(paths[name].values).tobytes())
    digest.update(str(paths.attrs.get("real_income_trend")).encode())
    return digest.hexdigest()[:16]


def _distil(
    book: xr.Dataset,
    whole: xr.Dataset,
    paths: xr.Dataset,
    model: Model,
    seed: int,
    renewal: Renewal,
    outlooks: Sequence[Outlook],
    points: int,
    horizon: int,
    progress: bool,
) -> xr.Dataset:
    """Live a sample of the whole book to each point, and from there under each outlook."""
    chosen, features = choose_points(paths, book, model, points, renewal)
    trend = float(paths.attrs.get("real_income_trend", model.income.normal_growth_annual))
    start = float(1.0 - book["employed"].values.mean()) / model.employment.borrower_ratio
    segments = _segments(whole)
    sums: list[list[dict[str, Array]]] = [[] for _ in outlooks]
    recovered, kept = np.zeros((2, len(segments))), None
    with tqdm(total=len(chosen) * len(outlooks), disable=not progress, unit=" lives", smoothing=0) as bar:
        for path, month in chosen:
            there = book
            if month > 0:
                there = advance(book, path, month, model, seed=seed, renewal=renewal)
            now = float(1.0 - there["employed"].values.mean()) / model.employment.borrower_ratio
            for number, one in enumerate(outlooks):
                expected = expected_macro(one, now, start, trend, horizon)
                fate = fates(there, expected, model, seed=(seed + 1) % 2**64, renewal=renewal)
                sums[number].append(_count(fate, segments, horizon))
                recovered += _recovered(fate, segments)
                if kept is None:
                    kept = _kept(
                        fate, there, expected, model, (seed + 1) % 2**64, renewal, segments, _revolving(whole, segments)
                    )
                bar.update()
    return _dataset(sums, features, segments, whole, recovered, np.asarray(kept), outlooks)


def expected_macro(outlook: Outlook, now: float, start: float, trend: float, months: int) -> xr.Dataset:
    """The path (month) that an outlook expects from unemployment `now`; `start` is the long run if none is said."""
    long_run = start if outlook.long_run is None else outlook.long_run
    rate = Outlook(**{**asdict(outlook), "long_run": long_run}).path(now, months)
    if rate.min() <= 0.0 or rate.max() > 0.6:
        found = f"outlook {outlook.name!r}: found unemployment of {rate.min():.3f} to {rate.max():.3f} expected"
        raise InputError("term_structures", [f"{found}, expected within 0 and 0.6; take a smaller `added`"])
    values = {"unemployment_rate": rate, "real_income_growth": np.full(months, trend)}
    month = np.arange(1, months + 1)
    return xr.Dataset({k: ("month", v) for k, v in values.items()}, {"month": month}, {"real_income_trend": trend})


def choose_points(
    paths: xr.Dataset, book: xr.Dataset, model: Model, points: int, renewal: Renewal
) -> tuple[list[tuple[xr.Dataset, int]], Array]:
    """Months of the paths as far apart as they come: the start, then always the one farthest from those chosen.

    Returns (macro (month) of the path, months to live) for each, and features (point, 3): unemployment of borrowers,
    its change over 12 months, age of the book. Distances are in standard deviations over all paths and months; the age
    counts only in run-off, where a book grows old.
    """
    every = paths.stack(line=[d for d in ("scenario", "path") if d in paths.dims])  # fmt: skip
    rate = every["unemployment_rate"].transpose("line", "month").values * model.employment.borrower_ratio
    start = float(1.0 - book["employed"].values.mean())
    rate = np.concatenate([np.full((len(rate), 1), start), rate], axis=1)
    age = np.broadcast_to(np.arange(rate.shape[1]) * float(renewal == "run-off"), rate.shape)
    cloud = np.stack([rate, change_over_a_year(rate), age], axis=-1)
    flat = cloud.reshape(-1, 3)
    spread = flat.std(axis=0)
    scaled = (flat - flat[0]) / np.where(spread > 1e-9, spread, np.inf)
    taken, distance = [0], np.linalg.norm(scaled, axis=1)
    while len(taken) < points and distance.max() > 0.05:
        taken.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(scaled - scaled[taken[-1]], axis=1))
    chosen = []
    for place in taken:
        line, month = divmod(place, rate.shape[1])
        one = every.isel(line=line, drop=True).reset_coords(drop=True)
        path = int(every["path"].values[line])
        chosen.append((one.expand_dims(path=[path]).assign_attrs(paths.attrs), month))
    return chosen, flat[taken]


def _segments(book: xr.Dataset) -> list[str]:
    pairs = sorted(set(zip(book["lender"].values.astype(str), book["product"].values.astype(str), strict=True)))
    return [f"{lender}:{product}" for lender, product in pairs]


def _code(fate: xr.Dataset, segments: list[str]) -> Array:
    """Position of each loan's segment."""
    names = np.char.add(np.char.add(fate["lender"].values.astype(str), ":"), fate["product"].values.astype(str))
    return np.searchsorted(segments, names)


def cell_of(fate: xr.Dataset) -> Array:
    """Position in `CELLS` of where each loan stands: its bucket, and while current its grade."""
    bucket = fate["bucket"].values
    grade = np.searchsorted(GRADE_BELOW, fate["drop"].values, side="right")
    current = np.where(fate["watched"].values, CELLS.index(WATCHED), grade)
    late = CELLS.index(BUCKETS[1]) + bucket - 1
    return np.where(bucket == 0, current, late)


def _count(fate: xr.Dataset, segments: list[str], horizon: int) -> dict[str, Array]:
    """Sums (batch, segment, cell, ahead) over loans of what defaulted, on how much, and what it cost."""
    code, cell, batch = _code(fate, segments), cell_of(fate), fate["borrower"].values % BATCHES
    month = fate["default_month"].values
    bad = month >= 0
    shape = (BATCHES, len(segments), len(CELLS), horizon + 1)
    exposure, fresh = fate["exposure"].values, fate["fresh"].values
    loss = fate["written_off"].values - fate["recovered"].values
    old = np.divide(exposure - fresh, exposure, out=np.zeros_like(exposure), where=exposure > 0)
    current = cell < len(CURRENT)
    beside = np.full(cell.size, CELLS.index(UNDRAWN))

    def add(where: Array, ahead: Array, values: Array, chosen: Array) -> Array:
        place = np.ravel_multi_index((batch, code, where, ahead), shape)
        return np.bincount(place[chosen], values[chosen], np.prod(shape)).reshape(shape)

    balance, undrawn, ahead = fate["balance"].values, fate["undrawn"].values, np.where(bad, month, 0)
    everywhere = np.ones(bad.size, bool)
    none = np.zeros(bad.size, np.int64)
    stays = np.where(current, old, 1.0)  # the part of a default that is counted where the loan stood
    found = {
        "balance": (add(cell, none, balance, everywhere) + add(beside, none, undrawn, current))[..., 0],
        "loans": add(cell, none, np.ones(bad.size), balance > 0)[..., 0],
        "defaulting": add(cell, ahead, balance, bad) + add(beside, ahead, undrawn, bad & current),
        "exposure": add(cell, ahead, stays * exposure, bad) + add(beside, ahead, fresh, bad & current),
        "loss": add(cell, ahead, stays * loss, bad) + add(beside, ahead, (1.0 - old) * loss, bad & current),
        "loss_drawn": add(cell, ahead, old * loss, bad),
    }
    found["loans"] += add(beside, none, np.ones(bad.size), undrawn > 0)[..., 0]
    return found


def _recovered(fate: xr.Dataset, segments: list[str]) -> Array:
    """Sums (2, segment): written off, and what came back on it, both discounted."""
    code = _code(fate, segments)
    return np.stack([np.bincount(code, fate[name].values, len(segments)) for name in ("written_off", "recovered")])


def _kept(
    fate: xr.Dataset, book: xr.Dataset, macro: xr.Dataset, model: Model, seed: int, renewal: Renewal,
    segments: list[str],
    revolving: Array,
) -> Array:  # fmt: skip
    """Share (segment, ahead) of a month's write-offs that are today's loans', all segments of a kind together."""
    run = simulate(book, macro, model, seed=seed, renewal=renewal, progress=False)
    months = macro.sizes["month"]
    every = (
        run["written_off"].isel(path=0).reindex(segment=segments, fill_value=0.0).transpose("segment", "month").values
    )
    place = (_code(fate, segments), fate["written_off_month"].values)
    todays = np.zeros((len(segments), months + 1))
    np.add.at(todays, place, fate["lost"].values)
    out = np.ones((len(segments), months + 1))
    for kind in (False, True):
        those = revolving == kind
        whole, part = every[those].sum(0), todays[those].sum(0)
        out[those] = np.divide(part, whole, out=np.ones_like(part), where=whole > 0)
    out[:, 0] = 1.0
    return np.minimum(out, 1.0)


def _revolving(book: xr.Dataset, segments: list[str]) -> Array:
    code = _code(book, segments)
    return np.bincount(code, book["tenor_months"].values == 0, len(segments)) > 0


def _dataset(
    sums: list[list[dict[str, Array]]], features: Array, segments: list[str], book: xr.Dataset, recovered: Array,
    kept: Array, outlooks: Sequence[Outlook],
) -> xr.Dataset:  # fmt: skip
    """Sums as a labelled dataset; cells with few loans take the experience of their kind."""
    stacked = {name: np.stack([[one[name] for one in each] for each in sums]) for name in sums[0][0]}
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
        "balance": (dims[1:], balance, {"units": "currency"}),
        **{name: ((*dims, "ahead"), values, {"units": "currency"}) for name, values in stacked.items()},
        "loans": (dims[2:], loans, {"units": "number"}),
        "pooled": (dims[2:], pooled),
        "unemployment": ("point", features[:, 0], {"units": "1"}),
        "unemployment_change": ("point", features[:, 1], {"units": "1"}),
        "age": ("point", features[:, 2], {"units": "month"}),
        "kept": (("segment", "ahead"), kept, {"units": "1"}),
        "recovered_share": ("segment", recovered[1] / np.maximum(recovered[0], 1e-9), {"units": "1"}),
        "monthly_rate": ("segment", rate, {"units": "1/month"}),
        "revolving": ("segment", revolving),
    }
    coords = {
        "outlook": [one.name for one in outlooks], "segment": segments, "cell": list(CELLS),
        "ahead": np.arange(kept.shape[1]),
    }  # fmt: skip
    return xr.Dataset(variables, coords)
