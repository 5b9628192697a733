"""
Sixty thousand yuan, more than a year overdue
=============================================

A newspaper reports such a case as one event. Here it is a process: who these
borrowers are, how they came into arrears, what their lenders could observe and
when, what would have changed it, and what it means for the lender. A portfolio of
Chinese online loans goes through the Federal Reserve's severely adverse scenario
of 2026, and we select the borrowers who in the end owe 45,000 to 75,000 yuan, to
all their lenders together, that is more than a year overdue.
"""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

import stresslab as sl
from stresslab.schema import CAUSES

loans = sl.synthetic_portfolio("china-online", borrowers=40_000, seed=1)
macro = sl.scenario("fed-2026-severely-adverse")
panel = sl.panel(loans, macro, seed=3, feedback=sl.Feedback())


def overdue_by_borrower(panel: xr.Dataset, month: int) -> Any:
    """Debt of each borrower more than a year overdue, written off or not [CNY]."""
    now = panel.sel(month=month)
    owed = (now["balance"] + now["claim"]).where(now["overdue_days"] > 365, 0.0)
    return np.bincount(panel["borrower"], owed, loans.sizes["borrower"])


last = int(panel["month"][-1])
at_start, at_end = overdue_by_borrower(panel, 0), overdue_by_borrower(panel, last)
selected = (at_end >= 45_000) & (at_end <= 75_000) & (at_start == 0)
loans_of = np.bincount(loans["borrower"], minlength=selected.size)
months_of_cash = loans["liquid_buffer"] / loans["income"]


def profile(members: Any) -> dict[str, float]:
    """Number, loans, income and cash of some borrowers."""
    return {
        "borrowers": loans_of[members].size,
        "loans each": loans_of[members].mean(),
        "monthly income": float(loans["income"][members].median()),
        "months of income in cash": float(months_of_cash[members].median()),
    }


pd.DataFrame(
    {"selected borrowers": profile(selected), "all": profile(slice(None))}
).T.round(1)

# %%
# The causes
# ----------
# Their months are replayed. For each of them we take the entry to arrears that was
# never cured, and its cause. The standard errors are those of a share among so many
# borrowers.

ids = loans["borrower_id"].values[selected]
traced = sl.simulate(
    loans,
    macro,
    seed=3,
    feedback=sl.Feedback(),
    trace=[int(number) for number in ids],
    progress=False,
)
run = traced.isel(path=0)
cause = run["trace_cause"].transpose("traced_loan", "month").values
at_last = run.isel(month=-1)
unpaid = (at_last["trace_claim"] > 0) | (at_last["trace_days_past_due"] >= 360)
latest = cause.shape[1] - 1 - (cause[:, ::-1] >= 0).argmax(1)
entry = np.where(cause.max(1) >= 0, latest, -1)
names = [CAUSES[int(code)] for code in cause[np.arange(entry.size), entry]]
spells = pd.DataFrame(
    {"borrower": run["traced_borrower"].values, "month": entry, "cause": names}
)[unpaid.values & (entry >= 0)]
first = spells.sort_values("month", kind="stable")
first = first.drop_duplicates("borrower").set_index("borrower")
share = first["cause"].value_counts(normalize=True)
error = np.sqrt(share * (1 - share) / len(first))
pd.DataFrame({"share": share, "standard error": error}).round(3)

# %%
# One borrower
# ------------
# The borrower with the most loans. One income served all lenders; when it no longer
# does, loan after loan is written off within a year, and the debt remains. Lines
# that are opened later belong to the static balance sheet, which replaces what it
# writes off.

most_loans = int(ids[loans_of[selected].argmax()])
sl.plot.life(traced, most_loans)

# %%
# What the lenders could observe, and when
# ----------------------------------------
# Months are counted from the entry to arrears. The score contains neither
# employment nor cash: it moves when lines fill up and payments are missed, months
# after the job was lost.

