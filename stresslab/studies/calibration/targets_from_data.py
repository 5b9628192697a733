"""Calibration targets from loan panels and tapes of finished loans, with clustered standard errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stresslab.checks import choice_faults, like, refuse
from stresslab.schema import BUCKET_FLOOR
from stresslab.studies.calibration.targets import (
    DAYS,
    MONTHLY,
    UNITS,
    Statistic,
    Target,
    Targets,
    arrears_share,
    loss_given_write_off,
    roll_rate,
    vintage_loss,
)
from stresslab.typed import typed

Array = NDArray[np.float64]


class Value(NamedTuple):
    """A target's name, statistic and value in data, and what each cluster adds to its error."""

    name: str
    statistic: Statistic
    value: float
    parts: Array


@typed
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
    r"""Roll rates and shares in arrears of a loan panel, with errors clustered by loan and their correlation.

    Parameters
    ----------
    frame : pandas.DataFrame
        A row for each loan and month: `loan`, `month` (whole, each following the last), `days_past_due` [day],
        `balance` [currency]. Rows without balance do not count; loans that leave the panel have left the portfolio.
    rolls : int
        How many of current to 30-59, 30-59 to 60-89 and 60-89 to 90-119.
    days : iterable of int
        Of the shares in arrears.
    of : {"balance", "accounts"}
        What counts.
    cluster : str
        Column whose values are independent of each other, such as the borrower.
    lender : str
        Of the statistics that belong to these values.
    product : str or None
        Of the statistics that belong to these values.

    Returns
    -------
    Targets
        "roll_rate_current_to_30_59", ..., "arrears_share_30", ..., over all months: the first opens them, and a result
        is measured over as many after its start.

    Raises
    ------
    InputError
        Names each fault. A target without error (no loan, or all) is refused: it has no weight.

    Notes
    -----
    For a ratio r of sums over clusters g of numerators :math:`a_g` and denominators :math:`b_g`

    .. math:: se^2 = \frac{n}{n - 1} \sum_g e_g^2 , \quad e_g = \frac{a_g - r \, b_g}{\sum_h b_h}

    which is binomial where each cluster counts once; covariances are the sums of products.

    Examples
    --------
    Of two current loans one is late in the next month; of two late ones one is later:

    >>> import pandas as pd
    >>> import stresslab as sl
    >>> table = pd.DataFrame({"loan": [1, 1, 2, 2, 3, 3, 4, 4], "month": [0, 1] * 4, "balance": 9.0,
    ...                       "days_past_due": [30, 60, 30, 0, 0, 30, 0, 0]})
    >>> for target in sl.targets.from_panel(table, days=[30]):
    ...     print(target.name, target.value)
    roll_rate_current_to_30_59 0.5
    roll_rate_30_59_to_60_89 0.5
    arrears_share_30 0.5
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
    choice: dict[str, Any] = {"of": of, "lender": lender, "product": product}
    values: list[Value] = []
    for step, (start, end) in list(enumerate(pairwise(MONTHLY)))[:rolls]:
        upper = size * ((unpaid == step + 1) & (place > 0))
        under = size * ((unpaid == step) & (place < span[1]))
        name = f"roll_rate_{start}_to_{end}".replace("-", "_")
        values.append(Value(name, roll_rate(start, end, span, **choice), *_ratio(upper, under, group)))
    for day in days:
        late = unpaid >= BUCKET_FLOOR[1 + DAYS.index(day)]
        shares = [
            _ratio(size * (late & (place == month)), size * (place == month), group) for month in range(1, len(months))
        ]
        mean, parts = float(np.mean([share for share, _ in shares])), np.mean([part for _, part in shares], axis=0)
        values.append(Value(f"arrears_share_{day}", arrears_share(day, span, **choice), mean, parts))
    return _targets("from_panel", [value for value in values if not np.isnan(value.value)])


@typed
def from_tape(
    frame: pd.DataFrame, *, by: str | None = "grade", lgd: bool = True, month: int | None = None, lender: str = "own"
) -> Targets:
    """Loss and LGD of a tape of finished loans, by grade or vintage, with errors clustered by loan.

    Parameters
    ----------
    frame : pandas.DataFrame
        A row for each loan: `granted`, `lost` (principal written off), `recovered` (of it, later) [currency].
    by : str or None
        Column whose values are products of the portfolio; None: all loans together.
    lgd : bool
        Also the LGD, of all groups together.
    month : int or None
        Last month in which the model's losses count; None: the last there is.
    lender : str
        Of the statistics that belong to these values.

    Returns
    -------
    Targets
        "vintage_loss_<group>": lost over granted, beside `vintage_loss(net=False)`; "loss_given_write_off": one less
        recovered over lost. For a portfolio of these loans at their start, in run-off.

    Raises
    ------
    InputError
        Names each fault.

    Examples
    --------
    Of 400 granted, 100 are lost; of these, 10 recovered:

    >>> import pandas as pd
    >>> import stresslab as sl
    >>> table = pd.DataFrame({"granted": [100.0] * 4, "lost": [0.0, 40.0, 0.0, 60.0],
    ...                       "recovered": [0.0, 5.0, 0.0, 5.0]})
    >>> [(target.name, round(target.value, 3)) for target in sl.targets.from_tape(table, by=None)]
    [('vintage_loss', 0.25), ('loss_given_write_off', 0.9)]
    """
    refuse("from_tape", _tape_faults(frame, by))
    granted, lost, back = (frame[name].to_numpy(float) for name in ("granted", "lost", "recovered"))
    loan = np.arange(len(frame))
    values: list[Value] = []
    groups = [None] if by is None else sorted(frame[by].astype(str).unique())
    for group in groups:
        mine = np.ones(len(frame), bool) if group is None else frame[by].astype(str).to_numpy() == group
        statistic = vintage_loss(month, net=False, lender=lender, product=group)
        name = "vintage_loss" if group is None else f"vintage_loss_{group}"
        values.append(Value(name, statistic, *_ratio(lost * mine, granted * mine, loan)))
    if lgd:
        span = None if month is None else (1, month)
        statistic = loss_given_write_off(span, lender=lender)
        values.append(Value("loss_given_write_off", statistic, *_ratio(lost - back, lost, loan)))
    return _targets("from_tape", values)


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


def _targets(subject: str, values: list[Value]) -> Targets:
    """Targets with the covariance of their clusters' parts; refuses those without error."""
    if not values:
        refuse(subject, ["targets: found none that the data give, expected one or more; choose others"])
    parts = np.stack([value.parts for value in values])
    covariance = parts @ parts.T
    errors = np.sqrt(np.diag(covariance))
    refuse(
        subject,
        [
            f"{value.name}: found {value.value:g} without spread, expected loans that differ; leave it out or give "
            "your own Target"
            for value, error in zip(values, errors, strict=True)
            if not error > 0.0
        ],
    )
    targets = [
        Target(value.name, value.value, float(error), value.statistic)
        for value, error in zip(values, errors, strict=True)
    ]
    return Targets(targets, covariance / np.outer(errors, errors))


