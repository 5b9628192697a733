"""Provisioning rules: IFRS 9, CECL, the Chinese five categories, overlays; numbers of China in regimes.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from stresslab.checks import advised, choice_faults, is_number, is_whole, shown, whole_faults
from stresslab.parameters import Section, choice, documented, parameter, setting
from stresslab.schema import InputError

Rules = dict[str, Any]


@documented
@dataclass(frozen=True, kw_only=True)
class IFRS9(Section):
    r"""IFRS 9, impairment: 12 months of expected loss, or the lifetime's after a significant increase in credit risk.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    A loan is in stage 2 [1]_ if its lifetime PD is `relative` times that of a loan as when it was granted, at the start
    of the portfolio and for the same remaining life, and higher by `absolute`; or `backstop` times; or if the lender
    watches its score (`score`, the engine's `scoring.sicr_drop`); or from `past_due_days` [2]_. It is in stage 3 from
    90 days past due [3]_, and while a plan that began later than that is in probation; a plan that began earlier is in
    stage 2. A loan that has paid its arrears leaves stage 2 when its score has forgotten them, or the probation of its
    plan is over.

    References
    ----------
    .. [1] IFRS 9 Financial Instruments, 5.5.3 and 5.5.9.
    .. [2] IFRS 9 Financial Instruments, 5.5.11.
    .. [3] IFRS 9 Financial Instruments, B5.5.37.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.IFRS9().revolving_life
    36
    >>> sl.IFRS9(relative=4.0)
    Traceback (most recent call last):
    stresslab.schema.InputError: ifrs9: 1 fault
    - relative: found 4.0 above backstop 3.0, expected at most backstop; lower it or raise backstop
    """

    relative: float = parameter(
        2.0, "1", 1.0, 100.0, "practice of 2 to 3 times (EBA/Rep/2021/35, not confirmed)",
        "lifetime PD over that at origination from which a loan is in stage 2",
    )  # fmt: skip
    absolute: float = parameter(
        0.005, "1", 0.0, 1.0, "half a percentage point, practice", "least rise of the lifetime PD beside `relative`"
    )
    backstop: float = parameter(
        3.0, "1", 1.0, 100.0, "threefold, ECB asset quality review (not confirmed)",
        "lifetime PD over that at origination from which a loan is in stage 2, however small the rise",
    )  # fmt: skip
    past_due_days: int = parameter(
        30, "day", 30, 60, "more than 30 days, rebuttable: 5.5.11", "days past due from which a loan is in stage 2"
    )
    score: bool = choice(True, (True, False), "a fall of the score that the lender watches moves a loan to stage 2")
    revolving_life: int = parameter(
        36, "month", 1, 600, "assumption: behavioural life of a line, 5.5.20 and B5.5.40",
        "months over which an open line exposes the lender",
    )  # fmt: skip

    def _faults(self) -> list[str]:
        faults = super()._faults()
        if not faults and self.relative > self.backstop:
            given = f"found {self.relative} above backstop {self.backstop}"
            faults.append(f"relative: {given}, expected at most backstop; lower it or raise backstop")
        if not _named(faults, "past_due_days") and self.past_due_days not in (30, 60):
            given = f"past_due_days: found {self.past_due_days!r}"
            faults.append(f"{given}, expected 30 or 60, at which a bucket begins; choose one")
        return faults


@documented
@dataclass(frozen=True, kw_only=True)
class CECL(Section):
    r"""Current expected credit losses (ASC 326): lifetime loss of what is drawn, from the first day, without stages.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    Beyond `supportable_months` losses revert to those of the start of the portfolio, at once or in a straight line over
    `reversion_months` [1]_. Limits that can be cancelled at any time carry no allowance [2]_ (not confirmed): payments
    go to the oldest debt first, and what is drawn later is left out. Balances `charge_off_open` days (lines) or
    `charge_off_closed` days (instalments) past due count as charged off [3]_, whatever the books say.

    References
    ----------
    .. [1] ASC 326-20-30-9.
    .. [2] ASC 326-20-30-11.
    .. [3] Uniform Retail Credit Classification and Account Management Policy (2000), 65 FR 36903.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.CECL(reversion_months=0).charge_off_open
    180
    """

    supportable_months: int = parameter(
        24, "month", 0, 600, "practice: two years", "months of a reasonable and supportable forecast"
    )
    reversion_months: int = parameter(
        12, "month", 0, 600, "assumption", "months over which losses revert to those of the start; 0 is at once"
    )
    discount: bool = choice(
        True, (True, False), "discount at the rate of the loans (ASC 326-20-30-4), else only from a default to its loss"
    )
    charge_off_open: int = parameter(
        180, "day", 90, 360, "65 FR 36903: 180 days, open-end", "days past due at which a line counts as charged off"
    )
    charge_off_closed: int = parameter(
        120, "day", 90, 360, "65 FR 36903: 120 days, closed-end",
        "days past due at which an instalment loan counts as charged off",
    )  # fmt: skip

    def _faults(self) -> list[str]:
        faults = super()._faults()
        for name in ("charge_off_open", "charge_off_closed"):
            if not _named(faults, name) and getattr(self, name) not in (90, 120, 180, 270, 360):
                given = f"{name}: found {getattr(self, name)!r}, expected 90, 120, 180, 270 or 360"
                faults.append(f"{given}, at which a bucket begins; choose one")
        return faults


@documented
@dataclass(frozen=True, kw_only=True)
class China(Section):
    r"""Chinese five categories: their percentages, and the least allowance over bad loans and over all loans.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    Schedules, by days past due at which special mention, substandard, doubtful and loss begin:

    ================  ==========================  ==============================================================
    schedule          days past due               source
    ================  ==========================  ==============================================================
    ``cn2023``        >= 1, > 90, > 270, > 360    Measures for Risk Classification of Financial Assets (2023)
    ``cn_card2011``   >= 1, > 90, > 120, > 180    Measures for Supervision of Credit Card Business (2011), Art. 92
    ``ffiec_open``    substandard > 90, loss 180  65 FR 36903 (2000), open-end
    ``ffiec_closed``  substandard > 90, loss 120  65 FR 36903 (2000), closed-end
    ================  ==========================  ==============================================================

    Percentages: ``pboc2002``, general 1 % of all loans, specific 0 / 2 / 25 / 50 / 100 % of the categories [1]_;
    ``mof2012``, potential risk of 1.5 / 3 / 30 / 60 / 100 % [2]_ (the first two not confirmed).

    Minimums: ``cbrc2011``, allowance at least 150 % of bad loans and 2.5 % of all [3]_; ``dynamic2018``, 120 to 150 %
    and 1.5 to 2.5 % on each path and month, by the share of loans more than 90 days past due that count as bad [4]_
    (the steps between not confirmed).

    References
    ----------
    .. [1] PBoC (2002), Guidelines on Provisioning for Loan Losses.
    .. [2] MOF (2012), Cai Jin No. 20.
    .. [3] CBRC (2011), Order No. 4.
    .. [4] CBRC (2018), Yinjianfa No. 7.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.China(coverage_minimum=120)
    Traceback (most recent call last):
    stresslab.schema.InputError: china: 1 fault
    - coverage_minimum: found 120, expected a number 0 to 10 or None; give a decimal: 1.5, not 150
    """

    schedule: str | Mapping[str, str] = setting(
        "cn2023", "name of a schedule of categories, for all products or by product"
    )
    percentages: str = setting("pboc2002", "name of the percentages set aside for categories")
    minimums: str = setting("cbrc2011", "name of the least allowance over bad loans and over all loans")
    coverage_minimum: float | None = setting(
        None, "least allowance over bad loans [1], 0 to 10, in place of that of `minimums`; None: as there"
    )
    loan_provision_minimum: float | None = setting(
        None, "least allowance over all loans [1], 0 to 10, in place of that of `minimums`; None: as there"
    )
    restructured: bool = choice(
        True,
        (True, False),
        "loans in the probation of a plan are at least special mention, and at least substandard if it began after 90 "
        "days past due (Measures of 2023)",
    )

    def _faults(self) -> list[str]:
        rules, faults = chinese_rules(), []
        known = sorted(rules["schedules"])
        named = list(self.schedule.values()) if isinstance(self.schedule, Mapping) else [self.schedule]
        faults += [fault for each in named for fault in choice_faults("schedule", each, known)]
        for name in ("percentages", "minimums"):
            if getattr(self, name) not in list(rules[name]):
                options = sorted(rules[name])
                faults.append(f"{name}: found {getattr(self, name)!r}, expected one of {options}; choose one")
        for name in ("coverage_minimum", "loan_provision_minimum"):
            value = getattr(self, name)
            if value is not None and not (is_number(value) and 0.0 <= value <= 10.0):
                faults.append(
                    f"{name}: found {value!r}, expected a number 0 to 10 or None; give a decimal: 1.5, not 150"
                )
        return faults + super()._faults()


def _named(faults: list[str], name: str) -> bool:
    """Is a fault of this name among them already?"""
    return any(fault.startswith(f"{name}:") for fault in faults)


Regime = IFRS9 | CECL | China
REGIMES: dict[str, type[IFRS9] | type[CECL] | type[China]] = {"ifrs9": IFRS9, "cecl": CECL, "china": China}


def provisioning_faults(provisioning: str | Regime | None) -> list[str]:
    """Fault of a name that no rules have; None is that of the place."""
    if provisioning is None or isinstance(provisioning, IFRS9 | CECL | China) or provisioning in list(REGIMES):
        return []
    expected = f"expected one of {sorted(REGIMES)}, IFRS9(...), CECL(...) or China(...)"
    return [f"provisioning: found {shown(provisioning)}, {expected}; {advised(provisioning, REGIMES)}"]


def regime_of(provisioning: str | Regime) -> Regime:
    """Rules of a name, or those given."""
    if faults := provisioning_faults(provisioning):
        raise InputError("provisions", faults)
    return REGIMES[provisioning]() if isinstance(provisioning, str) else provisioning


def name_of(regime: Regime) -> str:
    """Name of rules."""
    return next(name for name, kind in REGIMES.items() if isinstance(regime, kind))


@documented
@dataclass(frozen=True, kw_only=True)
class Overlay(Section):
    r"""Adjustment by management to an allowance: named, dated, with its reason, and shown in every output.

    Raises
    ------
    InputError
        Names each fault.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.Overlay(name="flood", reason="loans in flooded counties", amount=1e6, first_month=3).last_month is None
    True
    """

    name: str = field(metadata={"meaning": "name of the overlay"})
    reason: str = field(metadata={"meaning": "why it is made"})
    share: float = setting(
        0.0, "part of the modelled allowance (of `stage`, if given) that it adds [1], >= -1; 0.1 adds a tenth"
    )
    amount: float = setting(0.0, "amount added beside it [currency]; negative releases")
    first_month: int = setting(0, "first month in which it stands")
    last_month: int | None = setting(None, "last month in which it stands; None: to the end")
    stage: int | None = setting(
        None,
        "stage in which it is booked under IFRS 9, 1 to 3; None: a share in each stage by its allowance, an amount in "
        "stage 2",
    )

    def _faults(self) -> list[str]:
        faults = [
            f"{key}: found {getattr(self, key)!r}, expected words; give some"
            for key in ("name", "reason")
            if not isinstance(getattr(self, key), str) or not getattr(self, key).strip()
        ]
        for key, low in (("share", -1.0), ("amount", -1e15)):
            value = getattr(self, key)
            if not (is_number(value) and low <= value <= 1e15):
                faults.append(f"{key}: found {value!r}, expected a finite number >= {low:g}; change it")
        first, last = self.first_month, self.last_month
        disorder = whole_faults("first_month", first, 0) + whole_faults("last_month", last, 0, optional=True)
        if not disorder and last is not None and last < first:
            given = f"first_month: found {first!r} with last_month {last!r}"
            disorder.append(f"{given}, expected whole months in order; change one of them")
        faults += disorder
        if self.stage is not None and not (is_whole(self.stage) and self.stage in (1, 2, 3)):
            faults.append(f"stage: found {self.stage!r}, expected 1, 2, 3 or None; choose one")
        return faults


@cache
def chinese_rules() -> Rules:
    """Numbers of the Chinese rules in regimes.toml."""
    text = resources.files("stresslab.measures.provisions").joinpath("regimes.toml").read_text(encoding="utf-8")
    rules: Rules = tomllib.loads(text)["china"]
    return rules