span = np.arange(-6, 7)
jobless = np.full((len(first), span.size), np.nan)
points = np.full((len(first), span.size), np.nan)
for row, (borrower, event) in enumerate(first.iterrows()):
    months = event["month"] + span
    inside = (months >= 1) & (months <= last)
    jobless_months = run.sel(traced=borrower)["trace_jobless_months"].values
    own_loans = np.flatnonzero(run["traced_borrower"].values == borrower)
    score = run["trace_score"].isel(traced_loan=own_loans).mean("traced_loan").values
    jobless[row, inside] = jobless_months[months[inside]] > 0
    points[row, inside] = score[months[inside]] - score[0]
figure, (above, below) = plt.subplots(
    2, 1, sharex=True, figsize=(9, 6), layout="constrained"
)
above.plot(span, 100 * np.nanmean(jobless, axis=0), color="#D55E00", marker="o")
above.set(ylabel="without a job [%]", ylim=(0, 100))
above.set_title("Selected borrowers around their entry to arrears")
below.plot(span, np.nanmean(points, axis=0), color="#0072B2", marker="o")
below.set(xlabel="months after the entry to arrears")
below.set_ylabel("score, mean change\nsince the start [point]")
for ax in (above, below):
    ax.axvline(0, color="0.6", linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)

# %%
# What each action would have changed
# -----------------------------------
# The own lender contacts late borrowers, warns early and freezes lines, or
# restructures with a fifth forgiven, from month 1, 6 or 12 on. The same borrowers on
# the same draws: how many fewer become such cases. The standard error is that of a
# paired count, the root of the number of borrowers whose outcome changed.


def outreach(start: int) -> Any:
    return sl.actions.Outreach(capacity=0.05, start_month=start)


def early_warning(start: int) -> Any:
    return sl.actions.EarlyWarning(score_below=540, freeze=True, start_month=start)


def restructuring(start: int) -> Any:
    return sl.actions.Restructuring(forgiveness=0.2, capacity=0.05, start_month=start)


actions: dict[str, Callable[[int], Any]] = {
    "outreach": outreach,
    "early warning, lines frozen": early_warning,
    "restructuring, 20 % forgiven": restructuring,
}
before = (at_end >= 45_000) & (at_start == 0)
rows = []
for name, action in actions.items():
    for start in (1, 6, 12):
        changed = sl.panel(
            loans,
            macro,
            seed=3,
            feedback=sl.Feedback(),
            responses=[action(start)],
            months=[0, last],
        )
        after = (overdue_by_borrower(changed, last) >= 45_000) & (at_start == 0)
        difference = int(after.sum()) - int(before.sum())
        rows.append((name, start, difference, np.sqrt((after != before).sum())))
table = pd.DataFrame(
    rows, columns=["action", "from month", "change of number", "standard error"]
)
print(f"without any action: {int(before.sum())} borrowers who owe so much or more")
table.set_index(["action", "from month"]).unstack().round(1)

# %%
# What they mean for the lender
# -----------------------------
# The own lender's part of their debts, month by month: the allowance by the
# five-category percentages, and what has been written off.

own_loans = selected[loans["borrower"].values]
own_loans &= loans["lender"].values == loans.attrs["own_lender"]
own = panel.isel(loan=own_loans)
days = own["days_past_due"]
rate = np.select(
    [days > 360, days > 270, days > 90, days > 0], [1.0, 0.5, 0.25, 0.02], 0.01
)
lines = {
    "balance": (own["balance"], "#0072B2", "solid"),
    "allowance": (own["balance"] * rate, "#D55E00", "dashed"),
    "written off, still owed": (own["claim"], "#009E73", "dotted"),
}
figure, ax = plt.subplots(figsize=(9, 4.5), layout="constrained")
for label, (amount, color, style) in lines.items():
    millions = amount.sum("loan") / 1e6
    ax.plot(panel["month"], millions, color=color, linestyle=style, label=label)
ax.set(xlabel="month", ylabel="CNY million")
ax.set_title(f"Debts of {selected.sum()} selected borrowers to the own lender")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)

# %%
# Their payments to the own lender in the first half year and in the last.

to_own = run["traced_lender"] == loans.attrs["own_lender"]
paid = run["trace_paid"].where(to_own, 0.0).sum("traced_loan")
print(f"paid a month, months 1 to 6: {paid[1:7].mean().item():,.0f} yuan")
print(f"paid a month, last six months: {paid[-6:].mean().item():,.0f} yuan")
