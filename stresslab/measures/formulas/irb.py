"""Internal-ratings-based approach for retail: risk weights, input floors, output floor, provisions, distributions.

Amounts are of one currency, rates and ratios decimals. The numbers of the rules, with source and status, are in
irb.toml; CRE, RBC and CAP are chapters of the Basel Framework.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stresslab.checks import choice_faults
from stresslab.measures.formulas import asrf
from stresslab.measures.formulas.arguments import AMOUNT, BELOW_ONE, INSIDE, LGD, Bound, checked
from stresslab.typed import typed

Array = NDArray[Any]
Rules = dict[str, Any]

PERFORMING = BELOW_ONE._replace(advice="a rate is a decimal, and PD 1 is a default: use defaulted_capital()")
CAP = Bound(0.0, np.inf, "[)", "a finite decimal >= 0, or None", "a share is a decimal: 0.25, not 25", single=True)
MINIMUM = INSIDE._replace(advice="a ratio is a decimal: 0.045, not 4.5", single=True)
BUFFER = INSIDE._replace(advice="a ratio is a decimal: 0.025, not 2.5", single=True)
RATIO = Bound(-np.inf, 1.0, "(]", "a finite decimal up to 1", "a ratio is a decimal: 0.07, not 7")


@cache
def basel_rules() -> Rules:
    """The numbers of irb.toml."""
    text = resources.files("stresslab.measures.formulas").joinpath("irb.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _class_faults(exposure_class: str, secured: str | None = None) -> list[str]:
    """Faults of a class, and of what secures an exposure of it."""
    classes = basel_rules()["floors"]
    if faults := choice_faults("exposure_class", exposure_class, sorted(classes)):
        return faults
    known = sorted(classes[exposure_class]["lgd"])
    if secured is None or secured in known:
        return []
    return [f"secured: found {secured!r}, expected one of {known} for {exposure_class}, or None; choose one"]


def _inputs(
    subject: str, pd: ArrayLike, lgd: ArrayLike, exposure_class: str, floored: bool, secured: str | None
) -> tuple[Array, Array]:
    """PD and LGD as the rules take them, raised to their floors if `floored`."""
    faults = _class_faults(exposure_class, secured)
    if floored not in (True, False):
        faults.append(f"floored: found {floored!r}, expected True or False; choose one")
    rate, lost = checked(subject, {"pd": (pd, PERFORMING), "lgd": (lgd, LGD)}, faults)
    if not floored:
        return rate, lost
    floors = basel_rules()["floors"][exposure_class]
    least = floors["lgd"][floors["assumed"] if secured is None else secured]
    return np.maximum(rate, floors["pd"]), np.maximum(lost, least)


@typed
def correlation(pd: ArrayLike, exposure_class: str) -> Array:
    r"""Correlation of assets in the risk weights of retail exposures.

    Parameters
    ----------
    pd : array_like
        Probability of default [1], 0 to below 1, as it is: no floor is applied.
    exposure_class : {"qrre_revolver", "qrre_transactor", "other_retail", "mortgage"}
        Class of the exposure: qualifying revolving retail (QRRE) in use or repaid in full every month, other retail, or
        residential mortgage.

    Returns
    -------
    numpy.ndarray
        Correlation :math:`R` [1] of the shape of `pd`.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    0.15 for mortgages, 0.04 for qualifying revolving exposures, and for other retail

    .. math::

       R = 0.03 \, w + 0.16 \, (1 - w), \qquad w = \frac{1 - e^{-35 \, PD}}{1 - e^{-35}}

    (Basel Framework [1]_, read in the text.) Set by regulators: not an estimate of how defaults occur together.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision, Basel Framework, CRE31.14 to 31.16.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.irb.correlation([0.0, 0.01, 0.05], "other_retail").round(8)
    array([0.16      , 0.12160945, 0.05259061])
    """
    (rate,) = checked("irb.correlation", {"pd": (pd, PERFORMING)}, _class_faults(exposure_class))
    law = basel_rules()["correlation"][exposure_class]
    low, high, decay = law["low"], law["high"], law["decay"]
    near_low = np.expm1(-decay * rate) / np.expm1(-decay)
    assets: Array = np.asarray(low * near_low + high * (1.0 - near_low) if low != high else np.full(rate.shape, low))
    return assets


@typed
def capital(
    pd: ArrayLike, lgd: ArrayLike, exposure_class: str, floored: bool = True, secured: str | None = None
) -> Array:
    r"""Capital requirement of a performing retail exposure for its unexpected loss, per unit of exposure at default.

    Parameters
    ----------
    pd : array_like
        Probability of default [1], 0 to below 1.
    lgd : array_like
        Loss given default [1], 0 to 10; broadcasts with `pd`.
    exposure_class : {"qrre_revolver", "qrre_transactor", "other_retail", "mortgage"}
        Class of the exposure: qualifying revolving retail (QRRE) in use or repaid in full every month, other retail, or
        residential mortgage.
    floored : bool
        Raise `pd` to 0.1 % (revolvers) or 0.05 % (all others), and `lgd` to 50 % (QRRE), 5 % (mortgage), or by what
        secures other retail: 30 % nothing, 0 % financial, 10 % receivables or real estate, 15 % other physical
        (CRE32.58 and 32.59); False: take both as they are.
    secured : {"unsecured", "financial", "receivables", "real_estate", "other_physical"} or None
        What secures other retail; None: as QRRE and mortgages are, and nothing for other retail.

    Returns
    -------
    numpy.ndarray
        Capital requirement :math:`K` [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math::

       K = LGD \, \Phi \left( \frac{\Phi^{-1}(PD) + \sqrt{R} \, \Phi^{-1}(0.999)}{\sqrt{1 - R}} \right) - PD \, LGD

    (Basel Framework [1]_, read in the text; the floors [2]_ as well.)

    Not for: exposures in default (`defaulted_capital`) or partly secured, whose floor of LGD is a mean of two.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision, Basel Framework, CRE31.13 to 31.16.
    .. [2] Basel Committee on Banking Supervision, Basel Framework, CRE32.58 and 32.59.

    Examples
    --------
    0.75 (0.0987362629 - 0.03):

    >>> import stresslab as sl
    >>> round(float(sl.irb.capital(0.03, 0.75, "qrre_revolver")), 10)
    0.0515521972
    """
    rate, lost = _inputs("irb.capital", pd, lgd, exposure_class, floored, secured)
    worst = asrf.quantile(rate, correlation(rate, exposure_class), basel_rules()["irb"]["level"])
    capital: Array = lost * worst - rate * lost
    return capital


@typed
def risk_weight(
    pd: ArrayLike, lgd: ArrayLike, exposure_class: str, floored: bool = True, secured: str | None = None
) -> Array:
    r"""Risk weight of a performing retail exposure: risk-weighted assets over exposure at default.

    Parameters
    ----------
    pd : array_like
        Probability of default [1], 0 to below 1.
    lgd : array_like
        Loss given default [1], 0 to 10; broadcasts with `pd`.
    exposure_class : {"qrre_revolver", "qrre_transactor", "other_retail", "mortgage"}
        Class of the exposure: qualifying revolving retail (QRRE) in use or repaid in full every month, other retail, or
        residential mortgage.
    floored : bool
        Raise both to their floors, as in `capital`; False: take them as they are.
    secured : {"unsecured", "financial", "receivables", "real_estate", "other_physical"} or None
        What secures other retail, as in `capital`.

    Returns
    -------
    numpy.ndarray
        Risk weight [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: RW = 12.5 \, K

    with :math:`K` that of `capital`, without the factor 1.06 of earlier rules [1]_. Exposure at default is before
    specific provisions [2]_; in the standardised approach it is after them [3]_.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision, Basel Framework, CRE31.13 to 31.16.
    .. [2] Basel Committee on Banking Supervision, Basel Framework, CRE32.62.
    .. [3] Basel Committee on Banking Supervision, Basel Framework, CRE20.1.

    Examples
    --------
    56.40 % in Basel II, Annex 5:

    >>> import stresslab as sl
    >>> round(float(sl.irb.risk_weight(0.01, 0.45, "mortgage", floored=False)), 4)
    0.564
    """
    weight: Array = basel_rules()["rwa"]["multiplier"] * capital(pd, lgd, exposure_class, floored, secured)
    return weight


@typed
def expected_loss(
    pd: ArrayLike, lgd: ArrayLike, exposure_class: str, floored: bool = True, secured: str | None = None
) -> Array:
    r"""Expected loss of a performing retail exposure per unit of exposure at default, to compare with provisions.

    Parameters
    ----------
    pd : array_like
        Probability of default [1], 0 to below 1.
    lgd : array_like
        Loss given default [1], 0 to 10; broadcasts with `pd`.
    exposure_class : {"qrre_revolver", "qrre_transactor", "other_retail", "mortgage"}
        Class of the exposure: qualifying revolving retail (QRRE) in use or repaid in full every month, other retail, or
        residential mortgage.
    floored : bool
        Raise both to their floors, as in `capital`; False: take them as they are.
    secured : {"unsecured", "financial", "receivables", "real_estate", "other_physical"} or None
        What secures other retail, as in `capital`.

    Returns
    -------
    numpy.ndarray
        Expected loss [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: EL = PD \, LGD

    (Basel Framework [1]_, read in the text.) Floors raise expected loss as well.

    Not for: exposures in default, whose expected loss is its best estimate; nor IFRS 9 or CECL.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision, Basel Framework, CRE35.3.

    Examples
    --------
    The second probability of default is at the floor of 0.1 %:

    >>> import stresslab as sl
    >>> sl.irb.expected_loss([0.03, 0.0001], 0.75, "qrre_revolver")
    array([0.0225 , 0.00075])
    """
    rate, lost = _inputs("irb.expected_loss", pd, lgd, exposure_class, floored, secured)
    expected: Array = rate * lost
    return expected


@typed
def defaulted_capital(lgd: ArrayLike, best_estimate_loss: ArrayLike) -> Array:
    r"""Capital requirement of an exposure in default per unit of exposure at default.

    Parameters
    ----------
    lgd : array_like
        Loss given default [1], 0 to 10.
    best_estimate_loss : array_like
        Best estimate of expected loss [1], 0 to 10; broadcasts with `lgd`.

    Returns
    -------
    numpy.ndarray
        Capital requirement :math:`K` [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: K = \max(0, LGD - best\ estimate)

    (Basel Framework [1]_, read in the text.)

    References
    ----------
    .. [1] Basel Committee on Banking Supervision, Basel Framework, CRE31.3 and CRE36.86.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.irb.defaulted_capital(0.75, [0.65, 0.80]).round(12)
    array([0.1, 0. ])
    """
    lost, best = checked("irb.defaulted_capital", {"lgd": (lgd, LGD), "best_estimate_loss": (best_estimate_loss, LGD)})
    capital: Array = np.maximum(lost - best, 0.0)
    return capital


@typed
def output_floor(rwa: ArrayLike, rwa_standardised: ArrayLike, year: int, cap: float | None = 0.25) -> Array:
    r"""Risk-weighted assets after the output floor.

    Parameters
    ----------
    rwa : array_like
        Risk-weighted assets before the floor, by the approaches that the bank may use [currency], >= 0.
    rwa_standardised : array_like
        Risk-weighted assets by standardised approaches alone [currency], >= 0; broadcasts with `rwa`.
    year : int
        Year, 2023 or later: the share :math:`f` is 50, 55, 60, 65, 70 and from 2028 72.5 %.
    cap : float or None
        Most that the floor adds, as a share of `rwa`, where the supervisor grants it; None: no cap. It ends with the
        phase-in and has no effect from 2028.

    Returns
    -------
    numpy.ndarray
        Risk-weighted assets [currency].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: RWA' = \min(\max(RWA, f \, RWA_{standardised}), (1 + cap) \, RWA)

    (Basel Framework [1]_, read in the text; the cap [2]_ as well.)

    References
    ----------
    .. [1] Basel Committee on Banking Supervision, Basel Framework, RBC20.4, 20.11 and 90.1.
    .. [2] Basel Committee on Banking Supervision, Basel Framework, RBC90.2.

    Examples
    --------
    1.25 x 76 and 0.70 x 140 in 2027; 0.725 x 140 in 2028:

    >>> import stresslab as sl
    >>> [float(sl.irb.output_floor(76.0, 140.0, 2027, cap)) for cap in (0.25, None)]
    [95.0, 98.0]
    >>> float(sl.irb.output_floor(76.0, 140.0, 2028))
    101.5
    """
    phase = basel_rules()["output_floor"]["phase_in"]
    first, last, faults = phase["years"][0], phase["years"][-1], []
    if not isinstance(year, int | np.integer) or isinstance(year, bool) or year < first:
        faults.append(f"year: found {year!r}, expected a whole year from {first}, when the floor begins; change it")
    own, standardised, most = checked(
        "irb.output_floor",
        {
            "rwa": (rwa, AMOUNT),
            "rwa_standardised": (rwa_standardised, AMOUNT),
            "cap": (0.0 if cap is None else cap, CAP),
        },
        faults,
    )
    share = phase["shares"][min(int(year), last) - first]
    raised: Array = np.maximum(own, share * standardised)
    return raised if cap is None or year >= last else np.minimum(raised, (1.0 + most) * own)


@typed
def conservation_ratio(cet1_ratio: ArrayLike, minimum: float = 0.045, buffer: float = 0.025) -> Array:
    r"""Share of earnings that a bank must keep, given its CET1 ratio.

    Parameters
    ----------
    cet1_ratio : array_like
        CET1 over risk-weighted assets [1], up to 1, below 0 if capital is lost; without the CET1 that a shortfall of
        Tier 1 or total capital needs (RBC30.2).
    minimum : float
        CET1 ratio at which the buffer begins [1], 4.5 % (RBC20.1); China 5 % (unconfirmed).
    buffer : float
        Height of the buffer [1], > 0: 2.5 %, and what other buffers add to it (RBC30.2).

    Returns
    -------
    numpy.ndarray
        Share of earnings [1]: 1.0 below the minimum and up to the end of the first quarter of the buffer, 0.8, 0.6, 0.4
        in the second to the fourth, 0.0 above the buffer; the upper end of a quarter belongs to it.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    The steps are those of the Basel Framework [1]_ (unconfirmed).

    References
    ----------
    .. [1] Basel Committee on Banking Supervision, Basel Framework, RBC30.4.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.irb.conservation_ratio([0.04, 0.05, 0.055, 0.06, 0.065, 0.07, 0.08])
    array([1. , 1. , 0.8, 0.6, 0.4, 0.4, 0. ])
    """
    ratio, start, height = checked(
        "irb.conservation_ratio",
        {"cet1_ratio": (cet1_ratio, RATIO), "minimum": (minimum, MINIMUM), "buffer": (buffer, BUFFER)},
    )
    shares = np.array(basel_rules()["conservation"]["shares"])
    # rounded, since the float 0.05125 must not lie above 0.045 + 0.025 / 4
    steps = np.ceil(np.round((ratio - start) / height * (shares.size - 1), 9))
    kept: Array = shares[np.clip(steps - 1, 0, shares.size - 1).astype(int)]
    return kept


def tier2_from_provisions(provisions: ArrayLike, expected_loss: ArrayLike, rwa: ArrayLike) -> tuple[Array, Array]:
    r"""Deduction from CET1 and addition to Tier 2 by provisions against exposures under IRB [currency].

    provisions : eligible, all of them against these exposures; expected_loss : their total, defaulted ones included
    rwa : IRB credit risk-weighted assets; all >= 0 [currency], shapes broadcast
    Returns (deduction from CET1, addition to Tier 2), both >= 0 and never both above 0: max(expected_loss - provisions,
    0) and min(max(provisions - expected_loss, 0), 0.006 rwa) (CAP30.13 and CAP10.19, unconfirmed; CRE35.8 refers to
    both, read in the text).

    >>> deduction, addition = tier2_from_provisions([8.0, 13.0, 20.0], 10.0, 1000.0)
    >>> deduction.tolist(), addition.tolist()
    ([2.0, 0.0, 0.0], [0.0, 3.0, 6.0])
    """
    held, expected, assets = checked(
        "tier2_from_provisions",
        {"provisions": (provisions, AMOUNT), "expected_loss": (expected_loss, AMOUNT), "rwa": (rwa, AMOUNT)},
    )
    most = basel_rules()["tier2"]["irb"]["share"] * assets
    shortfall = np.maximum(expected - held, 0.0) + 0.0 * assets  # of the shape of all three
    return shortfall, np.minimum(np.maximum(held - expected, 0.0), most)


def general_provisions_in_tier2(general: ArrayLike, rwa: ArrayLike) -> Array:
    r"""Part of the general provisions under the standardised approach that is Tier 2 [currency].

    general : general provisions, not ascribed to particular assets, >= 0
    rwa : standardised credit risk-weighted assets, >= 0; shapes broadcast
    Returns min(general, 0.0125 rwa) (CAP10.18, unconfirmed).

    >>> general_provisions_in_tier2([10.0, 20.0], 1000.0)
    array([10. , 12.5])
    """
    held, assets = checked("general_provisions_in_tier2", {"general": (general, AMOUNT), "rwa": (rwa, AMOUNT)})
    counted: Array = np.minimum(held, basel_rules()["tier2"]["standardised"]["share"] * assets)
    return counted
