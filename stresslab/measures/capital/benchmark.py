"""Regulatory, one-factor and simulated capital of the same own part, by segment."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import level_faults, refuse
from stresslab.measures.capital.regimes import CapitalRegime, regime_faults, regime_for
from stresslab.measures.capital.rwa import (
    CONTRACTS,
    OTHER,
    REVOLVER,
    TRANSACTOR,
    parameter_faults,
)
from stresslab.measures.estimators import Array, moments, quantile, values_in_tail
from stresslab.measures.formulas import asrf, irb
from stresslab.measures.formulas.asrf import implied_correlation
from stresslab.measures.liquidity.on_balance_sheet import NEEDS, own_part
from stresslab.measures.result_view import FLOW, Output, described, horizon_faults, result_faults, select
from stresslab.noted import noted
from stresslab.schema import PERFORMING
from stresslab.typed import typed

METHOD_LABELS = {
    "standardised": "standardised",
    "irb": "IRB",
    "asrf": "one factor",
    "asrf_implied": "one factor, implied correlation",
    "simulated": "simulated",
}
"""Approaches to capital, and how they are printed."""

METHODS = tuple(METHOD_LABELS)
CAUSES = ("parameters", "correlation", "distribution")
TOTAL_CAPITAL = 0.08  # RBC20.1; the factor 12.5 of CRE31 is its inverse
OUTPUTS = {
    "exposure": Output("currency", "own performing balance at the start"),
    "loss_rate": Output("1", "cost of the defaults of the horizon over exposure"),
    "expected_loss_rate": Output("1", "mean loss rate"),
    "standard_deviation_rate": Output("1", "standard deviation of the loss rate"),
    "pd": Output("1", "mean simulated default rate of the horizon"),
    "lgd": Output("1", "expected loss rate over pd"),
    "correlation": Output("1", "asset correlation of the rules"),
    "implied_correlation": Output("1", "asset correlation implied by the simulated deviation"),
    "capital_rate": Output("1", "capital for unexpected loss over exposure"),
    "capital": Output("currency", "capital for unexpected loss"),
    "simulated_capital_rate": Output("1", "simulated capital over exposure"),
    "capital_rate_difference": Output("1", "part of simulated less IRB capital"),
    "paths_in_tail": Output("1", "number of paths beyond the quantile"),
}


@typed
def capital_benchmark(
    result: xr.Dataset,
    parameters: xr.Dataset,
    capital_regime: str | CapitalRegime | None = None,
    *,
    level: float = 0.999,
    horizon: int = 12,
    lender: str = "own",
) -> xr.Dataset:
    r"""Capital for unexpected loss by segment: regulatory, by the one-factor formula, and simulated.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate` with at least two paths; needs balance, its flows, defaulted, own_share, transactor_share and
        revolving.
    parameters : xarray.Dataset
        From `irb_parameters`.
    capital_regime : str or CapitalRegime, optional
        Regime of the standardised weights; None: by the currency of the result ("china-2023" for CNY, otherwise
        "basel-standardised").
    level : float
        Of the loss, in (0, 1).
    horizon : int
        Last month of the defaults that are counted.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        =======================  =================  ========  =====================================================
        variable                 dims               unit      meaning
        =======================  =================  ========  =====================================================
        exposure                 segment            currency  own balance at the start less than 90 days past due
        loss_rate                path, segment      1         defaulted in the horizon times best_estimate_loss over
                                                              exposure: what these defaults will have cost
        expected_loss_rate       segment            1         its mean
        standard_deviation_rate  segment            1         its standard deviation
        pd                       segment            1         mean default rate of the horizon
        lgd                      segment            1         expected_loss_rate / pd
        correlation              segment            1         of the rules, at that pd; NaN in "total"
        implied_correlation      segment            1         at which the standard deviation of one factor is the
                                                              simulated one
        capital_rate             segment, approach  1         over exposure
        capital                  segment, approach  currency  capital_rate times exposure
        simulated_capital_rate   segment            1         capital_rate of "simulated", with `_se`, `_low`, `_high`
        capital_rate_difference  segment, cause     1         parts of simulated less IRB capital
        paths_in_tail                               1         number of paths beyond the quantile
        =======================  =================  ========  =====================================================

        The last segment is "total"; `approach_label` is for printing.

    Raises
    ------
    InputError
        Names each fault; also parameters missing for a segment.

    Notes
    -----
    Approaches: `standardised` is 8 % of the weights; `irb` is K of `parameters` with floors and the downturn LGD [1]_;
    `asrf` is

    .. math:: \mathrm{LGD} \left[ \Phi \left( \frac{\Phi^{-1}(\mathrm{PD}) + \sqrt{\rho} \, \Phi^{-1}(q)}
              {\sqrt{1 - \rho}} \right) - \mathrm{PD} \right]

    at the simulated pd and lgd, the correlation of the rules and the level q; `asrf_implied` is the same at the implied
    correlation; `simulated` is the quantile of loss_rate less its mean.

    Differences: `parameters` = asrf - irb, `correlation` = asrf_implied - asrf, `distribution` = simulated -
    asrf_implied (shape, concentration in time, finite sample).

    In "total" losses are added path by path; totals of the formulas are sums, as one factor adds up by construction;
    asrf_implied of the total uses its own pd, lgd and standard deviation. The simulated deviation includes that of a
    finite portfolio, so the implied correlation of a small segment is too high. Where nothing varies it is 0.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision (2019), Basel Framework, CRE31 and RBC20.1.

    Examples
    --------
    8 % of 75 % of the weights, whatever the paths:

    >>> from stresslab.measures.capital.rwa import irb_parameters
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(100.0, paths=2, defaulted=[1.0, 3.0], written_off=[0.5, 1.5])
    >>> benchmark = capital_benchmark(result, irb_parameters(result), level=0.5, horizon=1)
    >>> benchmark.capital_rate.sel(segment="total", approach="standardised").item()
    0.06
    >>> benchmark.loss_rate.sel(segment="total").values  # half of each default is lost
    array([0.005, 0.015])
    """
    part = _own_part_with(result, parameters, capital_regime, level, horizon, lender)
    rules, said = regime_for(result, capital_regime)
    estimates = parameters.sel(segment=part["segment"].values)
    size = _opening(part)
    defaulted = part["defaulted"].isel(month=slice(1, horizon + 1)).sum("month").transpose("path", "segment").values
    if (defaulted.mean(axis=0) >= size).any():
        refuse(
            "capital_benchmark",
            ["defaulted: found as much as the exposure or more, expected less; shorten the horizon"],
        )
    rate = _with_total(defaulted * estimates["best_estimate_loss"].values, size)
    pd_ = _with_total(defaulted, size).mean(axis=0)
    mean, _, deviation, _ = moments(rate.T)
    lgd = np.divide(mean, pd_, out=np.ones_like(mean), where=pd_ > 0.0)
    line = part["revolving"].values > 0.5
    correlation = np.where(line, irb.correlation(pd_[:-1], REVOLVER), irb.correlation(pd_[:-1], OTHER))
    implied = np.array(
        [_implied(p, d / loss if loss > 0.0 else 0.0) for p, d, loss in zip(pd_, deviation, lgd, strict=True)]
    )
    tail = quantile(rate.T, [level])
    standardised, by_irb, by_asrf = (
        _sum_total(rates, size)
        for rates in (
            TOTAL_CAPITAL * _weight(part, rules),
            _irb(part, estimates, line),
            lgd[:-1] * _unexpected(pd_[:-1], correlation, level),
        )
    )
    asrf_implied = lgd * _unexpected(pd_, implied, level)
    simulated = tail.value[:, 0] - mean
    rates_by_approach = np.stack([standardised, by_irb, by_asrf, asrf_implied, simulated], axis=-1)
    differences = np.stack([by_asrf - by_irb, asrf_implied - by_asrf, simulated - asrf_implied], axis=-1)
    by: dict[str, Any] = {
        "exposure": ("segment", np.append(size, size.sum())), "loss_rate": (("path", "segment"), rate),
        "expected_loss_rate": ("segment", mean), "standard_deviation_rate": ("segment", deviation),
        "pd": ("segment", pd_), "lgd": ("segment", lgd), "correlation": ("segment", np.append(correlation, np.nan)),
        "implied_correlation": ("segment", implied), "capital_rate": (("segment", "approach"), rates_by_approach),
        "simulated_capital_rate": ("segment", simulated), "simulated_capital_rate_se": ("segment", tail.se[:, 0]),
        "simulated_capital_rate_low": ("segment", tail.low[:, 0] - mean),
        "simulated_capital_rate_high": ("segment", tail.high[:, 0] - mean),
        "capital_rate_difference": (("segment", "cause"), differences),
        "paths_in_tail": values_in_tail(rate.shape[0], level),
    }  # fmt: skip
    labels = [*map(str, part["segment"].values), "total"]
    out = xr.Dataset(by, {"segment": labels, "approach": list(METHODS), "cause": list(CAUSES), "path": part["path"]})
    out = out.assign_coords(approach_label=("approach", list(METHOD_LABELS.values())))
    out["capital"] = out["capital_rate"] * out["exposure"]
    out = described(out, result, lender, OUTPUTS).assign_attrs(level=level, horizon=horizon, capital_regime=rules.name)
    return noted(out, said)


def _own_part_with(
    result: xr.Dataset,
    parameters: xr.Dataset,
    capital_regime: str | CapitalRegime | None,
    level: float,
    horizon: int,
    lender: str,
) -> xr.Dataset:
    """Own part of the result, whose segments all have parameters; raises InputError with every fault otherwise."""
    needs = NEEDS | {"defaulted": FLOW} | {name: ("segment",) for name in CONTRACTS}
    faults = result_faults(result, lender, needs, paths=2)
    faults += parameter_faults(None if faults else select(result, lender), parameters)
    if "scenario" in getattr(result, "dims", ()):
        faults.append("scenario: found several, expected one; choose with .sel(scenario=...)")
    faults += horizon_faults(result, horizon) + level_faults("level", (level,)) + regime_faults(capital_regime)
    refuse("capital_benchmark", faults)
    return own_part(result, lender=lender)


def _opening(part: xr.Dataset) -> Array:
    """Exposure of each segment at the start, above 0."""
    exposure = part["balance"].isel(month=0, bucket=PERFORMING).sum("bucket").isel(path=0, drop=True)
    if bool((exposure <= 0.0).any()):
        empty = part["segment"].values[(exposure <= 0.0).values].tolist()
        refuse("capital_benchmark", [f"exposure: found 0 in {empty}, expected > 0 at the start; drop these segments"])
    return np.asarray(exposure.values)


def _with_total(amounts: Array, size: Array) -> Array:
    """Rates of each segment and, last, of all together (path, segment + 1)."""
    return np.concatenate([amounts / size, amounts.sum(-1, keepdims=True) / size.sum()], axis=-1)


def _sum_total(rates: Array, size: Array) -> Array:
    """Rates by segment and, last, the mean by size."""
    return np.append(rates, (rates * size).sum() / size.sum())


def _implied(pd: float, deviation: float) -> float:
    """Correlation behind a deviation of the default rate; 0 where nothing defaults or varies."""
    return 0.0 if not (0.0 < pd < 1.0 and deviation > 0.0) else float(implied_correlation(pd, deviation))


def _unexpected(pd: Array, correlation: Array, level: float) -> Array:
    """Value at risk less mean of the default rate in one factor; 0 where it is certain."""
    moves = (pd > 0.0) & (pd < 1.0) & (correlation > 0.0)
    out = np.zeros_like(pd)
    out[moves] = asrf.quantile(pd[moves], correlation[moves], level) - pd[moves]
    return out


def _weight(part: xr.Dataset, rules: CapitalRegime) -> Array:
    """Standardised weight of each segment's performing loans."""
    transactor: Array = part["transactor_share"].values
    return np.asarray(transactor * rules.weights["transactor"] + (1.0 - transactor) * rules.weights[rules.retail])


def _irb(part: xr.Dataset, at: xr.Dataset, line: NDArray[np.bool_]) -> Array:
    """K of each segment, transactors apart."""
    pd, lgd = at["pd"].values, at["lgd"].values
    transactor: Array = part["transactor_share"].values
    of_line = (1.0 - transactor) * irb.capital(pd, lgd, REVOLVER) + transactor * irb.capital(pd, lgd, TRANSACTOR)
    return np.asarray(np.where(line, of_line, irb.capital(pd, lgd, OTHER)))
