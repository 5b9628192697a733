"""Balance sheet of a lender beside its loans: funding, other assets, tax and pay-out."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import xarray as xr

from stresslab.checks import number_faults, refuse, unknown
from stresslab.measures.capital.regimes import CapitalRegime
from stresslab.measures.defaults import by_place
from stresslab.measures.liquidity.funding import DECIMAL, Funding
from stresslab.measures.result_view import BALANCE, result_faults
from stresslab.typed import typed


class Rates(NamedTuple):
    """What a balance sheet earns, pays and owes to the state, as in `BalanceSheet`, none left to the place."""

    tax_rate: float
    payout: float
    liquid_yield: float
    external_rate: float


CHOSEN = ("result", "borrowed_share", "liquid_share", "liquid_assets", "borrowings", "lender", "notes", "others")
"""Arguments and fields of `Funding.for_book` that `BalanceSheet.for_book` chooses."""


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
    liquid_yield : float, optional
        Earned on liquid assets [1/year]; None, here and below: by the currency of the result that is measured.
    external_rate : float, optional
        Interest on funding raised when cash runs out [1/year].
    minimum_liquid : float
        Liquid assets below which funding is raised [currency].
    tax_rate : float, optional
        On profit less earlier losses [1]; losses give no refund and no deferred tax asset.
    payout : float, optional
        Part of a month's profit after tax that is paid out where the conservation buffer allows [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    Opening equity = liquid assets + own loans - allowance + other assets - borrowings. Defaults by currency stand with
    their sources in `stresslab/measures/defaults.toml`, and the notes of what is measured say which were used.

    Examples
    --------
    >>> BalanceSheet(Funding(10.0), tax_rate=0.21).tax_rate
    0.21
    """

    funding: Funding
    other_assets: float = 0.0
    deductions: float = 0.0
    additional_tier1: float = 0.0
    additional_tier1_rate: float = 0.0
    liquid_yield: float | None = None
    external_rate: float | None = None
    minimum_liquid: float = 0.0
    tax_rate: float | None = None
    payout: float | None = None

    def __post_init__(self) -> None:
        faults = []
        for name in ("other_assets", "deductions", "additional_tier1", "minimum_liquid"):
            faults += number_faults(name, getattr(self, name), math.inf, "an amount")
        faults += number_faults("additional_tier1_rate", self.additional_tier1_rate, 1.0, DECIMAL)
        for name in Rates._fields:
            if getattr(self, name) is not None:
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
        equity_share: float | None = None,
        liquid_share: float | None = None,
        lender: str = "own",
        funding: dict[str, Any] | None = None,
        **others: Any,
    ) -> BalanceSheet:
        """Plausible balance sheet of a result: cash beside its loans, equity, and one ladder of borrowings.

        Parameters
        ----------
        result : xarray.Dataset
            From `simulate`; needs balance and own_share.
        equity_share : float, optional
            Equity before the allowance is deducted, over loans and cash [1]; None: by the currency of the result.
        liquid_share : float, optional
            Cash over the own loans [1]; None: by the currency of the result.
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
        Defaults by currency: `stresslab/measures/defaults.toml`. Those used are in the notes of what is measured.

        Examples
        --------
        Loans of 100 and cash of 10, of which 10 % are equity:

        >>> from stresslab.testing import tiny_result
        >>> sheet = BalanceSheet.for_book(tiny_result(100.0), equity_share=0.1, liquid_share=0.1)
        >>> round(sheet.funding.borrowed, 9)
        99.0
        """
        faults = result_faults(result, lender, {"balance": BALANCE, "own_share": ("segment",)})
        shares, said = by_place(result, {"equity_share": equity_share, "liquid_share": liquid_share})
        faults += number_faults("equity_share", shares["equity_share"], 1.0, DECIMAL)
        faults += number_faults("liquid_share", shares["liquid_share"], 10.0, DECIMAL)
        known = {*inspect.signature(Funding.for_book).parameters, *Funding.__dataclass_fields__} - set(CHOSEN)
        faults += [unknown(f"funding[{name!r}]", name, known) for name in funding or {} if name not in known]
        refuse("BalanceSheet.for_book", faults)
        borrowed = (1.0 + shares["liquid_share"]) * (1.0 - shares["equity_share"])
        made = Funding.for_book(
            result, borrowed_share=borrowed, liquid_share=shares["liquid_share"], lender=lender, **(funding or {})
        )
        return cls(replace(made, notes=tuple(dict.fromkeys([*said, *made.notes]))), **others)


def rates_of(sheet: BalanceSheet, result: xr.Dataset) -> tuple[Rates, list[str]]:
    """Rates of a balance sheet, those that it leaves open by the place of a result, and a sentence for each of them."""
    values, said = by_place(result, {name: getattr(sheet, name) for name in Rates._fields})
    return Rates(**values), said
