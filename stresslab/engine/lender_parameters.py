"""Parameters of lenders: behavioural score, applications, recoveries and product rules, with unit, range and source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from stresslab.parameters import Section, choice, documented, parameter


@documented
@dataclass(frozen=True)
class Scoring(Section):
    """Behavioural score: application score less points for what lenders saw one to two months ago."""

    arrears_points: int = parameter(
        80,
        "point",
        0,
        1_000,
        "assumption: for each unpaid due date remembered",
        "points lost for each unpaid due date remembered",
    )
    arrears_forgotten: float = parameter(
        0.04,
        "1/month",
        0.0,
        1.0,
        "assumption: memory halves in 17 months, as bureaus look back 24",
        "share of remembered arrears that is forgotten in a month",
    )
    use_points: float = parameter(
        40.0,
        "point",
        0.0,
        500.0,
        "assumption: line used in full, against half",
        "points lost with a line used in full instead of half",
    )
    loan_points: int = parameter(
        10,
        "point",
        0,
        500,
        "assumption: for each open loan beyond two, anywhere",
        "points lost for each open loan beyond two, at any lender",
    )
    inquiry_points: int = parameter(
        15,
        "point",
        0,
        500,
        "assumption: for each application remembered",
        "points lost for each application remembered",
    )
    inquiries_forgotten: float = parameter(
        0.25,
        "1/month",
        0.0,
        1.0,
        "assumption: memory halves in 2 to 3 months",
        "share of remembered applications that is forgotten in a month",
    )
    sicr_drop: int = parameter(
        60,
        "point",
        0,
        10_000,
        "assumption: fall below the application score that moves a current loan to stage 2",
        "fall below the application score that moves a current loan to stage 2",
    )


@documented
@dataclass(frozen=True)
class Applications(Section):
    """Applications for new credit where an instalment loan has been repaid or was never granted, in a static book."""

    usual_monthly: float = parameter(
        0.08,
        "1/month",
        0.0,
        1.0,
        "assumption: with a job and cash enough",
        "chance of applying in a month with a job and cash enough",
    )
    entrants_monthly: float = parameter(
        0.0,
        "1/month",
        0.0,
        1.0,
        "off by default: relet_monthly stands for those who enter",
        "chance a month that a new borrower takes the place of one who has a job and whose loans are all written off",
    )
    short_monthly: float = parameter(
        0.30,
        "1/month",
        0.0,
        1.0,
        "assumption: short of cash for this month's dues",
        "chance of applying in a month short of cash for its dues",
    )
    refused_below: float = parameter(
        480.0,
        "point",
        0.0,
        1_000.0,
        "assumption: score at which no borrower is approved",
        "score up to which no borrower is approved",
    )
    granted_above: float = parameter(
        580.0,
        "point",
        0.0,
        1_000.0,
        "assumption: score at which all are approved, as far as supply goes",
        "score from which all are approved, as far as supply goes",
    )

    def _faults(self) -> list[str]:
        faults = super()._faults()
        if not faults and self.refused_below > self.granted_above - 0.01:
            found = f"found {self.refused_below!r} with granted_above {self.granted_above!r}"
            faults.append(
                f"refused_below: {found}, expected it below by 0.01 or more; lower refused_below or raise granted_above"
            )
        return faults


def credibility() -> Any:
    """A field: accounts at which a lender's own arrears are as credible as those of all lenders."""
    return parameter(
        500.0,
        "1",
        0.0,
        1e9,
        "assumption: Buhlmann's k",
        "accounts k at which a lender's own arrears and the system's count half each",
    )


