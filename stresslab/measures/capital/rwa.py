"""Risk-weighted assets of a lender's own loans, and what expected loss and provisions do to its capital."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import refuse
from stresslab.measures.capital.regimes import CapitalRegime
from stresslab.measures.estimators import Array
from stresslab.measures.formulas import irb
from stresslab.measures.formulas.irb import (
    defaulted_capital,
    general_provisions_in_tier2,
    output_floor,
    tier2_from_provisions,
)
from stresslab.measures.result_view import BALANCE, FLOW, described, result_faults, select

PERFORMING, DEFAULTED = slice(0, 3), slice(3, None)
"""Buckets up to 60-89 and from 90-119: default is 90 days past due (CRE36.68)."""

REVOLVER, TRANSACTOR, OTHER = "qrre_revolver", "qrre_transactor", "other_retail"
CONTRACTS = ("transactor_share", "revolving")
PARAMETERS = ("pd", "lgd", "best_estimate_loss")


@dataclass(frozen=True)
class Weighed:
    """Of the own loans, each (..., path, month) [currency].

    rwa : risk-weighted assets, after the output floor where the regime has one; standardised : under CRE20
    deduction : from CET1, shortfall of provisions against expected loss under IRB; tier2 : provisions that count there
    converted : undrawn limits times their conversion factor, for the leverage ratio
    """

    rwa: Array
    standardised: Array
    deduction: Array
    tier2: Array
    converted: Array


def irb_parameters(result: xr.Dataset, *, downturn: float = 1.25, lender: str = "own") -> xr.Dataset:
    """PD and LGD by segment as a bank estimates them from a long run of its own book, before floors.

    result : Dataset from simulate() under an economy that stands for the cycle; needs balance, defaulted, written_off,
      forgiven, recovered
    downturn : LGD over the long-run average (CRE36.83 wants a downturn LGD; 1.25 is an assumption), at most 1 in all
    lender : "own" | "all" | a name
    Returns Dataset (segment) [1]:
      pd = 1 - (1 - h)^12, h = sum of defaulted over sum of performing balance at the start of the month (CRE36.82: the
        average one-year default rate);
      best_estimate_loss = (written_off + forgiven - recovered) / defaulted: what a default costs, its cures included,
        which in a steady book compares flows of like size; lgd = min(1, downturn best_estimate_loss).
    Both are averages over all paths and months, by balance. NaN where nothing defaulted.
    Raises InputError naming each fault.

    >>> from stresslab.schema import BUCKETS
    >>> dims = ("path", "month", "segment")
    >>> flow = {"defaulted": 1.0, "written_off": 0.8, "forgiven": 0.0, "recovered": 0.2}
    >>> result = xr.Dataset(
    ...     {"balance": ((*dims, "bucket"), [[[[100.0] + [0.0] * 7]] * 2]),
    ...      **{name: (dims, [[[0.0], [value]]]) for name, value in flow.items()}},
    ...     {"month": [0, 1], "bucket": list(BUCKETS), "segment": ["us:card"], "lender": ("segment", ["us"]),
    ...      "product": ("segment", ["card"])}, {"own_lender": "us"})
    >>> found = irb_parameters(result).squeeze()
    >>> round(found["pd"].item(), 6), round(found["lgd"].item(), 6)  # 1 - 0.99^12; 1.25 x 0.6
    (0.113615, 0.75)
    """
    flows = ("defaulted", "written_off", "forgiven", "recovered")
    faults = result_faults(result, lender, {"balance": BALANCE} | dict.fromkeys(flows, FLOW))
    if not (isinstance(downturn, int | float) and 1.0 <= downturn <= 10.0):
        faults.append(f"downturn: found {downturn!r}, expected a factor from 1 to 10; give 1.25, not 25")
    refuse("irb_parameters", faults)
    view = select(result, lender)
    over = [dim for dim in view["balance"].dims if dim not in ("segment", "bucket")]
    performing = view["balance"].isel(bucket=PERFORMING, month=slice(None, -1)).sum([*over, "bucket"])
    total = view[list(flows)].isel(month=slice(1, None)).sum(over)
    monthly = total["defaulted"] / performing.where(performing > 0.0)
    loss = total["written_off"] + total["forgiven"] - total["recovered"]
    cost = (loss / total["defaulted"].where(total["defaulted"] > 0.0)).clip(min=0.0)
    out = xr.Dataset({"pd": 1.0 - (1.0 - monthly.clip(max=1.0)) ** 12, "best_estimate_loss": cost.clip(max=1.0)})
    out["lgd"] = (downturn * out["best_estimate_loss"]).clip(max=1.0)
    return described(out, result, lender, PARAMETERS).assign_attrs(downturn=downturn)


def parameter_faults(book: xr.Dataset, parameters: xr.Dataset | None) -> list[str]:
    """Faults of the IRB parameters of a book."""
    if parameters is None:
        return ["parameters: found none, expected pd and lgd by segment, as IRB needs; see irb_parameters()"]
    faults = [f"{name}: missing from parameters; see irb_parameters()" for name in PARAMETERS if name not in parameters]
    if faults:
        return faults
    lost = sorted(set(book["segment"].values.tolist()) - set(np.atleast_1d(parameters["segment"].values).tolist()))
    if lost:
        return [f"parameters: found no segment {lost}, expected all of the lender's; estimate them from its book"]
    for name in PARAMETERS:
        values = parameters[name].sel(segment=book["segment"].values).values
        bad = ~((values >= 0.0) & (values <= 1.0)) | ((name == "pd") & (values >= 1.0))
        if bad.any():
            found = f"{name}: found {values[bad].flat[0]}, expected a share of 0 to 1"
            faults.append(f"{found}; give a decimal, and one for each segment: NaN means that nothing defaulted")
    return faults


def weigh(
    book: xr.Dataset, allowance: Array, specific: Array, rules: CapitalRegime, parameters: xr.Dataset | None
) -> Weighed:
    """Weigh the own loans.

    book : own part; needs balance, undrawn_limit, transactor_share, revolving
    allowance, specific : the whole, and what is held against defaulted loans (..., path, month) [currency]
    parameters : Dataset of irb_parameters(), for an IRB regime
    """
    conversion = rules.weights["conversion_committed" if rules.committed else "conversion_cancellable"]
    performing = _by_segment(book["balance"].isel(bucket=PERFORMING).sum("bucket"))
    defaulted = _by_segment(book["balance"].isel(bucket=DEFAULTED).sum("bucket"))
    converted = conversion * _by_segment(book["undrawn_limit"])
    transactor = book["transactor_share"].values * np.ones(performing.shape[-1])
    standardised = _standardised(performing + converted, defaulted.sum(-1), specific, transactor, rules)
    rwa, none = standardised, np.zeros_like(standardised)
    deduction, tier2 = none, general_provisions_in_tier2(np.maximum(allowance - specific, 0.0), standardised)
    if rules.approach == "irb":
        assert parameters is not None
        at = parameters.sel(segment=book["segment"].values)
        rwa, expected = _internal(performing + converted, defaulted, transactor, book["revolving"].values > 0.5, at)
        deduction, tier2 = tier2_from_provisions(allowance, expected, rwa)
        rwa = output_floor(rwa, standardised, rules.year) if rules.output_floor else rwa
    return Weighed(rwa, standardised, deduction, tier2, converted.sum(-1))


def _standardised(exposure: Array, defaulted: Array, specific: Array, transactor: Array, rules: CapitalRegime) -> Array:
    """RWA under CRE20, net of specific provisions: performing by class, defaulted by how far they are provided for."""
    weight = transactor * rules.weights["transactor"] + (1.0 - transactor) * rules.weights[rules.retail]
    against = np.minimum(specific, defaulted)
    covered = np.divide(against, defaulted, out=np.zeros_like(defaulted), where=defaulted > 0.0)
    high = covered >= rules.weights["provisioned_from"]
    late = np.where(high, rules.weights["defaulted_provisioned"], rules.weights["defaulted"])
    return np.asarray((exposure * weight).sum(-1) + late * (defaulted - against))


def _internal(
    exposure: Array, defaulted: Array, transactor: Array, revolving: NDArray[np.bool_], at: xr.Dataset
) -> tuple[Array, Array]:
    """RWA and expected loss under CRE31: gross EAD times 12.5 K, K of each segment's PD and LGD with their floors."""
    pd, lgd, best = (at[name].values for name in PARAMETERS)
    as_line = np.where(revolving, 1.0 - transactor, 0.0), np.where(revolving, transactor, 0.0)
    shares = {REVOLVER: as_line[0], TRANSACTOR: as_line[1], OTHER: np.where(revolving, 0.0, 1.0)}
    capital = sum((share * irb.capital(pd, lgd, name) for name, share in shares.items()), np.zeros(pd.shape))
    loss = sum((share * irb.expected_loss(pd, lgd, name) for name, share in shares.items()), np.zeros(pd.shape))
    required = (exposure * capital).sum(-1) + (defaulted * defaulted_capital(lgd, best)).sum(-1)
    return np.asarray(12.5 * required), np.asarray((exposure * loss).sum(-1) + (defaulted * best).sum(-1))


def _by_segment(values: xr.DataArray) -> Array:
    """Values (..., path, month, segment)."""
    whole: Array = values.transpose(..., "path", "month", "segment").values
    return whole
