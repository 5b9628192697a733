"""Comparison of two runs on shared draws, and ranking of lender responses with their interactions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from tqdm import tqdm

from stresslab.checks import choice_faults, number_faults, refuse
from stresslab.engine.actions import Response, response_faults
from stresslab.engine.feedback import Feedback
from stresslab.engine.model import Model
from stresslab.engine.prepare import actor_faults
from stresslab.engine.simulate import simulate
from stresslab.measures.defaults import by_place
from stresslab.measures.provisions.allowance import provisions
from stresslab.measures.provisions.regimes import Regime, name_of, provisioning_faults, regime_of
from stresslab.measures.result_view import (
    BALANCE,
    FLOW,
    Output,
    labelled,
    memory_faults,
    of_the_run,
    result_faults,
    select,
    unlike_faults,
)
from stresslab.noted import noted
from stresslab.schema import PAST_DUE
from stresslab.studies.seeds import drawn_seed
from stresslab.typed import typed


class Measure(NamedTuple):
    """Unit, direction (1: more is better) and printed name of a measure."""

    unit: str
    better: int
    label: str


MEASURES = {
    "loss": Measure("currency", -1, "loss"),
    "allowance": Measure("currency", -1, "allowance at the end"),
    "cash": Measure("currency", 1, "cash flow"),
    "loans_in_arrears": Measure("number", -1, "loans in arrears"),
    "operating_cost": Measure("currency", -1, "operating cost"),
    "npv": Measure("currency", 1, "net present value"),
}
NEEDS = {
    "balance": BALANCE,
    "accounts": BALANCE,
    **{name: FLOW for name in ("paid", "recovered", "drawn", "originated", "written_off", "forgiven")},
}
SAME, ALONG = ("fingerprint", "seed", "currency", "renewal", "own_lender"), ("scenario", "path", "month", "segment")
"""Attrs and labels that two runs must share to be compared path by path."""
BY_MEASURE = "by measure"
"""Units of variables along `measure`: those of the coordinate `unit`."""
OUTPUTS = {
    "base": Output(BY_MEASURE, "mean over paths of the first run"),
    "changed": Output(BY_MEASURE, "mean over paths of the other run"),
    "difference": Output(BY_MEASURE, "mean over paths of the other run less the first"),
    "path_difference": Output(BY_MEASURE, "other run less the first, path by path"),
    "alone": Output(BY_MEASURE, "effect of the response alone"),
    "interaction": Output(BY_MEASURE, "effect of both responses less the sum of their effects alone"),
    "together": Output(BY_MEASURE, "effect of all responses together"),
    "overlap": Output(BY_MEASURE, "effect of all responses together less the sum of their effects alone"),
}


@typed
def compare(
    result: xr.Dataset,
    other: xr.Dataset,
    *,
    discount_rate: float = 0.08,
    lender: str = "own",
    provisioning: str | Regime | None = None,
    terms: xr.Dataset | None = None,
) -> xr.Dataset:
    r"""Loss, allowance, cash, arrears, cost and NPV of one run less those of another, on shared draws.

    Parameters
    ----------
    result, other : xarray.Dataset
        From `simulate`, with one portfolio, seed and set of paths. What else differs (model, behaviour, macro values,
        feedback, responses) is what is compared.
    discount_rate : float
        Of the net present value [1/year].
    lender : str
        "own" (attrs `own_lender`), "all" (the system) or a name.
    provisioning : str, IFRS9, CECL, China or None
        Provisioning regime of the allowance, see `provisions`; None: by currency, "china" for CNY, "cecl" for USD,
        else "ifrs9".
    terms : xarray.Dataset or None
        From `term_structures`; "china" can do without.

    Returns
    -------
    xarray.Dataset
        ====================  ==============  ==========  ====================================================
        variable              dims            unit        meaning
        ====================  ==============  ==========  ====================================================
        base                  measure         by measure  mean over paths of `result`
        changed               measure         by measure  mean over paths of `other`
        difference            measure         by measure  changed - base
        difference_se         measure         by measure  standard error of the difference; NaN with one path
        path_difference       path, measure   by measure  difference on each path
        ====================  ==============  ==========  ====================================================

        Each along `scenario` as well if the results have it. The coordinates `unit` and `label` (measure) are the
        unit and the printed name of each measure.

    Raises
    ------
    InputError
        Names each fault: other portfolio, seed, paths or months, a variable missing.

    Notes
    -----
    Measures, over months 1 to T, where :math:`C_t` = paid + recovered - drawn - originated - operating cost:

    ================  ========  =========================================================================
    measure           unit      meaning
    ================  ========  =========================================================================
    loss              currency  written off + forgiven - recovered
    allowance         currency  allowance held at the end
    cash              currency  :math:`\sum_t C_t`
    loans_in_arrears  number    loans 30 or more days past due, mean over months
    operating_cost    currency  cost of responses, borne by the own lender; 0 for another lender
    npv               currency  net present value
    ================  ========  =========================================================================

    .. math::

       NPV = \sum_{t=1}^{T} \frac{C_t}{(1 + r)^{t/12}} + \frac{B_T - A_T}{(1 + r)^{T/12}}

    with discount rate :math:`r`, closing balance :math:`B_T` and allowance :math:`A_T`. The standard error is that of
    paired path differences :math:`d_p`, :math:`sd(d_p) / \sqrt{P}` for P paths: with shared draws it is far below that
    of either run.

    Examples
    --------
    One path and one month, in which 10 more are paid:

    >>> import numpy as np
    >>> import xarray as xr
    >>> import stresslab as sl
    >>> from stresslab.schema import BUCKETS, FLOWS
    >>> dims = ("path", "month", "segment")
    >>> def run(paid):
    ...     flows = {name: (dims, np.zeros((1, 2, 1))) for name in FLOWS} | {"paid": (dims, [[[0.0], [paid]]])}
    ...     stocks = {name: ((*dims, "bucket"), np.zeros((1, 2, 1, 8))) for name in ("balance", "accounts")}
    ...     labels = {"month": [0, 1], "bucket": list(BUCKETS), "segment": ["us:card"]}
    ...     segment = {"lender": ("segment", ["us"]), "product": ("segment", ["card"])}
    ...     return xr.Dataset(flows | stocks, labels | segment, {"own_lender": "us"})
    >>> comparison = sl.compare(run(100.0), run(110.0), provisioning="china")
    >>> comparison["difference"].sel(measure="cash").item()
    10.0
    """
    given: tuple[tuple[str, Any], ...] = (("result", result), ("other", other))
    refuse("compare", [fault for name, run in given for fault in memory_faults(name, run, "simulate()")])
    faults = number_faults("discount_rate", discount_rate, 10.0, "a decimal: 0.08, not 8")
    for name, run in given:
        faults += [f"{name}: {fault}" for fault in result_faults(run, lender, NEEDS)]
        if (months := run.sizes.get("month", 0)) < 2:
            faults.append(f"{name}: month: found {months}, expected 0 and at least 1; simulate a longer horizon")
    faults += provisioning_faults(provisioning)
    shared = "simulate both with shared draws on one macro"
    refuse("compare", faults + unlike_faults("other", other, result, SAME, ALONG, shared, "result"))
    values, said = by_place(result, {"provisioning": provisioning})
    rules = regime_of(values["provisioning"])
    first, second = (_measured(run, discount_rate, lender, rules, terms) for run in (result, other))
    out = _paired(second - first, "difference").assign(path_difference=second - first)
    out["base"], out["changed"] = first.mean("path"), second.mean("path")
    attrs = {"lender": lender, "provisioning": name_of(rules), "discount_rate": discount_rate}
    return noted(labelled(_with_units(out), OUTPUTS).assign_attrs(of_the_run(result) | attrs), said)


@typed
def compare_responses(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    responses: Sequence[Response],
    model: Model | None = None,
    *,
    seed: int | None = None,
    feedback: Feedback | None = None,
    rank_by: str = "npv",
    progress: bool = True,
    threads: int | None = None,
    **options: Any,
) -> xr.Dataset:
    """Lender responses ranked by their effect alone, with the interaction of each pair, on shared draws.

    Parameters
    ----------
    portfolio : xarray.Dataset
        As in `simulate`.
    macro : xarray.Dataset
        As in `simulate`.
    responses : sequence of Response
        At least two of `stresslab.actions`, with different labels.
    model : Model or None
        As in `simulate`.
    seed : int or None
        Of every run; drawn if None and stored in attrs.
    feedback : Feedback or None
        As in `simulate`.
    rank_by : str
        Measure of `compare` that ranks the responses, the best first.
    progress : bool
        Show a progress bar, one step for each run.
    threads : int or None
        As in `simulate`.
    **options
        `discount_rate`, `lender`, `provisioning`, `terms` of `compare`.

    Returns
    -------
    xarray.Dataset
        ====================  ============================  ==========  ==============================================
        variable              dims                          unit        meaning
        ====================  ============================  ==========  ==============================================
        alone, _se            response, measure             by measure  change against no response
        interaction, _se      response, partner, measure    by measure  effect of both - effects of each; NaN on the
                                                                        diagonal
        together, _se         measure                       by measure  all responses at once
        overlap, _se          measure                       by measure  together - sum of alone
        ====================  ============================  ==========  ==============================================

        Responses in order of rank; `_se` are standard errors of paired path differences. The coordinates `unit` and
        `label` (measure) are those of `compare`.

    Raises
    ------
    InputError
        Names each fault, as `simulate` and `compare` do.

    Notes
    -----
    An interaction below 0 for the NPV says that the two responses weaken each other. It takes 1 + n + n (n - 1) / 2
    runs for n responses, and one more if n > 2.

    Examples
    --------
    Of two responses, what they do together is the sum of both alone and the overlap:

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    >>> macro = sl.scenario("china-baseline").isel(month=slice(0, 3))
    >>> two = [sl.actions.Outreach(), sl.actions.LimitManagement(cut=1.0)]
    >>> effects = sl.compare_responses(book, macro, two, seed=3, progress=False)
    >>> float(abs(effects["together"] - effects["alone"].sum("response") - effects["overlap"]).max()) < 1e-6
    True
    """
    faults = response_faults(responses)
    if not faults and len(responses) < 2:
        faults.append(f"responses: found {len(responses)}, expected at least 2; compare single runs with compare()")
    faults += choice_faults("rank_by", rank_by, list(MEASURES)) + actor_faults(portfolio, responses)
    refuse("compare_responses", faults)
    seed, count = drawn_seed(seed), len(responses)

    with tqdm(total=1 + count + count * (count - 1) // 2 + (count > 2), disable=not progress, unit=" runs") as bar:

        def run(chosen: Sequence[Response]) -> xr.Dataset:
            result = simulate(
                portfolio, macro, model, seed=seed, feedback=feedback, threads=threads, responses=list(chosen),
                progress=False,
            )  # fmt: skip
            bar.update()
            return result

        without = run([])
        compare(without, without, **options)  # refuses what is wrong with the options before the other runs

        def effect(chosen: Sequence[Response]) -> xr.DataArray:
            return compare(without, run(chosen), **options)["path_difference"]

        alone = [effect([response]) for response in responses]
        pairs = {(i, j): effect([responses[i], responses[j]]) for i, j in combinations(range(count), 2)}
        together = pairs[0, 1] if count == 2 else effect(responses)
    blank = xr.full_like(alone[0], np.nan)
    between = [
        [pairs[min(i, j), max(i, j)] - alone[i] - alone[j] if i != j else blank for j in range(count)]
        for i in range(count)
    ]
    labels = [response.label for response in responses]
    effects = {
        "alone": xr.concat(alone, "response"),
        "interaction": xr.concat([xr.concat(row, "partner") for row in between], "response"),
        "together": together,
        "overlap": together - sum(alone[1:], alone[0]),
    }
    out = xr.Dataset(coords={"response": labels, "partner": labels})
    for name, values in effects.items():
        out = out.assign(_paired(values, name).data_vars)
    of_all = out["alone"].sel(measure=rank_by)
    others = [dim for dim in of_all.dims if dim != "response"]
    order = np.argsort(-MEASURES[rank_by].better * of_all.mean(others).values, kind="stable")
    ranked = _with_units(out.isel(response=order, partner=order))
    return labelled(ranked, OUTPUTS).assign_attrs(of_the_run(without), rank_by=rank_by)


def _paired(difference: xr.DataArray, name: str) -> xr.Dataset:
    """Mean of path differences under a name, and its standard error."""
    paths = difference.sizes["path"]
    error = difference.std("path", ddof=1) / np.sqrt(paths) if paths > 1 else difference.mean("path") * np.nan
    return xr.Dataset({name: difference.mean("path"), f"{name}_se": error})


def _with_units(out: xr.Dataset) -> xr.Dataset:
    """The Dataset with unit and printed name of each measure."""
    coords = {"unit": [item.unit for item in MEASURES.values()], "label": [item.label for item in MEASURES.values()]}
    return out.assign_coords({name: ("measure", values) for name, values in coords.items()})


def _measured(result: xr.Dataset, rate: float, lender: str, rules: Regime, terms: xr.Dataset | None) -> xr.DataArray:
    """All measures of a run (path, measure)."""
    flows = select(result, lender).isel(month=slice(1, None))
    month = flows["month"]
    bears_cost = lender in ("own", "all", result.attrs.get("own_lender"))
    cost = xr.zeros_like(flows["paid"].sum("segment"))
    if bears_cost and "operating_cost" in result:
        cost = result["operating_cost"].isel(month=slice(1, None)).sum("response")
    flow = {name: flows[name].sum("segment") for name in NEEDS if name not in ("balance", "accounts")}
    cash = flow["paid"] + flow["recovered"] - flow["drawn"] - flow["originated"] - cost
    allowance = provisions(result, rules, terms, lender=lender)["allowance_held"].isel(month=-1, drop=True)
    closing = flows["balance"].isel(month=-1, drop=True).sum(("segment", "bucket"))
    discounted = (cash / (1.0 + rate) ** (month / 12.0)).sum("month")
    years = float(month[-1]) / 12.0
    values = {
        "loss": (flow["written_off"] + flow["forgiven"] - flow["recovered"]).sum("month"),
        "allowance": allowance,
        "cash": cash.sum("month"),
        "loans_in_arrears": flows["accounts"].isel(bucket=PAST_DUE).sum(("segment", "bucket")).mean("month"),
        "operating_cost": cost.sum("month"),
        "npv": discounted + (closing - allowance) / (1.0 + rate) ** years,
    }
    parts = [values[name].drop_vars("month", errors="ignore").astype(float) for name in MEASURES]
    dim = xr.Variable("measure", list(MEASURES))
    measured: xr.DataArray = xr.concat(parts, dim=dim, coords="minimal", compat="override")
    return measured
