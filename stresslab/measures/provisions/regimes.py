"""Rules of provisioning, as frozen dataclasses; numbers of the Chinese rules, with their sources, in regimes.toml."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from typing import Any

from stresslab.checks import refuse

Rules = dict[str, Any]


def _bounds_faults(rules: Any) -> list[str]:
    """Faults of the numbers whose field says its bounds."""
    faults = []
    for one in fields(rules):
        if "low" in one.metadata:
            value, low, high = getattr(rules, one.name), one.metadata["low"], one.metadata["high"]
            whole = one.metadata["whole"]
            kind = isinstance(value, int) if whole else isinstance(value, int | float)
            if isinstance(value, bool) or not kind or not math.isfinite(value) or not low <= value <= high:
                what = "a whole number" if whole else "a number"
                faults.append(f"{one.name}: found {value!r}, expected {what} {low:g} to {high:g}; change it")
    return faults


def _named(faults: list[str], name: str) -> bool:
    """Is a fault of this name among them already?"""
    return any(fault.startswith(f"{name}:") for fault in faults)


def _flag_faults(rules: Any, name: str) -> list[str]:
    value = getattr(rules, name)
    return [] if isinstance(value, bool) else [f"{name}: found {value!r}, expected True or False; choose one"]


def _number(default: float, low: float, high: float, source: str) -> Any:
    return field(
        default=default,
        metadata={"low": low, "high": high, "whole": isinstance(default, int), "source": source},
    )


@dataclass(frozen=True, kw_only=True)
class IFRS9:
    """IFRS 9, impairment: 12 months of expected loss, or a lifetime's after a significant increase in credit risk.

    A loan that is not in arrears is in stage 2 if its lifetime PD is relative times that of a loan as when it was
    granted, at the start of the book and for the same remaining life, and higher by `absolute`; or backstop times; or
    if the lender watches its score (`score`, the engine's scoring.sicr_drop). In stage 2 from past_due_days; in stage 3
    from 90 days (B5.5.37), and while a plan that began later than that is in probation. A loan that has paid its
    arrears leaves stage 2 when its score has forgotten them, or its plan's probation is over.

    revolving_life : months over which an open line exposes the lender (5.5.20, B5.5.40)

    >>> IFRS9(relative=4.0)
    Traceback (most recent call last):
    stresslab.schema.InputError: ifrs9: 1 fault
    - relative: found 4.0 above backstop 3.0, expected at most it; lower it or raise backstop
    """

    relative: float = _number(2.0, 1.0, 100.0, "practice of 2 to 3 times (EBA/Rep/2021/35, not confirmed)")
    absolute: float = _number(0.005, 0.0, 1.0, "half a point, practice")
    backstop: float = _number(3.0, 1.0, 100.0, "threefold, ECB asset quality review (not confirmed)")
    past_due_days: int = _number(30, 30, 60, "more than 30 days, rebuttable: 5.5.11")
    score: bool = True
    revolving_life: int = _number(36, 1, 600, "assumption: behavioural life of a line, 5.5.20 and B5.5.40")

    def __post_init__(self) -> None:
        faults = _bounds_faults(self)
        if not faults and self.relative > self.backstop:
            found = f"found {self.relative} above backstop {self.backstop}"
            faults.append(f"relative: {found}, expected at most it; lower it or raise backstop")
        if not _named(faults, "past_due_days") and self.past_due_days not in (30, 60):
            faults.append(
                f"past_due_days: found {self.past_due_days!r}, expected 30 or 60, as buckets begin; choose one"
            )
        faults += _flag_faults(self, "score")
        refuse("ifrs9", faults)


@dataclass(frozen=True, kw_only=True)
class CECL:
    """ASC 326: lifetime expected loss of what is drawn today, from the first day, without stages.

    Beyond supportable_months losses go to those of the start of the book, at once or in a straight line over
    reversion_months (326-20-30-9). Limits that can be cancelled at any time carry none (326-20-30-11, not confirmed):
    payments go to the oldest debt first, and what is drawn later is left out. Balances charge_off_open days (lines) or
    charge_off_closed days (instalments) past due count as charged off (FFIEC, 65 FR 36903), whatever the books say.

    discount : at the loans' rate (326-20-30-4), else only from a default to its loss

    >>> CECL(reversion_months=0).charge_off_open
    180
    """

    supportable_months: int = _number(24, 0, 600, "practice: two years")
    reversion_months: int = _number(12, 0, 600, "assumption; 0 is immediate")
    discount: bool = True
    charge_off_open: int = _number(180, 90, 360, "65 FR 36903: 180 days, open-end")
    charge_off_closed: int = _number(120, 90, 360, "65 FR 36903: 120 days, closed-end")

    def __post_init__(self) -> None:
        faults = _bounds_faults(self)
        for name in ("charge_off_open", "charge_off_closed"):
            if not _named(faults, name) and getattr(self, name) not in (90, 120, 180, 270, 360):
                found = f"{name}: found {getattr(self, name)!r}, expected 90, 120, 180, 270 or 360"
                faults.append(f"{found}, as buckets begin; choose one")
        faults += _flag_faults(self, "discount")
        refuse("cecl", faults)


@dataclass(frozen=True, kw_only=True)
class China:
    """Five categories, their percentages, and the least allowance over bad loans and over all loans.

    schedule : days past due that begin special mention / substandard / doubtful / loss; one for all or product -> name:
      "cn2023": >= 1, > 90, > 270, > 360 (2023 Measures); "cn_card2011": >= 1, > 90, > 120, > 180 (card rule, Art. 92);
      "ffiec_open", "ffiec_closed": substandard > 90, loss >= 180 / >= 120
    percentages : "pboc2002": general 1 % of all loans, specific 0 / 2 / 25 / 50 / 100 % (PBoC 2002); "mof2012":
      potential risk of 1.5 / 3 / 30 / 60 / 100 % (MOF Cai Jin [2012] No. 20; the first two not confirmed)
    minimums : "cbrc2011": allowance >= 150 % of bad loans, 2.5 % of all (CBRC Order [2011] 4); "dynamic2018": 120 to
      150 % and 1.5 to 2.5 % on each path and month, by the share of loans > 90 days that count as bad (Yinjianfa
      [2018] No. 7; the steps between not confirmed)
    coverage_minimum, loan_provision_minimum : numbers in place of these [1]
    restructured : loans in a plan's probation at least special mention, at least substandard if the plan began after
      90 days (2023 Measures)

    >>> China(coverage_minimum=120)
    Traceback (most recent call last):
    stresslab.schema.InputError: china: 1 fault
    - coverage_minimum: found 120, expected a number 0 to 10; give a decimal: 1.5, not 150
    """

    schedule: str | Mapping[str, str] = "cn2023"
    percentages: str = "pboc2002"
    minimums: str = "cbrc2011"
    coverage_minimum: float | None = None
    loan_provision_minimum: float | None = None
    restructured: bool = True

    def __post_init__(self) -> None:
        rules, faults = chinese_rules(), []
        known = sorted(rules["schedules"])
        named = list(self.schedule.values()) if isinstance(self.schedule, Mapping) else [self.schedule]
        faults += [f"schedule: found {s!r}, expected one of {known}; choose one" for s in named if s not in known]
        for name in ("percentages", "minimums"):
            if getattr(self, name) not in list(rules[name]):
                faults.append(
                    f"{name}: found {getattr(self, name)!r}, expected one of {sorted(rules[name])}; choose one"
                )
        for name in ("coverage_minimum", "loan_provision_minimum"):
            value = getattr(self, name)
            sound = isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value <= 10.0
            if value is not None and not sound:
                faults.append(f"{name}: found {value!r}, expected a number 0 to 10; give a decimal: 1.5, not 150")
        faults += _flag_faults(self, "restructured")
        refuse("china", faults)


Regime = IFRS9 | CECL | China
REGIMES: dict[str, type[IFRS9] | type[CECL] | type[China]] = {"ifrs9": IFRS9, "cecl": CECL, "china": China}


def regime_of(provisioning: str | Regime) -> Regime:
    """The rules of a name, or those given."""
    if isinstance(provisioning, IFRS9 | CECL | China):
        return provisioning
    if provisioning not in list(REGIMES):
        expected = f"expected one of {sorted(REGIMES)}, IFRS9(...), CECL(...) or China(...)"
        refuse("provisions", [f"provisioning: found {provisioning!r}, {expected}; choose one"])
    return REGIMES[provisioning]()


def name_of(regime: Regime) -> str:
    """The name of rules."""
    return next(name for name, kind in REGIMES.items() if isinstance(regime, kind))


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """An adjustment that management makes to an allowance: named, dated, with its reason, and seen in every output.

    share : of the allowance that the model finds (of `stage`, if one is said) [1]; 0.1 adds a tenth
    amount : beside it [currency]; negative releases
    first_month, last_month : months in which it stands; None: to the end
    stage : in which it is booked under IFRS 9; None: in each by its share of the allowance, an amount in stage 2

    >>> Overlay(name="flood", reason="loans in flooded counties", amount=1e6, first_month=3).last_month is None
    True
    """

    name: str
    reason: str
    share: float = 0.0
    amount: float = 0.0
    first_month: int = 0
    last_month: int | None = None
    stage: int | None = None

    def __post_init__(self) -> None:
        faults = [
            f"{key}: found {getattr(self, key)!r}, expected words; say it"
            for key in ("name", "reason")
            if not isinstance(getattr(self, key), str) or not getattr(self, key).strip()
        ]
        for key, low in (("share", -1.0), ("amount", -1e15)):
            value = getattr(self, key)
            if not isinstance(value, int | float) or not low <= value <= 1e15:
                faults.append(f"{key}: found {value!r}, expected a finite number >= {low:g}; change it")
        first, last = self.first_month, self.last_month
        if not isinstance(first, int) or first < 0 or not (last is None or (isinstance(last, int) and last >= first)):
            faults.append(f"first_month: found {first!r} with last_month {last!r}, expected whole months in order")
        if self.stage is not None and not (type(self.stage) is int and self.stage in (1, 2, 3)):
            faults.append(f"stage: found {self.stage!r}, expected 1, 2, 3 or None; choose one")
        refuse("overlay", faults)


@cache
def chinese_rules() -> Rules:
    """The numbers of regimes.toml."""
    text = resources.files("stresslab.measures.provisions").joinpath("regimes.toml").read_text(encoding="utf-8")
    rules: Rules = tomllib.loads(text)["china"]
    return rules
