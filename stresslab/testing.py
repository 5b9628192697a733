"""Small results for tests and examples, made without a simulation: by hand or at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from stresslab.checks import as_numbers, refuse, seed_faults, shown, unknown, whole_faults
from stresslab.schema import BUCKETS, CAUSES, FLOWS, MINOR, RESULT, STAGES, attrs_of
from stresslab.typed import typed

LABELS = {"bucket": BUCKETS, "stage": STAGES, "cause": CAUSES}
SEGMENTS = ("ours:card", "ours:loan", "bank:card")
STAGE_OF_BUCKET = np.array([0, 1, 1, 2, 2, 2, 2, 2])
CAUSE_SHARES = [0.5, 0.1, 0.1, 0.1, 0.15, 0.05]
FROM_MONTH_1 = {*FLOWS, "entries_to_arrears", "restructured", "redefaulted", "flagged", "warned", "false_alarms",
                "lead_months"}  # fmt: skip
USUAL = {
    "unemployment_rate": 0.05,
    "real_income_trend": 0.02,
    "line_supply": 1.0,
    "contact": 1.0,
    "own_share": 1.0,
    "due_share": 0.1,
    "revolving": 1.0,
}
"""Values of `tiny_result` that are not 0 where nothing is given."""
MOST_PATHS = 100_000


@typed
def tiny_result(
    balance: Any = 100.0,
    *,
    paths: int = 1,
    months: int = 1,
    lender: str | Sequence[str] = "bank",
    product: str | Sequence[str] = "card",
    currency: str = "CNY",
    **values: Any,
) -> xr.Dataset:
    """Result in the shape of `simulate` with values given by hand.

    Parameters
    ----------
    balance : float, array_like or dict
        Balance at month ends 0, 1, ..., months [currency], all of it current; or by bucket, as in
        ``{"current": 90.0, "30-59": 10.0}``.
    paths : int
        Number of paths.
    months : int
        Number of months after the start.
    lender : str or sequence of str
        Lender of each segment; the first is the own lender.
    product : str or sequence of str
        Product of each segment.
    currency : str
        ISO 4217 code of the amounts.
    **values : float, array_like or dict
        Other variables of `schema.RESULT` by name, of which those with a cause, stage or bucket also as a dict. Flows
        and counts of the month are given for months 1, 2, ..., months; they are 0 in month 0. What is not given is 0,
        but `unemployment_rate` is 0.05, `real_income_trend` 0.02, `due_share` 0.1, and `line_supply`, `contact`,
        `own_share` and `revolving` are 1.

    Returns
    -------
    xarray.Dataset
        All variables that every result has, with the coordinates, units and attrs of a result. `stage_balance` follows
        from the buckets if it is not given. Nothing else follows: the books balance if the values given do.

    Raises
    ------
    InputError
        Names a variable that no result has, and one whose values do not fit the number of paths, months and segments.

    Notes
    -----
    The dimensions of an array are path, month, segment, and bucket, stage or cause, in this order. Those at the end may
    be left out: the values then hold for all of them, or, for a balance without buckets, for the bucket "current". So
    ``[1.0, 2.0]`` is a value for each of two paths, ``[[1.0, 2.0]]`` one path with two months.

    Examples
    --------
    Four paths that lose 1, 2, 3 and 6 of 100 in their only month:

    >>> result = tiny_result(written_off=[1.0, 2.0, 3.0, 6.0], paths=4)
    >>> result["written_off"].sel(month=1, segment="bank:card").values
    array([1., 2., 3., 6.])
    >>> result["balance"].sum("bucket").sel(path=0, month=1).item()
    100.0

    Two lenders, one of them with late payers:

    >>> result = tiny_result({"current": [[[90.0, 60.0]]], "30-59": [[[10.0, 0.0]]]}, lender=["ours", "bank"])
    >>> result["stage_balance"].sel(segment="ours:card", month=0).values.squeeze()
    array([90., 10.,  0.])
    """
    faults = whole_faults("paths", paths, 1, MOST_PATHS, advice="give fewer") + whole_faults("months", months, 0)
    refuse("tiny_result", faults + _name_faults("lender", lender) + _name_faults("product", product))
    several = [len(names) for names in (lender, product) if not isinstance(names, str)]
    count = max(several, default=1)
    lenders = [lender] * count if isinstance(lender, str) else [*lender]
    products = [product] * count if isinstance(product, str) else [*product]
    sizes = {"path": paths, "month": months + 1, "segment": count} | {dim: len(some) for dim, some in LABELS.items()}
    known = [name for name, spec in RESULT.items() if set(spec.dims) <= set(sizes)]
    faults = [unknown(name, name, known) for name in values if name not in known]
    if {count} != {len(lenders), len(products)}:
        faults.append(f"lender: found {lender!r} with product {product!r}, expected as many; give one for each segment")
    refuse("tiny_result", faults)
    wanted = [name for name in known if name in values or name in USUAL or RESULT[name].required]
    given = {name: USUAL.get(name, 0.0) for name in wanted} | values | {"balance": balance}
    data = {name: _filled(name, given[name], sizes, faults) for name in wanted}
    refuse("tiny_result", faults)
    if "stage_balance" not in values:
        data["stage_balance"] = data["balance"] @ np.eye(len(STAGES))[STAGE_OF_BUCKET]
    variables = {name: (RESULT[name].dims, data[name], attrs_of(RESULT[name])) for name in wanted}
    return xr.Dataset(variables, _coords(paths, months, lenders, products), _attrs(currency, lenders[0], "by hand", 0))


def _filled(name: str, given: Any, sizes: Mapping[str, int], faults: list[str]) -> np.ndarray:
    """Values of a variable along all its dimensions, 0 in month 0 for a flow; appends a fault if they do not fit."""
    dims = RESULT[name].dims
    start = int(name in FROM_MONTH_1)
    shape = tuple(sizes[dim] - start if dim == "month" else sizes[dim] for dim in dims)
    out = np.zeros(tuple(sizes[dim] for dim in dims))
    later = out[:, 1:] if start else out
    labels = LABELS.get(dims[-1]) if dims else None
    by_label = given if isinstance(given, Mapping) and not isinstance(given, xr.Dataset) else None
    numbers = None if by_label is not None else as_numbers(given)
    if name == "balance" and numbers is not None and numbers.ndim < len(dims):
        by_label = {BUCKETS[0]: given}
    try:
        if by_label is None:
            later[...] = _leading(given, shape)
        else:
            for label, part in by_label.items():
                later[..., list(labels or ()).index(label)] = _leading(part, shape[:-1])
    except ValueError:
        expected = f"expected finite numbers along {dict(zip(dims, shape, strict=True))}"
        faults.append(f"{name}: found {shown(given)}, {expected}; give them in this order")
    return out


def _leading(given: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Values whose first dimensions are those of the shape, repeated along the others; ValueError if they are none."""
    values = as_numbers(given)
    if values is None or not np.isfinite(values).all():
        raise ValueError
    return np.broadcast_to(values.reshape(values.shape + (1,) * (len(shape) - values.ndim)), shape)


