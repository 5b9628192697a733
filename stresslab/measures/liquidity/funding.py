"""Funding of a lender: liquid assets, borrowings, securitisations, partners and contingent lines."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import xarray as xr

from stresslab.checks import choice_faults, is_real, number_faults, refuse, whole_faults
from stresslab.measures.defaults import by_place
from stresslab.measures.result_view import BALANCE, opening_balance, result_faults, select
from stresslab.schema import money_of
from stresslab.typed import typed

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


@typed
@dataclass(frozen=True)
class Trigger:
    """Thresholds on arrears or losses of the own part, past which a lender or partner of the lender acts.

    Parameters
    ----------
    arrears_30 : float, optional
        Balance 30 days past due and more over all [1]; None: ignored.
    arrears_90 : float, optional
        Balance 90 days past due and more over all [1]; None: ignored.
    annual_loss : float, optional
        Written off and forgiven less recovered, over the balance before, times 12 [1/year]; None: ignored.
    months : int
        Months of the mean that is compared with the thresholds, fewer at the beginning.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    It is tripped when the mean lies above any threshold, and stays so. What is observed in a month acts in the next.

    Examples
    --------
    >>> Trigger(arrears_90=0.05).months
    3
    """

    arrears_30: float | None = None
    arrears_90: float | None = None
    annual_loss: float | None = None
    months: int = 3

    def __post_init__(self) -> None:
        limits = {name: getattr(self, name) for name in OBSERVED if getattr(self, name) is not None}
        faults = [fault for name, value in limits.items() for fault in number_faults(name, value, math.inf, DECIMAL)]
        if not limits:
            faults.append(f"thresholds: found none, expected at least one of {list(OBSERVED)}; give one")
        refuse("Trigger", faults + whole_faults("months", self.months, 1))


OBSERVED = ("arrears_30", "arrears_90", "annual_loss")


@typed
@dataclass(frozen=True)
class RollOver:
    r"""Share of maturing funding that its lenders renew, falling as arrears or losses of the own part rise.

    Parameters
    ----------
    base : float
        Share in normal times [1].
    arrears_sensitivity : float
        Fall of the log share per unit of arrears: with 10, one point more takes a tenth.
    loss_sensitivity : float
        Fall of the log share per unit of annual loss.
    normal_arrears : float, optional
        Balance 30 days past due and more over all that lenders are used to [1]; None: the first that they observe.
    normal_loss : float, optional
        Annual loss that lenders are used to [1/year]; None: the first that they observe.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: s = b \, \exp \left( -\alpha \, (D_{30+} - \bar{D})^+ - \lambda \, (L - \bar{L})^+ \right)

    Arrears D and annual loss L are means over the last 3 months and act a month later, as in `Trigger`. No rule gives
    the sensitivities: they are assumptions to be varied.

    Examples
    --------
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


