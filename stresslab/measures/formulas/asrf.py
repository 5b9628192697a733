"""Loss of a large pool under one common factor (ASRF), and the exact law of its defaults where the pool is small.

The share x of a pool that defaults is p(Z), `conditional_pd` at the common factor Z ~ N(0, 1), low Z bad. N is
the standard normal distribution function, G its inverse, N2(h, k; r) that of two normals with correlation r.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import betainc, owens_t
from scipy.stats import norm

from stresslab.checks import refuse

Array = NDArray[Any]


class Bound(NamedTuple):
    """What the numbers of an argument must be: between two ends, in words, and what to do if they are not."""

    low: float
    high: float
    ends: str  # "[]" both ends belong to it, "()" none, "[)" the lower, "(]" the upper
    words: str
    advice: str = "a rate is a decimal: 0.03, not 3"
    whole: bool = False
    single: bool = False  # one number, not an array


SHARE = Bound(0.0, 1.0, "[]", "a decimal 0 to 1")
BELOW_ONE = Bound(0.0, 1.0, "[)", "a decimal 0 to below 1")
INSIDE = Bound(0.0, 1.0, "()", "a decimal strictly between 0 and 1")
LGD = Bound(0.0, 10.0, "[]", "a decimal 0 to 10")
AMOUNT = Bound(0.0, np.inf, "[)", "a finite number >= 0", "correct it")


def checked(subject: str, given: dict[str, tuple[ArrayLike, Bound]], faults: Sequence[str] = ()) -> list[Array]:
    """The arguments as arrays of floats, in their order; every fault of theirs, and those found before, at once.

    given : name -> (numbers, what they must be); their shapes broadcast
    Raises InputError naming each fault.

    >>> checked("law", {"pd": (3, INSIDE), "correlation": (0.1, INSIDE)})
    Traceback (most recent call last):
    stresslab.schema.InputError: law: 1 fault
      - pd: found 3.0, expected a decimal strictly between 0 and 1; a rate is a decimal: 0.03, not 3
    """
    arrays, faults = [], list(faults)
    for name, (values, bound) in given.items():
        try:
            array = np.asarray(values, float)
        except (TypeError, ValueError):
            faults.append(f"{name}: found {values!r}, expected {bound.words}; give numbers")
            continue
        arrays.append(array)
        above = array >= bound.low if bound.ends[0] == "[" else array > bound.low
        below = array <= bound.high if bound.ends[1] == "]" else array < bound.high
        bad = ~(above & below & (array == np.floor(array))) if bound.whole else ~(above & below)
        if bad.any():
            also = f" (and {bad.sum() - 1:,} more)" if bad.sum() > 1 else ""
            where = f" at position {np.argwhere(bad)[0].tolist()}" if array.ndim else ""
            faults.append(f"{name}: found {array[bad][0]}{where}{also}, expected {bound.words}; {bound.advice}")
        if bound.single and array.ndim:
            faults.append(f"{name}: found shape {array.shape}, expected one number; ask once for each")
    try:
        np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        faults.append(f"{', '.join(given)}: found shapes {shapes}, expected shapes that broadcast; align them")
    refuse(subject, faults)
    return arrays


def conditional_pd(pd: ArrayLike, correlation: float, factor: ArrayLike) -> Array:
    """PD given the common factor, N((G(pd) - sqrt(correlation) z) / sqrt(1 - correlation)), low z bad (Vasicek 2002).

    pd : through the cycle [1]; correlation : correlation of assets, 0 <= correlation < 1; factor : z, standard normal
    Raises InputError naming each fault.

    Weights go on losses, never on drivers: the mean of three PDs is above the PD at the mean factor.

    >>> found = conditional_pd(0.03, 0.04, [0.0, -1.5, 1.0])
    >>> found.round(7)
    array([0.0274557, 0.0533298, 0.0168476])
    >>> float((found @ [0.5, 0.25, 0.25]).round(7))
    0.0312722
    """
    through = np.asarray(pd, float)
    faults = []
    if not ((through >= 0.0) & (through <= 1.0)).all():
        faults.append(f"pd: found {through.tolist()}, expected decimals 0 to 1; correct them")
    if not 0.0 <= correlation < 1.0:
        faults.append(f"correlation: found {correlation!r}, expected a decimal 0 to below 1; correct it")
    refuse("asrf.conditional_pd", faults)
    point: Array = norm.cdf(
        (norm.ppf(through) - np.sqrt(correlation) * np.asarray(factor, float)) / np.sqrt(1.0 - correlation)
    )
    return point


def _at_factor(pd: Array, correlation: Array, factor: Array) -> Array:
    """`conditional_pd` for correlations of any shape: it takes one, so there is one call for each that differs."""
    if correlation.size and (correlation == correlation.flat[0]).all():
        return conditional_pd(
            np.broadcast_to(pd, np.broadcast_shapes(pd.shape, correlation.shape)), float(correlation.flat[0]), factor
        )
    each: Array = np.vectorize(conditional_pd, otypes=[float])(pd, correlation, factor)
    return each


def quantile(pd: ArrayLike, correlation: ArrayLike, level: ArrayLike) -> Array:
    """Quantile of the share of a large pool that defaults [1]: the PD when the factor is at its 1 - level quantile.

    pd, correlation, level : default probability (0 to 1), correlation of assets (0 to below 1), level inside (0, 1); broadcast
    q = N((G(pd) + sqrt(correlation) G(level)) / sqrt(1 - correlation))      Vasicek, Risk (December 2002) (status: secondary)
    Raises InputError naming each fault.

    >>> quantile(0.03, 0.04, [0.5, 0.999]).round(6)
    array([0.027456, 0.098736])
    """
    through, correlation, levels = checked(
        "asrf.quantile", {"pd": (pd, SHARE), "correlation": (correlation, BELOW_ONE), "level": (level, INSIDE)}
    )
    return _at_factor(through, correlation, np.asarray(norm.isf(levels)))


def _bivariate(h: Array, k: Array, r: Array) -> Array:
    """N2(h, k; r) by Owen's T function, exact to about 1e-16 and for arrays (Owen, Ann. Math. Stat. 27, 1956)."""
    root = np.sqrt((1.0 - r) * (1.0 + r))
    both = (h == 0.0) & (k == 0.0)  # where the slopes below are 0 / 0
    with np.errstate(divide="ignore", invalid="ignore"):
        slope_h = np.where(both, np.sqrt((1.0 - r) / (1.0 + r)), (k - r * h) / (h * root))
        slope_k = np.where(both, np.sqrt((1.0 - r) / (1.0 + r)), (h - r * k) / (k * root))
    same_side = (h * k > 0.0) | ((h * k == 0.0) & (h + k >= 0.0))
    half = 0.5 * (norm.cdf(h) + norm.cdf(k)) - np.where(same_side, 0.0, 0.5)
    found: Array = half - owens_t(h, slope_h) - owens_t(k, slope_k)
    return found


