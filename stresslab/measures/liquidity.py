"""Cash that a lender must hold so that it can pay on all but the worst paths."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from stresslab.measures.quantiles import Array, expected_shortfall, quantile, share, values_in_tail
from stresslab.measures.selection import (
    BALANCE,
    FLOW,
    described,
    horizon_faults,
    level_faults,
    number_faults,
    opening_balance,
    refuse,
    result_faults,
    select,
)

CASH_FLOWS = ("paid", "recovered", "drawn", "originated", "undrawn_limit")
SHARES = ("rollover_share", "committed_draw_share", "new_lending_share", "interest_rate")


@dataclass(frozen=True)
class Funding:
    """How a lender is funded, as a simple schedule; it takes no deposits.

    liquid_assets : cash and what turns into cash at once, at the start [currency]
    maturing_borrowings : all that is borrowed, by the month it falls due [currency]: amounts of months 1, 2, ... or a
      mapping month -> amount; what matures beyond the horizon is listed too, for it bears interest
    rollover_share : of what matures, refinanced beyond the horizon [1]. 0, a closed market, is also how the LCR
      treats unsecured wholesale funding (LCR40: 100 % outflow)
    interest_rate : on borrowings [1/year], paid monthly as one twelfth of what is owed at the start of the month
    operating_cost_monthly : [currency/month]
    new_lending_share : of the simulated draws and originations, paid out [1]; below 1 the lender turns customers away,
      while their later payments stay as simulated: a figure for short horizons
    committed_draw_share : of the lines still undrawn, drawn each month beyond what was simulated [1/month]; the LCR
      takes 0.05 for committed retail lines, for its 30 days (secondary source)
    own_funding : True: the lender carries the own_share of each segment's flows, partners the rest; False: all of them
    The defaults are no rule's; they say "nothing of this", but for rollover_share, the worst case.
    Raises InputError naming each fault.

    >>> Funding(liquid_assets=50.0, maturing_borrowings={2: 30.0}).maturing_borrowings
    (0.0, 30.0)
    """

    liquid_assets: float
    maturing_borrowings: Sequence[float] | Mapping[int, float]
    rollover_share: float = 0.0
    interest_rate: float = 0.0
    operating_cost_monthly: float = 0.0
    new_lending_share: float = 1.0
    committed_draw_share: float = 0.0
    own_funding: bool = True

    def __post_init__(self) -> None:
        amounts, faults = _ladder(self.maturing_borrowings)
        for name in ("liquid_assets", "operating_cost_monthly"):
            faults += number_faults(name, getattr(self, name), math.inf, "an amount")
        for name in SHARES:
            faults += number_faults(name, getattr(self, name), 1.0, "a decimal: 0.05, not 5")
        if self.own_funding not in (True, False):
            faults.append(f"own_funding: found {self.own_funding!r}, expected True or False; choose one")
        refuse("Funding", faults)
        object.__setattr__(self, "maturing_borrowings", amounts)

    @classmethod
    def for_book(
        cls,
        result: xr.Dataset,
        *,
        borrowed_share: float = 0.8,
        liquid_share: float = 0.05,
        months: int = 12,
        lender: str = "own",
        **terms: Any,
    ) -> Funding:
        """A plausible ladder for a book: a share of it is borrowed and falls due evenly over the coming months.

        result : Dataset from simulate(); needs balance, and own_share unless own_funding=False
        borrowed_share, liquid_share : borrowings and liquid assets over the opening balance that the lender funds [1];
          the defaults are illustrations, not taken from any lender
        months : over which borrowings mature evenly
        lender : "own" | "all" | a name
        terms : any other field of Funding
        Raises InputError naming each fault.

        >>> from stresslab.schema import BUCKETS
        >>> result = xr.Dataset(
        ...     {"balance": (("path", "month", "segment", "bucket"), [[[[600.0] + [0.0] * 7]]])},
        ...     {"month": [0], "bucket": list(BUCKETS), "segment": ["us:card"], "own_share": ("segment", [0.5]),
        ...      "lender": ("segment", ["us"]), "product": ("segment", ["card"])}, {"own_lender": "us"})
        >>> Funding.for_book(result, months=4).maturing_borrowings  # 0.8 x 0.5 x 600 / 4
        (60.0, 60.0, 60.0, 60.0)
        """
        own_funding = terms.get("own_funding", True)
        faults = result_faults(result, lender, {"balance": BALANCE} | _share_needs(own_funding))
        for name, value in (("borrowed_share", borrowed_share), ("liquid_share", liquid_share)):
            faults += number_faults(name, value, 10.0, "a decimal: 0.8, not 80")
        if not (isinstance(months, int) and months >= 1):
            faults.append(f"months: found {months!r}, expected a whole number from 1; give months to maturity")
        refuse("Funding.for_book", faults)
        view = select(result, lender)
        funded = float((opening_balance(view, "Funding.for_book") * _own_share(view, own_funding)).sum())
        return cls(liquid_share * funded, [borrowed_share * funded / months] * months, **terms)

    def outflow(self, horizon: int) -> Array:
        """Borrowings repaid, interest and operating cost in months 1 ... horizon [currency].

        >>> Funding(0.0, [100.0, 100.0], rollover_share=0.5, interest_rate=0.12).outflow(2)  # interest on 200, on 150
        array([52. , 51.5])
        """
        amounts = tuple(self.maturing_borrowings)
        due = np.array(amounts + (0.0,) * (horizon - len(amounts)), dtype=np.float64)
        repaid = due * (1.0 - self.rollover_share)
        owed = due.sum() - np.cumsum(repaid) + repaid  # at the start of the month
        outflow: Array = repaid + owed * self.interest_rate / 12.0 + self.operating_cost_monthly
        return outflow[:horizon]


def liquidity_buffer(
    result: xr.Dataset, funding: Funding, *, confidence: float = 0.99, horizon: int = 12, lender: str = "own"
) -> xr.Dataset:
    """Liquid assets that carry the lender through the horizon at a confidence level, and how long it lasts as it is.

    result : Dataset from simulate(); needs paid, recovered, drawn, originated, undrawn_limit, at least two paths, and
      own_share if funding.own_funding
    funding : Funding
    confidence : of the buffer, in (0, 1)
    horizon : months 1 ... horizon
    lender : "own" (attrs own_lender) | "all" (the system) | a name
    Returns Dataset, and `scenario` if the result has it, [currency] if not said otherwise:
      gap (path, month) = paid + recovered - new_lending_share (drawn + originated) - further draws of lines, summed
      over segments times own_share, less Funding.outflow; further draws are committed_draw_share of the line open at
      the start of the month less what they took before; cumulative_gap (path, month);
      shortfall (path) = max(0, max over months of -cumulative_gap);
      buffer, buffer_se, buffer_low, buffer_high: its quantile, standard error and 95 % order-statistic interval;
      expected_shortfall, expected_shortfall_se: mean of the worst 1 - confidence; paths_in_tail [1];
      survival_month (path) [month]: the first in which the cumulative gap exceeds liquid_assets, NaN if none does;
      survival_probability [1], with _se, _low and _high (exact 95 %): share of paths that survive the horizon.
    B = Quantile_q(max over b <= H of -cumgap_b): the cash-flow ladder of EBA/GL/2018/04 on simulated paths.
    Error bars and few paths: as in loss_distribution and measures.quantiles.
    Raises InputError naming each fault: a variable missing, negative or not finite, a horizon beyond the result, a
    confidence outside (0, 1), an unknown lender, fewer than two paths.

    >>> dims, names = ("path", "month", "segment"), ["paid", "recovered", "drawn", "originated", "undrawn_limit"]
    >>> flows = {name: (dims, np.zeros((2, 3, 1))) for name in names}
    >>> flows["paid"] = (dims, [[[0.0], [10.0], [10.0]], [[0.0], [4.0], [8.0]]])
    >>> result = xr.Dataset(flows, {"month": [0, 1, 2], "segment": ["us:card"], "lender": ("segment", ["us"]),
    ...     "product": ("segment", ["card"]), "own_share": ("segment", [1.0])}, {"own_lender": "us"})
    >>> found = liquidity_buffer(result, Funding(5.0, [10.0, 10.0]), confidence=0.5, horizon=2)
    >>> found.shortfall.values, found.survival_month.values  # second path: -6, then -8
    (array([0., 8.]), array([nan,  1.]))
    """
    needs = dict.fromkeys(CASH_FLOWS, FLOW) | _share_needs(funding.own_funding)
    faults = result_faults(result, lender, needs, paths=2) + horizon_faults(result, horizon)
    refuse("liquidity_buffer", faults + level_faults("confidence", (confidence,)))
    gap = _gap(select(result, lender), funding, horizon)
    cumulative = gap.cumsum("month").assign_coords(month=gap["month"])
    shortfall = (-cumulative.min("month")).clip(min=0.0)
    fails = -cumulative > funding.liquid_assets  # so written that liquid assets equal to the shortfall survive
    out = xr.Dataset({"gap": gap, "cumulative_gap": cumulative, "shortfall": shortfall})
    out["survival_month"] = gap["month"].where(fails).min("month")
    out = out.assign(_estimates(shortfall, ~fails.any("month"), confidence))
    plain = [str(name) for name in out if str(name).startswith("survival_probability")] + ["paths_in_tail"]
    out = described(out, result, lender, plain)
    out["survival_month"].attrs["units"] = "month"
    return out.assign_attrs(confidence=confidence, horizon=horizon, funding=repr(funding))


def _gap(view: xr.Dataset, funding: Funding, horizon: int) -> xr.DataArray:
    """Net cash flow of each path and month 1 ... horizon [currency]."""
    flows = view.isel(month=slice(1, horizon + 1))
    lent = funding.new_lending_share * (flows["drawn"] + flows["originated"])
    further = _further_draws(view["undrawn_limit"], funding.committed_draw_share, flows["month"])
    lending = (flows["paid"] + flows["recovered"] - lent - further) * _own_share(view, funding.own_funding)
    return lending.sum("segment") - xr.DataArray(funding.outflow(horizon), {"month": flows["month"]})


def _further_draws(undrawn: xr.DataArray, draw_share: float, months: xr.DataArray) -> xr.DataArray:
    """Draws beyond the simulated ones: each month a share of the line that neither has taken [currency]."""
    taken = xr.zeros_like(undrawn.isel(month=0, drop=True))
    draws: list[xr.DataArray] = []
    for month in range(months.size):
        draws.append(draw_share * (undrawn.isel(month=month, drop=True) - taken).clip(min=0.0))
        taken = taken + draws[-1]
    return xr.concat(draws, dim=months.variable)


def _estimates(shortfall: xr.DataArray, survives: xr.DataArray, confidence: float) -> dict[str, xr.DataArray]:
    """Buffer, expected shortfall and survival probability over paths, with their error bars."""
    ends: dict[str, Any] = {"input_core_dims": [["path"]], "kwargs": {"levels": [confidence]}}
    buffer = xr.apply_ufunc(quantile, shortfall, output_core_dims=[["level"]] * 4, **ends)
    beyond = xr.apply_ufunc(expected_shortfall, shortfall, output_core_dims=[["level"]] * 2, **ends)
    chance = xr.apply_ufunc(share, survives, input_core_dims=[["path"]], output_core_dims=[[]] * 4)
    names = [f"buffer{end}" for end in ("", "_se", "_low", "_high")] + ["expected_shortfall", "expected_shortfall_se"]
    tail = {name: value.isel(level=0) for name, value in zip(names, (*buffer, *beyond), strict=True)}
    tail["paths_in_tail"] = xr.DataArray(values_in_tail(shortfall.sizes["path"], confidence))
    ends_of_share = ("", "_se", "_low", "_high")
    return tail | {f"survival_probability{end}": value for end, value in zip(ends_of_share, chance, strict=True)}


def _share_needs(own_funding: bool) -> dict[str, Sequence[str]]:
    """own_share is read only where partners carry their part."""
    return {"own_share": ("segment",)} if own_funding else {}


def _own_share(view: xr.Dataset, own_funding: bool) -> xr.DataArray | float:
    """Share of each segment that the lender of record funds [1]."""
    return view["own_share"] if own_funding else 1.0


def _ladder(given: object) -> tuple[tuple[float, ...], list[str]]:
    """Borrowings by month 1, 2, ... [currency], and the faults of what was given."""
    if not isinstance(given, Sequence | Mapping | np.ndarray):
        return (), [f"maturing_borrowings: found {given!r}, expected amounts by month; give a list or a mapping"]
    pairs = given.items() if isinstance(given, Mapping) else enumerate(given, start=1)
    faults: list[str] = []
    amounts: dict[int, Any] = {}
    for month, amount in pairs:
        if not (isinstance(month, int | np.integer) and month >= 1):
            faults.append(f"maturing_borrowings: found month {month!r}, expected a whole number from 1; count from 1")
        faults += number_faults(f"maturing_borrowings[month {month}]", amount, math.inf, "an amount")
        amounts[month] = amount
    if faults:
        return (), faults
    return tuple(float(amounts.get(month, 0.0)) for month in range(1, max(amounts, default=0) + 1)), []
