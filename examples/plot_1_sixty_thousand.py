"""
Sixty thousand yuan, more than a year overdue
=============================================

A newspaper tells such a story as one event. Here it is a process: who these borrowers are, how they came there, what
their lenders saw and when, what would have changed it, and what they mean for the lender. A book of Chinese online
loans lives through the Federal Reserve's severely adverse scenario of 2026, and we look for the borrowers who in the
end owe 45,000 to 75,000 yuan, all their lenders together, that is more than a year overdue.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import stresslab as sl
from stresslab.schema import CAUSES

loans = sl.synthetic_portfolio("china-online", borrowers=60_000, seed=1)
macro = sl.scenario("fed-2026-severely-adverse")
lived = sl.panel(loans, macro, seed=3, feedback=sl.Feedback())


def overdue_by_borrower(panel, month):
    """What each borrower owes that is more than a year overdue, written off or not [currency]."""
    now = panel.sel(month=month)
    owed = (now["balance"] + now["claim"]).where(now["overdue_days"] > 365, 0.0)
    return np.bincount(panel["borrower"], owed, loans.sizes["borrower"])


last = int(lived["month"][-1])
at_start, at_end = overdue_by_borrower(lived, 0), overdue_by_borrower(lived, last)
such = (at_end >= 45_000) & (at_end <= 75_000) & (at_start == 0)
lenders = np.bincount(loans["borrower"], minlength=such.size)
pd.DataFrame(
    {
        "borrowers": [such.sum(), such.size],
        "loans each": [lenders[such].mean(), lenders.mean()],
        "monthly income": [float(loans["income"][who].median()) for who in (such, slice(None))],
        "months of income in cash": [
            float((loans["liquid_buffer"] / loans["income"])[who].median()) for who in (such, slice(None))
        ],
    },
    index=["such borrowers", "all"],
).round(1)

# %%
# How they came there
# -------------------
# Their lives are replayed month by month. For each of them, the fall into arrears that was never cured, and why. The
# errors are those of a share among so many borrowers.

ids = loans["borrower_id"].values[such]
run = sl.simulate(loans, macro, seed=3, feedback=sl.Feedback(), trace=ids, progress=False).isel(path=0)
cause = run["trace_cause"].transpose("traced_loan", "month").values
unpaid = (run["trace_claim"].isel(month=-1) > 0) | (run["trace_days_past_due"].isel(month=-1) >= 360)
fell = np.where(cause.max(1) >= 0, cause.shape[1] - 1 - (cause[:, ::-1] >= 0).argmax(1), -1)
spells = pd.DataFrame(
    {
        "borrower": run["traced_borrower"].values,
        "month": fell,
        "cause": [CAUSES[int(c)] for c in cause[np.arange(len(fell)), fell]],
    }
)[unpaid.values & (fell >= 0)]
first = spells.sort_values("month", kind="stable").drop_duplicates("borrower").set_index("borrower")
share = first["cause"].value_counts(normalize=True)
pd.DataFrame({"share": share, "standard error": np.sqrt(share * (1 - share) / len(first))}).round(3)

# %%
# One of them
# -----------
# The one with the most lenders. One income served all of them; when it no longer does, claim after claim is written off
# within a year, and the debt has not gone away. Lines let anew later are the static book's, which replaces what it
# writes off.

many = ids[lenders[such].argmax()]
sl.plot.life(run.expand_dims("path"), int(many))

# %%
# What the lenders saw, and when
# ------------------------------
# Months are counted from the fall into arrears. The score knows neither job nor cash: it moves when lines fill up and
# payments are missed, months after the job went.

span = np.arange(-6, 7)
jobless, points = np.full((len(first), span.size), np.nan), np.full((len(first), span.size), np.nan)
for row, (borrower, event) in enumerate(first.iterrows()):
    months = event["month"] + span
    inside = (months >= 1) & (months <= last)
    life = run.sel(traced=borrower)["trace_jobless_months"].values
    mine = np.flatnonzero(run["traced_borrower"].values == borrower)
    score = run["trace_score"].isel(traced_loan=mine).mean("traced_loan").values
    jobless[row, inside] = life[months[inside]] > 0
    points[row, inside] = score[months[inside]] - score[0]
figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(9, 6), layout="constrained")
above.plot(span, 100 * np.nanmean(jobless, axis=0), color="#D55E00", marker="o")
above.set(ylabel="without a job [%]", ylim=(0, 100), title="Such borrowers around their fall into arrears")
below.plot(span, np.nanmean(points, axis=0), color="#0072B2", marker="o")
below.set(xlabel="months after the fall into arrears", ylabel="score, mean change\nsince the start [point]")
for ax in (above, below):
    ax.axvline(0, color="0.6", linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)

# %%
# What each response would have changed
# -------------------------------------
# The own lender talks to late borrowers, warns early and freezes lines, or restructures with a fifth forgiven, from
# month 1, 3, 6 or 12 on. The same borrowers on the same draws: how many fewer become such cases. The error is that of a
# paired count, the root of the number of borrowers who changed sides.

answers = {
    "outreach": lambda start: sl.actions.Outreach(capacity=0.05, start_month=start),
    "early warning, lines frozen": lambda start: sl.actions.EarlyWarning(
        score_below=540, freeze=True, start_month=start
    ),
    "restructuring, 20 % forgiven": lambda start: sl.actions.Restructuring(
        forgiveness=0.2, capacity=0.05, start_month=start
    ),
}
rows = []
for name, answer in answers.items():
    for start in (1, 3, 6, 12):
        other = sl.panel(loans, macro, seed=3, feedback=sl.Feedback(), responses=[answer(start)], months=[0, last])
        owed = overdue_by_borrower(other, last)
        still = (owed >= 45_000) & (at_start == 0)
        was = (at_end >= 45_000) & (at_start == 0)
        rows.append((name, start, int(still.sum()) - int(was.sum()), np.sqrt((still != was).sum())))
changed = pd.DataFrame(rows, columns=["response", "from month", "such or worse, change", "standard error"])
print(f"without any response: {int(((at_end >= 45_000) & (at_start == 0)).sum())} such borrowers or worse")
changed.set_index(["response", "from month"]).unstack().round(1)

# %%
# What they mean for the lender
# -----------------------------
# The own lender's part of their debts, month by month: what the five-category percentages ask it to set aside for them,
# and the payments that did not come.

mine = such[loans["borrower"].values] & (loans["lender"].values == loans.attrs["own_lender"])
days = lived["days_past_due"].isel(loan=mine)
weight = np.select([days > 360, days > 270, days > 90, days > 0], [1.0, 0.5, 0.25, 0.02], 0.01)
allowance = (lived["balance"].isel(loan=mine) * weight).sum("loan")
written_off = lived["claim"].isel(loan=mine).sum("loan")
figure, ax = plt.subplots(figsize=(9, 4.5), layout="constrained")
ax.plot(lived["month"], lived["balance"].isel(loan=mine).sum("loan") / 1e6, color="#0072B2", label="on the books")
ax.plot(lived["month"], allowance / 1e6, color="#D55E00", linestyle=(0, (5, 2)), label="allowance asked for")
ax.plot(lived["month"], written_off / 1e6, color="#009E73", linestyle=(0, (1, 1)), label="written off, still owed")
ax.set(xlabel="month", ylabel="CNY million", title=f"Debts of {such.sum()} such borrowers to the own lender")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)

# %%
# The cash: what they paid their own lender in the first half year against the last, as the traced lives have it.

own = run["traced_lender"] == loans.attrs["own_lender"]
paid = run["trace_paid"].where(own, 0.0).sum("traced_loan")
print(f"paid a month: {paid[1:7].mean().item():,.0f} yuan at first, {paid[-6:].mean().item():,.0f} in the end")
