"""Mean-field feedback: turns a path's totals up to month t - 1 into the conditions of month t.

Conditions are credit supply, contact, contagion, recoveries and the responses of a lender. They look back at least a
month, so a sample of borrowers simulated month by month together gives them without iteration; the whole book then
takes them as given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stresslab.engine.actions import (
    ContingencyPlan,
    EarlyWarning,
    LimitManagement,
    Outreach,
    Response,
    Restructuring,
    programmes,
    unfold,
)
from stresslab.engine.conditions import NO_SCORE, Conditions
from stresslab.engine.kernel.state import DEPTHS
from stresslab.parameters import Section, documented, parameter
from stresslab.schema import BUCKET_FLOOR, DEFAULTED, PAST_DUE

Array = NDArray[Any]
DIGITS = 9
"""Decimals kept of a condition, so that the last bit of an exponential function decides nothing."""


@documented
@dataclass(frozen=True, kw_only=True)
class Feedback(Section):
    r"""Feedback: gains from a lender's arrears to credit supply, contact, contagion and recoveries.

    A gain of 0 switches its loop off; ``feedback=None`` in `simulate` switches off all of them.

    Raises
    ------
    InputError
        Names each parameter out of its bounds.

    Notes
    -----
    With :math:`r` the lender's accounts 30 or more days past due last month over those of the same borrowers on the
    same draws had the economy stood still, and :math:`d` the same for accounts 90 or more days past due at any lender:

    .. math::

        \text{line supply} \times S, \quad S = f + (1 - f) \exp(-\text{supply} \cdot \max(0, r - 1))

        \text{contact} = \min(1, \text{capacity} / (1 + \text{caseload} \cdot \max(0, r - 1)))

        \text{recoveries} \times \exp(-\text{recovery} \cdot \max(0, r - 1))

        \text{strategic hazard} \times (1 + \text{contagion} \cdot \max(0, d - 1))

    with :math:`f` the `supply_floor`. Accounts are counted because a few large loans move balances at random; they are
    not shares, so that a lender does not look worse for lending less. Without stress there is no feedback. :math:`r` is
    shrunk to that of the whole system by the credibility z = accounts / (accounts + credibility_accounts).

    Examples
    --------
    >>> Feedback(supply=0.0).supply
    0.0
    """

    supply: float = parameter(
        1.0, "1", 0.0, 10.0, "assumption, range 0.3-2", "gain of credit supply on the lender's arrears"
    )
    supply_floor: float = parameter(0.1, "1", 0.0, 1.0, "assumption", "least share of lines and renewals granted")
    contagion: float = parameter(
        0.8,
        "1",
        0.0,
        10.0,
        "Guiso, Sapienza & Zingales: +82 % when a defaulter is known; 0-1.5",
        "gain of the strategic hazard on arrears of 90 days at any lender",
    )
    caseload: float = parameter(
        1.0,
        "1",
        0.0,
        10.0,
        "capacity over caseload; 1 by definition, 0: staff grow with cases",
        "gain of contact on the lender's arrears",
    )
    recovery: float = parameter(
        0.25,
        "1",
        0.0,
        10.0,
        "assumption, after the fall of 2023-25 from 10-15 to 6 %",
        "gain of recoveries on the lender's arrears",
    )
    credibility_accounts: float = parameter(
        500.0,
        "1",
        0.0,
        1e9,
        "assumption: Buhlmann's k",
        "accounts k at which a lender's own arrears and the system's count half each",
    )
    sample: int = parameter(
        20_000,
        "borrower",
        100,
        10**9,
        "a matter of time against noise",
        "borrowers who are simulated together to find the conditions; all of them if the book is not larger",
    )
    tolerance: float = parameter(
        0.05,
        "1",
        0.0,
        100.0,
        "a matter of taste",
        "mean difference on a path, lenders weighted by loans, between the conditions used and those that the "
        "whole book implies, up to which they count as converged",
    )
    rounds: int = parameter(
        1,
        "1",
        1,
        100,
        "a matter of time",
        "runs of the whole book, each under the conditions that the one before implies; none is left out "
        "when the tolerance is met, for a path would then depend on the others",
    )


OFF = Feedback(supply=0.0, contagion=0.0, caseload=0.0, recovery=0.0)
"""No feedback; responses still look at the book's past."""


