"""Parameters of borrowers: jobs, pay, spending and willingness to pay, with unit, range and source."""

from __future__ import annotations

from dataclasses import dataclass

from stresslab.parameters import Section, documented, parameter


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
    risk_log_sd: float = parameter(
        0.6,
        "1",
        0.0,
        2.0,
        "assumption",
        "standard deviation of the logarithm of job-loss risk in the population, whose mean risk is 1",
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
        0.52,
        "1",
        0.0,
        1.0,
        "derived: wages are 56 % of disposable income (NBS 2022), less 22 % insured x 30 % of pay",
        "share of pay that aggregate income loses with a job",
    )
    adjustment_monthly: float = parameter(
        0.04,
        "1/month",
        0.0,
        1.0,
        "assumption, range 0.02-0.05: half-lives of 14 to 34 months; 0: a departure lasts for ever",
        "share of a departure of pay and prices from their trend to which households adjust in a month",
    )
    short_hours_share: float = parameter(
        2.0,
        "1",
        0.0,
        10.0,
        "derived from BLS: hours a week fell by about 2.5 % in 2007-09, with four points more unemployment; 0: none",
        "share of the employed on short hours for each point of a twelve-month rise of unemployment",
    )
    short_hours_loss: float = parameter(
        0.35, "1", 0.0, 1.0, "assumption: two fifths of a week, less overtime", "share of pay lost on short hours"
    )
    normal_inflation_annual: float = parameter(
        0.02,
        "1/year",
        -0.1,
        1.0,
        "targets of the Federal Reserve and, until 2024, near that of the PBoC",
        "usual inflation",
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
    follows_prices: float = parameter(
        1.0,
        "1",
        0.0,
        1.0,
        "by definition of real income; 0: prices change nothing",
        "part of a departure of prices from usual inflation that necessities follow",
    )
    excess_spent_monthly: float = parameter(
        0.067,
        "1/month",
        0.0,
        1.0,
        "assumption: a windfall is spent in 15 months, range 12-18; 0: it is kept",
        "share of what the buffer has above its target that is spent in a month",
    )
    forgone_share: float = parameter(
        1.0,
        "1",
        0.0,
        1.0,
        "assumption; 0: all of it is paid in cash",
        "part of ordinary spending on a line that stops when the line is cut",
    )
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
