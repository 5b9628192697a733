"""Mean field: turns a path's totals up to month t - 1 into the conditions of month t.

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
from stresslab.engine.kernel.state import DEPTHS, summed
from stresslab.engine.lender_parameters import CreditSupply, credibility
from stresslab.engine.tightening import tightening
from stresslab.parameters import Section, documented, parameter
from stresslab.schema import BUCKET_FLOOR, DEFAULTED, PAST_DUE

Array = NDArray[Any]
FEWEST_CASES = 5.0
"""Cases that count beside those of a month and those that are normal, so that a handful makes no crisis."""
DIGITS = 9
"""Decimals kept of a condition, so that the last bit of an exponential function decides nothing."""


@documented
@dataclass(frozen=True, kw_only=True)
class Feedback(Section):
    r"""Feedback: gains from a lender's arrears to contact, contagion and recoveries.

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

        \text{contact} = \min(1, \text{capacity} / (1 + \text{caseload} \cdot \max(0, r - 1)))

        \text{recoveries} \times \exp(-\text{recovery} \cdot \max(0, r - 1))

        \text{strategic hazard} \times (1 + \text{contagion} \cdot \max(0, d - 1))

    Credit supply is no part of it but of the model, see `CreditSupply`. Accounts are counted because a few large loans
    move balances at random; they are not shares, so that a lender does not look worse for lending less. Without stress
    there is no feedback. :math:`r` is shrunk to that of the whole system by the credibility z = accounts / (accounts +
    credibility_accounts).

    Examples
    --------
    >>> Feedback(contagion=0.0).caseload
    1.0
    """

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
    credibility_accounts: float = credibility()
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


OFF = Feedback(contagion=0.0, caseload=0.0, recovery=0.0)
"""No feedback; responses still look at the book's past."""