@dataclass(frozen=True)
class MeanField:
    """Rules that turn the past into conditions.

    supply, capacity (path, month): of the macro path. own: the lender that responds. trust (lender): credibility of a
    lender's own arrears. normal: SUMS records (path, month, lender) of a still economy; None without feedback.
    """

    feedback: Feedback
    responses: tuple[Response, ...]
    supply: Array
    capacity: Array
    own: int
    trust: Array
    normal: Array | None = None

    def of_paths(self, paths: slice) -> MeanField:
        """The same rules for some of the paths."""
        normal = None if self.normal is None else self.normal[paths]
        return replace(self, supply=self.supply[paths], capacity=self.capacity[paths], normal=normal)

    def conditions(self, t: int, past: Array) -> tuple[Conditions, Array, Array]:
        """Conditions of month t >= 1 from months 0 ... t - 1.

        past : SUMS records (path, months, lender)
        Returns Conditions (path, lender), active (path, response) and contacts (path, response).
        """
        gain, shape = self.feedback, past[:, 0].shape
        cases, default = self._ratios(t - 1, past)
        rise = np.maximum(cases - 1.0, 0.0)
        supply = gain.supply_floor + (1.0 - gain.supply_floor) * np.exp(-gain.supply * rise)
        capacity = self.capacity[:, t - 1, None] / (1.0 + gain.caseload * rise)
        stigma = 1.0 + gain.contagion * np.maximum(default - 1.0, 0.0)
        now = Conditions.of_macro(
            self.supply[:, t - 1, None] * np.round(supply, DIGITS),
            np.round(np.minimum(1.0, capacity), DIGITS),
        )
        now = replace(
            now,
            strategic=np.round(np.broadcast_to(stigma[:, None], shape), DIGITS),
            recovery=np.round(np.exp(-gain.recovery * rise), DIGITS),
        )
        return self._respond(t, past, now)

    def _ratios(self, t: int, past: Array) -> tuple[Array, Array]:
        """Cases (path, lender) and default (path) of month t over normal ones; each as growth since the start."""
        if self.normal is None:
            return np.ones(past[:, 0].shape), np.ones(len(past))
        cases, default = self._growth(past[:, 0], past[:, t])
        normal_cases, normal_default = self._growth(self.normal[:, 0], self.normal[:, t])
        return cases / normal_cases, default / normal_default

    def _growth(self, opened: Array, month: Array) -> tuple[Array, Array]:
        """Cases (path, lender) and default (path) over those at the start."""
        at_start = _accounts(opened).sum(-1)
        cases = _shrunk(self.trust, _cases(month), at_start) / _shrunk(self.trust, _cases(opened), at_start)
        default = _share(_defaults(month).sum(1), at_start.sum(1)) / _share(_defaults(opened).sum(1), at_start.sum(1))
        return cases, default

    def _respond(self, t: int, past: Array, now: Conditions) -> tuple[Conditions, Array, Array]:
        """Conditions as the own lender's responses leave them."""
        everyone = list(unfold(self.responses))
        active = np.zeros((len(past), len(everyone)), bool)
        contacts = np.zeros(active.shape)
        now = replace(now, **{name: getattr(now, name).copy() for name in CHANGED})
        plans = programmes(self.responses)
        accounts = _accounts(past[:, 0])[:, self.own].sum(-1)
        cases = _accounts(past[:, t - 1])[:, self.own]
        for number, (one, plan) in enumerate(everyone):
            begins = np.zeros(len(past)) if plan is None else self._takes_effect(plan, past)
            since = t - begins
            on = active[:, number] = (since >= one.start_month) & (since < one.start_month + one.months)
            if isinstance(one, ContingencyPlan):
                active[:, number] = on & (t >= self._takes_effect(one, past) + 1)
            elif isinstance(one, Outreach):
                contacts[:, number] = self._reach_out(one, on, accounts, cases, now)
            elif isinstance(one, LimitManagement):
                now.supply[:, self.own] *= np.where(on, 1.0 - one.cut, 1.0)
                freeze = one.freeze_below if one.freeze_below > 0 else NO_SCORE
                now.freeze_below[on, self.own] = np.maximum(now.freeze_below[on, self.own], freeze)
            elif isinstance(one, EarlyWarning):
                now.warn_below[on, self.own] = one.score_below if one.score_below > 0 else NO_SCORE
                now.full_use[on, self.own] = one.use_from if one.use_from > 0 else np.inf
                now.watches[:, self.own], now.freezes[:, self.own] = 1, int(one.freeze)
            elif isinstance(one, Restructuring):
                self._offer(one, _place(one, plans), on, accounts, cases, past[:, t - 1], now)
        if any(isinstance(one, LimitManagement) and one.freeze_below > 0 for one, _ in everyone):
            now.watches[:, self.own] = 1
        return now, active, contacts

    def _reach_out(self, one: Outreach, on: Array, accounts: Array, cases: Array, now: Conditions) -> Array:
        """Giving up falls among those reached; returns the contacts made (path)."""
        eligible = cases[:, 1 : _bucket(len(one.effect)) + 1].sum(-1)
        reached = np.round(_share_served(one.capacity * accounts, eligible), DIGITS)
        effect = np.zeros(DEPTHS)
        effect[1 : len(one.effect) + 1] = one.effect[: DEPTHS - 1]
        now.giving_up[:, self.own] *= 1.0 - np.where(on, reached, 0.0)[:, None] * effect
        return np.where(on, reached * eligible, 0.0)

    def _offer(
        self, one: Restructuring, row: int, on: Array, accounts: Array, cases: Array, month: Array, now: Conditions
    ) -> None:
        """Chance of an agreed plan, and the temptation that forgiveness is to others."""
        least, most = one.depths
        first, last = max(1, _bucket(least)), _bucket(most)
        eligible = cases[:, first : last + 1].sum(-1) + (month["flagged"][:, self.own] if least == 0 else 0)
        reached = np.round(_share_served(one.capacity * accounts, eligible), DIGITS)
        now.offers[:, self.own, row] = np.where(on, reached * one.take_up, 0.0)
        if one.forgiveness > 0.0:
            forgiven = _share_served(month["restructured"][:, self.own, row], eligible)
            now.strategic[:, self.own] *= np.round(1.0 + one.moral_hazard * forgiven, DIGITS)

    def _takes_effect(self, plan: ContingencyPlan, past: Array) -> Array:
        """Month after which a plan's responses begin (path): that of the crossing and the delay; infinite if none."""
        own = past[:, :, self.own]
        owed = _owed(own)
        if plan.trigger == "arrears":
            measure = _share(_late(own), _owed(own))
        elif plan.trigger == "losses":
            lost = own["written_off"] + own["forgiven"] - own["recovered"]
            total = np.cumsum(lost, axis=1)
            total[:, 12:] -= total[:, :-12].copy()
            measure = total / np.maximum(owed[:, :1], 1)
        else:
            paid_out = own["drawn"] + own["originated"] - own["paid"] - own["recovered"]
            measure = np.cumsum(paid_out, axis=1) / np.maximum(owed[:, :1], 1)
        crossed = measure >= plan.level
        when = np.where(crossed.any(1), crossed.argmax(1).astype(float), np.inf)
        return np.asarray(when + plan.delay_months)