def _name_faults(name: str, given: str | Sequence[str]) -> list[str]:
    """Fault of a list of names without any."""
    return [] if len(given) else [f"{name}: found {given!r}, expected a name or several; give one"]


def _coords(paths: int, months: int, lenders: Sequence[str], products: Sequence[str]) -> dict[str, Any]:
    """Coordinates of a result."""
    return {
        "path": np.arange(paths),
        "month": np.arange(months + 1),
        "segment": [f"{lender}:{product}" for lender, product in zip(lenders, products, strict=True)],
        "lender": ("segment", list(lenders)),
        "product": ("segment", list(products)),
        **{dim: list(labels) for dim, labels in LABELS.items()},
    }


def _attrs(currency: str, own_lender: str, fingerprint: str, seed: int) -> dict[str, Any]:
    """Attrs that every measure of a result reads."""
    return {
        "currency": currency,
        "own_lender": own_lender,
        "as_of": "2020-01-31",
        "seed": str(seed),
        "fingerprint": fingerprint,
        "renewal": "static",
    }


@typed
def made_up_result(
    *,
    paths: int = 20,
    months: int = 12,
    seed: int = 0,
    segments: Sequence[str] = SEGMENTS,
    scenario: Sequence[str] | None = None,
) -> xr.Dataset:
    """Result in the shape of `simulate` with random values, whose books balance to the last minor unit.

    Parameters
    ----------
    paths : int
        Number of paths; month 0 is the same on all of them.
    months : int
        Number of months after the start.
    seed : int
        Of all random numbers; the same seed gives the same result.
    segments : sequence of str
        Names "lender:product"; the first lender is the own lender.
    scenario : sequence of str, optional
        Names of scenarios, each harsher than the one before on the same draws; None: no such dimension.

    Returns
    -------
    xarray.Dataset
        Every stock and flow of `schema.RESULT`, `entries_to_arrears`, `unemployment_rate`, `real_income_trend`,
        `own_share`, `line_supply` and `contact`, with the coordinates, units and attrs of a result.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    On each path, month and segment closing = opening + drawn + originated + interest + fees - paid - forgiven -
    written_off. Losses have a common cause: one draw of each path moves all its segments, and makes lenders grant less
    and reach fewer, so that `line_supply` and `contact` fall from 1 in month 0. Part of what is not past due is in
    stage 2 (score fallen, or forborne) and in stage 3 (forborne after 90 days).

    Examples
    --------
    >>> result = made_up_result(paths=2, months=3, seed=1)
    >>> stock = result["balance"].sum("bucket")
    >>> change = sum(result[name] for name in ("drawn", "originated", "interest", "fees"))
    >>> change = change - sum(result[name] for name in ("paid", "forgiven", "written_off"))
    >>> float(abs(stock.diff("month") - change).max().round(2))
    0.0
    """
    faults = whole_faults("paths", paths, 1, MOST_PATHS, advice="give fewer")
    faults += whole_faults("months", months, 0) + seed_faults(seed)
    faults += [
        f"segments: found {name!r}, expected 'lender:product'; rename it" for name in segments if name.count(":") != 1
    ]
    for key, labels in (("segments", segments), ("scenario", scenario)):
        if labels is not None and len(set(labels)) < max(len(labels), 1):
            faults.append(f"{key}: found {list(labels)}, expected one or more different names; give each once")
    refuse("made_up_result", faults)
    names = ["base"] if scenario is None else list(scenario)
    runs = [_one_scenario(paths, months, seed, list(segments), harshness=1.0 + k) for k in range(len(names))]
    if scenario is None:
        return runs[0]
    both = xr.concat([run.drop_vars("own_share") for run in runs], xr.Variable("scenario", names), data_vars="all")
    return both.assign(own_share=runs[0]["own_share"])


