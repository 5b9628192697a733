"""Loss distribution over simulated paths: expected loss, value at risk and expected shortfall, each with its error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from stresslab.checks import lender_name, level_faults, refuse
from stresslab.measures.estimators import summarize_paths
from stresslab.measures.result_view import (
    BALANCE,
    ENDINGS,
    FLOW,
    Output,
    described,
    horizon_faults,
    opening_balance,
    result_faults,
    select,
)
from stresslab.typed import typed

NEEDS = {"balance": BALANCE, "written_off": FLOW, "forgiven": FLOW, "recovered": FLOW}
OUTPUTS = {
    "loss": Output("currency", "written off + forgiven - recovered"),
    "expected_loss": Output("currency", "mean of the loss over paths"),
    "standard_deviation": Output("currency", "standard deviation of the loss"),
    "value_at_risk": Output("currency", "quantile of the loss at the level"),
    "expected_shortfall": Output("currency", "mean of the worst 1 - level of losses"),
    "opening_balance": Output("currency", "balance in month 0"),
    "paths_in_tail": Output("1", "number of paths beyond value at risk"),
}
RATES = {
    f"{name}_rate": Output("1", f"{meaning}, as a share of the opening balance")
    for name, (units, meaning) in OUTPUTS.items()
    if units == "currency" and name != "opening_balance"
}


@typed
def loss_distribution(
    result: xr.Dataset,
    *,
    horizon: int | None = None,
    levels: float | Sequence[float] = (0.95, 0.99, 0.999),
    lender: str = "own",
) -> xr.Dataset:
    r"""Realised loss over the first months, by segment and in total: expectation, spread, value at risk, shortfall.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`; needs `balance`, `written_off`, `forgiven`, `recovered` and at least two paths.
    horizon : int or None
        Months 1 to `horizon` are counted; None: all.
    levels : float or sequence of float
        Levels of value at risk and expected shortfall, in (0, 1).
    lender : str
        "own" (attrs `own_lender`), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        ==================  ==============  ========  =====================================
        variable            dims            unit      meaning
        ==================  ==============  ========  =====================================
        loss                path, segment   currency  written off + forgiven - recovered
        expected_loss       segment         currency  mean of the loss over paths
        standard_deviation  segment         currency  standard deviation of the loss
        value_at_risk       segment, level  currency  quantile of the loss at the level
        expected_shortfall  segment, level  currency  mean of the worst 1 - level of losses
        opening_balance     segment         currency  balance in month 0
        paths_in_tail       level           1         number of paths beyond value at risk
        ==================  ==============  ========  =====================================

        `expected_loss`, `standard_deviation`, `value_at_risk` and `expected_shortfall` have a standard error `_se`, and
        `value_at_risk` the ends `_low` and `_high` of a 95 % interval. Each also as a share of the opening balance [1]
        over the whole horizon, not per year: `expected_loss_rate`, `expected_loss_rate_se`, `value_at_risk_rate_low`,
        ...; NaN where a segment opens empty. `segment` ends with "total", the sum over segments on each path; a
        `scenario` dimension is carried through.

    Raises
    ------
    InputError
        Names each fault: a variable missing, negative or not finite, a horizon beyond the result, a level outside
        (0, 1), an unknown lender, fewer than two paths.

    Notes
    -----
    With losses :math:`x_{(1)} \le \dots \le x_{(n)}` of :math:`n` paths and level :math:`a`,

    .. math::

       VaR = x_{(\lceil n a \rceil)}, \qquad
       ES = VaR + \frac{1}{n (1 - a)} \sum_i (x_i - VaR)^+

    Losses are nominal, undiscounted and of the whole balance, whoever funds it. Recoveries include those of claims
    written off before the start, so that a loss can be negative. Standard errors take paths to be independent: that of
    value at risk is Maritz and Jarrett's [1]_, that of expected shortfall comes from its influence function [2]_, and
    the interval of value at risk from order statistics, free of any distribution [3]_.

    Few paths: where none lies beyond value at risk (:math:`n (1 - a) < 1`), value at risk and expected shortfall are
    the largest loss and their standard errors NaN. `value_at_risk_high` is infinite where the order statistic that
    bounds value at risk does not exist, with fewer than about :math:`3.7 / (1 - a)` paths.

    Not for: capital (a quantile less the expectation), expected credit loss (see `provisions`).

    References
    ----------
    .. [1] Maritz and Jarrett (1978), Journal of the American Statistical Association 73, 194-196.
    .. [2] Rockafellar and Uryasev (2002), Journal of Banking and Finance 26; Manistre and Hancock (2005), North
       American Actuarial Journal 9.
    .. [3] David and Nagaraja (2003), Order Statistics, section 7.1.

    Examples
    --------
    Four paths that lose 1, 2, 3 and 6 of 200:

    >>> import stresslab as sl
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(200.0, written_off=[1.0, 2.0, 3.0, 6.0], paths=4)
    >>> total = sl.loss_distribution(result, levels=[0.5]).sel(segment="total")
    >>> float(total.expected_loss), float(total.expected_loss_rate)  # (1 + 2 + 3 + 6) / 4, over 200
    (3.0, 0.015)
    >>> total.value_at_risk.item(), total.expected_shortfall.item()  # second of four; mean of the worst two
    (2.0, 4.5)
    """
    levels = tuple(np.atleast_1d(levels).tolist())
    subject = "loss_distribution"
    faults = result_faults(result, lender, NEEDS, paths=2) + horizon_faults(result, horizon)
    refuse(subject, faults + level_faults("levels", levels))
    view, name = select(result, lender), lender_name(result, lender)
    months = int(view.sizes["month"] - 1 if horizon is None else horizon)
    opening = _with_total(opening_balance(view), name)
    loss = _with_total(_realised_loss(view, months), name)
    money = {"loss": loss} | {
        key.replace("estimate", "expected_loss"): value for key, value in summarize_paths(loss, levels).items()
    }
    beyond = money.pop("paths_in_tail")
    rates = {_rate(key): value / opening.where(opening > 0.0) for key, value in money.items()}
    out = xr.Dataset(money | rates | {"opening_balance": opening}, {"level": list(levels)})
    out["paths_in_tail"] = beyond
    return described(out, result, lender, OUTPUTS | RATES).assign_attrs(horizon=months)


def _realised_loss(view: xr.Dataset, months: int) -> xr.DataArray:
    """Loss of each path and segment over months 1 ... months [currency]."""
    flows = view[["written_off", "forgiven", "recovered"]].isel(month=slice(1, months + 1)).sum("month")
    return flows["written_off"] + flows["forgiven"] - flows["recovered"]


def _with_total(values: xr.DataArray, lender: str) -> xr.DataArray:
    """The same values with their sum as one more segment, "total"."""
    labels = {"segment": ["total"], "lender": ("segment", [lender]), "product": ("segment", ["all"])}
    total = values.sum("segment").expand_dims("segment", axis=-1).assign_coords(labels)
    others = [name for name, coord in values.coords.items() if "segment" in coord.dims and name not in labels]
    return xr.concat([values.drop_vars(others).transpose(..., "segment"), total], dim="segment")


def _rate(name: str) -> str:
    """Name of the same statistic as a share of the opening balance: `x_se` becomes `x_rate_se`."""
    ending = next((end for end in ENDINGS if name.endswith(end)), "")
    return f"{name.removesuffix(ending)}_rate{ending}"