def _panel_faults(frame: Any, rolls: int, days: tuple[int, ...], of: str, cluster: str) -> list[str]:
    """Everything that keeps a panel from being read."""
    faults = [f"days: found {day!r}, expected among {DAYS}; a bucket begins there" for day in days if day not in DAYS]
    faults += choice_faults("of", of, UNITS)
    if type(rolls) is not int or not 0 <= rolls < len(MONTHLY):
        faults.append(f"rolls: found {rolls!r}, expected a whole number 0 ... {len(MONTHLY) - 1}; give 3")
    elif not (rolls or days):
        faults.append("days: found none and rolls=0, expected some target; give days or rolls")
    faults += _column_faults(frame, ("month", "days_past_due", "balance"), {"loan": "loan", "cluster": cluster})
    if faults:
        return faults
    months = np.sort(frame["month"].unique())
    if (months % 1 != 0).any() or len(months) < 2 or (np.diff(months) != 1).any():
        faults.append(
            f"month: found {months[:6].tolist()}, expected two or more whole months in a row; fill the gap or cut"
        )
    twice = int(frame.duplicated(["loan", "month"]).sum())
    if twice:
        faults.append(f"loan: found {twice} rows that repeat a loan and month, expected each pair once; drop them")
    if not (frame["balance"] > 0.0).any():
        faults.append("balance: found none above 0, expected loans that owe something; correct the column")
    return faults


def _tape_faults(frame: Any, by: str | None) -> list[str]:
    """Everything that keeps a tape of outcomes from being read."""
    faults = _column_faults(frame, ("granted", "lost", "recovered"), {} if by is None else {"by": by})
    if faults:
        return faults
    for low, high in (("lost", "granted"), ("recovered", "lost")):
        beyond = int((frame[low] > frame[high]).sum())
        if beyond:
            faults.append(f"{low}: found {beyond} loans above {high}, expected at most that; correct them")
    if not (frame["granted"] > 0.0).all():
        faults.append("granted: found loans without an amount, expected > 0; drop them")
    return faults


def _column_faults(frame: pd.DataFrame, numbers: tuple[str, ...], labels: Mapping[str, str]) -> list[str]:
    """Columns missing, not numbers, not finite, negative; labels that are missing.

    labels : column by what names it, itself or an argument
    """
    names = dict.fromkeys([*labels.values(), *numbers])
    needed = [*(name for key, name in labels.items() if key == name), *numbers]
    faults = [f"{name}: missing, expected a column; add or rename it" for name in needed if name not in frame]
    faults += [
        f"{key}: found no column {name!r}{like(name, frame.columns)}, expected one; correct {key}="
        for key, name in labels.items()
        if key != name and name not in frame
    ]
    if not len(frame):
        faults.append("frame: found no rows, expected loans; give at least two")
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
