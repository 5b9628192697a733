"""Closed formulas of credit loss for one loan or one pool: expected loss, modification gain, stages, sensitivity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stresslab.checks import number_faults, refuse
from stresslab.typed import typed

Array = NDArray[Any]


@typed
def expected_credit_loss(
    pd: ArrayLike,
    lgd: ArrayLike,
    ead: ArrayLike,
    rate: float = 0.0,
    horizon: int | None = None,
    *,
    cumulative: bool | None = None,
) -> float:
    r"""Expected credit loss of a loan, discounted at its effective interest rate.

    Parameters
    ----------
    pd : array_like
        Probability of default in periods 1, 2, ..., seen from today [1]; they sum to at most 1. If `cumulative`, that
        of a default in this period or an earlier one.
    lgd : array_like
        Loss given default [1] in each period, or one number for all, 0 to 10.
    ead : array_like
        Exposure at default [currency] in each period, or one number for all.
    rate : float
        Effective interest rate per period [1].
    horizon : int or None
        Number of periods counted, those of 12 months for stage 1; None: all.
    cumulative : bool or None
        Whether `pd` is cumulative. None: it is not, and probabilities that rise and never fall, which may be either,
        are refused.

    Returns
    -------
    float
        Expected credit loss [currency].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: ECL = \sum_{t=1}^T \frac{PD_t \, LGD_t \, EAD_t}{(1 + EIR)^t}

    (IFRS 9 [1]_.)

    References
    ----------
    .. [1] IFRS 9 Financial Instruments, 5.5.17 and B5.5.44; illustrative example IE49.

    Examples
    --------
    An instalment loan of 10,000 over 12 months at 1.5 % a month, hazard 0.5 % a month, LGD 65 %; exposure at default
    with and without the interest due:

    >>> import numpy as np
    >>> import stresslab as sl
    >>> opening = 10_000 * (1.015**12 - 1.015 ** np.arange(12)) / (1.015**12 - 1)
    >>> hazard = 0.005 * 0.995 ** np.arange(12)
    >>> round(sl.formulas.expected_credit_loss(hazard, 0.65, opening * 1.015, 0.015), 6)
    201.831195
    >>> round(sl.formulas.expected_credit_loss(hazard, 0.65, opening, 0.015), 6)
    198.848468
    >>> sl.formulas.expected_credit_loss([0.005], 0.25, 1_000_000)  # IE49
    1250.0

    3 % in the first year, 5 % in the first two:

    >>> sl.formulas.expected_credit_loss([0.03, 0.05], 0.5, [100.0, 50.0], cumulative=True)  # 1.5 + 0.5
    2.0
    """
    default, lost, owed = (np.atleast_1d(np.asarray(values, float)) for values in (pd, lgd, ead))
    faults = [
        f"{name}: found {values.tolist()[:4]}, expected numbers {low:g} to {high:g}; correct it"
        for name, values, low, high in (("pd", default, 0, 1), ("lgd", lost, 0, 10), ("ead", owed, 0, np.inf))
        if values.ndim != 1 or not (np.isfinite(values) & (values >= low) & (values <= high)).all()
    ]
    faults += [
        f"{name}: found {values.size} periods, expected 1 or the {default.size} of pd; give one for each period"
        for name, values in (("lgd", lost), ("ead", owed))
        if values.size not in (1, default.size)
    ]
    if not faults:
        faults += _cumulative_faults(default, cumulative)
    faults += _rate_faults(rate)
    if horizon is not None and (not isinstance(horizon, int | np.integer) or horizon < 1):
        faults.append(f"horizon: found {horizon!r}, expected whole periods >= 1 or None; change it")
    refuse("expected_credit_loss", faults)
    default = np.diff(default, prepend=0.0) if cumulative else default
    period = np.arange(1, default.size + 1)
    counted = period <= (default.size if horizon is None else horizon)
    return float((counted * default * lost * owed / (1.0 + rate) ** period).sum())


def _rate_faults(rate: float) -> list[str]:
    """Fault of an interest rate per period."""
    if -1.0 < rate <= 1.0:
        return []
    return [f"rate: found {rate!r}, expected a decimal above -1, at most 1; give that of one period: 0.015, not 1.5"]


def _cumulative_faults(pd: Array, cumulative: bool | None) -> list[str]:
    """Fault of probabilities that are, or may be, cumulative where they should not be, or the other way round."""
    rises, falls, total = bool((np.diff(pd) > 0).any()), bool((np.diff(pd) < 0).any()), float(pd.sum())
    if cumulative:
        return ["pd: found some that fall, expected none if cumulative; correct pd or cumulative"] if falls else []
    if total > 1.0 + 1e-9:
        way = "give probabilities seen from today" if falls else "pass cumulative=True if they are"
        return [f"pd: found a sum of {total:.6g}, expected at most 1; {way}"]
    if cumulative is None and rises and not falls:
        found = f"found {pd[0]:g} to {pd[-1]:g}, which rise and may be cumulative"
        return [f"pd: {found}, expected those in each period; pass cumulative=True or cumulative=False"]
    return []


@typed
def modification_gain(gross: float, cash_flows: ArrayLike, rate: float) -> float:
    r"""Gain, or loss if negative, on changed contract terms: present value of the new cash flows less the gross amount.

    Parameters
    ----------
    gross : float
        Gross carrying amount before [currency].
    cash_flows : array_like
        Contractual payments after, at the ends of periods 1, 2, ... [currency].
    rate : float
        Original effective interest rate per period [1].

    Returns
    -------
    float
        Modification gain [currency].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: gain = \sum_t \frac{CF_t}{(1 + EIR)^t} - gross

    (IFRS 9 [1]_.)

    References
    ----------
    .. [1] IFRS 9 Financial Instruments, 5.4.3.

    Examples
    --------
    A loan of 1,000 at 1 % a month, to be repaid in one month with a tenth forgiven:

    >>> import stresslab as sl
    >>> round(sl.formulas.modification_gain(1000.0, [909.0], 0.01), 6)
    -100.0
    """
    flows = np.atleast_1d(np.asarray(cash_flows, float))
    faults = []
    if not np.isfinite(gross) or gross < 0.0:
        faults.append(f"gross: found {gross!r}, expected a finite amount >= 0; correct it")
    if flows.ndim != 1 or flows.size == 0 or not np.isfinite(flows).all():
        faults.append(f"cash_flows: found {flows.tolist()}, expected finite amounts, one a period; correct them")
    faults += _rate_faults(rate)
    refuse("modification_gain", faults)
    return float((flows / (1.0 + rate) ** np.arange(1, flows.size + 1)).sum() - gross)


@typed
def migrate_stages(stages: ArrayLike, tr12: float, tr13: float, tr21: float, tr23: float) -> Array:
    r"""Balance of stages 1, 2 and 3 a year later, on a static balance sheet without write-off or cure of stage 3.

    Parameters
    ----------
    stages : array_like
        Balances of stages 1, 2 and 3 [currency].
    tr12 : float
        Share of stage 1 that moves to stage 2 in the year [1].
    tr13 : float
        Share of stage 1 that moves to stage 3 in the year [1].
    tr21 : float
        Share of stage 2 that moves to stage 1 in the year [1].
    tr23 : float
        Share of stage 2 that moves to stage 3 in the year [1].

    Returns
    -------
    numpy.ndarray
        Balances of stages 1, 2 and 3 [currency].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math::

       S_1' &= S_1 (1 - tr_{12} - tr_{13}) + S_2 \, tr_{21} \\
       S_2' &= S_2 (1 - tr_{21} - tr_{23}) + S_1 \, tr_{12} \\
       S_3' &= S_3 + S_1 \, tr_{13} + S_2 \, tr_{23}

    The practice of the EBA stress test; the equations are not confirmed in the text of its methodology.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.formulas.migrate_stages([900.0, 80.0, 20.0], 0.06, 0.02, 0.20, 0.10)
    array([844., 110.,  46.])
    """
    first = np.asarray(stages, float)
    faults = []
    if first.shape != (3,) or not np.isfinite(first).all() or (first < 0).any():
        faults.append(f"stages: found {first.tolist()}, expected three finite amounts >= 0; correct them")
    for names, rates in (("tr12, tr13", (tr12, tr13)), ("tr21, tr23", (tr21, tr23))):
        if not all(0.0 <= rate <= 1.0 for rate in rates) or sum(rates) > 1.0:
            faults.append(f"{names}: found {rates}, expected decimals that sum to at most 1; correct them")
    refuse("migrate_stages", faults)
    moves = np.array([[1 - tr12 - tr13, tr12, tr13], [tr21, 1 - tr21 - tr23, tr23], [0.0, 0.0, 1.0]])
    after: Array = first @ moves
    return after


@typed
def npl_sensitivity(
    capital_ratio: float, npl_over_rwa: float, increase: ArrayLike, *, loss: float = 1.0, excess_over_rwa: float = 0.0
) -> Array:
    r"""Capital ratio after an instantaneous rise of non-performing loans, as the People's Bank of China tests it.

    Parameters
    ----------
    capital_ratio : float
        Capital ratio before [1].
    npl_over_rwa : float
        Non-performing loans over risk-weighted assets before [1].
    increase : array_like
        Rise of non-performing loans over themselves [1]: 1 is +100 %, twice as many, not one point more.
    loss : float
        Share of the rise to be provided for [1].
    excess_over_rwa : float
        Provisions free to absorb it, over risk-weighted assets [1].

    Returns
    -------
    numpy.ndarray
        Capital ratio after [1], of the shape of `increase`.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math::

       L = \max \left( 0, loss \cdot \frac{NPL}{RWA} \cdot increase - \frac{excess}{RWA} \right), \qquad
       ratio' = \frac{ratio - L}{1 - L}

    as what is provided for leaves the risk-weighted assets. Profit absorbs nothing. The practice is that of the
    report [1]_ (through a secondary source), which does not print its formula.

    References
    ----------
    .. [1] People's Bank of China (2025), Financial Stability Report.

    Examples
    --------
    (12 - 1) / 99 and (12 - 2) / 98:

    >>> import stresslab as sl
    >>> sl.formulas.npl_sensitivity(0.12, 0.02, [1.0, 2.0], loss=0.5).round(4)
    array([0.1111, 0.102 ])
    """
    more = np.asarray(increase, float)
    faults = []
    given = {"npl_over_rwa": npl_over_rwa, "loss": loss, "excess_over_rwa": excess_over_rwa}
    for name, value in given.items():
        faults += number_faults(name, value, 1.0, "a decimal: 0.015, not 1.5")
    if not (isinstance(capital_ratio, int | float) and abs(capital_ratio) <= 1.0):
        faults.append(f"capital_ratio: found {capital_ratio!r}, expected -1 to 1; give a decimal: 0.12, not 12")
    if not (np.isfinite(more) & (more >= 0.0)).all():
        faults.append(f"increase: found {more.tolist()}, expected finite numbers >= 0; +100 % is 1")
    refuse("npl_sensitivity", faults)
    lost = np.maximum(loss * npl_over_rwa * more - excess_over_rwa, 0.0)
    if (lost >= 1.0).any():
        fault = f"increase: found {float(more.max())}, which loses all assets, expected less; lower it"
        refuse("npl_sensitivity", [fault])
    ratio: Array = (capital_ratio - lost) / (1.0 - lost)
    return ratio
