"""Balance sheet of a lender beside its loans: funding, other assets, tax and pay-out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import xarray as xr

from stresslab.checks import number_faults, refuse, type_faults
from stresslab.measures.capital.regimes import CapitalRegime
from stresslab.measures.liquidity.funding import DECIMAL, EQUITY_SHARE, LIQUID_SHARE, Funding
from stresslab.measures.result_view import BALANCE, result_faults
from stresslab.typed import typed

RATES = ("additional_tier1_rate", "tax_rate", "payout", "liquid_yield", "external_rate")


@typed
@dataclass(frozen=True)
class BalanceSheet:
    """Balance sheet of a lender beside its loans at the start, with its tax and pay-out.

    Parameters
    ----------
    funding : Funding
        Liquid assets and borrowings; subordinated debt is a `Borrowing` of that kind.
    other_assets : float
        Premises, software, claims on others, carried unchanged [currency].
    deductions : float
        Part of other_assets taken off CET1, such as intangibles and deferred tax assets [currency].
    additional_tier1 : float
        Part of equity that is AT1 [currency].
    additional_tier1_rate : float
        Coupon of AT1 [1/year].
    liquid_yield : float
        Earned on liquid assets [1/year].
    external_rate : float
        Interest on funding raised when cash runs out [1/year].
    minimum_liquid : float
        Liquid assets below which funding is raised [currency].
    tax_rate : float
        On profit less earlier losses [1]; losses give no refund and no deferred tax asset.
    payout : float
        Part of a month's profit after tax that is paid out where the conservation buffer allows [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    Opening equity = liquid assets + own loans - allowance + other assets - borrowings. The defaults are assumptions;
    the tax rate is the standard one of China, 25 %.

    Examples
    --------
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
                "give them in the funding of liquidity_ladder() only"
            )
        refuse("BalanceSheet", faults)

    @typed
    def weighed_assets(self, rules: CapitalRegime) -> float:
        """Risk-weighted amount of other assets; what is deducted from CET1 is not weighted again [currency].

        Parameters
        ----------
        rules : CapitalRegime
            Regime with the weight of other assets.

        Returns
        -------
        float
            (other_assets - deductions) times the weight [currency].

        Examples
        --------
        >>> sheet = BalanceSheet(Funding(10.0), other_assets=50.0, deductions=20.0)
        >>> sheet.weighed_assets(CapitalRegime.named("china-2023"))
        30.0
        """
        return (self.other_assets - self.deductions) * rules.weights["other_assets"]

    @classmethod
    @typed
    def for_book(
        cls,
        result: xr.Dataset,
        *,
        equity_share: float = EQUITY_SHARE,
        liquid_share: float = LIQUID_SHARE,
        lender: str = "own",
        funding: dict[str, Any] | None = None,
        **others: Any,
    ) -> BalanceSheet:
        """Plausible balance sheet of a result: cash beside its loans, equity, and one ladder of borrowings.

        Parameters
        ----------
        result : xarray.Dataset
            From `simulate`; needs balance and own_share.
        equity_share : float
            Equity before the allowance is deducted, over loans and cash [1].
        liquid_share : float
            Cash over the own loans [1].
        lender : str
            "own" (attrs own_lender), "all" (the system) or a name.
        funding : dict, optional
            Arguments of `Funding.for_book` other than the shares, such as annual_rate, rollover and partners.
        **others : object
            Any other parameter of `BalanceSheet`.

        Returns
        -------
        BalanceSheet
            Of that size.

        Raises
        ------
        InputError
            Names each fault.

        Notes
        -----
        The shares are illustrations, not taken from any lender.

        Examples
        --------
        Loans of 100 and cash of 10, of which 10 % are equity:

        >>> from stresslab.testing import tiny_result
        >>> sheet = BalanceSheet.for_book(tiny_result(100.0), equity_share=0.1, liquid_share=0.1)
        >>> round(sheet.funding.borrowed, 9)
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
        return cls(made, **others)