CHANGED = ("supply", "strategic", "giving_up", "offers", "warn_below", "freeze_below", "full_use", "watches", "freezes")


def _place(one: Restructuring, plans: list[Restructuring]) -> int:
    """Position of a programme among all; equal ones are told apart."""
    return next(place for place, each in enumerate(plans) if each is one)


def _bucket(missed: int) -> int:
    return int(np.searchsorted(BUCKET_FLOOR, missed, side="right")) - 1


def _accounts(sums: Array) -> Array:
    return np.asarray(sums["accounts"])


def _owed(sums: Array) -> Array:
    return np.asarray(sums["balance"].sum(-1))


def _late(sums: Array) -> Array:
    """Balance 30 or more days past due."""
    return np.asarray(sums["balance"][..., PAST_DUE].sum(-1))


def _cases(sums: Array) -> Array:
    """Accounts 30 or more days past due."""
    return np.asarray(_accounts(sums)[..., PAST_DUE].sum(-1))


def _defaults(sums: Array) -> Array:
    """Accounts 90 or more days past due."""
    return np.asarray(_accounts(sums)[..., DEFAULTED].sum(-1))


def _share(part: Array, whole: Array) -> Array:
    """Part over whole; where a book has none at all, a share so small that it moves nothing."""
    return np.asarray(np.maximum(part, 1e-9) / np.maximum(whole, 1))


def _shrunk(trust: Array, part: Array, whole: Array) -> Array:
    """Share of each lender (path, lender), shrunk to that of all lenders together."""
    return np.asarray(trust * _share(part, whole) + (1.0 - trust) * _share(part.sum(1), whole.sum(1))[:, None])


def _share_served(capacity: Array, cases: Array) -> Array:
    return np.asarray(np.minimum(1.0, capacity / np.maximum(cases, 1e-9)))


def gap(found: Conditions, implied: Conditions, weight: Array) -> Array:
    """Mean absolute difference (path) between conditions: the largest of supply, contact, contagion and recoveries.

    weight (lender) : share of all loans, for what a lender of few does moves little
    """
    names = ("supply", "contact", "strategic", "recovery")
    apart = [np.abs(getattr(found, name) - getattr(implied, name)) * weight for name in names]
    return np.asarray(np.max([difference.sum(-1).mean(-1) for difference in apart], axis=0))


def all_months(field: MeanField, totals: Array) -> tuple[Conditions, Array, Array]:
    """Conditions (path, month, lender), active and contacts (path, month, response) that a book's totals imply."""
    months = [field.conditions(t, totals[:, :t]) for t in range(1, totals.shape[1])]
    conditions, active, contacts = zip(*months, strict=True)
    return Conditions.stack(list(conditions)), np.stack(active, axis=1), np.stack(contacts, axis=1)
