"""Who funds a lender, on what terms, and what makes them leave."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import xarray as xr

from stresslab.checks import number_faults, refuse, type_faults, whole_faults
from stresslab.measures.result_view import BALANCE, opening_balance, result_faults, select

ASSET_CLASSES = ("cash", "level_1", "level_2a", "level_2b_rmbs", "level_2b", "other")
"""Classes of liquid assets, LCR30; "other" counts in a ladder, not in a ratio."""

DECIMAL = "a decimal: 0.05, not 5"


@cache
def liquidity_rules() -> dict[str, Any]:
    """Factors of the liquidity standards, each with its source and status; see liquidity/ratios.toml."""
    text = (resources.files("stresslab.measures.liquidity") / "ratios.toml").read_text("utf-8")
    return tomllib.loads(text)


def kinds() -> tuple[str, ...]:
    """Kinds of borrowing that the rules know: keys of [kinds] in liquidity/ratios.toml."""
    return tuple(liquidity_rules()["kinds"])


@dataclass(frozen=True)
class Trigger:
    """Thresholds on the lender's own book: tripped when the mean of the last months lies above any; then it stays so.

    arrears_30, arrears_90 : balance 30 or 90 days past due and more over all [1]; None: ignored
    annual_loss : written off and forgiven less recovered, over the balance before, times 12 [1/year]; None: ignored
    months : of the mean, fewer at the beginning; what is seen in a month acts in the next
    Raises InputError naming each fault.

    >>> Trigger(arrears_90=0.05).months
    3
    """

    arrears_30: float | None = None
    arrears_90: float | None = None
    annual_loss: float | None = None
    months: int = 3

    def __post_init__(self) -> None:
        looked = {name: getattr(self, name) for name in SEEN if getattr(self, name) is not None}
        faults = [fault for name, value in looked.items() for fault in number_faults(name, value, math.inf, DECIMAL)]
        if not looked:
            faults.append(f"thresholds: found none, expected one of {list(SEEN)}; give one")
        refuse("Trigger", faults + whole_faults("months", self.months, 1))


SEEN = ("arrears_30", "arrears_90", "annual_loss")


@dataclass(frozen=True)
class RollOver:
    """Share of maturing funding that its lenders renew, falling as the book they see gets worse.

    share = base exp(-arrears_sensitivity (D30+ - normal_arrears)+ - loss_sensitivity (loss - normal_loss)+)
    base : share in normal times [1]
    arrears_sensitivity, loss_sensitivity : per unit: 10 means that one point more takes a tenth of it
    normal_arrears, normal_loss : what the lenders are used to [1], [1/year]; None: what they saw first
    Both are means over the last 3 months, seen a month late, as in Trigger. No rule gives the sensitivities: they are
    assumptions to be varied.
    Raises InputError naming each fault.

    >>> RollOver(0.9, arrears_sensitivity=10.0).base
    0.9
    """

    base: float
    arrears_sensitivity: float = 0.0
    loss_sensitivity: float = 0.0
    normal_arrears: float | None = None
    normal_loss: float | None = None

    def __post_init__(self) -> None:
        faults = number_faults("base", self.base, 1.0, DECIMAL)
        for name in ("arrears_sensitivity", "loss_sensitivity", "normal_arrears", "normal_loss"):
            if getattr(self, name) is not None or name.endswith("sensitivity"):
                faults += number_faults(name, getattr(self, name), math.inf, "a rate")
        refuse("RollOver", faults)


@dataclass(frozen=True)
class Borrowing:
    """Money borrowed on one set of terms.

    kind : of those in ratios.toml, which decide its run-off in the LCR, its weight in the NSFR and the limits it
      counts under: "interbank", "bond", "subordinated", "shareholder", "nonfinancial", "stable_deposits", ...
    maturing : by the month it falls due [currency]: amounts of months 1, 2, ... or a mapping month -> amount; what
      matures beyond the horizon is listed too, for it bears interest
    annual_rate : [1/year] in month 1, paid monthly as one twelfth of what is owed at the start of the month
    pass_through : part of a move of the result's policy_rate since month 1 that annual_rate follows at once [1]; 0:
      fixed, 1: floating. The rate paid is not below 0
    rollover : of what matures, renewed: a share [1] or RollOver. 0, a closed market, is also how the LCR treats
      unsecured funding from banks (LCR40: 100 % outflow)
    tenor_months : after which renewed money falls due again; None: beyond any horizon
    Raises InputError naming each fault.

    >>> Borrowing("bond", {2: 30.0}).maturing
    (0.0, 30.0)
    """

    kind: str
    maturing: Sequence[float] | Mapping[int, float]
    annual_rate: float = 0.0
    rollover: float | RollOver = 0.0
    tenor_months: int | None = None
    pass_through: float = 0.0

    def __post_init__(self) -> None:
        amounts, faults = _by_month(self.maturing)
        if self.kind not in kinds():
            faults.append(f"kind: found {self.kind!r}, expected one of {list(kinds())}; choose one")
        for name in ("annual_rate", "pass_through"):
            faults += number_faults(name, getattr(self, name), 1.0, DECIMAL)
        if not isinstance(self.rollover, RollOver):
            faults += number_faults("rollover", self.rollover, 1.0, DECIMAL)
        if self.tenor_months is not None:
            faults += whole_faults("tenor_months", self.tenor_months, 1)
        refuse("Borrowing", faults)
        object.__setattr__(self, "maturing", amounts)


@dataclass(frozen=True)
class Securitisation:
    """Notes repaid from a part of the own book (ABS), the first note first.

    notes : (amount [currency], annual_rate [1/year]) in order of seniority; what the lender keeps is not listed
    pool_share : of the own book's collections, pledged to the notes [1]
    revolving_months : until which principal collected buys new loans instead of repaying notes
    early : Trigger that ends the revolving period; None: none
    From then on, notes take pool_share of the principal that customers pay (paid + recovered - interest - fees) until
    they are repaid; interest is paid monthly. Losses on the notes are not modelled: the first loss is the lender's.
    Raises InputError naming each fault.

    >>> Securitisation([(80.0, 0.03)], pool_share=0.5, revolving_months=24).notes
    ((80.0, 0.03),)
    """

    notes: Sequence[tuple[float, float]]
    pool_share: float
    revolving_months: int = 0
    early: Trigger | None = None

    def __post_init__(self) -> None:
        faults = number_faults("pool_share", self.pool_share, 1.0, DECIMAL)
        faults += whole_faults("revolving_months", self.revolving_months, 0)
        given: Any = self.notes if isinstance(self.notes, Sequence) else ()
        pairs = [tuple(note) for note in given if isinstance(note, Sequence) and len(note) == 2]
        if len(pairs) < len(given) or not pairs:
            faults.append(f"notes: found {self.notes!r}, expected (amount, annual_rate) of each; give one or more")
        for place, (amount, rate) in enumerate(pairs):
            faults += number_faults(f"notes[{place}] amount", amount, math.inf, "an amount")
            faults += number_faults(f"notes[{place}] annual_rate", rate, 1.0, DECIMAL)
        faults += type_faults("early", self.early, Trigger)
        refuse("Securitisation", faults)
        object.__setattr__(self, "notes", tuple(pairs))


@dataclass(frozen=True)
class Partners:
    """Co-lending partners, who fund what own_share leaves, and the terms on which they do.

    withdrawal : Trigger, on the whole balance, after which they fund less new lending; None: they stay
    notice_months : between the trigger and the end of their funding
    withdrawn_share : of their share of new lending, that ends [1]
    taken_over : of what they no longer fund, lent by the lender itself [1]; the rest is not lent
    guaranteed_share : of the partners' losses, made good by the lender [1]
    annual_fee : paid by partners for service on their balance [1/year], one twelfth a month
    Raises InputError naming each fault.

    >>> Partners(Trigger(arrears_30=0.05)).withdrawn_share
    1.0
    """

    withdrawal: Trigger | None = None
    notice_months: int = 0
    withdrawn_share: float = 1.0
    taken_over: float = 1.0
    guaranteed_share: float = 0.0
    annual_fee: float = 0.0

    def __post_init__(self) -> None:
        faults = type_faults("withdrawal", self.withdrawal, Trigger)
        faults += whole_faults("notice_months", self.notice_months, 0)
        for name in ("withdrawn_share", "taken_over", "guaranteed_share", "annual_fee"):
            faults += number_faults(name, getattr(self, name), 1.0, DECIMAL)
        refuse("Partners", faults)


@dataclass(frozen=True)
class LiquidAsset:
    """What can be turned into cash.

    amount : market value [currency]
    level : "cash" | "level_1" | "level_2a" | "level_2b_rmbs" | "level_2b" | "other", of LCR30
    haircut : lost in a sale under stress [1]
    months_to_sell : from which month on its cash is there; 0: at once
    Raises InputError naming each fault.

    >>> LiquidAsset(100.0, "level_2a", haircut=0.15).months_to_sell
    0
    """

    amount: float
    asset_class: str = "cash"
    haircut: float = 0.0
    months_to_sell: int = 0

    def __post_init__(self) -> None:
        faults = number_faults("amount", self.amount, math.inf, "an amount")
        faults += number_faults("haircut", self.haircut, 1.0, DECIMAL)
        faults += whole_faults("months_to_sell", self.months_to_sell, 0)
        if self.asset_class not in ASSET_CLASSES:
            faults.append(f"asset_class: found {self.asset_class!r}, expected one of {list(ASSET_CLASSES)}; choose one")
        refuse("LiquidAsset", faults)


@dataclass(frozen=True)
class ContingentLine:
    """Credit that a bank, a parent or a central bank has promised.

    amount : [currency]; notice_months : from which month on it can be drawn
    annual_fee : on the amount [1/year], one twelfth a month
    lost : Trigger after which it is withdrawn; None: it stands
    Raises InputError naming each fault.

    >>> ContingentLine(50.0, lost=Trigger(annual_loss=0.10)).notice_months
    0
    """

    amount: float
    notice_months: int = 0
    annual_fee: float = 0.0
    lost: Trigger | None = None

    def __post_init__(self) -> None:
        faults = number_faults("amount", self.amount, math.inf, "an amount")
        faults += whole_faults("notice_months", self.notice_months, 0)
        faults += number_faults("annual_fee", self.annual_fee, 1.0, DECIMAL)
        refuse("ContingentLine", faults + type_faults("lost", self.lost, Trigger))


@dataclass(frozen=True)
class Funding:
    """How a lender is funded, and the cash that it has and spends.

    liquid_assets : LiquidAsset of each kind, or one amount of cash [currency]
    borrowings : Borrowing on each set of terms, all that is borrowed
    securitisations : Securitisation of each pool
    partners : Partners on the loans whose own_share is below 1
    lines : ContingentLine of each bank
    operating_cost_monthly : [currency/month]; operating_cost_rate : beside it, on the own balance [1/year]
    new_lending_share : of the simulated draws and originations, paid out [1]; below 1 the lender turns customers away,
      while their later payments stay as simulated: a figure for short horizons
    committed_draw_share : of the lines still undrawn, drawn each month beyond what was simulated [1/month]; the LCR
      takes 0.05 for committed retail lines, for its 30 days (secondary source)
    The defaults are no rule's; they say "nothing of this".
    Raises InputError naming each fault.

    >>> Funding(50.0, [Borrowing("interbank", {2: 30.0})]).borrowed
    30.0
    """

    liquid_assets: float | Sequence[LiquidAsset]
    borrowings: Sequence[Borrowing] = ()
    securitisations: Sequence[Securitisation] = ()
    partners: Partners = Partners()
    lines: Sequence[ContingentLine] = ()
    operating_cost_monthly: float = 0.0
    operating_cost_rate: float = 0.0
    new_lending_share: float = 1.0
    committed_draw_share: float = 0.0

    def __post_init__(self) -> None:
        faults = []
        cash: Any = self.liquid_assets
        if not isinstance(cash, Sequence) or isinstance(cash, str):
            faults += number_faults("liquid_assets", cash, math.inf, "an amount, or LiquidAsset(...)")
            if not faults:
                object.__setattr__(self, "liquid_assets", (LiquidAsset(float(cash)),))
        of = {"borrowings": Borrowing, "securitisations": Securitisation, "lines": ContingentLine}
        for name, what in ({"liquid_assets": LiquidAsset} | of).items():
            given = getattr(self, name)
            if isinstance(given, Sequence) and all(isinstance(one, what) for one in given):
                object.__setattr__(self, name, tuple(given))
            elif name != "liquid_assets" or isinstance(given, Sequence):
                faults.append(f"{name}: found {given!r}, expected {what.__name__}(...) in a list; give a list")
        faults += type_faults("partners", self.partners, Partners, needed=True)
        faults += number_faults("operating_cost_monthly", self.operating_cost_monthly, math.inf, "an amount")
        for name in ("operating_cost_rate", "new_lending_share", "committed_draw_share"):
            faults += number_faults(name, getattr(self, name), 1.0, DECIMAL)
        refuse("Funding", faults)

    @property
    def borrowed(self) -> float:
        """All that is borrowed at the start, notes included [currency]."""
        notes = sum(amount for pool in self.securitisations for amount, _ in pool.notes)
        return float(sum(sum(one.maturing) for one in self.borrowings) + notes)

    @classmethod
    def for_book(
        cls,
        result: xr.Dataset,
        *,
        borrowed_share: float = 0.8,
        liquid_share: float = 0.05,
        months: int = 12,
        kind: str = "interbank",
        annual_rate: float = 0.0,
        rollover: float | RollOver = 0.0,
        tenor_months: int | None = None,
        pass_through: float = 0.0,
        lender: str = "own",
        **terms: Any,
    ) -> Funding:
        """A plausible ladder for a book: a share of it is borrowed and falls due evenly over the coming months.

        result : Dataset from simulate(); needs balance and own_share
        borrowed_share, liquid_share : borrowings and cash over the opening balance that the lender funds [1]; the
          defaults are illustrations, not taken from any lender
        months : over which borrowings mature evenly
        kind, annual_rate, rollover, tenor_months, pass_through : of the borrowings, as in Borrowing
        lender : "own" | "all" | a name
        terms : any other field of Funding
        Raises InputError naming each fault.

        >>> from stresslab.schema import BUCKETS
        >>> result = xr.Dataset(
        ...     {"balance": (("path", "month", "segment", "bucket"), [[[[600.0] + [0.0] * 7]]])},
        ...     {"month": [0], "bucket": list(BUCKETS), "segment": ["us:card"], "own_share": ("segment", [0.5]),
        ...      "lender": ("segment", ["us"]), "product": ("segment", ["card"])}, {"own_lender": "us"})
        >>> Funding.for_book(result, months=4).borrowings[0].maturing  # 0.8 x 0.5 x 600 / 4
        (60.0, 60.0, 60.0, 60.0)
        """
        faults = result_faults(result, lender, {"balance": BALANCE, "own_share": ("segment",)})
        for name, value in (("borrowed_share", borrowed_share), ("liquid_share", liquid_share)):
            faults += number_faults(name, value, 10.0, "a decimal: 0.8, not 80")
        faults += whole_faults("months", months, 1)
        refuse("Funding.for_book", faults)
        view = select(result, lender)
        funded = float((opening_balance(view, "Funding.for_book") * view["own_share"]).sum())
        ladder = [borrowed_share * funded / months] * months
        borrowing = Borrowing(kind, ladder, annual_rate, rollover, tenor_months, pass_through)
        return cls(liquid_share * funded, [borrowing], **terms)


def in_words(funding: object) -> str:
    """A description with all its parts, defaults left out, for attrs."""
    if isinstance(funding, tuple):
        return "[" + ", ".join(in_words(one) for one in funding) + "]"
    if not hasattr(funding, "__dataclass_fields__"):
        return repr(funding)
    own: Any = funding
    said = [f"{f.name}={in_words(getattr(own, f.name))}" for f in fields(own) if getattr(own, f.name) != f.default]
    return f"{type(funding).__name__}({', '.join(said)})"


def _by_month(given: object) -> tuple[tuple[float, ...], list[str]]:
    """Amounts of months 1, 2, ... [currency], and the faults of what was given."""
    if not isinstance(given, Sequence | Mapping | np.ndarray) or isinstance(given, str):
        return (), [f"maturing: found {given!r}, expected amounts by month; give a list or a mapping"]
    pairs = given.items() if isinstance(given, Mapping) else enumerate(given, start=1)
    faults: list[str] = []
    amounts: dict[int, Any] = {}
    for month, amount in pairs:
        faults += whole_faults(f"maturing, month {month!r}", month, 1)
        faults += number_faults(f"maturing[month {month}]", amount, math.inf, "an amount")
        amounts[month] = amount
    if faults:
        return (), faults
    return tuple(float(amounts.get(month, 0.0)) for month in range(1, max(amounts, default=0) + 1)), []