@documented
@dataclass(frozen=True)
class CreditSupply(Section):
    r"""Credit supply: lenders grant less, to low scores first, when their arrears rise above what is usual for them.

    Notes
    -----
    For a lender and product, with :math:`q_t` the share of its accounts 30 or more days past due in month t over that
    of the same borrowers in an economy that stands still, each as growth since the start, :math:`r_t` the mean of
    :math:`q` over the last `months` before t over its long-run mean :math:`n_t`, and :math:`\lambda` the monthly weight
    of `norm_years`:

    .. math::

        n_t = (1 - \lambda) n_{t-1} + \lambda q_{t-1}, \quad n_1 = 1

        c^*_t = (1 - \text{floor}) (1 - e^{-\text{gain} \cdot \max(0, r_t - 1)}), \quad
        c_t = c_{t-1} + v_t (c^*_t - c_{t-1})

    with :math:`v_t` the `tightening_monthly` if :math:`c^*_t > c_{t-1}`, else the `easing_monthly`.

    A borrower of score s is granted :math:`1 - c_t w(s)` of an unused line, of a renewal, of new credit and of credit
    after a write-off, with :math:`w(s) = 1 + \text{score_slope} \cdot (\text{middle_score} - s)` between 0 and 2.
    Every quantity is of the months before, so no lender knows what comes.
    """

    gain: float = parameter(
        0.0,
        "1",
        0.0,
        10.0,
        "off by default; see us-card",
        "gain of credit supply on the lender's arrears; 0: supply does not react",
    )
    floor: float = parameter(0.2, "1", 0.0, 1.0, "assumption", "least share that is granted at the middle score")
    months: int = parameter(6, "month", 1, 60, "assumption: two quarters of reports", "months of arrears looked at")
    norm_years: float = parameter(
        5.0, "year", 0.5, 100.0, "assumption", "half-life of the lender's long-run mean of its arrears"
    )
    tightening_monthly: float = parameter(
        0.1,
        "1/month",
        0.0,
        1.0,
        "derived from Equifax: US card lines fell from July 2008 to the end of 2009, half of the fall in seven months",
        "part of the way to a tighter supply that lenders go in a month",
    )
    easing_monthly: float = parameter(
        0.012,
        "1/month",
        0.0,
        1.0,
        "derived from NY Fed: half of the US card lines cut until 2010 was back in 2016; 1: no memory",
        "part of the way back to a looser supply that lenders go in a month",
    )
    middle_score: float = parameter(600.0, "point", 0.0, 1_000.0, "mean score", "score that is tightened by the mean")
    score_slope: float = parameter(
        0.012,
        "1/point",
        0.0,
        1.0,
        "derived from SLOOS, October 2008: limits cut by 60 % of banks for non-prime customers, 25 % for prime",
        "how much more a tightening falls on a score one point lower",
    )
    credibility_accounts: float = credibility()


@documented
@dataclass(frozen=True)
class Recovery(Section):
    """Recoveries after write-off: with a hazard that falls with age, all or a part of the claim in a month."""

    halving_months: float = parameter(
        28.0,
        "month",
        1.0,
        120.0,
        "derived from Yindeng: 11 % below one year, 2.5 % beyond five: 60 ln 2 / ln(11 / 2.5)",
        "months in which the hazard of a recovery halves",
    )
    full_share: float = parameter(
        0.2,
        "1",
        0.0,
        1.0,
        "3 full of 15 that pay at all; assumption",
        "share of the recoveries that repay the whole claim",
    )
    partial_mean: float = parameter(
        0.25, "1", 0.0, 0.33, "mean of Beta(1, 3); assumption", "mean share of the claim in the other recoveries"
    )


@documented
@dataclass(frozen=True)
class Product(Section):
    """Rules of one product, the same at every lender."""

    kind: Literal["revolving", "instalment"] = choice(
        "instalment", ("revolving", "instalment"), "credit line or loan with a term"
    )
    minimum_share: float = parameter(
        0.10,
        "1",
        0.0,
        1.0,
        "10 % of the bill (Huabei, Chinese cards)",
        "minimum payment as a share of the bill of a revolving product",
    )
    minimum_payment: float = parameter(
        10.0,
        "currency",
        0.0,
        10_000.0,
        "assumption: floor of the minimum payment",
        "least minimum payment of a revolving product",
    )
    late_rate_monthly: float = parameter(
        0.0,
        "1/month",
        0.0,
        0.2,
        "charged on the overdue amount, above the contract rate",
        "late charge on the amount overdue, above the contract rate",
    )
    prepayment_monthly: float = parameter(
        0.03,
        "1/month",
        0.0,
        0.5,
        "2-4 % a month; not confirmed",
        "chance a month that an instalment loan is settled by a borrower with a month's pay to spare",
    )
    write_off_months: int = parameter(
        10,
        "month",
        3,
        1_000,
        "9-11 unpaid due dates; derived from D90+ over D30+ of Ant 2017-19",
        "unpaid due dates at which a loan is written off",
    )
    bankruptcy_share: float = parameter(
        0.0,
        "1",
        0.0,
        1.0,
        "none in China, which has no consumer bankruptcy",
        "share of loans at 60 days past due that are charged off there in a bankruptcy, with nothing recovered",
    )
    effort: float = parameter(
        0.0,
        "1",
        0.0,
        1.0,
        "assumption: the more a missed payment costs the borrower",
        "share of necessities that a borrower goes without rather than miss this payment",
    )
    relet_monthly: float = parameter(
        0.08,
        "1/month",
        0.0,
        1.0,
        "assumption: a closed line is granted anew in a static book",
        "chance a month that a line closed by a write-off is granted anew in a static book",
    )
    rate_pass_through: float = parameter(
        0.0,
        "1",
        0.0,
        1.0,
        "of a revolving product: part of a move of the policy rate; 0: fixed, as loans in China",
        "part of a move of the policy rate that the contract rate of a revolving product follows",
    )
    recovery_monthly: float = parameter(
        0.0051,
        "1/month",
        0.0,
        0.5,
        "8 % of a written-off balance still to come",
        "chance of a recovery in the first month after a write-off",
    )
