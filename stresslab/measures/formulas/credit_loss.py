"""The formulas of provisioning for one loan or one pool, to check a model by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stresslab.checks import number_faults, refuse

Array = NDArray[Any]


def expected_credit_loss(
    pd: ArrayLike, lgd: ArrayLike, ead: ArrayLike, rate: float = 0.0, horizon: int | None = None
) -> float:
    """Expected credit loss of a loan: sum over t = 1 ... T of pd_t lgd_t ead_t / (1 + rate)^t (IFRS 9 5.5.17, B5.5.44).

    pd (t) : probability to default in period t, seen from today; they sum to at most 1
    lgd (t), ead (t) : share lost and amount owed at a default in t, or one number for all periods
    rate : effective interest rate per period [1]
    horizon : periods counted, 12 months' for stage 1; None: all
    Raises InputError naming each fault.

    An instalment loan of 10,000 over 12 months at 1.5 % a month, hazard 0.5 % a month, LGD 65 %:

    >>> opening = 10_000 * (1.015**12 - 1.015 ** np.arange(12)) / (1.015**12 - 1)
    >>> hazard = 0.005 * 0.995 ** np.arange(12)
    >>> round(expected_credit_loss(hazard, 0.65, opening * 1.015, 0.015), 6)  # with the interest due
    201.831195
    >>> round(expected_credit_loss(hazard, 0.65, opening, 0.015), 6)
    198.848468
    >>> expected_credit_loss([0.005], 0.25, 1_000_000)  # IE49
    1250.0
    """
    each, lost, owed = (np.atleast_1d(np.asarray(values, float)) for values in (pd, lgd, ead))
    faults = [
        f"{name}: found {values.tolist()[:4]}, expected numbers {low:g} to {high:g}; correct it"
        for name, values, low, high in (("pd", each, 0, 1), ("lgd", lost, 0, 10), ("ead", owed, 0, np.inf))
        if values.ndim != 1 or not (np.isfinite(values) & (values >= low) & (values <= high)).all()
    ]
    faults += [
        f"{name}: found {values.size} periods, expected 1 or the {each.size} of pd; give one for each"
        for name, values in (("lgd", lost), ("ead", owed))
        if values.size not in (1, each.size)
    ]
    if each.sum() > 1.0 + 1e-9:
        faults.append(f"pd: found a sum of {each.sum():.6g}, expected at most 1: probabilities seen from today")
    if not np.isfinite(rate) or rate <= -1.0:
        faults.append(f"rate: found {rate!r}, expected a decimal above -1; give the rate of one period")
    if horizon is not None and (not isinstance(horizon, int | np.integer) or horizon < 1):
        faults.append(f"horizon: found {horizon!r}, expected whole periods >= 1 or None; change it")
    refuse("expected_credit_loss", faults)
    period = np.arange(1, each.size + 1)
    counted = period <= (each.size if horizon is None else horizon)
    return float((counted * each * lost * owed / (1.0 + rate) ** period).sum())


def modification_gain(gross: float, cash_flows: ArrayLike, rate: float) -> float:
    """Gain, or loss if negative, on changed contract terms: present value of the new cash flows less the gross amount.

    gross : gross carrying amount before [currency]
    cash_flows (t) : contractual payments after, at the ends of periods 1, 2, ... [currency]
    rate : original effective interest rate per period [1]; IFRS 9 5.4.3
    Raises InputError naming each fault.

    A loan of 1,000 at 1 % a month, to be repaid in one month with a tenth forgiven:

    >>> round(modification_gain(1000.0, [909.0], 0.01), 6)
    -100.0
    """
    flows = np.atleast_1d(np.asarray(cash_flows, float))
    faults = []
    if not np.isfinite(gross) or gross < 0.0:
        faults.append(f"gross: found {gross!r}, expected a finite amount >= 0; correct it")
    if flows.ndim != 1 or flows.size == 0 or not np.isfinite(flows).all():
        faults.append(f"cash_flows: found {flows.tolist()}, expected finite amounts, one a period; correct them")
    if not np.isfinite(rate) or rate <= -1.0:
        faults.append(f"rate: found {rate!r}, expected a decimal above -1; give the rate of one period")
    refuse("modification_gain", faults)
    return float((flows / (1.0 + rate) ** np.arange(1, flows.size + 1)).sum() - gross)


def migrate_stages(stages: ArrayLike, tr12: float, tr13: float, tr21: float, tr23: float) -> Array:
    """Balances of stages 1, 2, 3 a year on: static balance sheet, no write-off, no cure of stage 3 (EBA stress test).

    S1' = S1 (1 - tr12 - tr13) + S2 tr21; S2' = S2 (1 - tr21 - tr23) + S1 tr12; S3' = S3 + S1 tr13 + S2 tr23. The
    equations are not confirmed in the text of the methodology.

    stages : balances of stages 1, 2 and 3 [currency]
    tr12 ... tr23 : share of the stage of the first figure that moves to that of the second in the year [1]
    Raises InputError naming each fault.

    >>> migrate_stages([900.0, 80.0, 20.0], 0.06, 0.02, 0.20, 0.10)
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


def npl_sensitivity(
    capital_ratio: float, npl_over_rwa: float, increase: ArrayLike, *, loss: float = 1.0, excess_over_rwa: float = 0.0
) -> Array:
    """Capital ratio when bad loans rise at one stroke, as in the People's Bank of China's sensitivity test.

    capital_ratio : before [1]; npl_over_rwa : bad loans over risk-weighted assets before [1]
    increase : of bad loans over themselves, any shape [1]: 1 is +100 %, twice as many, not one point more
    loss : of what turns bad, to be provided for [1]; excess_over_rwa : provisions free to absorb it, over RWA [1]
    L = max(0, loss npl_over_rwa increase - excess_over_rwa); ratio = (capital_ratio - L) / (1 - L), as what is provided
    for leaves the risk-weighted assets. Profit absorbs nothing. Practice: Financial Stability Report 2025 (secondary
    source); the report does not print its formula.
    Raises InputError naming each fault.

    >>> npl_sensitivity(0.12, 0.02, [1.0, 2.0], loss=0.5).round(4)  # (12 - 1) / 99 and (12 - 2) / 98
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
        refuse("npl_sensitivity", [f"increase: found {float(more.max())}, which loses all assets; expected less"])
    ratio: Array = (capital_ratio - lost) / (1.0 - lost)
    return ratio