def expected_shortfall(pd: ArrayLike, correlation: ArrayLike, level: ArrayLike) -> Array:
    """Mean of the worst 1 - level of the shares of a large pool that default [1].

    pd, level : inside (0, 1); correlation : correlation of assets, 0 to below 1; shapes broadcast
    ES = N2(G(pd), -G(level); sqrt(correlation)) / (1 - level)      Vasicek, Risk (December 2002) (status: derived)
    Raises InputError naming each fault.

    >>> expected_shortfall(0.03, [0.0, 0.04], 0.999).round(6)  # without correlation the PD itself
    array([0.03    , 0.109252])
    """
    through, correlation, levels = checked(
        "asrf.expected_shortfall",
        {"pd": (pd, INSIDE), "correlation": (correlation, BELOW_ONE), "level": (level, INSIDE)},
    )
    return _bivariate(norm.ppf(through), norm.isf(levels), np.sqrt(correlation)) / (1.0 - levels)


def _variance(pd: Array, correlation: Array) -> Array:
    """Variance of the share that defaults: N2(G, G; correlation) - pd^2, free of the cancellation in it."""
    default = norm.ppf(pd)
    # N2(h, h; r) = N(h) - 2 T(h, sqrt((1 - r) / (1 + r))), and 2 T(h, 1) = N(h) N(-h)
    spread: Array = 2.0 * (owens_t(default, 1.0) - owens_t(default, np.sqrt((1.0 - correlation) / (1.0 + correlation))))
    return spread