def _one_scenario(paths: int, months: int, seed: int, segments: list[str], harshness: float) -> xr.Dataset:
    """One scenario's result; its random numbers depend on the seed alone, not on what happens."""
    rng = np.random.default_rng(seed)
    entry_rng = rng.spawn(1)[0]  # draws of counts use up a stream at a pace that depends on the counts
    own_share = rng.uniform(0.3, 1.0, size=len(segments)).round(2)
    weather = harshness * rng.lognormal(0.0, 0.5, size=(paths, 1))
    first = rng.integers(40_000_00, 60_000_00, size=len(segments))[:, None] * [900, 30, 20, 15, 10, 10, 10, 5] // 1000
    owed = np.broadcast_to(first, (paths, len(segments), len(BUCKETS))).copy()
    line = np.broadcast_to(rng.integers(10_000_00, 20_000_00, size=len(segments)), owed.shape[:2]).copy()
    claims = np.zeros_like(line)
    flows = {name: np.zeros_like(line) for name in FLOWS}
    month_ends = [_month_end(owed, line, flows, np.zeros((paths, len(segments), len(CAUSES)), dtype=np.int64))]
    for _ in range(months):
        flows, late = _month(rng, owed, line, claims, weather)
        month_ends.append(_month_end(owed, line, flows, entry_rng.multinomial(late, CAUSE_SHARES)))
    return _dataset(month_ends, segments, weather, own_share, seed)


