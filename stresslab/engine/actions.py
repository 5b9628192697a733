"""What a lender can do about arrears: frozen dataclasses, passed to `simulate(..., responses=[...])`.

All act on the loans of the portfolio's own lender. Amounts are in the portfolio's currency, and a capacity is a number
of cases a month for each of the lender's accounts at the start, so that it means the same for a book of any size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stresslab.engine.kernel.state import DEPTHS, PROGRAMMES
from stresslab.parameters import Section, parameter

Array = NDArray[Any]
ALWAYS = 1_200


@dataclass(frozen=True, kw_only=True)
class Response(Section):
    """What all responses have: a name in the result, and when they begin and end.

    name : label along `response`; by default what it is
    start_month : first month in which it is active; inside a contingency plan counted from when the plan takes effect
    months : how long it stays active
    cost_monthly : while it is active [currency/month]
    """

    name: str = ""
    start_month: int = parameter(1, "month", 1, ALWAYS, "first month")
    months: int = parameter(ALWAYS, "month", 1, ALWAYS, "to the end")
    cost_monthly: float = parameter(0.0, "currency/month", 0.0, 1e12, "none by default")

    @property
    def label(self) -> str:
        return self.name or type(self).__name__

    def _faults(self) -> list[str]:
        named = isinstance(self.name, str)
        return super()._faults() + (
            [] if named else [f"name: found {self.name!r}, expected a text; write it in quotes"]
        )


@dataclass(frozen=True, kw_only=True)
class Outreach(Response):
    """Talk to borrowers in arrears: those reached give up less often.

    channel : what the contact is; a label, the effect is `effect`
    capacity : contacts a month for each account at the start; reached = min(1, capacity accounts / last month's cases)
    effect : share by which giving up falls among those reached, by unpaid due dates 1, 2, ..., 11 at most; none beyond
        the list, while contacts go to all cases of the arrears bucket in which it ends
    Cost: contacts made x cost_per_contact + cost_monthly.
    Giving up at depth d: p_d (1 - effect_d reached); behaviour after Choi et al., NBER 33669 (human callers collect
    9 pp more of NPV at day 30 than machines) and Bursztyn et al., JPE 2019 (a moral message: -4.4 pp of 66 %).

    >>> Outreach(capacity=0.02).effect
    (0.25, 0.15, 0.1, 0.05)
    """

    channel: Literal["call", "message", "visit"] = "call"
    capacity: float = parameter(0.02, "1/month", 0.0, 100.0, "assumption: contacts for each account at the start")
    effect: tuple[float, ...] = parameter(
        (0.25, 0.15, 0.10, 0.05), "1", 0.0, 1.0, "assumption: contact lowers giving up by up to 25 %"
    )
    cost_per_contact: float = parameter(10.0, "currency", 0.0, 1e6, "assumption")

    def _faults(self) -> list[str]:
        faults = super()._faults() + _one_of("channel", self.channel, ("call", "message", "visit"))
        if isinstance(self.effect, tuple) and len(self.effect) >= DEPTHS:
            faults.append(
                f"effect: found {len(self.effect)} numbers, expected at most {DEPTHS - 1}; leave out the last"
            )
        return faults


@dataclass(frozen=True, kw_only=True)
class EarlyWarning(Response):
    """Flag loans that are current but look bad, before they miss.

    score_below : behavioural score that raises a flag; 0 for none
    use_from : share of a line used that raises a flag; 0 for none
    window : months a flag holds; a loan that misses within them is a hit, one that does not a false alarm
    freeze : bar flagged loans: no drawing, no renewal
    A loan that still looks bad when its flag ends is flagged again a month later. A restructuring with from_days = 0 is
    offered when a flag is raised. Cost: flags x cost_per_flag + cost_monthly.
    Reported: `flagged`, `warned` (entries that had been flagged), `lead_months` (their months of lead), `false_alarms`.

    >>> EarlyWarning(score_below=520, freeze=True).label
    'EarlyWarning'
    """

    score_below: int = parameter(540, "point", 0, 1_000, "assumption: about the worst tenth")
    use_from: float = parameter(0.0, "1", 0.0, 10.0, "off by default")
    window: int = parameter(6, "month", 1, 120, "assumption")
    freeze: bool = False
    cost_per_flag: float = parameter(1.0, "currency", 0.0, 1e6, "assumption")

    def _faults(self) -> list[str]:
        return super()._faults() + _one_of("freeze", self.freeze, (True, False))


@dataclass(frozen=True, kw_only=True)
class LimitManagement(Response):
    """Withdraw unused limits and renewals.

    cut : share of every unused limit and of renewals withdrawn
    freeze_below : behavioural score below which lines are barred; 0 for none
    Line supply becomes supply (1 - cut). It lowers exposure, and it takes cash from borrowers who pay others with it.

    >>> LimitManagement(cut=0.5, start_month=3).cut
    0.5
    """

    cut: float = parameter(0.3, "1", 0.0, 1.0, "assumption")
    freeze_below: int = parameter(0, "point", 0, 1_000, "off by default")


@dataclass(frozen=True, kw_only=True)
class Restructuring(Response):
    """Agree new terms with late borrowers: longer term, lower rate, one-off forgiveness, a payment holiday.

    from_days, to_days : days past due at month end that are eligible; from 0 also loans newly flagged by an
        EarlyWarning
    term_months : added to an instalment loan's term; a line is turned into a plan of that many payments
    rate_reduction, forgiveness : share of the rate, share of the balance given up; fee : share of the balance added
    holiday_months : before the first payment, interest runs on; shorter than the probation
    capacity, take_up : offers a month for each account at the start; share of offers agreed to
    probation_months : months in which the loan stays in stage 2, or 3 if it was 90 days late, and one miss ends the
        plan
    A plan is not kept with the log-odds of the untreated default less write_down_effect x value given up less
    term_effect if the term grows, spread evenly over the due dates of the probation. With the defaults a longer term
    alone changes nothing lasting and a write-down does (Dobbie & Song, AER 2020).
    Value given up = forgiveness + rate_reduction x 15 % a year x half the term in years.
    Whoever breaks a plan owes all at once and is one due date later than he was; what was forgiven stays forgiven, the
    contract's rate returns, and no late charge runs on the balance called.
    Forgiveness tempts others: their strategic hazard x (1 + moral_hazard x share of eligible borrowers forgiven).
    Cost: plans x cost_per_plan + cost_monthly.

    >>> plan = Restructuring(term_months=24)
    >>> bool(abs(1 - (1 - plan.unkept_monthly(3)[1]) ** 12 - plan.untreated_default[0]) < 1e-12)  # nothing given up
    True
    >>> bool(Restructuring(forgiveness=0.3).unkept_monthly(3)[1] < plan.unkept_monthly(3)[1])
    True
    """

    from_days: int = parameter(30, "day", 0, 330, "assumption: eligible from")
    to_days: int = parameter(119, "day", 0, 36_000, "assumption: eligible to")
    term_months: int = parameter(12, "month", 0, 60, "at most 5 years in China (card rule, Art. 70)")
    rate_reduction: float = parameter(0.0, "1", 0.0, 1.0, "none by default")
    forgiveness: float = parameter(0.0, "1", 0.0, 1.0, "none by default")
    holiday_months: int = parameter(0, "month", 0, 24, "none by default")
    fee: float = parameter(0.0, "1", 0.0, 0.2, "none by default")
    capacity: float = parameter(0.01, "1/month", 0.0, 100.0, "assumption: offers for each account at the start")
    take_up: float = parameter(0.5, "1", 0.0, 1.0, "assumption")
    probation_months: int = parameter(12, "month", 1, 60, "EBA Q&A 2014_1018 and China: at least one year")
    untreated_default: tuple[float, ...] = parameter(
        (0.40, 0.58, 0.68, 0.74),
        "1",
        0.0,
        0.999,
        "products of the rolls .70 .85 .92 .95 (Y-14M), by unpaid due dates 1, 2, ...",
    )
    write_down_effect: float = parameter(2.0, "log-odds", 0.0, 20.0, "assumption for each unit of value given up")
    term_effect: float = parameter(0.0, "log-odds", -10.0, 10.0, "Dobbie & Song 2020: a longer term has no effect")
    moral_hazard: float = parameter(
        0.7, "1", 0.0, 10.0, "doubled forgiveness raises others' default by 10.9 % (Perez Cavazos 2015); 16 % choose to"
    )
    cost_per_plan: float = parameter(50.0, "currency", 0.0, 1e6, "assumption")

    def _faults(self) -> list[str]:
        faults = super()._faults()
        sound = not faults
        if sound and self.from_days > self.to_days:
            faults.append(
                f"from_days: found {self.from_days} with to_days {self.to_days}, expected at most it; mend either"
            )
        if sound and self.from_days <= self.to_days and self.depths[0] > self.depths[1]:
            found = f"found {self.from_days} with to_days {self.to_days}"
            faults.append(
                f"from_days: {found}, expected a multiple of 30 between them, as days are counted; widen them"
            )
        if sound and self.holiday_months >= self.probation_months:
            found = f"found {self.holiday_months} with probation_months {self.probation_months}"
            faults.append(f"holiday_months: {found}, expected fewer, for a plan is proved by payments; mend either")
        return faults

    @property
    def depths(self) -> tuple[int, int]:
        """Fewest and most unpaid due dates that are eligible."""
        return -(-self.from_days // 30), self.to_days // 30

    def unkept_monthly(self, depths: int) -> Array:
        """Chance a month, by unpaid due dates 0, 1, ... depths - 1, that a borrower in a plan does not try to pay.

        1 - (1 - q)^(1 / due dates of the probation), q the chance that the plan is not kept; a borrower without a miss
        counts as with one.
        """
        known = (self.untreated_default[0], *self.untreated_default)
        untreated = np.array([*known, *[known[-1]] * depths])[:depths]
        years = (self.term_months + self.holiday_months) / 12.0
        given_up = self.forgiveness + self.rate_reduction * USUAL_RATE * years / 2.0
        relief = self.write_down_effect * given_up + (self.term_effect if self.term_months > 0 else 0.0)
        odds = untreated / (1.0 - untreated) * np.exp(-relief)
        unkept: Array = 1.0 - (1.0 - odds / (1.0 + odds)) ** (1.0 / (self.probation_months - self.holiday_months))
        return unkept


USUAL_RATE = 0.15
"""Annual rate at which a reduction is valued; most loans of the platforms lie near it."""


@dataclass(frozen=True, kw_only=True)
class ContingencyPlan(Response):
    """Responses that wait until the own book crosses a line.

    trigger : "arrears": share of the own balance 30 or more days past due; "losses": written off and forgiven less
        recovered over the last 12 months, over the opening balance; "cash": what the book has paid out less what came
        in since the start (drawn + originated - paid - recovered), over the opening balance
    level : at or above which the plan is triggered, once and for good
    delay_months : months between the month end at which the level is seen and the first month with the responses on
    responses : what begins then; their start_month counts from there
    Cost: cost_monthly while it waits and while it runs, beside the costs of its responses.

    >>> ContingencyPlan(trigger="arrears", level=0.03, delay_months=1, responses=(Outreach(),)).responses[0].label
    'Outreach'
    """

    trigger: Literal["arrears", "losses", "cash"] = "arrears"
    level: float = parameter(0.03, "1", 0.0, 10.0, "assumption: twice a normal share in arrears")
    delay_months: int = parameter(1, "month", 0, 60, "assumption")
    responses: tuple[Response, ...] = ()

    def _faults(self) -> list[str]:
        faults = super()._faults() + _one_of("trigger", self.trigger, ("arrears", "losses", "cash"))
        if (self.start_month, self.months) != (1, ALWAYS):
            found = f"found {self.start_month}, {self.months}"
            faults.append(f"start_month, months: {found}, expected none for a plan; set them on its responses")
        sound = isinstance(self.responses, Sequence) and len(self.responses) > 0
        if not sound or not all(
            isinstance(one, Response) and not isinstance(one, ContingencyPlan) for one in self.responses
        ):
            kinds = "Outreach, EarlyWarning, LimitManagement, Restructuring"
            faults.append(f"responses: found {self.responses!r}, expected a tuple of {kinds}; give at least one")
        return faults


def _one_of(name: str, value: Any, known: tuple[Any, ...]) -> list[str]:
    return [] if value in known else [f"{name}: found {value!r}, expected one of {known}; choose one"]


def unfold(responses: Sequence[Response]) -> Iterator[tuple[Response, ContingencyPlan | None]]:
    """Every response with the plan it waits for, plans before what they hold.

    >>> [one.label for one, _ in unfold([ContingencyPlan(responses=(Outreach(),)), LimitManagement()])]
    ['ContingencyPlan', 'Outreach', 'LimitManagement']
    """
    for one in responses:
        yield one, None
        if isinstance(one, ContingencyPlan):
            yield from ((inner, one) for inner in one.responses)


def programmes(responses: Sequence[Response]) -> list[Restructuring]:
    """The restructuring programmes among them, in order."""
    return [one for one, _ in unfold(responses) if isinstance(one, Restructuring)]


def response_faults(responses: Any) -> list[str]:
    """What is wrong with a list of responses taken together."""
    if isinstance(responses, str) or not isinstance(responses, Sequence):
        return [f"responses: found {responses!r}, expected a list of responses; write responses=[...]"]
    strange = [one for one in responses if not isinstance(one, Response)]
    if strange:
        return [f"responses: found {one!r}, expected a response such as Outreach(); mend it" for one in strange]
    every = [one for one, _ in unfold(responses)]
    labels = [one.label for one in every]
    again = sorted({label for label in labels if labels.count(label) > 1})
    faults = [f"responses: found {label!r} more than once, expected names that differ; give name=" for label in again]
    for kind, most in ((EarlyWarning, 1), (Restructuring, PROGRAMMES)):
        count = sum(isinstance(one, kind) for one in every)
        if count > most:
            faults.append(f"responses: found {count} of {kind.__name__}, expected at most {most}; join some")
    return faults
