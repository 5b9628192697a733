"""Calibration targets: statistics of a result and their values in data, with standard errors and correlation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import advised, choice_faults, is_number, refuse
from stresslab.measures.result_view import BALANCE, FLOW, memory_faults, result_faults, select
from stresslab.schema import BUCKET_FLOOR, BUCKETS
from stresslab.typed import typed

Array = NDArray[np.float64]
Figure = Callable[[xr.Dataset], Any]
"""A function of a result that gives a number, or a DataArray (path) whose mean counts."""
MONTHLY = BUCKETS[:4]
"""Buckets of one unpaid due date each: from one to the next in a month."""
DAYS = tuple(30 * floor for floor in BUCKET_FLOOR[1:])
UNITS = ("accounts", "balance")


@dataclass(frozen=True)
class Statistic:
    """A statistic of a result under a name that tells all that it depends on.

    >>> Statistic("paths", lambda result: float(result.sizes["path"]))(xr.Dataset({"x": ("path", [1.0, 2.0])}))
    2.0
    """

    name: str
    compute: Callable[[xr.Dataset], float]

    def __call__(self, result: xr.Dataset) -> float:
        refuse("target", memory_faults("result", result, "simulate()"))
        return self.compute(result)


@typed
@dataclass(frozen=True)
class Target:
    """A statistic that a model is to reproduce, with its value in data and its standard error.

    Parameters
    ----------
    name : str
        Label along `target` of a report.
    value : float
        In the data.
    standard_error : float
        Of that value, > 0; it sets the weight 1 / standard_error^2.
    statistic : callable
        The same statistic of a result: `roll_rate(...)`, `arrears_share(...)`, or a function of your own.

    Raises
    ------
    InputError
        Names each fault.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.targets.Target("arrears", 0.02, 0.001, sl.targets.arrears_share(30)).value
    0.02
    """

    name: str
    value: float
    standard_error: float
    statistic: Figure

    def __post_init__(self) -> None:
        faults = []
        if not (isinstance(self.name, str) and self.name):
            faults.append(f"name: found {self.name!r}, expected a name; give a label")
        for key, least in (("value", -math.inf), ("standard_error", 0.0)):
            number = getattr(self, key)
            sound = is_number(number) and number > least
            if not sound:
                what = "a finite number" if least < 0.0 else "a finite number > 0"
                faults.append(f"{key}: found {number!r}, expected {what}; correct it")
        statistic: Any = self.statistic
        if not callable(statistic):
            faults.append(f"statistic: found {statistic!r}, expected a function of a result; give roll_rate(...)")
        refuse("target", faults)


class Targets(tuple[Target, ...]):
    """Targets with the correlation (target, target) of their errors; + joins several, as independent."""

    correlation: Array

    def __new__(cls, targets: Iterable[Target], correlation: Array | None = None) -> Targets:
        made = super().__new__(cls, targets)
        made.correlation = np.eye(len(made)) if correlation is None else np.asarray(correlation, float)
        return made

    def __add__(self, other: Any) -> Targets:
        more = other if isinstance(other, Targets) else Targets(other)
        whole = np.eye(len(self) + len(more))
        whole[: len(self), : len(self)] = self.correlation
        whole[len(self) :, len(self) :] = more.correlation
        return Targets((*self, *more), whole)


@typed
def roll_rate(
    from_bucket: str,
    to_bucket: str,
    months: tuple[int, int] | None = None,
    *,
    of: str = "balance",
    lender: str = "own",
    product: str | None = None,
) -> Statistic:
    r"""Roll rate: balance in a bucket over that in the bucket before it a month earlier, summed over months [1].

    Parameters
    ----------
    from_bucket, to_bucket : str
        Neighbours among "current", "30-59", "60-89", "90-119".
    months : (int, int) or None
        First and last month of arrival, from where measuring starts; None: all.
    of : {"balance", "accounts"}
        What counts; open lines without balance are accounts.
    lender : str
        "own" (attrs `own_lender`), "all" (the system) or a name.
    product : str or None
        Product that counts; None: all.

    Returns
    -------
    Statistic
        Function of a result; its name tells all arguments.

    Raises
    ------
    InputError
        Names each fault, here of the arguments and then of a result that lacks such months or products.

    Notes
    -----
    .. math:: \frac{\sum_t B_t(\mathrm{to})}{\sum_t B_{t-1}(\mathrm{from})}

    The net flow rate that lenders publish: a borrower who pays one of two instalments due stays in the bucket and is
    counted again there.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.targets.roll_rate("30-59", "60-89").name
    "roll_rate('30-59', '60-89', months=None, of='balance', lender='own', product=None)"
    """
    pairs = list(pairwise(MONTHLY))
    faults = _faults(months, of)
    if (from_bucket, to_bucket) not in pairs:
        faults.append(f"buckets: found {from_bucket!r} to {to_bucket!r}, expected one of {pairs}; others span months")
    refuse("roll_rate", faults)

    def compute(result: xr.Dataset) -> float:
        stock, window = _stock(result, of, lender, product), _window(result, months)
        before, after = stock.sel(bucket=from_bucket), stock.sel(bucket=to_bucket)
        return _over(after.isel(month=window).sum(), before.isel(month=window - 1).sum())

    what = f"months={months}, of={of!r}, lender={lender!r}, product={product!r}"
    return Statistic(f"roll_rate({from_bucket!r}, {to_bucket!r}, {what})", compute)


@typed
def arrears_share(
    days: int,
    months: tuple[int, int] | None = None,
    *,
    of: str = "balance",
    lender: str = "own",
    product: str | None = None,
) -> Statistic:
    r"""Share of the balance past due by at least so many days, mean of month ends [1].

    Parameters
    ----------
    days : int
        30, 60, 90, 120, 180, 270 or 360.
    months : (int, int) or None
        First and last month end, from where measuring starts; None: all after its start.
    of : {"balance", "accounts"}
        What counts; open lines without balance are accounts.
    lender : str
        "own" (attrs `own_lender`), "all" (the system) or a name.
    product : str or None
        Product that counts; None: all.

    Returns
    -------
    Statistic
        Function of a result; its name tells all arguments.

    Raises
    ------
    InputError
        Names each fault, here of the arguments and then of a result that lacks such months or products.

    Notes
    -----
    .. math:: \frac{1}{n} \sum_t \frac{\sum_{b \geq \mathrm{days}} B_t(b)}{\sum_b B_t(b)}

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.targets.arrears_share(90, (1, 12)).name
    "arrears_share(90, months=(1, 12), of='balance', lender='own', product=None)"
    """
    faults = _faults(months, of)
    if days not in DAYS:
        faults.append(f"days: found {days!r}, expected one of {DAYS}; a bucket begins there")
    refuse("arrears_share", faults)

    def compute(result: xr.Dataset) -> float:
        stock = _stock(result, of, lender, product).isel(month=_window(result, months))
        late = stock.isel(bucket=slice(1 + DAYS.index(days), None))
        return _over(late.sum(("bucket", "path")), stock.sum(("bucket", "path")))

    return Statistic(
        f"arrears_share({days}, months={months}, of={of!r}, lender={lender!r}, product={product!r})", compute
    )


@typed
def charge_off_rate_annual(
    months: tuple[int, int] | None = None, *, net: bool = True, lender: str = "own", product: str | None = None
) -> Statistic:
    r"""Charge-off rate: written off and forgiven, less recovered if net, over the mean balance [1/year].

    Parameters
    ----------
    months : (int, int) or None
        First and last month counted, from where measuring starts; None: all.
    net : bool
        Less what was recovered.
    lender : str
        "own" (attrs `own_lender`), "all" (the system) or a name.
    product : str or None
        Product that counts; None: all.

    Returns
    -------
    Statistic
        Function of a result; its name tells all arguments.

    Raises
    ------
    InputError
        Names each fault, here of the arguments and then of a result that lacks such months or products.

    Notes
    -----
    .. math:: \frac{12 \sum_t L_t}{\sum_t (B_{t-1} + B_t) / 2}

    with loss :math:`L_t` of a month and balance :math:`B_t` at its end.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.targets.charge_off_rate_annual((1, 12)).name
    "charge_off_rate_annual(months=(1, 12), net=True, lender='own', product=None)"
    """
    refuse("charge_off_rate_annual", _faults(months))

    def compute(result: xr.Dataset) -> float:
        balance, window = _stock(result, "balance", lender, product).sum("bucket"), _window(result, months)
        mean = 0.5 * (balance.isel(month=window).sum() + balance.isel(month=window - 1).sum())
        return 12.0 * _over(_loss(result, window, net, lender, product), mean)

    return Statistic(
        f"charge_off_rate_annual(months={months}, net={net}, lender={lender!r}, product={product!r})", compute
    )


@typed
def default_rate_annual(
    months: tuple[int, int] | None = None, *, lender: str = "own", product: str | None = None
) -> Statistic:
    r"""Default rate: balance that reaches 90 days past due over the balance below that at month start [1/year].

    Parameters
    ----------
    months : (int, int) or None
        First and last month counted, from where measuring starts; None: all.
    lender : str
        "own" (attrs `own_lender`), "all" (the system) or a name.
    product : str or None
        Product that counts; None: all.

    Returns
    -------
    Statistic
        Function of a result; its name tells all arguments.

    Raises
    ------
    InputError
        Names each fault, here of the arguments and then of a result that lacks such months or products.

    Notes
    -----
    .. math:: \frac{12 \sum_t \mathrm{defaulted}_t}{\sum_t B_{t-1}(< 90 \; \mathrm{days})}

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.targets.default_rate_annual().name
    "default_rate_annual(months=None, lender='own', product=None)"
    """
    refuse("default_rate_annual", _faults(months))

    def compute(result: xr.Dataset) -> float:
        window = _window(result, months)
        sound = _stock(result, "balance", lender, product).isel(month=window - 1, bucket=slice(0, 3))
        return 12.0 * _over(_flow(result, "defaulted", window, lender, product), sound.sum())

    return Statistic(f"default_rate_annual(months={months}, lender={lender!r}, product={product!r})", compute)


@typed
def vintage_loss(
    month: int | None = None, *, net: bool = True, lender: str = "own", product: str | None = None
) -> Statistic:
    r"""Vintage loss: loss of all months to this one over the balance where measuring starts, in run-off [1].

    Parameters
    ----------
    month : int or None
        Last month counted; None: the last there is.
    net : bool
        Less what was recovered.
    lender : str
        "own" (attrs `own_lender`), "all" (the system) or a name.
    product : str or None
        Product that counts; None: all.

    Returns
    -------
    Statistic
        Function of a result; its name tells all arguments.

    Raises
    ------
    InputError
        Names each fault, here of the arguments and then of a result that lacks such months or products.

    Notes
    -----
    .. math:: \frac{\sum_{t \leq month} (\mathrm{written\_off}_t + \mathrm{forgiven}_t - \mathrm{recovered}_t)}{B_0}

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.targets.vintage_loss(36, net=False, product="A").name
    "vintage_loss(36, net=False, lender='own', product='A')"
    """
    refuse("vintage_loss", _faults(None if month is None else (1, month)))

    def compute(result: xr.Dataset) -> float:
        window = _window(result, None if month is None else (1, month))
        opening = _stock(result, "balance", lender, product).isel(month=0).sum()
        return _over(_loss(result, window, net, lender, product), opening)

    return Statistic(f"vintage_loss({month}, net={net}, lender={lender!r}, product={product!r})", compute)


@typed
def loss_given_write_off(
    months: tuple[int, int] | None = None, *, lender: str = "own", product: str | None = None
) -> Statistic:
    r"""Loss given write-off: one less recovered over written off and forgiven in the same months [1], undiscounted.

    Parameters
    ----------
    months : (int, int) or None
        First and last month counted, from where measuring starts; None: all.
    lender : str
        "own" (attrs `own_lender`), "all" (the system) or a name.
    product : str or None
        Product that counts; None: all.

    Returns
    -------
    Statistic
        Function of a result; its name tells all arguments.

    Raises
    ------
    InputError
        Names each fault, here of the arguments and then of a result that lacks such months or products.

    Notes
    -----
    .. math:: 1 - \frac{\sum_t \mathrm{recovered}_t}{\sum_t (\mathrm{written\_off}_t + \mathrm{forgiven}_t)}

    Of a vintage followed to its end it is the LGD; in a steady portfolio, recoveries of earlier write-offs enter too.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.targets.loss_given_write_off(product="A").name
    "loss_given_write_off(months=None, lender='own', product='A')"
    """
    refuse("loss_given_write_off", _faults(months))

    def compute(result: xr.Dataset) -> float:
        window = _window(result, months)
        gross, net = (_loss(result, window, less, lender, product) for less in (False, True))
        return _over(net, gross)

    return Statistic(f"loss_given_write_off(months={months}, lender={lender!r}, product={product!r})", compute)


def _faults(months: Any, of: str = "balance") -> list[str]:
    """Faults of a range of months and of what is counted."""
    faults = []
    whole = isinstance(months, tuple) and len(months) == 2 and all(type(month) is int for month in months)
    if months is not None and not (whole and 1 <= months[0] <= months[1]):
        faults.append(f"months: found {months!r}, expected whole (first, last) from 1, or None; give (1, 12)")
    faults += choice_faults("of", of, UNITS)
    return faults


def _window(result: xr.Dataset, months: tuple[int, int] | None) -> NDArray[np.int64]:
    """Positions of the months counted; refuses a range that goes beyond the result."""
    last = result.sizes.get("month", 1) - 1
    first, end = months or (1, last)
    if end > last or last < 1:
        refuse("target", [f"months: found {months}, expected within 1 ... {last} after the warm-up; simulate longer"])
    return np.arange(first, end + 1)


def _chosen(result: xr.Dataset, needs: dict[str, Any], lender: str, product: str | None) -> xr.Dataset:
    """The segments that count."""
    refuse("target", result_faults(result, lender, needs, one_opening=False))
    view = select(result, lender)
    mine = np.ones(view.sizes["segment"], bool) if product is None else view["product"].values.astype(str) == product
    if not mine.any():
        known = sorted(set(view["product"].values.astype(str)))
        refuse("target", [f"product: found {product!r}, expected one of {known}; {advised(product, known)}"])
    return view.isel(segment=np.flatnonzero(mine))


def _stock(result: xr.Dataset, of: str, lender: str, product: str | None) -> xr.DataArray:
    """Accounts or balance (path, month, bucket)."""
    return _chosen(result, {of: BALANCE, "balance": BALANCE}, lender, product)[of].sum("segment")


def _flow(result: xr.Dataset, name: str, window: Any, lender: str, product: str | None) -> float:
    """A flow summed over paths, months and segments."""
    return float(_chosen(result, {name: FLOW}, lender, product)[name].isel(month=window).sum())


def _loss(result: xr.Dataset, window: Any, net: bool, lender: str, product: str | None) -> float:
    """Loss in some months, over all paths."""
    gross = _flow(result, "written_off", window, lender, product) + _flow(result, "forgiven", window, lender, product)
    return gross - (_flow(result, "recovered", window, lender, product) if net else 0.0)


def _over(upper: Any, under: Any) -> float:
    """The mean of ratios; NaN where there is nothing to divide by."""
    upper, under = np.asarray(upper, float), np.asarray(under, float)
    return float(np.mean(np.divide(upper, under, out=np.full(upper.shape, np.nan), where=under > 0.0)))
