"""Observed ranges of consumer credit: arrears, roll rates, losses and recoveries, with their sources."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """A range in the evidence: printed name, ends, source, and use: in the calibration of presets, or as a check."""

    label: str
    low: float
    high: float
    source: str
    used: str = "check"


ANT = "Ant prospectus 2017-19: D30+ 1.08, 1.43, 1.56 %; D90+ 0.68, 1.01, 1.05 %"
Y14 = "derived from FR Y-14M large-bank cards, stocks in a steady state"
CALM: dict[str, Fact] = {
    "arrears_share_30": Fact("D30+ of balance", 0.011, 0.018, ANT, "calibration"),
    "late_ratio_write_off_300": Fact("D90+ / D30+, write-off at 300 days", 0.60, 0.72, ANT),
    "late_ratio_write_off_180": Fact(
        "D90+ / D30+, write-off at 180 days", 0.45, 0.55, "US practice, same source's arithmetic"
    ),
    "loss_write_off_180_over_300": Fact(
        "loss with 180 over loss with 300 days", 0.90, 1.10, "the write-off lag changes no loss"
    ),
    "roll_current_to_30": Fact(
        "current to 30 days, a month", 0.0025, 0.0080, "Ant 2019 steady state 0.27-0.32 %; facilitators to 0.8 %"
    ),
    "roll_30_to_60": Fact("roll 30 to 60", 0.62, 0.79, Y14, "calibration"),
    "roll_60_to_90": Fact("roll 60 to 90", 0.78, 0.90, Y14, "calibration"),
    "roll_90_to_120": Fact("roll 90 to 120", 0.86, 0.96, Y14),
    "roll_after_120": Fact("roll after 120", 0.91, 0.99, Y14),
    "arrears_many_lenders_over_one": Fact(
        "D30+ with 4 lenders or more over one", 2.0, 5.0, "debt stacking, lines open: India 2024-25, Jiguang 2018"
    ),
    "share_one_lender": Fact(
        "share with one lender", 0.47, 0.53, "Beijing IFA, Jiguang 2018: 44-56 % have several", "calibration"
    ),
    "entries_income_or_illiquidity": Fact(
        "entries after income loss or illiquidity", 0.50, 0.80, "Ganong and Noel 2023, Gerardi et al. 2018"
    ),
    "entries_strategic": Fact("entries by choice", 0.06, 0.38, "Ganong and Noel 2023 to Gerardi et al. 2018"),
    "first_defaulters_pay_another": Fact(
        "first defaulters who still pay another lender", 0.50, 1.00, "TransUnion 2011: about two thirds pay something"
    ),
    "score_worst_tenth": Fact(
        "later defaulters in the worst tenth of scores",
        0.30,
        0.45,
        "derived from Federal Reserve 2007, tables 1-2: 39 %",
    ),
    "score_worst_fifth": Fact("later defaulters in the worst fifth of scores", 0.50, 0.70, "the same: 63 %"),
    "write_off_rate": Fact(
        "written off a year over balance", 0.014, 0.026, "formation of 2.0-2.6 % implied by Ant 2019, less cures"
    ),
}
"""Chinese online credit in normal times."""

REPLAY = "Ant prospectus: D30+ 1.76 % in January 2020, 3.01 % in May"
DFAST = "DFAST 2025: 9.7 % (American Express) to 23.4 % (Capital One)"
FRED = "own regressions on FRED card charge-offs 1985-2019"
STRESS: dict[str, Fact] = {
    "early_2020_peak": Fact("early 2020: peak of D30+ over calm", 1.5, 2.0, REPLAY),
    "early_2020_peak_month": Fact("early 2020: month of that peak", 3.0, 5.0, REPLAY),
    "early_2020_peak_lag": Fact(
        "early 2020: months from the peak of D30+ to that of D90+", 2.0, 4.0, "arithmetic of 30 and 90 days"
    ),
    "early_2020_collectors": Fact(
        "early 2020: rise of D30+ with collectors at work over without",
        0.0,
        0.8,
        "Choi et al. NBER 33669: what human callers collect; toy model",
    ),
    "roll_30_to_60_stressed": Fact("roll 30 to 60, stressed less benign", 0.08, 0.17, Y14 + ", 2021 against 2024"),
    "lines_closed_one_lender": Fact(
        "lines closed for six months: entries to arrears with one lender over calm",
        1.0,
        1.2,
        "a toy model: arrears 1.02 times",
    ),
    "lines_closed_four_lenders": Fact(
        "lines closed for six months: entries to arrears with four lenders or more over calm",
        1.5,
        3.0,
        "a toy model: arrears 1.8 times; India 2024-25",
    ),
    "platform_entries_over_bank": Fact(
        "recession: rise of entries at platforms over that at banks, same borrowers",
        2.0,
        10.0,
        "Bao and Huang 2021: dual holders pay the bank first; the size is an assumption",
        "calibration",
    ),
    "lines_closed_many_lenders": Fact(
        "lines closed: part of the rise from 4 lenders or more", 0.5, 1.0, "India 2024-25: 67 % from over 4 lenders"
    ),
    "longer_plans_write_off": Fact(
        "plans with a longer term alone: written off over none", 0.9, 1.1, "Dobbie and Song 2020: no effect"
    ),
    "longer_plans_broken": Fact(
        "plans with a longer term alone: broken within a year", 0.40, 0.60, "practice; not confirmed"
    ),
    "forgiving_plans_broken": Fact(
        "plans with 30 % forgiven: broken within a year", 0.25, 0.40, "practice; not confirmed"
    ),
    "asset_correlation": Fact(
        "asset correlation of annual losses", 0.01, 0.03, "moments of US charge-offs and of Ant's D30+"
    ),
    "recession_peak": Fact(
        "recession: 12-month charge-off at its worst over calm", 2.0, 3.0, "US 2007-10: about 2.6, not confirmed"
    ),
    "recession_peak_quarter": Fact("recession: quarter of that worst", 4.0, 6.0, FRED),
    "recession_quarter_10": Fact("recession: charge-off in quarter 10 over calm", 1.0, 1.5, FRED),
    "fed_severely_adverse_loss": Fact("Fed severely adverse: nine-quarter loss rate of cards", 0.09, 0.24, DFAST),
    "charge_off_per_change": Fact("charge-offs: points for each point of four-quarter change", 0.7, 1.2, FRED),
    "charge_off_r2_level": Fact("charge-offs: R2 on the level of unemployment alone", 0.0, 0.35, FRED),
    "recovered_from_write_off": Fact(
        "recovered of a claim from its write-off on",
        0.04,
        0.12,
        "Yindeng 2024-25 transfers; Ant packages",
        "calibration",
    ),
    "recovered_after_five_years": Fact(
        "recovered of a claim five years after",
        0.015,
        0.035,
        "Yindeng 2024: 2.5 % of claims older than five years",
        "calibration",
    ),
}
"""Chinese online credit and US cards under stress."""
