"""A lender's balance sheet beside its loans: how it is funded, what else it owns, what it pays out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import xarray as xr

from stresslab.checks import number_faults, refuse, type_faults
from stresslab.measures.capital.regimes import CapitalRegime
from stresslab.measures.liquidity.funding import DECIMAL, Funding
from stresslab.measures.result_view import BALANCE, result_faults

RATES = ("additional_tier1_rate", "tax_rate", "payout", "liquid_yield", "external_rate")


@dataclass(frozen=True)
class BalanceSheet:
    """What a lender has and owes beside its loans at the start, and its habits.

    Opening equity is what is left: liquid assets + own loans - allowance + other assets - borrowings.
    funding : Funding; subordinated debt is a Borrowing of that kind
    other_assets : premises, software, claims on others, carried unchanged [currency]
    deductions : of them, taken off CET1, such as intangibles and deferred tax assets [currency]
    additional_tier1 : part of equity that is AT1 [currency]; additional_tier1_rate : its coupon [1/year]
    liquid_yield : earned on liquid assets [1/year]
    external_rate : on funding raised when cash runs out [1/year]
    minimum_liquid : liquid assets below which funding is raised [currency]
    tax_rate : on profit less earlier losses [1]; losses give no refund and no deferred tax asset
    payout : of a month's profit after tax, paid out where the buffer rules allow [1]
    The defaults are assumptions; the tax rate is China's standard 25 %.
    Raises InputError naming each fault.

    >>> BalanceSheet(Funding(10.0)).tax_rate
    0.25
    """

    funding: Funding
    other_assets: float = 0.0
    deductions: float = 0.0
    additional_tier1: float = 0.0
    additional_tier1_rate: float = 0.0
    liquid_yield: float = 0.0
    external_rate: float = 0.08
    minimum_liquid: float = 0.0
    tax_rate: float = 0.25
    payout: float = 0.3

    def __post_init__(self) -> None:
        faults = type_faults("funding", self.funding, Funding, needed=True)
        for name in ("other_assets", "deductions", "additional_tier1", "minimum_liquid"):
            faults += number_faults(name, getattr(self, name), math.inf, "an amount")
        for name in RATES:
            faults += number_faults(name, getattr(self, name), 1.0, DECIMAL)
        if not faults and self.deductions > self.other_assets:
            found = f"deductions: found {self.deductions:g}, expected at most other_assets, {self.other_assets:g}"
            faults.append(f"{found}, of which they are a part; add the assets")
        neutral = not faults and (self.funding.new_lending_share, self.funding.committed_draw_share) == (1.0, 0.0)
        if not faults and not neutral:
            found = f"new_lending_share {self.funding.new_lending_share}, {self.funding.committed_draw_share}"
            faults.append(
                f"funding: found {found} committed_draw_share, expected 1 and 0, as they change cash and not loans; "
                "leave them to liquidity_ladder()"
            )
        refuse("BalanceSheet", faults)

    def weighed_assets(self, rules: CapitalRegime) -> float:
        """Risk-weighted amount of other assets; what is deducted from CET1 is not weighed again [currency]."""
        return (self.other_assets - self.deductions) * rules.weights["other_assets"]

    @classmethod
    def for_book(
        cls,
        result: xr.Dataset,
        *,
        equity_share: float = 0.12,
        liquid_share: float = 0.08,
        lender: str = "own",
        funding: dict[str, Any] | None = None,
        **terms: Any,
    ) -> BalanceSheet:
        """A plausible balance sheet for a book: cash beside its loans, equity and one ladder of borrowings behind them.

        result : Dataset from simulate(); needs balance and own_share
        equity_share : equity, before the allowance is taken off, over loans and cash [1]
        liquid_share : cash over the own loans [1]
        lender : "own" | "all" | a name
        funding : any argument of Funding.for_book() but the shares, such as annual_rate, rollover, partners
        terms : any other field of BalanceSheet
        The shares are illustrations, not taken from any lender.
        Raises InputError naming each fault.

        >>> from stresslab.schema import BUCKETS
        >>> result = xr.Dataset(
        ...     {"balance": (("path", "month", "segment", "bucket"), [[[[100.0] + [0.0] * 7]]])},
        ...     {"month": [0], "bucket": list(BUCKETS), "segment": ["us:card"], "own_share": ("segment", [1.0]),
        ...      "lender": ("segment", ["us"]), "product": ("segment", ["card"])}, {"own_lender": "us"})
        >>> round(BalanceSheet.for_book(result, equity_share=0.1, liquid_share=0.1).funding.borrowed, 9)  # 110 x 0.9
        99.0
        """
        faults = number_faults("equity_share", equity_share, 1.0, DECIMAL)
        faults += number_faults("liquid_share", liquid_share, 10.0, DECIMAL)
        faults += result_faults(result, lender, {"balance": BALANCE, "own_share": ("segment",)})
        refuse("BalanceSheet.for_book", faults)
        borrowed = (1.0 + liquid_share) * (1.0 - equity_share)
        made = Funding.for_book(
            result, borrowed_share=borrowed, liquid_share=liquid_share, lender=lender, **(funding or {})
        )
        return cls(made, **terms)