@typed
@dataclass(frozen=True)
class Borrowing:
    """Borrowing of one kind: when it falls due, what it costs, and how much of it is renewed.

    Parameters
    ----------
    kind : str
        "stable_deposits", "less_stable_deposits", "nonfinancial", "interbank", "shareholder", "bond", "subordinated" or
        "abs": decides the run-off in the LCR, the weight in the NSFR and the limits that it counts under.
    maturing : sequence of float or mapping of int to float
        Amounts that fall due in months 1, 2, ..., or by month [currency]; what matures beyond the horizon belongs to
        it, because it bears interest.
    annual_rate : float
        Interest rate in month 1 [1/year], paid monthly as a twelfth of what is owed at the start of the month.
    rollover : float or RollOver
        Share of what matures that is renewed [1]; 0 is a closed market, and how the LCR treats unsecured funding from
        banks (outflow of 100 % [1]_).
    tenor_months : int, optional
        Months after which renewed money falls due again; None: beyond any horizon.
    pass_through : float
        Part of a move of the result's policy_rate since month 1 that annual_rate follows at once [1]; 0: fixed, 1:
        floating. The rate is not below 0.

    Raises
    ------
    InputError
        Names each fault.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision (2019), Basel Framework, LCR40.

    Examples
    --------
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
        faults += choice_faults("kind", self.kind, list(kinds()))
        for name in ("annual_rate", "pass_through"):
            faults += number_faults(name, getattr(self, name), 1.0, DECIMAL)
        if not isinstance(self.rollover, RollOver):
            faults += number_faults("rollover", self.rollover, 1.0, DECIMAL)
        if self.tenor_months is not None:
            faults += whole_faults("tenor_months", self.tenor_months, 1)
        refuse("Borrowing", faults)
        object.__setattr__(self, "maturing", amounts)


@typed
@dataclass(frozen=True)
class Securitisation:
    """Notes repaid from a part of the own loans (ABS), the first note first.

    Parameters
    ----------
    notes : sequence of (float, float)
        Amount [currency] and annual rate [1/year] of each note, in order of seniority; what the lender keeps is not
        listed.
    pool_share : float
        Part of the collections of the own loans that is pledged to the notes [1].
    revolving_months : int
        Months in which principal collected buys new loans instead of repaying notes.
    early : Trigger, optional
        Ends the revolving period; None: nothing does.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    After the revolving period the notes take pool_share of the principal that customers pay (paid + recovered -
    interest - fees) until they are repaid. Interest is paid monthly. Losses on the notes are not modelled: the first
    loss is the lender's.

    Examples
    --------
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
            faults.append(f"notes: found {self.notes!r}, expected (amount, annual_rate) of each; give at least one")
        for place, (amount, rate) in enumerate(pairs):
            faults += number_faults(f"notes[{place}] amount", amount, math.inf, "an amount")
            faults += number_faults(f"notes[{place}] annual_rate", rate, 1.0, DECIMAL)
        refuse("Securitisation", faults)
        object.__setattr__(self, "notes", tuple(pairs))


@typed
@dataclass(frozen=True)
class Partners:
    """Co-lending partners, who fund what own_share leaves, and when they stop.

    Parameters
    ----------
    withdrawal : Trigger, optional
        On the whole balance; after it partners fund less new lending. None: they stay.
    notice_months : int
        Months between the trigger and the end of their funding.
    withdrawn_share : float
        Part of their share of new lending that ends [1].
    taken_over : float
        Part of what they no longer fund that the lender itself lends [1]; the rest is not lent.
    guaranteed_share : float
        Part of the partners' losses that the lender makes good [1].
    annual_fee : float
        Paid by partners for service on their balance [1/year], a twelfth each month.

    Raises
    ------
    InputError
        Names each fault.

    Examples
    --------
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
        faults = whole_faults("notice_months", self.notice_months, 0)
        for name in ("withdrawn_share", "taken_over", "guaranteed_share", "annual_fee"):
            faults += number_faults(name, getattr(self, name), 1.0, DECIMAL)
        refuse("Partners", faults)


@typed
@dataclass(frozen=True)
class LiquidAsset:
    """Liquid asset: what can be turned into cash, at which loss and when.

    Parameters
    ----------
    amount : float
        Market value [currency].
    asset_class : {"cash", "level_1", "level_2a", "level_2b_rmbs", "level_2b", "other"}
        Class of the LCR (LCR30 [1]_); "other" counts in a ladder, not in a ratio.
    haircut : float
        Part lost in a sale under stress [1].
    months_to_sell : int
        Month from which on its cash is there; 0: at once.

    Raises
    ------
    InputError
        Names each fault.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision (2019), Basel Framework, LCR30.

    Examples
    --------
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
        faults += choice_faults("asset_class", self.asset_class, ASSET_CLASSES)
        refuse("LiquidAsset", faults)


