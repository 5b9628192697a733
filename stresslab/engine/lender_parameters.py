"""Parameters of lenders: behavioural score, applications, recoveries and product rules, with unit, range and source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
        0.12,
        "1/month",
        0.0,
        1.0,
        "assumption: memory halves in 5 to 6 months",
        "share of remembered arrears that is forgotten in a month",
    )
    use_points: float = parameter(
        30.0,
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