def standard_deviation(pd: ArrayLike, correlation: ArrayLike) -> Array:
    """Standard deviation of the share of a large pool that defaults [1].

    pd : inside (0, 1); correlation : correlation of assets, 0 to below 1; shapes broadcast
    sd^2 = N2(G(pd), G(pd); correlation) - pd^2      Vasicek, Risk (December 2002) (status: secondary)
    Raises InputError naming each fault.

    At pd = 1/2, N2(0, 0; correlation) = 1/4 + arcsin(correlation) / (2 pi), and arcsin(1/2) = pi / 6:

    >>> standard_deviation([0.5, 0.01], [0.5, 0.1]).round(6)  # the first is sqrt(1 / 12)
    array([0.288675, 0.009626])
    """
    through, correlation = checked(
        "asrf.standard_deviation", {"pd": (pd, INSIDE), "correlation": (correlation, BELOW_ONE)}
    )
    return np.sqrt(_variance(through, correlation))


def implied_correlation(pd: ArrayLike, deviation: ArrayLike) -> Array:
    """Correlation of assets at which the share of a large pool that defaults has this standard deviation [1].

    pd : mean default rate, inside (0, 1)
    deviation : of default rates over time, 0 to below sqrt(pd (1 - pd)), which correlation 1 gives; shapes broadcast
    Returns correlation, root of standard_deviation(pd, correlation) = deviation, which rises with correlation.
    Not for: small pools, whose default rates vary by chance as well; their correlation would be too high.
    Raises InputError naming each fault.

    >>> round(float(implied_correlation(0.5, np.sqrt(1 / 12))), 9)
    0.5
    """
    through, spread = checked(
        "implied_correlation", {"pd": (pd, INSIDE), "deviation": (deviation, AMOUNT._replace(advice="give an sd"))}
    )
    largest = np.sqrt(through * (1.0 - through))
    if (high := np.broadcast_to(spread >= largest, np.broadcast_shapes(spread.shape, largest.shape))).any():
        found, most = (float(np.broadcast_to(each, high.shape)[high][0]) for each in (spread, largest))
        expected = f"expected less than sqrt(pd (1 - pd)) = {most:.6g}"
        refuse("implied_correlation", [f"deviation: found {found:.6g}, {expected}; no correlation gives it"])
    found_each: Array = np.vectorize(_implied, otypes=[float])(through, spread)
    return found_each


def _implied(pd: float, deviation: float) -> float:
    """Root of one variance; in squares, since the deviation is steep like sqrt(correlation) at 0."""
    rate = np.asarray(pd)
    gap = brentq(
        lambda correlation: float(_variance(rate, np.asarray(correlation))) - deviation**2,
        0.0,
        1.0,
        xtol=1e-15,
        rtol=1e-14,
    )
    return float(gap)


def cdf(x: ArrayLike, pd: ArrayLike, correlation: ArrayLike) -> Array:
    """Probability that at most the share x of a large pool defaults [1].

    x : 0 to 1; pd, correlation : inside (0, 1); shapes broadcast
    F(x) = N((sqrt(1 - correlation) G(x) - G(pd)) / sqrt(correlation))      Vasicek, Risk (December 2002) (status: derived)
    Raises InputError naming each fault.

    >>> round(float(cdf(quantile(0.03, 0.04, 0.999), 0.03, 0.04)), 9)
    0.999
    """
    share, through, correlation = checked(
        "asrf.cdf", {"x": (x, SHARE), "pd": (pd, INSIDE), "correlation": (correlation, INSIDE)}
    )
    found: Array = norm.cdf(_minus_factor(share, through, correlation))
    return found


def density(x: ArrayLike, pd: ArrayLike, correlation: ArrayLike) -> Array:
    """Density of the share of a large pool that defaults [1], the derivative of `cdf`.

    x, pd, correlation : inside (0, 1); shapes broadcast
    f(x) = sqrt((1 - correlation) / correlation) exp(G(x)^2 / 2 - (sqrt(1 - correlation) G(x) - G(pd))^2 / (2 correlation))
    Source: Vasicek, Risk (December 2002) (status: secondary).
    Raises InputError naming each fault.

    >>> density([0.2, 0.7], 0.5, 0.5).round(9)  # correlation = 1/2 and pd = 1/2 are the uniform law
    array([1., 1.])
    """
    share, through, correlation = checked(
        "asrf.density", {"x": (x, INSIDE), "pd": (pd, INSIDE), "correlation": (correlation, INSIDE)}
    )
    logarithm = norm.logpdf(_minus_factor(share, through, correlation)) - norm.logpdf(norm.ppf(share))
    density: Array = np.sqrt((1.0 - correlation) / correlation) * np.exp(logarithm)
    return density


