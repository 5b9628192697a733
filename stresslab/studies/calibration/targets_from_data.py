"""Values of targets from tables of loans, with the errors of ratios over clusters."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stresslab.checks import refuse
from stresslab.schema import BUCKET_FLOOR, InputError
from stresslab.studies.calibration.targets import (
    DAYS,
    MONTHLY,
    UNITS,
    Target,
    Targets,
    arrears_share,
    loss_given_write_off,
    roll_rate,
    vintage_loss,
)

Array = NDArray[np.float64]


def from_panel(
    frame: pd.DataFrame,
    *,
    rolls: int = 3,
    days: Iterable[int] = (30, 90),
    of: str = "balance",
    cluster: str = "loan",
    lender: str = "own",
    product: str | None = None,
) -> Targets:
    """Roll rates and shares in arrears of a loan panel, with errors clustered by loan and their correlation.

    frame : DataFrame, a row for each loan and month: loan, month (whole, following each other), days_past_due [day],
      balance [currency]; rows without balance do not count; loans that leave the panel have left the book
    rolls : how many of current to 30-59, 30-59 to 60-89 and 60-89 to 90-119; days : of the shares in arrears
    of : "balance" | "accounts"; cluster : column whose values are independent of each other, such as the borrower
    lender, product : of the statistics that stand beside these values
    Returns Targets, over all months: the first opens them, and a result is measured over as many after its start.
    standard_error^2 = n / (n - 1) sum over clusters of e^2, e = (numerator - ratio x denominator) / all denominators:
    binomial where each cluster counts once. What has no error (nobody, or all) is refused: it has no weight.
    Raises InputError naming each fault.

    >>> table = pd.DataFrame({"loan": [1, 1, 2, 2, 3, 3, 4, 4], "month": [0, 1] * 4, "balance": 9.0,
    ...                       "days_past_due": [30, 60, 30, 0, 0, 30, 0, 0]})
    >>> found = from_panel(table, days=[30])
    >>> [(one.name, one.value) for one in found]  # of two current one is late; of two late one is later
    [('current to 30-59', 0.5), ('30-59 to 60-89', 0.5), ('30+ days', 0.5)]
    """
    days = tuple(days)
    refuse("from_panel", _panel_faults(frame, rolls, days, of, cluster))
    rows = frame[frame["balance"] > 0.0].sort_values(["loan", "month"])
    months = np.sort(frame["month"].unique())
    span = (1, len(months) - 1)
    group = pd.factorize(rows[cluster])[0]
    size = np.ones(len(rows)) if of == "accounts" else rows["balance"].to_numpy(float)
    place = np.searchsorted(months, rows["month"].to_numpy())
    unpaid = rows["days_past_due"].to_numpy() // 30
    kind: dict[str, Any] = {"of": of, "lender": lender, "product": product}
    made: list[tuple[str, Any, float, Array]] = []
    for step, (start, end) in list(enumerate(pairwise(MONTHLY)))[:rolls]:
        upper = size * ((unpaid == step + 1) & (place > 0))
        under = size * ((unpaid == step) & (place < span[1]))
        made.append((f"{start} to {end}", roll_rate(start, end, span, **kind), *_ratio(upper, under, group)))
    for day in days:
        shares = []
        for month in range(1, len(months)):
            late = unpaid >= BUCKET_FLOOR[1 + DAYS.index(day)]
            shares.append(_ratio(size * (late & (place == month)), size * (place == month), group))
        value, moved = float(np.mean([one[0] for one in shares])), np.mean([one[1] for one in shares], axis=0)
        made.append((f"{day}+ days", arrears_share(day, span, **kind), value, moved))
    return _targets("from_panel", [one for one in made if not np.isnan(one[2])])


def from_tape(
    frame: pd.DataFrame, *, by: str | None = "grade", lgd: bool = True, month: int | None = None, lender: str = "own"
) -> Targets:
    """Loss and LGD of a tape of finished loans, by grade or vintage, with errors clustered by loan.

    frame : DataFrame, a row for each loan: granted, lost (principal written off), recovered (of it, later) [currency]
    by : column whose values are products of the book; None: all loans together
    lgd : also LGD, of all groups together
    month : last month in which the model's losses count; None: the last there is; lender : as in vintage_loss()
    Returns Targets: lost over granted of each group beside vintage_loss(net=False); recovered over lost as an LGD
      beside loss_given_write_off(). For a book of these loans at their start, in run-off.
    Raises InputError naming each fault.

    >>> table = pd.DataFrame({"granted": [100.0] * 4, "lost": [0.0, 40.0, 0.0, 60.0],
    ...                       "recovered": [0.0, 5.0, 0.0, 5.0]})
    >>> [(one.name, round(one.value, 3)) for one in from_tape(table, by=None)]  # 100 of 400; 10 of 100
    [('loss', 0.25), ('LGD', 0.9)]
    """
    refuse("from_tape", _tape_faults(frame, by))
    granted, lost, back = (frame[name].to_numpy(float) for name in ("granted", "lost", "recovered"))
    each = np.arange(len(frame))
    made: list[tuple[str, Any, float, Array]] = []
    groups = [None] if by is None else sorted(frame[by].astype(str).unique())
    for name in groups:
        mine = np.ones(len(frame), bool) if name is None else frame[by].astype(str).to_numpy() == name
        figure = vintage_loss(month, net=False, lender=lender, product=name)
        made.append(("loss" if name is None else f"loss {name}", figure, *_ratio(lost * mine, granted * mine, each)))
    if lgd:
        value, moved = _ratio(lost - back, lost, each)
        span = None if month is None else (1, month)
        made.append(("LGD", loss_given_write_off(span, lender=lender), value, moved))
    return _targets("from_tape", made)


def _ratio(upper: Array, under: Array, group: NDArray[np.int64]) -> tuple[float, Array]:
    """A ratio of sums, and what each cluster adds to its error."""
    count = int(group.max(initial=-1)) + 1
    above, below = np.bincount(group, upper, count), np.bincount(group, under, count)
    whole = below.sum()
    if whole <= 0.0:
        return float("nan"), np.zeros(count)
    value = float(above.sum() / whole)
    taking_part = int(((above != 0.0) | (below != 0.0)).sum())
    return value, np.sqrt(taking_part / max(taking_part - 1, 1)) * (above - value * below) / whole


def _targets(subject: str, made: list[tuple[str, Any, float, Array]]) -> Targets:
    """Targets with the covariance of their clusters' parts; refuses those without error."""
    if not made:
        raise InputError(subject, ["targets: found none that data give, expected one or more; ask for others"])
    moved = np.stack([one[3] for one in made])
    covariance = moved @ moved.T
    errors = np.sqrt(np.diag(covariance))
    refuse(
        subject,
        [
            f"{name}: found {value:g} without spread, expected loans that differ; leave it out or give your own Target"
            for (name, _, value, _), error in zip(made, errors, strict=True)
            if not error > 0.0
        ],
    )
    targets = [
        Target(name, value, float(error), figure) for (name, figure, value, _), error in zip(made, errors, strict=True)
    ]
    return Targets(targets, covariance / np.outer(errors, errors))


