"""Risk-weighted assets of the own loans, IRB parameters, and provisions that count in capital."""

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
from stresslab.measures.result_view import (
    BALANCE,
    FLOW,
    Output,
    dataset_faults,
    described,
    result_faults,
    select,
    unlike_faults,
)
from stresslab.schema import DEFAULTED, PERFORMING
from stresslab.typed import typed

REVOLVER, TRANSACTOR, OTHER = "qrre_revolver", "qrre_transactor", "other_retail"
CONTRACTS = ("transactor_share", "revolving")
PARAMETER_OUTPUTS = {
    "pd": Output("1", "average one-year default rate"),
    "lgd": Output("1", "downturn loss given default"),
    "best_estimate_loss": Output("1", "best estimate of the loss of a default"),
}
PARAMETERS = tuple(PARAMETER_OUTPUTS)


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


@typed
def irb_parameters(result: xr.Dataset, *, downturn: float = 1.25, lender: str = "own") -> xr.Dataset:
    r"""PD and LGD by segment as a bank estimates them from a long run of its own portfolio, before floors.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate` under an economy that stands for the cycle; needs balance, defaulted, written_off, forgiven and
        recovered.
    downturn : float
        LGD over the long-run average, from 1 to 10; CRE36.83 [1]_ requires a downturn LGD, 1.25 is an assumption.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        ==================  =======  ====  =====================================================================
        variable            dims     unit  meaning
        ==================  =======  ====  =====================================================================
        pd                  segment  1     average one-year default rate (CRE36.82)
        lgd                 segment  1     downturn best_estimate_loss, at most 1
        best_estimate_loss  segment  1     cost of a default, its cures included
        ==================  =======  ====  =====================================================================

        Averages over all paths and months, by balance, in each scenario by itself; NaN where nothing defaulted.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math::

        \mathrm{PD} &= 1 - (1 - h)^{12}, \qquad h = \frac{\sum \mathrm{defaulted}}{\sum \mathrm{performing}} \\
        \mathrm{BEEL} &= \frac{\sum (\mathrm{written\ off} + \mathrm{forgiven} - \mathrm{recovered})}
                              {\sum \mathrm{defaulted}}

    with the performing balance at the start of each month. In a steady portfolio the flows of BEEL are of like size.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision (2019), Basel Framework, CRE36.82 and CRE36.83.

    Examples
    --------
    1 of 100 defaults in a month, of which 0.8 is written off and 0.2 recovered:

    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(100.0, paths=2, defaulted=1.0, written_off=0.8, recovered=0.2)
    >>> parameters = irb_parameters(result).squeeze()
    >>> round(parameters["pd"].item(), 6), round(parameters["lgd"].item(), 6)  # 1 - 0.99^12; 1.25 x 0.6
    (0.113615, 0.75)
    """
    flows = ("defaulted", "written_off", "forgiven", "recovered")
    faults = result_faults(result, lender, {"balance": BALANCE} | dict.fromkeys(flows, FLOW))
    if not (isinstance(downturn, int | float) and 1.0 <= downturn <= 10.0):
        faults.append(f"downturn: found {downturn!r}, expected a factor from 1 to 10; give 1.25, not 25")
    refuse("irb_parameters", faults)
    view = select(result, lender)
    over = [dim for dim in view["balance"].dims if dim not in ("scenario", "segment", "bucket")]
    performing = view["balance"].isel(bucket=PERFORMING, month=slice(None, -1)).sum([*over, "bucket"])
    total = view[list(flows)].isel(month=slice(1, None)).sum(over)
    monthly = total["defaulted"] / performing.where(performing > 0.0)
    loss = total["written_off"] + total["forgiven"] - total["recovered"]
    cost = (loss / total["defaulted"].where(total["defaulted"] > 0.0)).clip(min=0.0)
    out = xr.Dataset({"pd": 1.0 - (1.0 - monthly.clip(max=1.0)) ** 12, "best_estimate_loss": cost.clip(max=1.0)})
    out["lgd"] = (downturn * out["best_estimate_loss"]).clip(max=1.0)
    return described(out, result, lender, PARAMETER_OUTPUTS).assign_attrs(downturn=downturn)


def parameter_faults(part: xr.Dataset | None, parameters: xr.Dataset | None) -> list[str]:
    """Faults of the IRB parameters of an own part; without one, those that can be seen alone."""
    if parameters is None:
        return ["parameters: found none, expected pd and lgd by segment, as IRB needs; see irb_parameters()"]
    faults = dataset_faults(parameters, dict.fromkeys(PARAMETERS, ("segment",)), "irb_parameters()", name="parameters")
    advice = "estimate them of its own part"
    if faults or part is None:
        return faults
    if faults := unlike_faults("parameters", parameters, part, ("currency",), advice=advice, told=False):
        return faults
    lost = sorted(set(part["segment"].values.tolist()) - set(np.atleast_1d(parameters["segment"].values).tolist()))
    if lost:
        return [f"parameters: found no segment {lost}, expected all of the lender's; estimate them from its own part"]
    if "scenario" in parameters.dims:
        known = parameters["scenario"].values.tolist()
        wanted = part["scenario"].values.tolist() if "scenario" in part.dims else []
        if not wanted or not set(wanted) <= set(known):
            found = f"found those of scenarios {known}, expected the result's, {wanted or 'one'}"
            return [f"parameters: {found}; select with parameters.sel(scenario=...), or estimate them"]
    for name in PARAMETERS:
        values = parameters[name].sel(segment=part["segment"].values).values
        bad = ~((values >= 0.0) & (values <= 1.0)) | ((name == "pd") & (values >= 1.0))
        if bad.any():
            found = f"{name}: found {values[bad].flat[0]}, expected a share of 0 to 1"
            faults.append(f"{found}; give a decimal, and one for each segment: NaN means that nothing defaulted")
    return faults


def weigh(
    part: xr.Dataset, allowance: Array, specific: Array, rules: CapitalRegime, parameters: xr.Dataset | None
) -> Weighed:
    """Weigh the own loans.

    part : own part; needs balance, undrawn_limit, transactor_share, revolving
    allowance, specific : the whole, and what is held against defaulted loans (..., path, month) [currency]
    parameters : Dataset of irb_parameters(), for an IRB regime
    """
    conversion = rules.weights["conversion_committed" if rules.committed else "conversion_cancellable"]
    performing = _by_segment(part["balance"].isel(bucket=PERFORMING).sum("bucket"))
    defaulted = _by_segment(part["balance"].isel(bucket=DEFAULTED).sum("bucket"))
    converted = conversion * _by_segment(part["undrawn_limit"])
    transactor = part["transactor_share"].values * np.ones(performing.shape[-1])
    standardised = _standardised(performing + converted, defaulted.sum(-1), specific, transactor, rules)
    rwa, none = standardised, np.zeros_like(standardised)
    deduction, tier2 = none, general_provisions_in_tier2(np.maximum(allowance - specific, 0.0), standardised)
    if rules.approach == "irb":
        assert parameters is not None
        at = parameters.sel(segment=part["segment"].values)
        if "scenario" in at.dims:
            at = at.sel(scenario=part["scenario"].values).expand_dims(("path", "month")).transpose("scenario", ...)
        rwa, expected = _internal(performing + converted, defaulted, transactor, part["revolving"].values > 0.5, at)
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
