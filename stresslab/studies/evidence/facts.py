"""What is known of consumer credit: ranges, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """What a source says: a range, where from, and whether defaults were set on it or it was left as a check."""

    low: float
    high: float
    source: str
    used: str = "check"


ANT = "Ant prospectus 2017-19: D30+ 1.08, 1.43, 1.56 %; D90+ 0.68, 1.01, 1.05 %"
Y14 = "derived from FR Y-14M large-bank cards, stocks in a steady state"
CALM: dict[str, Fact] = {
    "D30+ of balance": Fact(0.011, 0.018, ANT, "set on it"),
    "D90+ / D30+, write-off at 300 days": Fact(0.60, 0.72, ANT),
    "D90+ / D30+, write-off at 180 days": Fact(0.45, 0.55, "US practice, same source's arithmetic"),
    "loss with 180 over loss with 300 days": Fact(0.90, 1.10, "the write-off lag changes no loss"),
    "current to 30 days, a month": Fact(0.0025, 0.0080, "Ant 2019 steady state 0.27-0.32 %; facilitators to 0.8 %"),
    "roll 30 to 60": Fact(0.62, 0.79, Y14, "set on it"),
    "roll 60 to 90": Fact(0.78, 0.90, Y14, "set on it"),
    "roll 90 to 120": Fact(0.86, 0.96, Y14),
    "roll after 120": Fact(0.91, 0.99, Y14),
    "D30+ with 4 lenders or more over one": Fact(2.0, 5.0, "debt stacking, lines open: India 2024-25, Jiguang 2018"),
    "share with one lender": Fact(0.47, 0.53, "Beijing IFA, Jiguang 2018: 44-56 % have several", "set on it"),
    "entries after income loss or illiquidity": Fact(0.50, 0.80, "Ganong and Noel 2023, Gerardi et al. 2018"),
    "entries by choice": Fact(0.06, 0.38, "Ganong and Noel 2023 to Gerardi et al. 2018"),
    "first defaulters who still pay another lender": Fact(
        0.50, 1.00, "TransUnion 2011: about two thirds pay something"
    ),
    "written off a year over balance": Fact(0.014, 0.026, "formation of 2.0-2.6 % implied by Ant 2019, less cures"),
}
"""Normal times, Chinese online credit."""

REPLAY = "Ant prospectus: D30+ 1.76 % in January 2020, 3.01 % in May"
DFAST = "DFAST 2025: 9.7 % (American Express) to 23.4 % (Capital One)"
FRED = "own regressions on FRED card charge-offs 1985-2019"
STRESS: dict[str, Fact] = {
    "early 2020: peak of D30+ over calm": Fact(1.5, 2.0, REPLAY),
    "early 2020: month of that peak": Fact(3.0, 5.0, REPLAY),
    "early 2020: months from the peak of D30+ to that of D90+": Fact(2.0, 4.0, "arithmetic of 30 and 90 days"),
    "early 2020: rise of D30+ with collectors at work over without": Fact(
        0.0, 0.8, "Choi et al. NBER 33669: what human callers collect; toy model"
    ),
    "roll 30 to 60, stressed less benign": Fact(0.08, 0.17, Y14 + ", 2021 against 2024"),
    "lines closed: part of the rise from 4 lenders or more": Fact(0.5, 1.0, "India 2024-25: 67 % from over 4 lenders"),
    "plans with a longer term alone: written off over none": Fact(0.9, 1.1, "Dobbie and Song 2020: no effect"),
    "plans with a longer term alone: broken within a year": Fact(0.40, 0.60, "practice; not confirmed"),
    "plans with 30 % forgiven: broken within a year": Fact(0.25, 0.40, "practice; not confirmed"),
    "asset correlation of annual losses": Fact(0.01, 0.03, "moments of US charge-offs and of Ant's D30+"),
    "recession: 12-month charge-off at its worst over calm": Fact(2.0, 3.0, "US 2007-10: about 2.6, not confirmed"),
    "recession: quarter of that worst": Fact(4.0, 6.0, FRED),
    "recession: charge-off in quarter 10 over calm": Fact(1.0, 1.5, FRED),
    "Fed severely adverse: nine-quarter loss rate of cards": Fact(0.09, 0.24, DFAST),
    "charge-offs: points for each point of four-quarter change": Fact(0.7, 1.2, FRED),
    "charge-offs: R2 on the level of unemployment alone": Fact(0.0, 0.35, FRED),
    "recovered of a claim from its write-off on": Fact(
        0.04, 0.12, "Yindeng 2024-25 transfers; Ant packages", "set on it"
    ),
    "recovered of a claim five years after": Fact(
        0.015, 0.035, "Yindeng 2024: 2.5 % of claims older than five years", "set on it"
    ),
}
"""Under stress, both presets."""
