"""What a difference makes: two runs on the same draws, and a set of responses with what they do to each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr

from stresslab.checks import number_faults, refuse
from stresslab.engine.actions import Response, response_faults
from stresslab.engine.feedback import Feedback
from stresslab.engine.model import Model
from stresslab.engine.simulate import simulate
from stresslab.measures.provisions.allowance import provisions
from stresslab.measures.provisions.regimes import Regime, name_of, regime_of
from stresslab.measures.result_view import BALANCE, FLOW, result_faults, select
from stresslab.schema import InputError

MEASURES = ("loss", "allowance", "cash", "loans in arrears", "operating cost", "npv")
BETTER = {"loss": -1, "allowance": -1, "cash": 1, "loans in arrears": -1, "operating cost": -1, "npv": 1}
NEEDS = {
    "balance": BALANCE,
    "accounts": BALANCE,
    **{name: FLOW for name in ("paid", "recovered", "drawn", "originated", "written_off", "forgiven")},
}
SAME = ("fingerprint", "seed", "renewal", "own_lender")


def compare(
    result: xr.Dataset,
    other: xr.Dataset,
    *,
    discount_rate: float = 0.08,
    lender: str = "own",
    regime: str | Regime = "china",
    terms: xr.Dataset | None = None,
) -> xr.Dataset:
    """The other run less this one, path by path on shared draws, with standard errors.

    result, other : Datasets of simulate() with one portfolio, seed and set of paths; what else differs, model,
        behaviour, macro values, feedback or responses, is what is compared
    discount_rate : of the net present value [1/year]
    lender : "own" (attrs own_lender) | "all" (the system) | a name
    regime, terms : of the allowance, see provisions()
    Returns Dataset (measure), `scenario` if the results have it:
      base, changed: means over paths; difference = changed - base; standard_error; path_difference (path, measure).
    Measures, over months 1 ... T:
      loss [currency] = written off + forgiven - recovered;
      allowance [currency] = the allowance held at the end;
      cash [currency] = paid + recovered - drawn - originated - operating cost;
      loans in arrears [number] = loans 30 or more days past due, mean over months;
      operating cost [currency] = what responses cost; theirs is the own lender's, 0 for another lender;
      npv [currency] = sum_t cash_t / (1 + r)^(t/12) + (closing balance - allowance) / (1 + r)^(T/12).
    standard_error = sd of the path differences / sqrt(paths), NaN with one path: with shared draws it is far below that
    of either run.
    Raises InputError naming each fault: other portfolio, seed, paths or months, a variable missing.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=500, seed=1)
    >>> run = sl.simulate(book, sl.scenario("china-baseline"), seed=3, horizon=2, progress=False)
    >>> float(abs(compare(run, run)["difference"]).max())
    0.0
    """
    given: tuple[tuple[str, Any], ...] = (("result", result), ("other", other))
    strange = [
        f"{name}: found {type(one).__name__}, expected a Dataset of simulate(); give one"
        for name, one in given
        if not isinstance(one, xr.Dataset)
    ]
    refuse("compare", strange)
    faults = number_faults("discount_rate", discount_rate, 10.0, "a decimal: 0.08, not 8")
    for name, one in given:
        faults += [f"{name}: {fault}" for fault in result_faults(one, lender, NEEDS)]
        if one.sizes.get("month", 0) < 2:
            faults.append(f"{name}: month: found {one.sizes.get('month', 0)}, expected 0 and at least 1; live longer")
    refuse("compare", faults + _unlike(result, other))
    first, second = (_measured(one, discount_rate, lender, regime, terms) for one in (result, other))
    out = _paired(second - first)
    out["base"], out["changed"] = first.mean("path"), second.mean("path")
    units = ["number" if name == "loans in arrears" else "currency" for name in MEASURES]
    out = out.assign_coords(unit=("measure", units))
    return out.assign_attrs(
        currency=result.attrs.get("currency", ""),
        lender=lender,
        regime=name_of(regime_of(regime)),
        discount_rate=discount_rate,
    )


def compare_responses(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    responses: Sequence[Response],
    model: Model | None = None,
    *,
    seed: int,
    feedback: Feedback | None = None,
    threads: int | None = None,
    rank_by: str = "npv",
    **options: Any,
) -> xr.Dataset:
    """A set of responses on shared draws: each alone, each pair, all together; ranked, with what they do to each other.

    responses : at least two, with different labels
    rank_by : the measure of compare() that ranks them, the best first
    options : discount_rate, lender, regime, terms of compare()
    Returns Dataset, responses in order of rank:
      alone, alone_se (response, measure): change against doing nothing;
      interaction, interaction_se (response, partner, measure) = effect of both - effect of one - effect of the other,
      NaN on the diagonal: below 0 for an NPV they get in each other's way;
      together, together_se (measure): all at once; overlap, overlap_se (measure) = together - sum of alone.
    Standard errors are of paired path differences. It takes 1 + n + n (n - 1) / 2 runs, and one more if n > 2.
    Raises InputError naming each fault, as simulate() and compare() do.
    """
    faults = response_faults(responses)
    if not faults and len(responses) < 2:
        faults.append(f"responses: found {len(responses)}, expected at least 2; compare() takes single runs")
    if rank_by not in MEASURES:
        faults.append(f"rank_by: found {rank_by!r}, expected one of {list(MEASURES)}; choose one")
    if faults:
        raise InputError("compare_responses", faults)

    def run(some: Sequence[Response]) -> xr.Dataset:
        return simulate(
            portfolio, macro, model, seed=seed, feedback=feedback, threads=threads, responses=list(some), progress=False
        )

    nothing = run([])
    compare(nothing, nothing, **options)  # refuses what is wrong with the options before the other runs

    def effect(some: Sequence[Response]) -> xr.DataArray:
        return compare(nothing, run(some), **options)["path_difference"]

    count = len(responses)
    alone = [effect([one]) for one in responses]
    pairs = {(i, j): effect([responses[i], responses[j]]) for i, j in combinations(range(count), 2)}
    together = pairs[0, 1] if count == 2 else effect(responses)
    blank = xr.full_like(alone[0], np.nan)
    between = [
        [pairs[min(i, j), max(i, j)] - alone[i] - alone[j] if i != j else blank for j in range(count)]
        for i in range(count)
    ]
    labels = [one.label for one in responses]
    effects = {
        "alone": xr.concat(alone, "response"),
        "interaction": xr.concat([xr.concat(row, "partner") for row in between], "response"),
        "together": together,
        "overlap": together - sum(alone[1:], alone[0]),
    }
    out = xr.Dataset(coords={"response": labels, "partner": labels})
    for name, values in effects.items():
        paired = _paired(values)
        out[name], out[f"{name}_se"] = paired["difference"], paired["standard_error"]
    of_all = out["alone"].sel(measure=rank_by)
    others = [dim for dim in of_all.dims if dim != "response"]
    order = np.argsort(-BETTER[rank_by] * of_all.mean(others).values, kind="stable")
    return out.isel(response=order, partner=order).assign_attrs(rank_by=rank_by, seed=str(seed))


def _unlike(result: xr.Dataset, other: xr.Dataset) -> list[str]:
    """What two runs do not share."""
    faults = []
    for name in SAME:
        one, two = result.attrs.get(name), other.attrs.get(name)
        if one != two:
            faults.append(f"{name}: found {one!r} and {two!r}, expected the same; draws are shared only then")
    for dim in ("scenario", "path", "month", "segment"):
        labels = [one[dim].values.tolist() if dim in one.dims else None for one in (result, other)]
        if labels[0] != labels[1]:
            faults.append(f"{dim}: found different labels in the two results, expected the same; run both on one macro")
    return faults


def _paired(difference: xr.DataArray) -> xr.Dataset:
    """Mean of path differences and its standard error."""
    paths = difference.sizes["path"]
    error = difference.std("path", ddof=1) / np.sqrt(paths) if paths > 1 else difference.mean("path") * np.nan
    return xr.Dataset({"difference": difference.mean("path"), "standard_error": error, "path_difference": difference})


def _measured(
    result: xr.Dataset, rate: float, lender: str, regime: str | Regime, terms: xr.Dataset | None
) -> xr.DataArray:
    """All measures of one run (path, measure)."""
    flows = select(result, lender).isel(month=slice(1, None))
    month = flows["month"]
    own = lender == "own" or lender == result.attrs.get("own_lender") or lender == "all"
    nothing = xr.zeros_like(flows["paid"].sum("segment"))
    cost = (
        result["operating_cost"].isel(month=slice(1, None)).sum("response") if "operating_cost" in result else nothing
    )
    cost = cost if own else nothing
    flow = {name: flows[name].sum("segment") for name in NEEDS if name not in ("balance", "accounts")}
    cash = flow["paid"] + flow["recovered"] - flow["drawn"] - flow["originated"] - cost
    allowance = provisions(result, regime, terms, lender=lender)["allowance_held"].isel(month=-1, drop=True)
    closing = flows["balance"].isel(month=-1, drop=True).sum(("segment", "bucket"))
    discounted = (cash / (1.0 + rate) ** (month / 12.0)).sum("month")
    years = float(month[-1]) / 12.0
    values = {
        "loss": (flow["written_off"] + flow["forgiven"] - flow["recovered"]).sum("month"),
        "allowance": allowance,
        "cash": cash.sum("month"),
        "loans in arrears": flows["accounts"].isel(bucket=slice(1, None)).sum(("segment", "bucket")).mean("month"),
        "operating cost": cost.sum("month"),
        "npv": discounted + (closing - allowance) / (1.0 + rate) ** years,
    }
    parts = [values[name].drop_vars("month", errors="ignore").astype(float) for name in MEASURES]
    dim = xr.Variable("measure", list(MEASURES))
    measured: xr.DataArray = xr.concat(parts, dim=dim, coords="minimal", compat="override")
    return measured