def _panel_faults(frame: Any, rolls: int, days: tuple[int, ...], of: str, cluster: str) -> list[str]:
    """Everything that keeps a panel from being read."""
    faults = [f"days: found {day!r}, expected among {DAYS}; a bucket begins there" for day in days if day not in DAYS]
    if of not in UNITS:
        faults.append(f"of: found {of!r}, expected one of {UNITS}; choose one")
    if type(rolls) is not int or not 0 <= rolls < len(MONTHLY):
        faults.append(f"rolls: found {rolls!r}, expected a whole number 0 ... {len(MONTHLY) - 1}; give 3")
    elif not (rolls or days):
        faults.append("days: found none and rolls=0, expected some target; ask for one")
    faults += _column_faults(frame, ("month", "days_past_due", "balance"), (*{"loan", cluster},))
    if faults:
        return faults
    months = np.sort(frame["month"].unique())
    if (months % 1 != 0).any() or len(months) < 2 or (np.diff(months) != 1).any():
        faults.append(f"month: found {months[:6].tolist()}, expected two or more whole months in a row; fill or cut")
    twice = int(frame.duplicated(["loan", "month"]).sum())
    if twice:
        faults.append(f"loan: found {twice} rows that repeat a loan and month, expected one each; drop them")
    if not (frame["balance"] > 0.0).any():
        faults.append("balance: found none above 0, expected loans that owe something; mend it")
    return faults


def _tape_faults(frame: Any, by: str | None) -> list[str]:
    """Everything that keeps a tape of outcomes from being read."""
    faults = _column_faults(frame, ("granted", "lost", "recovered"), () if by is None else (by,))
    if faults:
        return faults
    for low, high in (("lost", "granted"), ("recovered", "lost")):
        beyond = int((frame[low] > frame[high]).sum())
        if beyond:
            faults.append(f"{low}: found {beyond} loans above {high}, expected at most that; correct them")
    if not (frame["granted"] > 0.0).all():
        faults.append("granted: found loans without an amount, expected > 0; drop them")
    return faults


def _column_faults(frame: Any, numbers: tuple[str, ...], labels: tuple[str, ...]) -> list[str]:
    """Columns missing, not numbers, not finite, negative; labels that are missing."""
    if not isinstance(frame, pd.DataFrame):
        return [f"frame: found {type(frame).__name__}, expected a DataFrame; convert it"]
    names = (*labels, *numbers)
    faults = [f"{name}: missing, expected a column; rename one" for name in names if name not in frame]
    if not len(frame):
        faults.append("frame: found no rows, expected loans; mend it")
    for name in names:
        if name not in frame or not len(frame):
            continue
        if frame[name].isna().any():
            faults.append(f"{name}: found {int(frame[name].isna().sum())} missing, expected none; drop or fill")
        elif name in numbers and frame[name].dtype.kind not in "iuf":
            faults.append(f"{name}: found type {frame[name].dtype}, expected numbers; convert it")
        elif name in numbers and not (np.isfinite(frame[name]) & (frame[name] >= 0)).all():
            wrong = frame[name][~(np.isfinite(frame[name]) & (frame[name] >= 0))].iloc[0]
            faults.append(f"{name}: found {wrong}, expected a finite number >= 0; correct it")
    return faults
