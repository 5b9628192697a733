"""What is assumed about borrowers, lenders and products: frozen dataclasses, numbers with unit, range and source."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w

from stresslab.parameters import Section, parameter
from stresslab.schema import InputError


@dataclass(frozen=True)
class Employment(Section):
    """Jobs: who loses one, who finds one, what the jobless live on."""

    borrower_ratio: float = parameter(
        0.75, "1", 0.1, 3.0, "assumption, range 0.6-1: borrowers' over general unemployment"
    )
    finding_monthly: float = parameter(0.15, "1/month", 0.01, 0.9, "derived from s = f u / (1 - u); range 0.10-0.25")
    finding_share: float = parameter(0.75, "1", 0.0, 1.0, "Shimer: job finding drives 3/4 of unemployment's variance")
    finding_early: float = parameter(1.1, "1", 0.0, 3.0, "assumption: finding in the first months over the mean")
    finding_late: float = parameter(0.7, "1", 0.0, 3.0, "assumption: finding later over the mean")
    early_months: int = parameter(6, "month", 0, 60, "assumption: where early ends")
    benefit_share: float = parameter(
        0.30, "1", 0.0, 1.0, "70-90 % of the minimum wage: 25-35 % of a typical one; not confirmed"
    )
    benefit_months: int = parameter(9, "month", 0, 60, "not confirmed; range 3-24")


@dataclass(frozen=True)
class Income(Section):
    """Pay: lasting and passing shocks."""

    normal_growth_annual: float = parameter(
        0.02, "1/year", -0.1, 0.2, "used where the scenario names no trend of its own"
    )
    lost_with_job: float = parameter(
        0.93, "1", 0.0, 1.0, "1 - 22 % insured x 30 % of pay: what aggregate income loses with a job"
    )
    persistence_monthly: float = parameter(
        0.98, "1", 0.0, 1.0, "assumption: lasting shocks fade with a half-life of 3 years"
    )
    lasting_sd_annual: float = parameter(0.12, "1", 0.0, 0.5, "assumption, range 0.10-0.14")
    passing_sd_monthly: float = parameter(0.12, "1", 0.0, 0.2, "assumption, range 0.10-0.15")
    fall_monthly: float = parameter(0.002, "1/month", 0.0, 0.05, "2-3 % a year; assumption")
    fall_size: float = parameter(
        0.39, "1", 0.0, 0.95, "1 - exp(-0.5): share of pay lost in a rare lasting fall; assumption"
    )
    low_pay: float = parameter(
        0.8, "1", 0.0, 1.0, "assumption: pay below this share of usual pay is an income loss, and costs are cut"
    )


@dataclass(frozen=True)
class Spending(Section):
    """Expenses and saving."""

    expense_monthly: float = parameter(0.015, "1/month", 0.0, 0.2, "a spike about every 5 years (JPMCI); assumption")
    cut_when_poor: float = parameter(
        0.25, "1", 0.0, 0.9, "necessities saved in a month of low pay (x 0.75); assumption"
    )
    expense_mean: float = parameter(0.35, "months of pay", 0.0, 12.0, "assumption")
    saving_share: float = parameter(0.5, "1", 0.0, 1.0, "assumption: share of a month's surplus saved below the target")


@dataclass(frozen=True)
class Willingness(Section):
    """Why a borrower who could pay does not."""

    forgetting: float = parameter(0.03, "1/due date", 0.0, 0.5, "assumption, range 0.02-0.06")
    misunderstanding: float = parameter(
        0.05, "1/first due date", 0.0, 0.5, "assumption: terms of a new instalment loan misread; part of the 3 % missed"
    )
    cured_in_month: float = parameter(0.985, "1", 0.0, 1.0, "assumption, range 0.97-0.99")
    reminded_share: float = parameter(0.02, "1", 0.0, 1.0, "assumption: share of these cures that needs a collector")
    strategic_monthly: float = parameter(0.006, "1/month", 0.0, 0.5, "assumption, range 0.003-0.03")
    strategic_resolve: float = parameter(
        0.7, "1", 0.0, 0.98, "assumption: who stopped by choice tries again this rarely: 1 - p"
    )
    contact_on_strategic: float = parameter(0.5, "1", 0.0, 0.95, "assumption: h (1 - e c) / (1 - e) at contact c")
    give_up: tuple[float, ...] = parameter(
        (0.10, 0.30, 0.60, 0.75, 0.85, 0.90),
        "1",
        0.0,
        0.98,
        "assumption (0.35 at 2 in the source's toy model): by unpaid due dates 1, 2, ...; the last holds on",
    )
    contact_on_give_up: float = parameter(0.25, "1", 0.0, 0.95, "assumption: p (1 - e c) / (1 - e) at contact c")
    broken_plan: float = parameter(
        0.95, "1", 0.0, 0.98, "assumption: who broke a plan tries again this rarely: 1 - p; all is due then"
    )


@dataclass(frozen=True)
class Scoring(Section):
    """Behavioural score: application score less points for what lenders see, as of one to two months ago."""

    arrears_points: int = parameter(80, "point", 0, 1_000, "assumption: for each unpaid due date remembered")
    arrears_forgotten: float = parameter(0.12, "1/month", 0.0, 1.0, "assumption: memory halves in 5 to 6 months")
    use_points: float = parameter(30.0, "point", 0.0, 500.0, "assumption: line used in full, against half")
    loan_points: int = parameter(10, "point", 0, 500, "assumption: for each open loan beyond two, anywhere")
    inquiry_points: int = parameter(15, "point", 0, 500, "assumption: for each application remembered")
    inquiries_forgotten: float = parameter(0.25, "1/month", 0.0, 1.0, "assumption: memory halves in 2 to 3 months")
    sicr_drop: int = parameter(
        60, "point", 0, 10_000, "assumption: fall below the application score that moves a current loan to stage 2"
    )


@dataclass(frozen=True)
class Applications(Section):
    """New credit where an instalment loan has been repaid or was never granted, in a static book."""

    usual_monthly: float = parameter(0.08, "1/month", 0.0, 1.0, "assumption: with a job and cash enough")
    short_monthly: float = parameter(0.30, "1/month", 0.0, 1.0, "assumption: short of cash for this month's dues")
    refused_below: float = parameter(480.0, "point", 0.0, 1_000.0, "assumption: score at which nobody is approved")
    granted_above: float = parameter(
        580.0, "point", 0.0, 1_000.0, "assumption: score at which all are approved, as far as supply goes"
    )

    def _faults(self) -> list[str]:
        faults = super()._faults()
        if not faults and self.refused_below > self.granted_above - 0.01:
            found = f"found {self.refused_below!r} with granted_above {self.granted_above!r}"
            faults.append(f"refused_below: {found}, expected it below by 0.01 or more; mend either")
        return faults


@dataclass(frozen=True)
class Recovery(Section):
    """What comes back after write-off: with probability hazard(age) in a month, all or a part of the claim."""

    halving_months: float = parameter(
        28.0,
        "month",
        1.0,
        120.0,
        "derived from Yindeng: 11 % below one year, 2.5 % beyond five: 60 ln 2 / ln(11 / 2.5)",
    )
    full_share: float = parameter(0.2, "1", 0.0, 1.0, "3 full of 15 that pay at all; assumption")
    partial_mean: float = parameter(0.25, "1", 0.0, 0.33, "mean of Beta(1, 3); assumption")


@dataclass(frozen=True)
class Product(Section):
    """Rules of one product, alike at every lender."""

    kind: Literal["revolving", "instalment"] = "instalment"
    minimum_share: float = parameter(0.10, "1", 0.0, 1.0, "10 % of the bill (Huabei, Chinese cards)")
    minimum_payment: float = parameter(10.0, "currency", 0.0, 10_000.0, "assumption: floor of the minimum payment")
    late_rate_monthly: float = parameter(
        0.0, "1/month", 0.0, 0.2, "charged on the overdue amount, above the contract rate"
    )
    prepayment_monthly: float = parameter(0.03, "1/month", 0.0, 0.5, "2-4 % a month; not confirmed")
    write_off_months: int = parameter(
        10, "month", 3, 1_000, "9-11 unpaid due dates; derived from D90+ over D30+ of Ant 2017-19"
    )
    relet_monthly: float = parameter(
        0.08, "1/month", 0.0, 1.0, "assumption: a closed line is granted anew in a static book"
    )
    rate_pass_through: float = parameter(
        0.0, "1", 0.0, 1.0, "of a revolving product: part of a move of the policy rate; 0: fixed, as loans in China"
    )
    recovery_monthly: float = parameter(0.0051, "1/month", 0.0, 0.5, "8 % of a written-off balance still to come")

    def _faults(self) -> list[str]:
        wrong = self.kind not in ("revolving", "instalment")
        named = [f"kind: found {self.kind!r}, expected 'revolving' or 'instalment'; choose one"] if wrong else []
        return named + super()._faults()


SECTIONS: dict[str, type[Section]] = {
    "employment": Employment,
    "income": Income,
    "spending": Spending,
    "willingness": Willingness,
    "scoring": Scoring,
    "applications": Applications,
    "recovery": Recovery,
}


@dataclass(frozen=True)
class Model:
    """All parameters of the borrower-month.

    employment, income, spending, willingness, scoring, applications, recovery : groups of parameters
    products : rules by product name
    Raises InputError naming each parameter out of its bounds, the value and the bounds.

    >>> Model.from_preset("china-online").willingness.forgetting
    0.03
    """

    employment: Employment = Employment()
    income: Income = Income()
    spending: Spending = Spending()
    willingness: Willingness = Willingness()
    scoring: Scoring = Scoring()
    applications: Applications = Applications()
    recovery: Recovery = Recovery()
    products: Mapping[str, Product] = field(default_factory=dict)

    @classmethod
    def from_preset(cls, name: str) -> Self:
        """The model of a preset: "china-online" or "us-card"."""
        folder = resources.files("stresslab.engine") / "presets"
        known = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
        if name not in known:
            raise InputError("model", [f"preset: found {name!r}, expected one of {known}; choose one"])
        return cls._from_text((folder / f"{name}.toml").read_text("utf-8"), name)

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """A model from a file that `to_toml` wrote, or one written by hand; what is left out keeps its default."""
        return cls._from_text(Path(path).read_text("utf-8"), str(path))

    @classmethod
    def _from_text(cls, text: str, subject: str) -> Self:
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(subject, [f"found no valid TOML ({error}); mend the file"]) from error
        faults: list[str] = []
        made = {key: _section(kind, content.pop(key, {}), key, faults) for key, kind in SECTIONS.items()}
        products = {
            name: _section(Product, values, f"products.{name}", faults)
            for name, values in _table(content.pop("products", {}), "products", faults).items()
        }
        faults += [f"{key}: found an unknown section, expected {[*SECTIONS, 'products']}; remove it" for key in content]
        if faults:
            raise InputError(subject, faults)
        return cls(**made, products=products)

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values, tuples as lists."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain

    def to_toml(self, path: str | Path) -> None:
        """Write every parameter; `from_toml` reads it back equal."""
        Path(path).write_text(tomli_w.dumps(self.to_dict()), "utf-8")

    def replace(self, **changes: Any) -> Self:
        """A copy with some parameters changed, named "section.parameter" or "products.name.parameter".

        >>> model = Model.from_preset("china-online")
        >>> model.replace(**{"willingness.forgetting": 0.0}).willingness.forgetting
        0.0
        """
        content = self.to_dict()
        for dotted, value in changes.items():
            *parents, last = dotted.split(".")
            place = content
            for parent in parents:
                place = place.get(parent, {}) if isinstance(place, dict) else {}
            if not isinstance(place, dict) or last not in place:
                raise InputError("model", [f"{dotted}: unknown, expected section.parameter; see Model.to_dict()"])
            place[last] = value
        return self._from_text(tomli_w.dumps(content), "model")


def _section(kind: type[Section], values: Any, where: str, faults: list[str]) -> Any:
    """One group from plain values; appends its faults, each with its key."""
    values = _table(values, where, faults)
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    faults += [f"{where}.{key}: unknown, expected one of {sorted(known)}; remove or rename it" for key in unknown]
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items() if key in known}
    try:
        return kind(**given)
    except InputError as error:
        faults += [f"{where}.{fault}" for fault in error.faults]
        return None


def _table(values: Any, where: str, faults: list[str]) -> dict[str, Any]:
    """What stands under a key, if it is a table; else one more fault."""
    if isinstance(values, dict):
        return values
    faults.append(f"{where}: found {values!r}, expected a table of parameters; write [{where}]")
    return {}