@typed
@dataclass(frozen=True)
class ContingentLine:
    """Contingent credit line that a bank, a parent or a central bank has promised.

    Parameters
    ----------
    amount : float
        Amount of the line [currency].
    notice_months : int
        Month from which on it can be drawn.
    annual_fee : float
        On the amount [1/year], a twelfth each month.
    lost : Trigger, optional
        After which it is withdrawn; None: it stands.

    Raises
    ------
    InputError
        Names each fault.

    Examples
    --------
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
        refuse("ContingentLine", faults)


@typed
@dataclass(frozen=True)
class Funding:
    """Funding of a lender: its liquid assets and borrowings, and the costs that it pays in cash.

    Parameters
    ----------
    liquid_assets : float or sequence of LiquidAsset
        Assets of each class, or one amount of cash [currency].
    borrowings : sequence of Borrowing
        All that is borrowed.
    securitisations : sequence of Securitisation
        Notes of each pool.
    partners : Partners
        Co-lending partners on the loans whose own_share is below 1.
    lines : sequence of ContingentLine
        Contingent credit lines.
    operating_cost_monthly : float
        Fixed cost [currency/month].
    operating_cost_rate : float
        Cost on the own balance, beside the fixed one [1/year].
    new_lending_share : float
        Part of the simulated draws and originations that is paid out [1]; below 1 the lender turns customers away while
        their later payments stay as simulated: for short horizons only.
    committed_draw_share : float
        Part of the undrawn lines drawn each month beyond what was simulated [1/month]; the LCR takes 0.05 for committed
        retail lines, for its 30 days (secondary source).
    notes : tuple of str
        Sentences on where it comes from, which the notes of every measure of it repeat.
    currency : str, optional
        What the amounts are in, such as "CNY" or, for thousands, "(1,000 CNY)"; a result in another is refused. None:
        what the result is in.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    What is not given there is none of: no cost, no partner, no line. `for_book` makes one with the costs of a place.

    Examples
    --------
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
    notes: Sequence[str] = field(default=(), compare=False)
    currency: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        cash = self.liquid_assets
        faults = number_faults("liquid_assets", cash, math.inf, "an amount") if is_real(cash) else []
        faults += number_faults("operating_cost_monthly", self.operating_cost_monthly, math.inf, "an amount")
        for name in ("operating_cost_rate", "new_lending_share", "committed_draw_share"):
            faults += number_faults(name, getattr(self, name), 1.0, DECIMAL)
        refuse("Funding", faults)
        assets = cash if isinstance(cash, Sequence) else (LiquidAsset(float(cash)),)
        object.__setattr__(self, "liquid_assets", tuple(assets))
        for name in ("borrowings", "securitisations", "lines", "notes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def borrowed(self) -> float:
        """All that is borrowed at the start, notes included [currency]."""
        notes = sum(amount for pool in self.securitisations for amount, _ in pool.notes)
        return float(sum(sum(borrowing.maturing) for borrowing in self.borrowings) + notes)

    @classmethod
    @typed
    def for_book(
        cls,
        result: xr.Dataset,
        *,
        borrowed_share: float | None = None,
        liquid_share: float | None = None,
        months: int = 12,
        kind: str | None = None,
        annual_rate: float | None = None,
        rollover: float | RollOver | None = None,
        tenor_months: int | None = None,
        pass_through: float | None = None,
        operating_cost_rate: float | None = None,
        lender: str = "own",
        **others: Any,
    ) -> Funding:
        r"""Plausible funding of a result: cash and one borrowing that falls due evenly over the coming months.

        Parameters
        ----------
        result : xarray.Dataset
            From `simulate`; needs balance and own_share.
        borrowed_share : float, optional
            Borrowings over the opening own balance [1]; None: all of loans and cash that equity leaves, (1 +
            liquid_share) (1 - equity_share), with the equity_share of the place.
        liquid_share : float, optional
            Cash over the opening own balance [1]; None, here and below: by the currency of the result.
        months : int
            Months over which borrowings mature evenly.
        kind : str, optional
            Kind of the borrowing, as in `Borrowing`.
        annual_rate : float, optional
            Its interest rate in month 1 [1/year].
        rollover : float or RollOver, optional
            Share of it that is renewed.
        tenor_months : int, optional
            Months after which renewed money falls due again.
        pass_through : float, optional
            Part of a move of the policy rate that its rate follows [1]; 0 by default where annual_rate is given, and
            where the result has no policy_rate.
        operating_cost_rate : float, optional
            Cost on the own balance [1/year].
        lender : str
            "own" (attrs own_lender), "all" (the system) or a name.
        **others : object
            Any other parameter of `Funding`.

        Returns
        -------
        Funding
            Of that size.

        Raises
        ------
        InputError
            Names each fault.

        Notes
        -----
        Defaults by currency stand with their sources in `stresslab/measures/defaults.toml`; `notes` says which were
        used. They describe a lender in normal times, not any one.

        Examples
        --------
        0.8 of half of 600, in four months:

        >>> from stresslab.testing import tiny_result
        >>> result = tiny_result(600.0, own_share=0.5)
        >>> Funding.for_book(result, borrowed_share=0.8, months=4).borrowings[0].maturing
        (60.0, 60.0, 60.0, 60.0)
        """
        faults = result_faults(result, lender, {"balance": BALANCE, "own_share": ("segment",)})
        given: dict[str, Any] = {
            "liquid_share": liquid_share, "kind": kind, "annual_rate": annual_rate, "tenor_months": tenor_months,
            "operating_cost_rate": operating_cost_rate,
        }  # fmt: skip
        if borrowed_share is None:
            given["equity_share"] = None
        if rollover is None:
            given |= {"rollover": None, "arrears_sensitivity": None}
        if pass_through is None and annual_rate is None and not policy_faults(result):
            given["pass_through"] = None
        use, said = by_place(result, given)
        renewed = RollOver(use["rollover"], use["arrears_sensitivity"]) if rollover is None else rollover
        follows = use.get("pass_through", 0.0) if pass_through is None else pass_through
        shares = {"liquid_share": use["liquid_share"]}
        shares |= {} if borrowed_share is None else {"borrowed_share": borrowed_share}
        for name, value in shares.items():
            faults += number_faults(name, value, 10.0, "a decimal: 0.8, not 80")
        faults += whole_faults("months", months, 1)
        refuse("Funding.for_book", faults)
        share = (1.0 + use["liquid_share"]) * (1.0 - use["equity_share"]) if borrowed_share is None else borrowed_share
        view = select(result, lender)
        funded = float((opening_balance(view) * view["own_share"]).sum())
        maturing = [share * funded / months] * months
        borrowing = Borrowing(use["kind"], maturing, use["annual_rate"], renewed, use["tenor_months"], follows)
        cost = use["operating_cost_rate"]
        made = {"operating_cost_rate": cost, "notes": tuple(said), "currency": _money(result)} | others
        return cls(use["liquid_share"] * funded, [borrowing], **made)


def funding_faults(result: Any, funding: Any) -> list[str]:
    """Faults of a funding beside a result: amounts in another currency or unit, a policy rate that it has not."""
    floating = any(borrowing.pass_through > 0.0 for borrowing in getattr(funding, "borrowings", ()))
    faults = policy_faults(result) if floating and isinstance(result, xr.Dataset) else []
    given, own = getattr(funding, "currency", None), _money(result)
    if given and own and given != own:
        advice = "make it for this result: Funding.for_book(result)"
        faults.append(f"funding: found amounts in {given}, expected {own} as in the result; {advice}")
    return faults


def _money(result: Any) -> str | None:
    """What the amounts of a result are in; None if it does not tell."""
    attrs = getattr(result, "attrs", {})
    return money_of(attrs) if "currency" in attrs else None


def policy_faults(part: xr.Dataset) -> list[str]:
    """What keeps a borrowing from following the policy rate."""
    todo = "simulate a scenario that has it or set pass_through=0"
    if "policy_rate" not in part:
        return [f"policy_rate: missing from the result, expected along (path, month) for a floating rate; {todo}"]
    if not bool(np.isfinite(part["policy_rate"]).all()):
        return [f"policy_rate: found NaN or infinity in the result, expected numbers; {todo}"]
    return []


def as_json(description: Any) -> str:
    """A configuration object with all its parts as JSON, for attrs."""
    return json.dumps(asdict(description), default=lambda number: number.item())


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