@dataclass(frozen=True)
class MeanField:
    """Rules that turn the past into conditions.

    macro : Conditions (path, month, segment) of the macro path
    feedback, supply : gains of the second round and of credit supply; responses : of the own lender
    lender_of (segment) : position of its lender; own, products (segment) : whether it responds, and its product
    trust, trust_here : credibility of a lender's own arrears (lender), and of a segment's (segment)
    normal : SUMS records (path, month, segment) of a still economy; None without feedback and credit supply
    """

    macro: Conditions
    feedback: Feedback
    supply: CreditSupply
    responses: tuple[Response, ...]
    lender_of: Array
    own: Array
    products: Array
    trust: Array
    trust_here: Array
    normal: Array | None = None

    def of_paths(self, paths: slice) -> MeanField:
        """The same rules for some of the paths."""
        normal = None if self.normal is None else self.normal[paths]
        return replace(self, macro=self.macro.of_paths(paths), normal=normal)

    def conditions(self, t: int, past: Array) -> tuple[Conditions, Array, Array]:
        """Conditions of month t >= 1 from months 0 ... t - 1.

        past : SUMS records (path, months, segment)
        Returns Conditions (path, segment), active (path, response) and contacts (path, response).
        """
        gain, now = self.feedback, self.macro.of_month(t - 1)
        cases, default = self._ratios(t - 1, past)
        rise = np.maximum(cases - 1.0, 0.0)[:, self.lender_of]
        capacity = now.contact / (1.0 + gain.caseload * rise)
        stigma = 1.0 + gain.contagion * np.maximum(default - 1.0, 0.0)
        now = replace(
            now,
            tightening=np.round(self._tightening(past), DIGITS),
            contact=np.round(np.minimum(1.0, capacity), DIGITS),
            strategic=np.round(np.broadcast_to(stigma[:, None], rise.shape), DIGITS),
            recovery=np.round(np.exp(-gain.recovery * rise), DIGITS),
        )
        return self._respond(t, past, now)

    def _tightening(self, past: Array) -> Array:
        """Part of credit supply withdrawn (path, segment)."""
        if self.normal is None or self.supply.gain == 0.0:
            return np.zeros(past[:, 0].shape)
        few = FEWEST_CASES / np.maximum(_accounts(self.normal[:, :1]).sum((-2, -1))[..., None], 1)
        late, usual = (
            _shrunk(self.trust_here, _cases(sums), _accounts(sums[:, :1]).sum(-1)) + few
            for sums in (past, self.normal[:, : past.shape[1]])
        )
        return tightening(late / late[:, :1] / (usual / usual[:, :1]), self.supply)  # growth since the start

    def _ratios(self, t: int, past: Array) -> tuple[Array, Array]:
        """Cases (path, lender) and default (path) of month t over normal ones; each as growth since the start."""
        if self.normal is None:
            return np.ones((len(past), len(self.trust))), np.ones(len(past))
        cases, default = self._growth(past[:, 0], past[:, t])
        normal_cases, normal_default = self._growth(self.normal[:, 0], self.normal[:, t])
        return cases / normal_cases, default / normal_default

    def _growth(self, opened: Array, month: Array) -> tuple[Array, Array]:
        """Cases (path, lender) and default (path) over those at the start."""
        at_start = self._by_lender(_accounts(opened).sum(-1))
        late, late_at_start = (self._by_lender(_cases(sums)) for sums in (month, opened))
        cases = _shrunk(self.trust, late, at_start) / _shrunk(self.trust, late_at_start, at_start)
        default = _share(_defaults(month).sum(1), at_start.sum(1)) / _share(_defaults(opened).sum(1), at_start.sum(1))
        return cases, default

    def _by_lender(self, values: Array) -> Array:
        """Values (..., segment) added up by lender (..., lender)."""
        return np.stack([values[..., self.lender_of == j].sum(-1) for j in range(len(self.trust))], axis=-1)

    def _respond(self, t: int, past: Array, now: Conditions) -> tuple[Conditions, Array, Array]:
        """Conditions as the own lender's responses leave them."""
        everyone = list(unfold(self.responses))
        active = np.zeros((len(past), len(everyone)), bool)
        contacts = np.zeros(active.shape)
        if not everyone:
            return now, active, contacts
        now = replace(now, **{name: np.array(getattr(now, name)) for name in CHANGED})
        plans, own = programmes(self.responses), summed(np.ascontiguousarray(past[..., self.own]), 2)
        accounts, cases = _accounts(own[:, 0]).sum(-1), _accounts(own[:, t - 1])
        for number, (one, plan) in enumerate(everyone):
            begins = np.zeros(len(past)) if plan is None else self._takes_effect(plan, own)
            since = t - begins
            on = active[:, number] = (since >= one.start_month) & (since < one.start_month + one.months)
            here = self.own & on[:, None]
            if isinstance(one, ContingencyPlan):
                active[:, number] = on & (t >= self._takes_effect(one, own) + 1)
            elif isinstance(one, Outreach):
                contacts[:, number] = self._reach_out(one, on, accounts, cases, now)
            elif isinstance(one, LimitManagement):
                cut = here & (np.isin(self.products, one.products) if one.products else True)
                now.supply[cut] *= 1.0 - one.cut
                freeze = one.freeze_below if one.freeze_below > 0 else NO_SCORE
                now.freeze_below[cut] = np.maximum(now.freeze_below[cut], freeze)
            elif isinstance(one, EarlyWarning):
                now.warn_below[here] = one.score_below if one.score_below > 0 else NO_SCORE
                now.full_use[here] = one.use_from if one.use_from > 0 else np.inf
                now.watches[:, self.own], now.freezes[:, self.own] = 1, int(one.freeze)
            elif isinstance(one, Restructuring):
                self._offer(one, _place(one, plans), on, accounts, cases, own[:, t - 1], now)
        if any(isinstance(one, LimitManagement) and one.freeze_below > 0 for one, _ in everyone):
            now.watches[:, self.own] = 1
        return now, active, contacts

    def _reach_out(self, one: Outreach, on: Array, accounts: Array, cases: Array, now: Conditions) -> Array:
        """Giving up falls among those reached; returns the contacts made (path)."""
        eligible = cases[:, 1 : _bucket(len(one.effect)) + 1].sum(-1)
        reached = np.round(_share_served(one.capacity * accounts, eligible), DIGITS)
        effect = np.zeros(DEPTHS)
        effect[1 : len(one.effect) + 1] = one.effect[: DEPTHS - 1]
        now.giving_up[:, self.own] *= (1.0 - np.where(on, reached, 0.0)[:, None] * effect)[:, None]
        return np.where(on, reached * eligible, 0.0)

    def _offer(
        self, one: Restructuring, row: int, on: Array, accounts: Array, cases: Array, month: Array, now: Conditions
    ) -> None:
        """Chance of an agreed plan, and the temptation that forgiveness is to others."""
        least, most = one.depths
        first, last = max(1, _bucket(least)), _bucket(most)
        eligible = cases[:, first : last + 1].sum(-1) + (month["flagged"] if least == 0 else 0)
        reached = np.round(_share_served(one.capacity * accounts, eligible), DIGITS)
        now.offers[:, self.own, row] = np.where(on, reached * one.take_up, 0.0)[:, None]
        if one.forgiveness > 0.0:
            forgiven = _share_served(month["restructured"][:, row], eligible)
            now.strategic[:, self.own] *= np.round(1.0 + one.moral_hazard * forgiven, DIGITS)[:, None]

    def _takes_effect(self, plan: ContingencyPlan, own: Array) -> Array:
        """Month after which a plan's responses begin (path): that of the crossing and the delay; infinite if none."""
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
    """Share of each lender or segment (path, ..., lender), shrunk to that of all together."""
    everywhere = _share(part.sum(-1, keepdims=True), whole.sum(-1, keepdims=True))
    return np.asarray(trust * _share(part, whole) + (1.0 - trust) * everywhere)


def _share_served(capacity: Array, cases: Array) -> Array:
    return np.asarray(np.minimum(1.0, capacity / np.maximum(cases, 1e-9)))


def gap(found: Conditions, implied: Conditions, weight: Array) -> Array:
    """Mean absolute difference (path) of conditions: the largest of tightening, contact, contagion and recoveries.

    weight (segment) : share of all loans, for what a lender of few does moves little
    """
    names = ("supply", "tightening", "contact", "strategic", "recovery")
    apart = [np.abs(getattr(found, name) - getattr(implied, name)) * weight for name in names]
    return np.asarray(np.max([difference.sum(-1).mean(-1) for difference in apart], axis=0))


def all_months(field: MeanField, totals: Array) -> tuple[Conditions, Array, Array]:
    """Conditions (path, month, segment), active and contacts (path, month, response) that a book's totals imply."""
    months = [field.conditions(t, totals[:, :t]) for t in range(1, totals.shape[1])]
    conditions, active, contacts = zip(*months, strict=True)
    return Conditions.stack(list(conditions)), np.stack(active, axis=1), np.stack(contacts, axis=1)
