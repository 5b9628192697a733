"""The distribution of realised losses over the paths, with error bars.

Loss is what was written off and forgiven less what was recovered, nominal and undiscounted, of the whole balance
whoever funds it. Recoveries include those of claims written off before the start, so a loss can be negative.

Few paths: `paths_in_tail` says how many lie beyond VaR. Where there is none (n (1 - level) < 1), VaR and ES are the
largest loss seen and their standard errors NaN. `var_high` is +inf already where the order statistic that bounds VaR
does not exist, with fewer than about 3.7 / (1 - level) paths; nothing is put in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from stresslab.checks import level_faults, refuse
from stresslab.measures.estimators import Array, expected_shortfall, moments, quantile, values_in_tail
from stresslab.measures.result_view import (
    BALANCE,
    FLOW,
    described,
    horizon_faults,
    lender_name,
    opening_balance,
    result_faults,
    select,
)

NEEDS = {"balance": BALANCE, "written_off": FLOW, "forgiven": FLOW, "recovered": FLOW}
MOMENTS = ("expected_loss", "expected_loss_se", "standard_deviation", "standard_deviation_se")
TAIL = (
    "value_at_risk", "value_at_risk_se", "value_at_risk_low", "value_at_risk_high",
    "expected_shortfall", "expected_shortfall_se",
)  # fmt: skip


def loss_distribution(
    result: xr.Dataset,
    *,
    horizon: int | None = None,
    levels: float | Sequence[float] = (0.95, 0.99, 0.999),
    lender: str = "own",
) -> xr.Dataset:
    """Realised loss over the first months, by segment and in total: mean, spread, VaR and ES, each with an error bar.

    result : Dataset from simulate(); needs balance, written_off, forgiven, recovered and at least two paths
    horizon : months 1 ... horizon are counted; None: all
    levels : of VaR and ES, in (0, 1)
    lender : "own" (attrs own_lender) | "all" (the system) | a name
    Returns Dataset, [currency] and, with the suffix _rate, as a share of the balance at the start [1]:
      loss (path, segment) = sum over months of written_off + forgiven - recovered;
      expected_loss, standard_deviation (segment); var, es (segment, level); each with its standard error _se;
      var_low, var_high (segment, level): 95 % interval from order statistics, free of any distribution, or +inf;
      opening_balance (segment); paths_in_tail (level) [1]: how many paths lie beyond VaR.
      `segment` ends with "total", the sum over segments on each path; a `scenario` dimension is carried through.
    A rate is over the whole horizon, not per year; NaN where the segment opened empty.
    var = x_(ceil(n level)), es = mean of the worst 1 - level; error bars and sources: measures.estimators. They take
    paths to be independent. Write ds["var"]: ds.var is a method of xarray.
    Not for: capital (a quantile less the expectation), expected credit loss (see provisions).
    Raises InputError naming each fault: a variable missing, negative or not finite, a horizon beyond the result, a
    level outside (0, 1), an unknown lender, fewer than two paths.

    >>> from stresslab.schema import BUCKETS
    >>> dims, lost = ("path", "month", "segment"), np.array([1.0, 2.0, 3.0, 6.0])[:, None, None] * [[0.0], [1.0]]
    >>> result = xr.Dataset(
    ...     {"balance": ((*dims, "bucket"), np.full((4, 2, 1, 8), 25.0)), "written_off": (dims, lost),
    ...      "forgiven": (dims, 0.0 * lost), "recovered": (dims, 0.0 * lost)},
    ...     {"month": [0, 1], "bucket": list(BUCKETS), "segment": ["us:card"], "lender": ("segment", ["us"]),
    ...      "product": ("segment", ["card"])}, {"own_lender": "us"})
    >>> total = loss_distribution(result, levels=[0.5]).sel(segment="total")
    >>> float(total.expected_loss), float(total.expected_loss_rate)  # (1 + 2 + 3 + 6) / 4, over 200
    (3.0, 0.015)
    >>> total.value_at_risk.item(), total.expected_shortfall.item()  # 2nd of 4; mean of the worst two
    (2.0, 4.5)
    """
    levels = tuple(np.atleast_1d(levels).tolist())
    subject = "loss_distribution"
    faults = result_faults(result, lender, NEEDS, paths=2) + horizon_faults(result, horizon)
    refuse(subject, faults + level_faults("levels", levels))
    view, name = select(result, lender), lender_name(result, lender)
    months = int(view.sizes["month"] - 1 if horizon is None else horizon)
    opening = _with_total(opening_balance(view, subject), name)
    loss = _with_total(_realised_loss(view, months), name)
    money = _figures(loss, levels)
    rates = {_rate(key): value / opening.where(opening > 0.0) for key, value in money.items()}
    out = xr.Dataset(money | rates | {"opening_balance": opening}, {"level": list(levels)})
    out["paths_in_tail"] = ("level", [values_in_tail(loss.sizes["path"], level) for level in levels])
    return described(out, result, lender, [*rates, "paths_in_tail"]).assign_attrs(horizon=months)


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
    ending = next((end for end in ("_se", "_low", "_high") if name.endswith(end)), "")
    return f"{name.removesuffix(ending)}_rate{ending}"


def _figures(loss: xr.DataArray, levels: tuple[float, ...]) -> dict[str, xr.DataArray]:
    """Every statistic of the loss over paths, by name [currency]."""
    ends: dict[str, Any] = {"input_core_dims": [["path"]]}
    centre = xr.apply_ufunc(moments, loss, output_core_dims=[[]] * len(MOMENTS), **ends)
    tail = xr.apply_ufunc(_tail, loss, kwargs={"levels": levels}, output_core_dims=[["level"]] * len(TAIL), **ends)
    return {"loss": loss} | dict(zip(MOMENTS + TAIL, (*centre, *tail), strict=True))


def _tail(sample: Array, levels: tuple[float, ...]) -> tuple[Array, ...]:
    """Quantile and expected shortfall of (..., path), in the order of TAIL."""
    return (*quantile(sample, levels), *expected_shortfall(sample, levels))
