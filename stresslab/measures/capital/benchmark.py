"""Capital by three roads, side by side: what the rules ask, what one factor says, what the simulation shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import level_faults, refuse
from stresslab.measures.capital.regimes import CapitalRegime, regime_named
from stresslab.measures.capital.rwa import (
    CONTRACTS,
    OTHER,
    PARAMETERS,
    PERFORMING,
    REVOLVER,
    TRANSACTOR,
    parameter_faults,
)
from stresslab.measures.estimators import Array, moments, quantile, values_in_tail
from stresslab.measures.formulas import asrf, irb
from stresslab.measures.formulas.asrf import implied_correlation
from stresslab.measures.liquidity.on_balance_sheet import NEEDS, own_part
from stresslab.measures.result_view import FLOW, described, horizon_faults, lender_name, result_faults

METHODS = ("standardised", "irb", "asrf", "asrf_implied", "simulated")
CAUSES = ("parameters", "correlation", "distribution")
TOTAL_CAPITAL = 0.08  # RBC20.1; the factor 12.5 of CRE31 is its inverse


def capital_benchmark(
    result: xr.Dataset,
    parameters: xr.Dataset,
    capital_regime: str | CapitalRegime = "basel-standardised",
    *,
    level: float = 0.999,
    horizon: int = 12,
    lender: str = "own",
) -> xr.Dataset:
    """Capital for unexpected loss by segment: the rules' beside the one-factor formula's beside the simulated one.

    result : Dataset from simulate() with at least two paths; needs balance, its flows, defaulted, own_share,
      transactor_share, revolving
    parameters : Dataset of irb_parameters()
    regime : whose standardised weights
    level : of the loss, in (0, 1); horizon : months 1 ... horizon
    lender : "own" (attrs own_lender) | "all" (the system) | a name
    Returns Dataset (segment), the last one "total", [1] but where said:
      exposure: own balance at the start less than 90 days past due [currency];
      loss_rate (path): simulated = defaulted in the horizon x best_estimate_loss over exposure: the loss that the
        horizon's defaults will have cost, so that all roads speak of the same loss;
      expected_loss, deviation: its mean and standard deviation; pd, lgd: simulated, mean / pd the second;
      correlation: of the rules, at that pd; implied_correlation: at which Vasicek's deviation is the simulated one;
      capital_rate (approach), over exposure, and capital (approach) [currency]:
        standardised: 8 % of the weights; irb: K of `parameters`, with floors and the downturn LGD;
        asrf: VaR less mean of one factor at the simulated pd and lgd and the rules' correlation; asrf_implied: at the
        implied one; simulated: quantile of loss_rate less its mean; simulated_se, simulated_low, simulated_high;
      why (cause): asrf - irb = parameters, asrf_implied - asrf = correlation, simulated - asrf_implied = distribution
        (shape, concentration in time, finite sample): together simulated - irb; paths_in_tail [1].
    In "total" losses are added path by path; the formulas' totals are sums (one factor adds up by construction);
    asrf_implied of the total uses the total's own pd, lgd and deviation.
    One factor without idiosyncratic risk: asrf.quantile(); the simulated deviation has that of a finite book in it, so
    a small segment's implied correlation is too high. Where nothing varies it is 0.
    Raises InputError naming each fault: also parameters missing for a segment.
    """
    rules = regime_named(capital_regime)
    book = _own_book(result, parameters, level, horizon, lender)
    at = parameters.sel(segment=book["segment"].values)
    size = _opening(book)
    defaulted = book["defaulted"].isel(month=slice(1, horizon + 1)).sum("month").transpose("path", "segment").values
    if (defaulted.mean(axis=0) >= size).any():
        refuse(
            "capital_benchmark",
            ["defaulted: found as much as the exposure or more, expected less; shorten the horizon"],
        )
    rate = _with_total(defaulted * at["best_estimate_loss"].values, size)
    pd_ = _with_total(defaulted, size).mean(axis=0)
    mean, _, deviation, _ = moments(rate.T)
    lgd = np.divide(mean, pd_, out=np.ones_like(mean), where=pd_ > 0.0)
    line = book["revolving"].values > 0.5
    correlation = np.where(line, irb.correlation(pd_[:-1], REVOLVER), irb.correlation(pd_[:-1], OTHER))
    implied = np.array([_implied(p, d / loss) for p, d, loss in zip(pd_, deviation, lgd, strict=True)])
    tail = quantile(rate.T, [level])
    standardised, by_irb, by_asrf = (
        _sum_total(rates, size)
        for rates in (
            TOTAL_CAPITAL * _weight(book, rules),
            _irb(book, at, line),
            lgd[:-1] * _unexpected(pd_[:-1], correlation, level),
        )
    )
    asrf_implied = lgd * _unexpected(pd_, implied, level)
    simulated = tail.value[:, 0] - mean
    roads = np.stack([standardised, by_irb, by_asrf, asrf_implied, simulated], axis=-1)
    steps = np.stack([by_asrf - by_irb, asrf_implied - by_asrf, simulated - asrf_implied], axis=-1)
    by: dict[str, Any] = {
        "exposure": ("segment", np.append(size, size.sum())), "loss_rate": (("path", "segment"), rate),
        "expected_loss": ("segment", mean), "deviation": ("segment", deviation), "pd": ("segment", pd_),
        "lgd": ("segment", lgd), "correlation": ("segment", np.append(correlation, np.nan)),
        "implied_correlation": ("segment", implied), "capital_rate": (("segment", "approach"), roads),
        "simulated_se": ("segment", tail.se[:, 0]), "simulated_low": ("segment", tail.low[:, 0] - mean),
        "simulated_high": ("segment", tail.high[:, 0] - mean), "why": (("segment", "cause"), steps),
        "paths_in_tail": values_in_tail(rate.shape[0], level),
    }  # fmt: skip
    labels = [*map(str, book["segment"].values), "total"]
    out = xr.Dataset(by, {"segment": labels, "approach": list(METHODS), "cause": list(CAUSES), "path": book["path"]})
    out["capital"] = out["capital_rate"] * out["exposure"]
    plain = [str(name) for name in out if name not in ("exposure", "capital")]
    return described(out, result, lender, plain).assign_attrs(
        level=level, horizon=horizon, regime=rules.name, lender=lender_name(result, lender)
    )


def _own_book(result: xr.Dataset, parameters: xr.Dataset, level: float, horizon: int, lender: str) -> xr.Dataset:
    """The lender's part of the result, with parameters for each of its segments; or every fault."""
    needs = NEEDS | {"defaulted": FLOW} | {name: ("segment",) for name in CONTRACTS}
    faults = result_faults(result, lender, needs, paths=2) + horizon_faults(result, horizon)
    given = parameters if isinstance(parameters, xr.Dataset) else ()
    faults += [f"{name}: missing from parameters; see irb_parameters()" for name in PARAMETERS if name not in given]
    if "scenario" in result.dims:
        faults.append("scenario: found several, expected one; choose with .sel(scenario=...)")
    refuse("capital_benchmark", faults + level_faults("level", (level,)))
    book = own_part(result, lender=lender)
    refuse("capital_benchmark", parameter_faults(book, parameters))
    return book