def _minus_factor(x: Array, pd: Array, correlation: Array) -> Array:
    """Minus the factor at which the share x of a pool of this PD defaults: the inverse of `conditional_pd`."""
    found: Array = (np.sqrt(1.0 - correlation) * norm.ppf(x) - norm.ppf(pd)) / np.sqrt(correlation)
    return found


def systematic_factor(ttc_pd: ArrayLike, pit_pd: ArrayLike, correlation: ArrayLike) -> Array:
    """Common factor z at which a PD through the cycle becomes one at a point in time; below 0 times are bad [1].

    ttc_pd, pit_pd, correlation : inside (0, 1); shapes broadcast
    z = (G(ttc_pd) - sqrt(1 - correlation) G(pit_pd)) / sqrt(correlation)      inverse of `conditional_pd` (status: derived)
    Raises InputError naming each fault.

    >>> round(float(systematic_factor(0.03, 0.05, 0.04)), 6)
    -1.345864
    """
    through, point, correlation = checked(
        "systematic_factor",
        {"ttc_pd": (ttc_pd, INSIDE), "pit_pd": (pit_pd, INSIDE), "correlation": (correlation, INSIDE)},
    )
    return -_minus_factor(point, through, correlation)


def granularity_adjustment(pd: ArrayLike, correlation: ArrayLike, level: ArrayLike) -> Array:
    """What a pool of n equal loans adds to the quantile of a large one, times n [1].

    pd, correlation, level : inside (0, 1); shapes broadcast
    Returns GA; the quantile of the pool is V + GA / n, V that of quantile().

        GA = ((sqrt((1 - correlation) / correlation) G(level) - G(V)) / phi(G(V)) V (1 - V) + 2 V - 1) / 2

    Source: Gordy, J. Financial Intermediation 12 (2003) (status: secondary).
    Not for: loans of different size, or few: it is the first term of a series in 1 / n.
    Raises InputError naming each fault.

    >>> round(float(granularity_adjustment(0.03, 0.08, 0.99)), 7)  # 200 loans: 0.1011793 + 1.9552925 / 200 = 0.1109558
    1.9552925
    """
    through, correlation, levels = checked(
        "granularity_adjustment", {"pd": (pd, INSIDE), "correlation": (correlation, INSIDE), "level": (level, INSIDE)}
    )
    value = quantile(through, correlation, levels)
    score = norm.ppf(value)
    slope = (np.sqrt((1.0 - correlation) / correlation) * norm.ppf(levels) - score) / norm.pdf(score)
    adjustment: Array = 0.5 * (slope * value * (1.0 - value) + 2.0 * value - 1.0)
    return adjustment


def euler_contributions(
    weight: ArrayLike, pd: ArrayLike, correlation: ArrayLike, lgd: ArrayLike, level: float = 0.999
) -> Array:
    """What each segment adds to the loss quantile of a book of large pools under one factor; the sum is the quantile.

    weight (..., segment) : exposure, as a share [1] or an amount [currency], >= 0
    pd, lgd (..., segment), correlation (..., segment) : 0 to 1, 0 to 10 and 0 to below 1
    Returns contributions (..., segment), in the unit of weight.
    c_i = weight_i lgd_i N((G(pd_i) + sqrt(rho_i) G(level)) / sqrt(1 - rho_i))      Euler's theorem (status: derived)
    Not for: pools under several factors, or few loans.
    Raises InputError naming each fault.

    >>> found = euler_contributions([0.6, 0.4], [0.02, 0.05], [0.04, 0.06], [0.75, 0.65], 0.999)
    >>> found.round(7), float(found.sum().round(7))
    (array([0.0321383, 0.0467701]), 0.0789084)
    """
    weights, through, correlation, lost, levels = checked(
        "euler_contributions",
        {
            "weight": (weight, AMOUNT),
            "pd": (pd, SHARE),
            "correlation": (correlation, BELOW_ONE),
            "lgd": (lgd, LGD),
            "level": (level, INSIDE),
        },
    )
    contributions: Array = weights * lost * quantile(through, correlation, levels)
    return contributions


NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
FAR = 12.0  # a normal factor is beyond it with probability 4e-33


def default_count_tail(n: int, pd: float, correlation: float, more_than: ArrayLike) -> Array:
    """Probability that more than k of n equal loans under one factor default [1], exact but for rounding.

    n : loans, whole, >= 1; pd : 0 to 1; correlation : correlation of assets, 0 to below 1
    more_than : k, whole numbers 0 to n, any shape
    Returns probabilities of the shape of more_than.
    P(D > k) = integral of P(Bin(n, p(z)) > k) phi(z) dz, p(z) = conditional_pd(pd, correlation, z)
    by Gauss-Legendre quadrature on panels that are narrow where the binomial tail falls.
    Raises InputError naming each fault.

    Without correlation it is the binomial law, here 1 - (1/2)^2 and (1/2)^2:

    >>> default_count_tail(2, 0.5, 0.0, [0, 1, 2]).round(12)
    array([0.75, 0.25, 0.  ])
    >>> float(default_count_tail(1000, 0.01, 0.1, 50))
    0.008402113
    """
    counts, through, correlation, _ = _counted("default_count_tail", n, more_than, pd, correlation)
    found = np.zeros(counts.shape)
    for where in np.argwhere(counts < n):
        found[tuple(where)] = _tail(n, float(through), float(correlation), float(counts[tuple(where)]))
    return found


def _counted(
    subject: str, n: int, more_than: ArrayLike, pd: float, correlation: float, level: float = 0.5
) -> list[Array]:
    """Counts, pd, correlation and level as arrays, if nothing is wrong with any of them or with n."""
    sound = isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 1
    faults = [] if sound else [f"n: found {n!r}, expected a whole number >= 1; give the number of loans"]
    most = float(n) if sound else np.inf
    given: dict[str, tuple[ArrayLike, Bound]] = {
        "more_than": (more_than, Bound(0.0, most, "[]", f"whole numbers 0 to n = {n}", "correct it", whole=True)),
        "pd": (pd, SHARE._replace(single=True)),
        "correlation": (correlation, BELOW_ONE._replace(single=True)),
        "level": (level, INSIDE._replace(single=True)),
    }
    return checked(subject, given, faults)


def _tail(n: int, pd: float, correlation: float, k: float) -> float:
    """P(D > k) for one k below n."""
    if correlation == 0.0 or pd in (0.0, 1.0):
        return float(betainc(k + 1.0, n - k, pd))  # P(Bin(n, p) > k)
    share = (k + 0.5) / n
    centre = -float(_minus_factor(np.asarray(share), np.asarray(pd), np.asarray(correlation)))
    slope = np.sqrt(correlation / (1.0 - correlation)) * norm.pdf(norm.ppf(share))
    width = np.sqrt(share * (1.0 - share) / n) / slope  # over which the binomial tail falls, in units of z
    edges = np.unique(np.clip(np.r_[np.arange(-FAR, FAR + 1.0), centre + width * np.arange(-12.0, 13.0)], -FAR, FAR))
    half = np.diff(edges)[:, None] / 2.0
    z = edges[:-1, None] + half * (1.0 + NODES)
    inner = betainc(k + 1.0, n - k, conditional_pd(pd, correlation, z))
    return float((half * WEIGHTS * inner * norm.pdf(z)).sum())


def default_count_quantile(n: int, pd: float, correlation: float, level: float) -> int:
    """Quantile of the number of defaults among n equal loans under one factor: least k with P(D <= k) >= level.

    n : loans, whole, >= 1; pd : 0 to 1; correlation : correlation of assets, 0 to below 1; level : inside (0, 1)
    Returns k, by bisection on default_count_tail().
    Raises InputError naming each fault.

    >>> default_count_quantile(2, 0.5, 0.0, 0.7), default_count_quantile(2, 0.5, 0.0, 0.8)  # P(D <= 1) = 0.75
    (1, 2)
    """
    _, through, correlation, at = _counted("default_count_quantile", n, 0, pd, correlation, level)
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        enough = _tail(n, float(through), float(correlation), float(middle)) <= 1.0 - float(at)
        low, high = (low, middle) if enough else (middle, high)
    return int(high)