def _month(
    rng: np.random.Generator, owed: np.ndarray, line: np.ndarray, claims: np.ndarray, weather: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """One month in place; the flows in minor units and how many fell into arrears."""

    def some(of: np.ndarray, mean: float) -> np.ndarray:
        return np.rint(of * mean * rng.uniform(0.5, 1.5, size=of.shape)).astype(np.int64)

    flow = {"interest": some(owed.sum(-1), 0.015), "fees": some(owed.sum(-1), 0.001), "drawn": some(line, 0.2)}
    flow["originated"] = some(owed[..., 0], 0.05)
    lost = some(owed[..., -1], 0.5)
    let_go = some(owed[..., 4], 0.02)
    paid = some(owed, 0.1)
    paid[..., -1] = np.minimum(paid[..., -1], owed[..., -1] - lost)
    owed -= paid
    owed[..., -1] -= lost
    owed[..., 4] -= let_go
    slide = np.rint(owed[..., :-1] * np.minimum([0.004, 0.5, 0.7, 0.8, 0.5, 0.4, 0.4] * weather[..., None], 0.95))
    slide = slide.astype(np.int64)
    owed[..., :-1] -= slide
    owed[..., 1:] += slide
    owed[..., 0] += flow["interest"] + flow["fees"] + flow["drawn"] + flow["originated"]
    line -= flow["drawn"]
    line += some(paid[..., 0], 0.4)
    claims += lost
    back = some(claims, 0.02)
    claims -= back
    flow |= {
        "paid": paid.sum(-1),
        "forgiven": let_go,
        "written_off": lost,
        "recovered": back,
        "defaulted": slide[..., 2],
    }
    return flow, slide[..., 0] // (20 * MINOR)


def _month_end(
    owed: np.ndarray, line: np.ndarray, flows: dict[str, np.ndarray], entries: np.ndarray
) -> dict[str, np.ndarray]:
    """The state at a month's end and the month's flows, in currency."""
    in_stage = owed @ np.eye(len(STAGES), dtype=np.int64)[STAGE_OF_BUCKET]
    watched, forborne = owed[..., 0] // 50, owed[..., 0] // 400  # not past due, and yet not in stage 1
    in_stage += np.stack([-watched - forborne, watched, forborne], axis=-1)
    early = owed[..., 0] // 800  # in plans that began before 90 days, among the watched
    money = {"balance": owed, "stage_balance": in_stage, "undrawn_limit": line} | flows
    money["forborne_balance"] = early + forborne
    shot = {name: amount / MINOR for name, amount in money.items()}
    return shot | {"accounts": owed // (20 * MINOR), "entries_to_arrears": entries.copy()}


def _dataset(
    month_ends: list[dict[str, np.ndarray]], segments: list[str], weather: np.ndarray, own_share: np.ndarray, seed: int
) -> xr.Dataset:
    """The months along `month`, with coordinates and attrs."""
    data = {name: np.stack([end[name] for end in month_ends], axis=1) for name in month_ends[0]}
    rate = 0.05 + 0.01 * (weather - 1.0) * np.minimum(np.arange(len(month_ends)), 6) / 6
    data["unemployment_rate"] = rate.clip(0.01, 0.5)
    data["own_share"], data["real_income_trend"] = own_share, np.asarray(USUAL["real_income_trend"])
    lenders, products = zip(*(segment.split(":") for segment in segments), strict=True)
    names = sorted(set(lenders))
    slump = weather[..., None] * np.minimum(np.arange(len(month_ends)), 6)[:, None]  # (path, month, segment)
    place = np.array([names.index(name) for name in lenders])
    for name, gain in (("line_supply", 0.04), ("contact", 0.02)):
        data[name] = np.exp(-gain * slump * (1 + place))
    variables = {name: (RESULT[name].dims, values, attrs_of(RESULT[name])) for name, values in data.items()}
    coords = _coords(weather.shape[0], len(month_ends) - 1, lenders, products)
    return xr.Dataset(variables, coords, _attrs("CNY", lenders[0], "made-up", seed))
