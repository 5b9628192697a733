"""Assumptions about borrowers, lenders and products: frozen dataclasses of numbers with unit, range and source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stresslab.parameters import Section, choice, documented, parameter


@documented
@dataclass(frozen=True)
class Employment(Section):
    """Jobs: unemployment of borrowers, job finding and benefits."""

    borrower_ratio: float = parameter(
        0.75,
        "1",
        0.1,
        3.0,
        "assumption, range 0.6-1: borrowers' over general unemployment",
        "unemployment of the borrowers over general unemployment",
    )
    finding_monthly: float = parameter(
        0.15,
        "1/month",
        0.01,
        0.9,
        "derived from s = f u / (1 - u); range 0.10-0.25",
        "chance that a jobless borrower finds a job in a month",
    )
    finding_share: float = parameter(
        0.75,
        "1",
        0.0,
        1.0,
        "Shimer: job finding drives 3/4 of unemployment's variance",
        "share of a change of unemployment that comes from job finding, not from job loss",
    )
    finding_early: float = parameter(
        1.1,
        "1",
        0.0,
        3.0,
        "assumption: finding in the first months over the mean",
        "chance of finding in the first months without a job over the mean chance",
    )
    finding_late: float = parameter(
        0.7, "1", 0.0, 3.0, "assumption: finding later over the mean", "chance of finding later over the mean chance"
    )
    early_months: int = parameter(
        6, "month", 0, 60, "assumption: where early ends", "months without a job that count as the first"
    )
    benefit_share: float = parameter(
        0.30,
        "1",
        0.0,
        1.0,
        "70-90 % of the minimum wage: 25-35 % of a typical one; not confirmed",
        "unemployment benefit as a share of usual pay",
    )
    benefit_months: int = parameter(
        9, "month", 0, 60, "not confirmed; range 3-24", "months for which the benefit is paid"
    )


@documented
@dataclass(frozen=True)
class Income(Section):
    """Pay: trend, lasting and passing shocks."""

    normal_growth_annual: float = parameter(
        0.02,
        "1/year",
        -0.1,
        0.2,
        "used where the scenario names no trend of its own",
        "trend growth of real income, from which a scenario's growth departs",
    )
    lost_with_job: float = parameter(
        0.93,
        "1",
        0.0,
        1.0,
        "1 - 22 % insured x 30 % of pay: what aggregate income loses with a job",
        "share of pay that aggregate income loses with a job",
    )
    persistence_monthly: float = parameter(
        0.98,
        "1",
        0.0,
        1.0,
        "assumption: lasting shocks fade with a half-life of 3 years",
        "part of a lasting shock to pay that is left after a month",
    )
    lasting_sd_annual: float = parameter(
        0.12, "1", 0.0, 0.5, "assumption, range 0.10-0.14", "standard deviation of the lasting shocks of a year"
    )
    passing_sd_monthly: float = parameter(
        0.12, "1", 0.0, 0.2, "assumption, range 0.10-0.15", "standard deviation of the passing shock of a month"
    )
    fall_monthly: float = parameter(
        0.002, "1/month", 0.0, 0.05, "2-3 % a year; assumption", "chance of a rare lasting fall of pay in a month"
    )
    fall_size: float = parameter(
        0.39,
        "1",
        0.0,
        0.95,
        "1 - exp(-0.5): share of pay lost in a rare lasting fall; assumption",
        "share of pay lost in a rare lasting fall",
    )
    low_pay: float = parameter(
        0.8,
        "1",
        0.0,
        1.0,
        "assumption: pay below this share of usual pay is an income loss, and costs are cut",
        "pay as a share of usual pay below which a month counts as an income loss and costs are cut",
    )


@documented
@dataclass(frozen=True)
class Spending(Section):
    """Expenses and saving."""

    expense_monthly: float = parameter(
        0.015,
        "1/month",
        0.0,
        0.2,
        "a spike about every 5 years (JPMCI); assumption",
        "chance of a rare large expense in a month",
    )
    cut_when_poor: float = parameter(
        0.25,
        "1",
        0.0,
        0.9,
        "necessities saved in a month of low pay (x 0.75); assumption",
        "share of necessities saved in a month of low pay",
    )
    expense_mean: float = parameter(0.35, "months of pay", 0.0, 12.0, "assumption", "mean of a rare expense")
    saving_share: float = parameter(
        0.5,
        "1",
        0.0,
        1.0,
        "assumption: share of a month's surplus saved below the target",
        "share of a month's surplus that is saved while the buffer is below its target",
    )


@documented
@dataclass(frozen=True)
class Willingness(Section):
    """Willingness to pay: why a borrower who could pay does not."""

    forgetting: float = parameter(
        0.03, "1/due date", 0.0, 0.5, "assumption, range 0.02-0.06", "chance of forgetting a due date"
    )
    misunderstanding: float = parameter(
        0.05,
        "1/first due date",
        0.0,
        0.5,
        "assumption: terms of a new instalment loan misread; part of the 3 % missed",
        "chance of misreading the terms at the first due date of a new instalment loan",
    )
    cured_in_month: float = parameter(
        0.985,
        "1",
        0.0,
        1.0,
        "assumption, range 0.97-0.99",
        "share of forgotten payments that are made within the month",
    )
    reminded_share: float = parameter(
        0.02,
        "1",
        0.0,
        1.0,
        "assumption: share of these cures that needs a collector",
        "share of these late payments that a collector has to remind of",
    )
    strategic_monthly: float = parameter(
        0.006,
        "1/month",
        0.0,
        0.5,
        "assumption, range 0.003-0.03",
        "chance a month that a borrower who may default by choice stops paying",
    )
    strategic_resolve: float = parameter(
        0.7,
        "1",
        0.0,
        0.98,
        "assumption: who stopped by choice tries again this rarely: 1 - p",
        "chance that a borrower who stopped by choice does not try to pay at a later due date",
    )
    contact_on_strategic: float = parameter(
        0.5,
        "1",
        0.0,
        0.95,
        "assumption: h (1 - e c) / (1 - e) at contact c",
        "effect e of contact c on the hazard h of stopping by choice: h (1 - e c) / (1 - e)",
    )
    give_up: tuple[float, ...] = parameter(
        (0.10, 0.30, 0.60, 0.75, 0.85, 0.90),
        "1",
        0.0,
        0.98,
        "assumption (0.35 at 2 in the source's toy model): by unpaid due dates 1, 2, ...; the last holds on",
        "chance that a borrower in arrears does not try to pay, by unpaid due dates 1, 2, ...; the last holds beyond",
    )
    contact_on_give_up: float = parameter(
        0.25,
        "1",
        0.0,
        0.95,
        "assumption: p (1 - e c) / (1 - e) at contact c",
        "effect e of contact c on the chance p of giving up: p (1 - e c) / (1 - e)",
    )
    broken_plan: float = parameter(
        0.95,
        "1",
        0.0,
        0.98,
        "assumption: who broke a plan tries again this rarely: 1 - p; all is due then",
        "chance that a borrower who broke a plan does not try to pay; all is due then",
    )


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
        "assumption: score at which nobody is approved",
        "score up to which nobody is approved",
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
