"""Responses of a lender to arrears, passed to `simulate(..., responses=[...])`.

All act on the loans of the portfolio's own lender. Amounts are in the portfolio's currency, in single units of it
whatever its attrs["unit"], and a capacity is a number
of cases a month for each of the lender's accounts at the start, so that it means the same for a book of any size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stresslab.checks import LONGEST, refuse, shown, whole_faults
from stresslab.engine.kernel.state import DEPTHS, PROGRAMMES
from stresslab.parameters import Section, choice, documented, parameter, setting
from stresslab.typed import typed

Array = NDArray[Any]
ALWAYS = 1_200


@documented
@dataclass(frozen=True, kw_only=True)
class Response(Section):
    """Name, months and fixed cost, which all responses have."""

    name: str = setting("", "label along `response` in the result; by default the name of the class")
    start_month: int = parameter(
        1,
        "month",
        1,
        ALWAYS,
        "first month",
        "first month in which the response is active; in a contingency plan counted from when the plan takes effect",
    )
    months: int = parameter(ALWAYS, "month", 1, ALWAYS, "to the end", "months for which it stays active")
    cost_monthly: float = parameter(0.0, "currency/month", 0.0, 1e12, "none by default", "cost while it is active")

    @property
    def label(self) -> str:
        """Label along `response` in the result."""
        return self.name or type(self).__name__

    def _faults(self) -> list[str]:
        named = isinstance(self.name, str)
        return super()._faults() + (
            [] if named else [f"name: found {self.name!r}, expected a text; write it in quotes"]
        )


@documented
@dataclass(frozen=True, kw_only=True)
class Outreach(Response):
    r"""Outreach: contact with borrowers in arrears, so that those reached give up less often.

    Raises
    ------
    InputError
        Names each parameter out of its bounds.

    Notes
    -----
    Giving up at :math:`d` unpaid due dates becomes

    .. math:: p_d \, (1 - \text{effect}_d \cdot \text{reached})

    Human callers collect 9 points more of net present value at day 30 than machines [1]_; a moral message lowers
    default by 4.4 points of 66 % [2]_. Cost: contacts x `cost_per_contact` + `cost_monthly`.

    References
    ----------
    .. [1] Choi et al., NBER working paper 33669.
    .. [2] Bursztyn et al. (2019), Journal of Political Economy.

    Examples
    --------
    >>> Outreach(capacity=0.02).effect
    (0.25, 0.15, 0.1, 0.05)
    """

    channel: Literal["call", "message", "visit"] = choice(
        "call", ("call", "message", "visit"), "kind of contact; a label, the effect is `effect`"
    )
    capacity: float = parameter(
        0.02,
        "1/month",
        0.0,
        100.0,
        "assumption: contacts for each account at the start",
        "contacts a month for each account at the start; reached = min(1, capacity x accounts / cases of last month)",
    )
    effect: tuple[float, ...] = parameter(
        (0.25, 0.15, 0.10, 0.05),
        "1",
        0.0,
        1.0,
        "assumption: contact lowers giving up by up to 25 %",
        "share by which giving up falls among those reached, by unpaid due dates 1, 2, ..., 11 at most; 0 beyond the "
        "list, while contacts go to all cases of the arrears bucket in which it ends",
    )
    cost_per_contact: float = parameter(10.0, "currency", 0.0, 1e6, "assumption", "cost of a contact")

    def _faults(self) -> list[str]:
        faults = super()._faults()
        if isinstance(self.effect, tuple) and len(self.effect) >= DEPTHS:
            faults.append(
                f"effect: found {len(self.effect)} numbers, expected at most {DEPTHS - 1}; leave out the last"
            )
        return faults


@documented
@dataclass(frozen=True, kw_only=True)
class EarlyWarning(Response):
    """Early warning: flags on loans that are current but look bad, before they miss a due date.

    Raises
    ------
    InputError
        Names each parameter out of its bounds.

    Notes
    -----
    A loan that still looks bad when its flag ends is flagged again a month later. A restructuring with `from_days` 0 is
    offered when a flag is raised. The result has `flagged`, `warned` (entries to arrears that had been flagged),
    `lead_months` (their months of lead) and `false_alarms`. Cost: flags x `cost_per_flag` + `cost_monthly`.

    Examples
    --------
    >>> EarlyWarning(score_below=520, freeze=True).label
    'EarlyWarning'
    """

    score_below: int = parameter(
        540,
        "point",
        0,
        1_000,
        "assumption: about the worst tenth",
        "behavioural score below which a flag is raised; 0: none",
    )
    use_from: float = parameter(
        0.0, "1", 0.0, 10.0, "off by default", "share of a line used from which a flag is raised; 0: none"
    )
    window: int = parameter(
        6,
        "month",
        1,
        120,
        "assumption",
        "months that a flag holds: a loan that misses within them is a hit, another a false alarm",
    )
    freeze: bool = choice(False, (True, False), "bar flagged loans: no drawing, no renewal")
    cost_per_flag: float = parameter(1.0, "currency", 0.0, 1e6, "assumption", "cost of a flag")


@documented
@dataclass(frozen=True, kw_only=True)
class LimitManagement(Response):
    """Limit management: withdrawal of unused limits and renewals.

    Raises
    ------
    InputError
        Names each parameter out of its bounds.

    Notes
    -----
    Line supply is multiplied by 1 - `cut`. That lowers exposure, and it takes cash from borrowers who pay others with
    it.

    Examples
    --------
    >>> LimitManagement(cut=0.5, start_month=3).cut
    0.5
    """

    cut: float = parameter(
        0.3, "1", 0.0, 1.0, "assumption", "share of every unused limit and of renewals that is withdrawn"
    )
    products: tuple[str, ...] = setting((), "products that it concerns; by default all of the lender's")
    freeze_below: int = parameter(
        0, "point", 0, 1_000, "off by default", "behavioural score below which lines are barred; 0: none"
    )


@documented
@dataclass(frozen=True, kw_only=True)
class Restructuring(Response):
    r"""Restructuring: new terms agreed with late borrowers: longer term, lower rate, forgiveness, a payment holiday.

    Raises
    ------
    InputError
        Names each parameter out of its bounds, and those that contradict each other.

    Notes
    -----
    A plan is not kept with probability :math:`q`, spread evenly over the due dates of the probation:

    .. math::

        \frac{q}{1 - q} = \frac{u_d}{1 - u_d} \exp(-\text{write\_down\_effect} \cdot v - \text{term\_effect})

    with :math:`u_d` the untreated default at :math:`d` unpaid due dates, :math:`v` the value given up (forgiveness +
    rate_reduction x 15 % a year x half the term in years), and the term effect only if the term grows. With the
    defaults a longer term alone changes nothing lasting and a write-down does [1]_.

    A borrower who breaks a plan owes all at once and is one due date later than before; what was forgiven stays
    forgiven, the contract's rate returns, and no late charge runs on the balance called. Forgiveness tempts others:
    their strategic hazard is multiplied by 1 + `moral_hazard` x share of eligible borrowers forgiven. Cost: plans x
    `cost_per_plan` + `cost_monthly`.

    References
    ----------
    .. [1] Dobbie and Song (2020), American Economic Review.

    Examples
    --------
    Nothing is given up by a longer term alone:

    >>> plan = Restructuring(term_months=24)
    >>> bool(abs(1 - (1 - plan.unkept_monthly(3)[1]) ** 12 - plan.untreated_default[0]) < 1e-12)
    True
    >>> bool(Restructuring(forgiveness=0.3).unkept_monthly(3)[1] < plan.unkept_monthly(3)[1])
    True
    """

    from_days: int = parameter(
        30,
        "day",
        0,
        330,
        "assumption: eligible from",
        "days past due at month end from which a loan is eligible; 0: also loans newly flagged by an EarlyWarning",
    )
    to_days: int = parameter(
        119, "day", 0, 36_000, "assumption: eligible to", "days past due at month end up to which a loan is eligible"
    )
    term_months: int = parameter(
        12,
        "month",
        0,
        60,
        "at most 5 years in China (card rule, Art. 70)",
        "months added to the term of an instalment loan; a line becomes a plan of that many payments",
    )
    rate_reduction: float = parameter(
        0.0, "1", 0.0, 1.0, "none by default", "share of the contract rate that is given up"
    )
    forgiveness: float = parameter(0.0, "1", 0.0, 1.0, "none by default", "share of the balance that is forgiven")
    holiday_months: int = parameter(
        0,
        "month",
        0,
        24,
        "none by default",
        "months before the first payment, in which interest runs on; fewer than probation_months",
    )
    fee: float = parameter(0.0, "1", 0.0, 0.2, "none by default", "share of the balance added as a fee")
    capacity: float = parameter(
        0.01,
        "1/month",
        0.0,
        100.0,
        "assumption: offers for each account at the start",
        "offers a month for each account at the start",
    )
    take_up: float = parameter(0.5, "1", 0.0, 1.0, "assumption", "share of the offers that borrowers agree to")
    probation_months: int = parameter(
        12,
        "month",
        1,
        60,
        "EBA Q&A 2014_1018 and China: at least one year",
        "months in which the loan stays in stage 2, or 3 if it was 90 days late, and one miss ends the plan",
    )
    untreated_default: tuple[float, ...] = parameter(
        (0.40, 0.58, 0.68, 0.74),
        "1",
        0.0,
        0.999,
        "products of the rolls .70 .85 .92 .95 (Y-14M), by unpaid due dates 1, 2, ...",
        "chance of default without a plan, by unpaid due dates 1, 2, ...",
    )
    write_down_effect: float = parameter(
        2.0,
        "log-odds",
        0.0,
        20.0,
        "assumption for each unit of value given up",
        "fall of the log-odds of a broken plan for each unit of value given up",
    )
    term_effect: float = parameter(
        0.0,
        "log-odds",
        -10.0,
        10.0,
        "Dobbie & Song 2020: a longer term has no effect",
        "fall of the log-odds of a broken plan if the term grows",
    )
    moral_hazard: float = parameter(
        0.7,
        "1",
        0.0,
        10.0,
        "doubled forgiveness raises others' default by 10.9 % (Perez Cavazos 2015); 16 % choose to",
        "rise of the strategic hazard of others, times the share of eligible borrowers forgiven",
    )
    cost_per_plan: float = parameter(50.0, "currency", 0.0, 1e6, "assumption", "cost of a plan")

    def _faults(self) -> list[str]:
        faults = super()._faults()
        sound = not faults
        if sound and self.from_days > self.to_days:
            found = f"found {self.from_days} with to_days {self.to_days}"
            faults.append(f"from_days: {found}, expected at most that; lower from_days or raise to_days")
        if sound and self.from_days <= self.to_days and self.depths[0] > self.depths[1]:
            found = f"found {self.from_days} with to_days {self.to_days}"
            faults.append(
                f"from_days: {found}, expected a multiple of 30 between them, as days are counted; widen them"
            )
        if sound and self.holiday_months >= self.probation_months:
            found = f"found {self.holiday_months} with probation_months {self.probation_months}"
            faults.append(
                f"holiday_months: {found}, expected fewer, to prove the plan by payments; shorten the holiday"
            )
        return faults

    @property
    def depths(self) -> tuple[int, int]:
        """Fewest and most unpaid due dates that are eligible."""
        return -(-self.from_days // 30), self.to_days // 30

    @typed
    def unkept_monthly(self, depths: int) -> Array:
        """Chance a month that a borrower in a plan does not try to pay, by unpaid due dates.

        Parameters
        ----------
        depths : int
            Number of values: for 0, 1, ..., depths - 1 unpaid due dates.

        Returns
        -------
        numpy.ndarray
            1 - (1 - q)^(1 / due dates of the probation), q the chance that the plan is not kept; a borrower without a
            miss counts as with one.

        Examples
        --------
        With 12 due dates and 40 % of plans not kept, 1 - 0.6^(1/12):

        >>> Restructuring().unkept_monthly(2).round(4)
        array([0.0417, 0.0417])
        """
        refuse("unkept_monthly", whole_faults("depths", depths, 1, LONGEST, advice="give the number of values"))
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


@documented
@dataclass(frozen=True, kw_only=True)
class ContingencyPlan(Response):
    """Contingency plan: responses that wait until the own portfolio crosses a level.

    Raises
    ------
    InputError
        Names each parameter out of its bounds, and what is no response.

    Notes
    -----
    Triggers: "arrears" is the share of the own balance 30 or more days past due; "losses" is what was written off and
    forgiven less recovered over the last 12 months, over the opening balance; "cash" is what the portfolio has paid out
    less what came in since the start (drawn + originated - paid - recovered), over the opening balance. Cost:
    `cost_monthly` while the plan waits and while it runs, beside the costs of its responses.

    Examples
    --------
    >>> plan = ContingencyPlan(trigger="arrears", level=0.03, delay_months=1, responses=(Outreach(),))
    >>> plan.responses[0].label
    'Outreach'
    """

    trigger: Literal["arrears", "losses", "cash"] = choice(
        "arrears", ("arrears", "losses", "cash"), "measure of the own portfolio that is compared with the level"
    )
    level: float = parameter(
        0.03,
        "1",
        0.0,
        10.0,
        "assumption: twice a normal share in arrears",
        "value of the trigger at or above which the plan is triggered, once and for good",
    )
    delay_months: int = parameter(
        1,
        "month",
        0,
        60,
        "assumption",
        "months between the month end at which the level is seen and the first month of the responses",
    )
    responses: tuple[Response, ...] = setting(
        (), "what begins when the plan takes effect; their start_month counts from there"
    )

    def _faults(self) -> list[str]:
        faults = super()._faults()
        if (self.start_month, self.months) != (1, ALWAYS):
            found = f"found {self.start_month}, {self.months}"
            faults.append(f"start_month, months: {found}, expected none for a plan; set them on its responses")
        sound = isinstance(self.responses, Sequence) and len(self.responses) > 0
        if not sound or not all(
            isinstance(response, Response) and not isinstance(response, ContingencyPlan) for response in self.responses
        ):
            kinds = "Outreach, EarlyWarning, LimitManagement, Restructuring"
            faults.append(f"responses: found {self.responses!r}, expected a tuple of {kinds}; give at least one")
        return faults


def unfold(responses: Sequence[Response]) -> Iterator[tuple[Response, ContingencyPlan | None]]:
    """Responses with the plan that each waits for, plans before their own.

    >>> [response.label for response, _ in unfold([ContingencyPlan(responses=(Outreach(),)), LimitManagement()])]
    ['ContingencyPlan', 'Outreach', 'LimitManagement']
    """
    for response in responses:
        yield response, None
        if isinstance(response, ContingencyPlan):
            yield from ((inner, response) for inner in response.responses)


def programmes(responses: Sequence[Response]) -> list[Restructuring]:
    """The restructuring programmes among them, in order."""
    return [response for response, _ in unfold(responses) if isinstance(response, Restructuring)]


def cost_notes(responses: Sequence[Response], currency: str) -> list[str]:
    """A sentence for each cost of a response in currency that is the same by default in every currency."""
    return [
        f"{response.label}: {item.name} {item.default:g} {currency} by default ({item.metadata['source']}); give yours"
        for response, _ in unfold(responses)
        for item in fields(response)
        if item.metadata.get("unit", "").startswith("currency") and item.default == getattr(response, item.name) != 0.0
    ]


def response_faults(responses: Any) -> list[str]:
    """Faults of a list of responses taken together."""
    if isinstance(responses, str) or not isinstance(responses, Sequence):
        return [f"responses: found {shown(responses)}, expected a list of responses; write responses=[...]"]
    strange = [item for item in responses if not isinstance(item, Response)]
    if strange:
        expected = "expected a response such as Outreach(); replace it"
        return [f"responses: found {shown(item)}, {expected}" for item in strange]
    every = [response for response, _ in unfold(responses)]
    labels = [response.label for response in every]
    again = sorted({label for label in labels if labels.count(label) > 1})
    faults = [f"responses: found {label!r} more than once, expected names that differ; give name=" for label in again]
    for kind, most in ((EarlyWarning, 1), (Restructuring, PROGRAMMES)):
        count = sum(isinstance(response, kind) for response in every)
        if count > most:
            faults.append(f"responses: found {count} of {kind.__name__}, expected at most {most}; join some")
    return faults