def _opening(book: xr.Dataset) -> Array:
    """Exposure of each segment at the start, above 0."""
    exposure = book["balance"].isel(month=0, bucket=PERFORMING).sum("bucket").isel(path=0, drop=True)
    if bool((exposure <= 0.0).any()):
        empty = book["segment"].values[(exposure <= 0.0).values].tolist()
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
    """VaR less mean of the default rate in one factor; 0 where it is certain."""
    moves = (pd > 0.0) & (pd < 1.0) & (correlation > 0.0)
    out = np.zeros_like(pd)
    out[moves] = asrf.quantile(pd[moves], correlation[moves], level) - pd[moves]
    return out


def _weight(book: xr.Dataset, rules: CapitalRegime) -> Array:
    """Standardised weight of each segment's performing loans."""
    transactor: Array = book["transactor_share"].values
    return np.asarray(transactor * rules.weights["transactor"] + (1.0 - transactor) * rules.weights[rules.retail])


def _irb(book: xr.Dataset, at: xr.Dataset, line: NDArray[np.bool_]) -> Array:
    """K of each segment, transactors apart."""
    pd, lgd = at["pd"].values, at["lgd"].values
    transactor: Array = book["transactor_share"].values
    of_line = (1.0 - transactor) * irb.capital(pd, lgd, REVOLVER) + transactor * irb.capital(pd, lgd, TRANSACTOR)
    return np.asarray(np.where(line, of_line, irb.capital(pd, lgd, OTHER)))
