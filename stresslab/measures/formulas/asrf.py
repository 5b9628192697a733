r"""Asymptotic single-risk-factor model (Vasicek): loss of a large pool under one common factor, and of a finite pool.

The share of a pool that defaults is :math:`p(Z)`, `conditional_pd` at the common factor :math:`Z \sim N(0, 1)`, low
:math:`Z` bad. In the formulas :math:`\rho` is the correlation of assets, :math:`\Phi` the standard normal distribution
function and :math:`\Phi_2(h, k; r)` that of two standard normals with correlation :math:`r`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import betainc, owens_t
from scipy.stats import norm

from stresslab.checks import refuse, whole_faults
from stresslab.measures.formulas.arguments import AMOUNT, BELOW_ONE, INSIDE, LGD, SHARE, Array, Bound, checked
from stresslab.typed import typed


@typed
def conditional_pd(pd: ArrayLike, correlation: float, factor: ArrayLike) -> Array:
    r"""Probability of default given the common factor.

    Parameters
    ----------
    pd : array_like
        Probability of default through the cycle [1], 0 to 1.
    correlation : float
        Correlation of assets [1], 0 to below 1.
    factor : array_like
        Value of the common factor, standard normal; low is bad.

    Returns
    -------
    numpy.ndarray
        Conditional probability of default [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: p(z) = \Phi \left( \frac{\Phi^{-1}(PD) - \sqrt{\rho} \, z}{\sqrt{1 - \rho}} \right)

    (Vasicek [1]_.) Weights of scenarios go on losses, never on drivers: the mean of three probabilities is above the
    probability at the mean factor.

    References
    ----------
    .. [1] Vasicek (2002), Risk, December.

    Examples
    --------
    >>> import stresslab as sl
    >>> conditional = sl.asrf.conditional_pd(0.03, 0.04, [0.0, -1.5, 1.0])
    >>> conditional.round(7)
    array([0.0274557, 0.0533298, 0.0168476])
    >>> float((conditional @ [0.5, 0.25, 0.25]).round(7))
    0.0312722
    """
    through = np.asarray(pd, float)
    faults = []
    if not ((through >= 0.0) & (through <= 1.0)).all():
        faults.append(f"pd: found {through.tolist()}, expected decimals 0 to 1; correct them")
    if not 0.0 <= correlation < 1.0:
        faults.append(f"correlation: found {correlation!r}, expected a decimal 0 to below 1; correct it")
    common = np.asarray(factor, float)
    if not np.isfinite(common).all():
        faults.append(f"factor: found {common[~np.isfinite(common)][0]}, expected finite numbers; correct it")
    refuse("asrf.conditional_pd", faults)
    point: Array = norm.cdf((norm.ppf(through) - np.sqrt(correlation) * common) / np.sqrt(1.0 - correlation))
    return point


def _at_factor(pd: Array, correlation: Array, factor: Array) -> Array:
    """`conditional_pd` for correlations of any shape, by a call for each that differs."""
    first = correlation.flat[0] if correlation.size else np.nan
    if (correlation == first).all() and correlation.size:
        shape = np.broadcast_shapes(pd.shape, correlation.shape)
        return conditional_pd(np.broadcast_to(pd, shape), float(first), factor)
    conditional: Array = np.vectorize(conditional_pd, otypes=[float])(pd, correlation, factor)
    return conditional


@typed
def quantile(pd: ArrayLike, correlation: ArrayLike, level: ArrayLike) -> Array:
    r"""Quantile of the default rate of a large pool: the probability of default at a factor as bad as 1 - level.

    Parameters
    ----------
    pd : array_like
        Probability of default [1], 0 to 1.
    correlation : array_like
        Correlation of assets [1], 0 to below 1.
    level : array_like
        Level of the quantile, in (0, 1); the shapes of all arguments broadcast.

    Returns
    -------
    numpy.ndarray
        Share of the pool that defaults [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: q = \Phi \left( \frac{\Phi^{-1}(PD) + \sqrt{\rho} \, \Phi^{-1}(level)}{\sqrt{1 - \rho}} \right)

    (Vasicek [1]_, confirmed through a secondary source.)

    References
    ----------
    .. [1] Vasicek (2002), Risk, December.

    Examples
    --------
    >>> import stresslab as sl
    >>> sl.asrf.quantile(0.03, 0.04, [0.5, 0.999]).round(6)
    array([0.027456, 0.098736])
    """
    through, correlations, levels = checked(
        "asrf.quantile", {"pd": (pd, SHARE), "correlation": (correlation, BELOW_ONE), "level": (level, INSIDE)}
    )
    return _at_factor(through, correlations, np.asarray(norm.isf(levels)))


def _bivariate(h: Array, k: Array, r: Array) -> Array:
    """Bivariate normal distribution function by Owen's T, exact to about 1e-16 (Owen 1956, Ann. Math. Stat. 27)."""
    root = np.sqrt((1.0 - r) * (1.0 + r))
    both = (h == 0.0) & (k == 0.0)  # where the slopes below are 0 / 0
    with np.errstate(divide="ignore", invalid="ignore"):
        slope_h = np.where(both, np.sqrt((1.0 - r) / (1.0 + r)), (k - r * h) / (h * root))
        slope_k = np.where(both, np.sqrt((1.0 - r) / (1.0 + r)), (h - r * k) / (k * root))
    same_side = (h * k > 0.0) | ((h * k == 0.0) & (h + k >= 0.0))
    half = 0.5 * (norm.cdf(h) + norm.cdf(k)) - np.where(same_side, 0.0, 0.5)
    probability: Array = half - owens_t(h, slope_h) - owens_t(k, slope_k)
    return probability


@typed
def expected_shortfall(pd: ArrayLike, correlation: ArrayLike, level: ArrayLike) -> Array:
    r"""Mean of the worst 1 - level of the default rates of a large pool.

    Parameters
    ----------
    pd : array_like
        Probability of default [1], in (0, 1).
    correlation : array_like
        Correlation of assets [1], 0 to below 1.
    level : array_like
        Level of the quantile beyond which the mean is taken, in (0, 1); the shapes of all arguments broadcast.

    Returns
    -------
    numpy.ndarray
        Share of the pool that defaults [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: ES = \frac{\Phi_2(\Phi^{-1}(PD), -\Phi^{-1}(level); \sqrt{\rho})}{1 - level}

    (Derived from the distribution of Vasicek [1]_.)

    References
    ----------
    .. [1] Vasicek (2002), Risk, December.

    Examples
    --------
    Without correlation it is the probability of default itself:

    >>> import stresslab as sl
    >>> sl.asrf.expected_shortfall(0.03, [0.0, 0.04], 0.999).round(6)
    array([0.03    , 0.109252])
    """
    through, correlations, levels = checked(
        "asrf.expected_shortfall",
        {"pd": (pd, INSIDE), "correlation": (correlation, BELOW_ONE), "level": (level, INSIDE)},
    )
    return _bivariate(norm.ppf(through), norm.isf(levels), np.sqrt(correlations)) / (1.0 - levels)


def _variance(pd: Array, correlation: Array) -> Array:
    """Variance of the default rate, free of the cancellation in N2(G, G; r) - pd^2."""
    default = norm.ppf(pd)
    # N2(h, h; r) = N(h) - 2 T(h, sqrt((1 - r) / (1 + r))), and 2 T(h, 1) = N(h) N(-h)
    slope = np.sqrt((1.0 - correlation) / (1.0 + correlation))
    variance: Array = 2.0 * (owens_t(default, 1.0) - owens_t(default, slope))
    return variance


@typed
def standard_deviation(pd: ArrayLike, correlation: ArrayLike) -> Array:
    r"""Standard deviation of the default rate of a large pool.

    Parameters
    ----------
    pd : array_like
        Probability of default [1], in (0, 1).
    correlation : array_like
        Correlation of assets [1], 0 to below 1; shapes broadcast.

    Returns
    -------
    numpy.ndarray
        Standard deviation of the share of the pool that defaults [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: sd^2 = \Phi_2(\Phi^{-1}(PD), \Phi^{-1}(PD); \rho) - PD^2

    (Vasicek [1]_, confirmed through a secondary source.)

    References
    ----------
    .. [1] Vasicek (2002), Risk, December.

    Examples
    --------
    At a probability of 1/2, :math:`\Phi_2(0, 0; \rho) = 1/4 + \arcsin(\rho) / 2 \pi`, with
    :math:`\arcsin(1/2) = \pi / 6`:

    >>> import stresslab as sl
    >>> sl.asrf.standard_deviation([0.5, 0.01], [0.5, 0.1]).round(6)  # the first is sqrt(1 / 12)
    array([0.288675, 0.009626])
    """
    through, correlations = checked(
        "asrf.standard_deviation", {"pd": (pd, INSIDE), "correlation": (correlation, BELOW_ONE)}
    )
    return np.sqrt(_variance(through, correlations))


@typed
def implied_correlation(pd: ArrayLike, deviation: ArrayLike) -> Array:
    r"""Correlation of assets at which the default rate of a large pool has a given standard deviation.

    Parameters
    ----------
    pd : array_like
        Mean default rate [1], in (0, 1).
    deviation : array_like
        Standard deviation of default rates over time [1], 0 to below :math:`\sqrt{PD (1 - PD)}`, which correlation 1
        gives; shapes broadcast.

    Returns
    -------
    numpy.ndarray
        Root of ``standard_deviation(pd, correlation) == deviation``, which rises with the correlation [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    Not for: small pools, whose default rates vary by chance as well, so that the correlation would be too high.

    Examples
    --------
    >>> import numpy as np
    >>> import stresslab as sl
    >>> round(float(sl.asrf.implied_correlation(0.5, np.sqrt(1 / 12))), 9)
    0.5
    """
    through, spread = checked(
        "asrf.implied_correlation",
        {"pd": (pd, INSIDE), "deviation": (deviation, AMOUNT._replace(advice="give a standard deviation"))},
    )
    largest = np.sqrt(through * (1.0 - through))
    if (high := np.broadcast_to(spread >= largest, np.broadcast_shapes(spread.shape, largest.shape))).any():
        given, most = (float(np.broadcast_to(values, high.shape)[high][0]) for values in (spread, largest))
        expected = f"expected less than sqrt(pd (1 - pd)) = {most:.6g}"
        refuse("asrf.implied_correlation", [f"deviation: found {given:.6g}, {expected}; no correlation gives it"])
    implied: Array = np.vectorize(_implied, otypes=[float])(through, spread)
    return implied


def _implied(pd: float, deviation: float) -> float:
    """Correlation behind one deviation; solved in squares, as the deviation is steep like a square root at 0."""
    rate = np.asarray(pd)

    def excess(correlation: float) -> float:
        return float(_variance(rate, np.asarray(correlation))) - deviation**2

    return float(brentq(excess, 0.0, 1.0, xtol=1e-15, rtol=1e-14))


@typed
def cdf(x: ArrayLike, pd: ArrayLike, correlation: ArrayLike) -> Array:
    r"""Distribution function of the default rate of a large pool.

    Parameters
    ----------
    x : array_like
        Share of the pool [1], 0 to 1.
    pd : array_like
        Probability of default [1], in (0, 1).
    correlation : array_like
        Correlation of assets [1], in (0, 1); the shapes of all arguments broadcast.

    Returns
    -------
    numpy.ndarray
        Probability that at most the share `x` defaults [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: F(x) = \Phi \left( \frac{\sqrt{1 - \rho} \, \Phi^{-1}(x) - \Phi^{-1}(PD)}{\sqrt{\rho}} \right)

    (Derived from `quantile`, Vasicek [1]_.)

    References
    ----------
    .. [1] Vasicek (2002), Risk, December.

    Examples
    --------
    >>> import stresslab as sl
    >>> round(float(sl.asrf.cdf(sl.asrf.quantile(0.03, 0.04, 0.999), 0.03, 0.04)), 9)
    0.999
    """
    share, through, correlations = checked(
        "asrf.cdf", {"x": (x, SHARE), "pd": (pd, INSIDE), "correlation": (correlation, INSIDE)}
    )
    probability: Array = norm.cdf(_minus_factor(share, through, correlations))
    return probability


@typed
def density(x: ArrayLike, pd: ArrayLike, correlation: ArrayLike) -> Array:
    r"""Density of the default rate of a large pool, the derivative of `cdf`.

    Parameters
    ----------
    x : array_like
        Share of the pool [1], in (0, 1).
    pd : array_like
        Probability of default [1], in (0, 1).
    correlation : array_like
        Correlation of assets [1], in (0, 1); the shapes of all arguments broadcast.

    Returns
    -------
    numpy.ndarray
        Probability density [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math::

       f(x) = \sqrt{\frac{1 - \rho}{\rho}} \exp \left( \frac{\Phi^{-1}(x)^2}{2}
       - \frac{(\sqrt{1 - \rho} \, \Phi^{-1}(x) - \Phi^{-1}(PD))^2}{2 \rho} \right)

    (Vasicek [1]_, confirmed through a secondary source.)

    References
    ----------
    .. [1] Vasicek (2002), Risk, December.

    Examples
    --------
    With a correlation of 1/2 and a probability of default of 1/2 the default rate is uniform:

    >>> import stresslab as sl
    >>> sl.asrf.density([0.2, 0.7], 0.5, 0.5).round(9)
    array([1., 1.])
    """
    share, through, correlations = checked(
        "asrf.density", {"x": (x, INSIDE), "pd": (pd, INSIDE), "correlation": (correlation, INSIDE)}
    )
    logarithm = norm.logpdf(_minus_factor(share, through, correlations)) - norm.logpdf(norm.ppf(share))
    density: Array = np.sqrt((1.0 - correlations) / correlations) * np.exp(logarithm)
    return density


def _minus_factor(x: Array, pd: Array, correlation: Array) -> Array:
    """Minus the factor at which the share x of a pool defaults: the inverse of `conditional_pd`."""
    factor: Array = (np.sqrt(1.0 - correlation) * norm.ppf(x) - norm.ppf(pd)) / np.sqrt(correlation)
    return factor


@typed
def systematic_factor(ttc_pd: ArrayLike, pit_pd: ArrayLike, correlation: ArrayLike) -> Array:
    r"""Common factor at which a probability of default through the cycle becomes one at a point in time.

    Parameters
    ----------
    ttc_pd : array_like
        Probability of default through the cycle [1], in (0, 1).
    pit_pd : array_like
        Probability of default at the point in time [1], in (0, 1).
    correlation : array_like
        Correlation of assets [1], in (0, 1); the shapes of all arguments broadcast.

    Returns
    -------
    numpy.ndarray
        Value of the standard normal factor; below 0 times are bad [1].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: z = \frac{\Phi^{-1}(PD_{TTC}) - \sqrt{1 - \rho} \, \Phi^{-1}(PD_{PIT})}{\sqrt{\rho}}

    the inverse of `conditional_pd`.

    Examples
    --------
    >>> import stresslab as sl
    >>> z = sl.asrf.systematic_factor(0.03, 0.05, 0.04)
    >>> round(float(z), 6), round(float(sl.asrf.conditional_pd(0.03, 0.04, z)), 6)
    (-1.345864, 0.05)
    """
    through, point, correlations = checked(
        "asrf.systematic_factor",
        {"ttc_pd": (ttc_pd, INSIDE), "pit_pd": (pit_pd, INSIDE), "correlation": (correlation, INSIDE)},
    )
    return -_minus_factor(point, through, correlations)


@typed
def granularity_adjustment(pd: ArrayLike, correlation: ArrayLike, level: ArrayLike) -> Array:
    r"""Granularity adjustment of the quantile of a pool of equal loans, times their number.

    Parameters
    ----------
    pd : array_like
        Probability of default [1], in (0, 1).
    correlation : array_like
        Correlation of assets [1], in (0, 1).
    level : array_like
        Level of the quantile, in (0, 1); the shapes of all arguments broadcast.

    Returns
    -------
    numpy.ndarray
        Adjustment :math:`GA` [1]: the quantile of a pool of :math:`n` loans is :math:`V + GA / n`, :math:`V` that of
        `quantile`.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math::

       GA = \frac{1}{2} \left( \frac{\sqrt{(1 - \rho) / \rho} \, \Phi^{-1}(level) - \Phi^{-1}(V)}{\phi(\Phi^{-1}(V))}
       V (1 - V) + 2 V - 1 \right)

    (Gordy [1]_, confirmed through a secondary source.)

    Not for: loans of different size, or few: it is the first term of a series in :math:`1 / n`.

    References
    ----------
    .. [1] Gordy (2003), Journal of Financial Intermediation 12.

    Examples
    --------
    For 200 loans the quantile is 0.1011793 + 1.9552925 / 200 = 0.1109558:

    >>> import stresslab as sl
    >>> round(float(sl.asrf.granularity_adjustment(0.03, 0.08, 0.99)), 7)
    1.9552925
    """
    through, correlations, levels = checked(
        "asrf.granularity_adjustment",
        {"pd": (pd, INSIDE), "correlation": (correlation, INSIDE), "level": (level, INSIDE)},
    )
    value = quantile(through, correlations, levels)
    score = norm.ppf(value)
    slope = (np.sqrt((1.0 - correlations) / correlations) * norm.ppf(levels) - score) / norm.pdf(score)
    adjustment: Array = 0.5 * (slope * value * (1.0 - value) + 2.0 * value - 1.0)
    return adjustment


@typed
def euler_contributions(
    weight: ArrayLike, pd: ArrayLike, correlation: ArrayLike, lgd: ArrayLike, level: float = 0.999
) -> Array:
    r"""Contribution of each segment to the loss quantile of large pools under one factor; their sum is the quantile.

    Parameters
    ----------
    weight : array_like
        Exposure (..., segment), as a share [1] or an amount [currency], >= 0.
    pd : array_like
        Probability of default [1], 0 to 1.
    correlation : array_like
        Correlation of assets [1], 0 to below 1.
    lgd : array_like
        Loss given default [1], 0 to 10.
    level : float
        Level of the quantile, in (0, 1); the shapes of all arguments broadcast.

    Returns
    -------
    numpy.ndarray
        Contributions (..., segment), in the unit of `weight`.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math::

       c_i = w_i \, LGD_i \, \Phi \left(
       \frac{\Phi^{-1}(PD_i) + \sqrt{\rho_i} \, \Phi^{-1}(level)}{\sqrt{1 - \rho_i}} \right)

    by Euler's theorem, as the loss quantile is linear in the weights.

    Not for: pools under several factors, or few loans.

    Examples
    --------
    >>> import stresslab as sl
    >>> contributions = sl.asrf.euler_contributions([0.6, 0.4], [0.02, 0.05], [0.04, 0.06], [0.75, 0.65], 0.999)
    >>> contributions.round(7), float(contributions.sum().round(7))
    (array([0.0321383, 0.0467701]), 0.0789084)
    """
    weights, through, correlations, lost, levels = checked(
        "asrf.euler_contributions",
        {
            "weight": (weight, AMOUNT),
            "pd": (pd, SHARE),
            "correlation": (correlation, BELOW_ONE),
            "lgd": (lgd, LGD),
            "level": (level, INSIDE),
        },
    )
    contributions: Array = weights * lost * quantile(through, correlations, levels)
    return contributions


NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
MOST_LOANS = 10**9
FAR = 12.0  # a normal factor is beyond it with probability 4e-33


@typed
def default_count_tail(n: int, pd: float, correlation: float, more_than: ArrayLike) -> Array:
    r"""Probability that more than a number of equal loans under one factor default, exact but for rounding.

    Parameters
    ----------
    n : int
        Number of loans, >= 1.
    pd : float
        Probability of default [1], 0 to 1.
    correlation : float
        Correlation of assets [1], 0 to below 1.
    more_than : array_like
        Numbers of defaults :math:`k`, whole, 0 to `n`.

    Returns
    -------
    numpy.ndarray
        Probabilities of more than :math:`k` defaults [1], of the shape of `more_than`.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: P(D > k) = \int P(Bin(n, p(z)) > k) \, \phi(z) \, dz

    with :math:`p(z)` that of `conditional_pd`, by Gauss-Legendre quadrature on panels that are narrow where the
    binomial tail falls.

    Examples
    --------
    Without correlation the number is binomial, here with tails 1 - (1/2)^2 and (1/2)^2:

    >>> import stresslab as sl
    >>> sl.asrf.default_count_tail(2, 0.5, 0.0, [0, 1, 2]).round(12)
    array([0.75, 0.25, 0.  ])
    >>> float(sl.asrf.default_count_tail(1000, 0.01, 0.1, 50))
    0.008402113
    """
    counts, through, correlations, _ = _counted("asrf.default_count_tail", n, more_than, pd, correlation)
    tails = np.zeros(counts.shape)
    for where in np.argwhere(counts < n):
        tails[tuple(where)] = _tail(n, float(through), float(correlations), float(counts[tuple(where)]))
    return tails


def _counted(
    subject: str, n: int, more_than: ArrayLike, pd: float, correlation: float, level: float = 0.5
) -> list[Array]:
    """Counts, pd, correlation and level as arrays, or every fault of them and of n."""
    faults = whole_faults("n", n, 1, MOST_LOANS, advice="give the number of loans")
    most = np.inf if faults else float(n)
    given: dict[str, tuple[ArrayLike, Bound]] = {
        "more_than": (more_than, Bound(0.0, most, "[]", f"whole numbers 0 to n = {n}", "correct it", whole=True)),
        "pd": (pd, SHARE._replace(single=True)),
        "correlation": (correlation, BELOW_ONE._replace(single=True)),
        "level": (level, INSIDE._replace(single=True)),
    }
    return checked(subject, given, faults)


def _tail(n: int, pd: float, correlation: float, k: float) -> float:
    """Probability of more than k defaults, for one k below n."""
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


@typed
def default_count_quantile(n: int, pd: float, correlation: float, level: float) -> int:
    r"""Quantile of the number of defaults among equal loans under one factor.

    Parameters
    ----------
    n : int
        Number of loans, >= 1.
    pd : float
        Probability of default [1], 0 to 1.
    correlation : float
        Correlation of assets [1], 0 to below 1.
    level : float
        Level of the quantile, in (0, 1).

    Returns
    -------
    int
        Least :math:`k` with :math:`P(D \le k) \ge level`, by bisection on `default_count_tail`.

    Raises
    ------
    InputError
        Names each fault.

    Examples
    --------
    Two independent loans with probability 1/2 have at most one default with probability 0.75:

    >>> import stresslab as sl
    >>> sl.asrf.default_count_quantile(2, 0.5, 0.0, 0.7), sl.asrf.default_count_quantile(2, 0.5, 0.0, 0.8)
    (1, 2)
    """
    _, through, correlations, levels = _counted("asrf.default_count_quantile", n, 0, pd, correlation, level)
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        enough = _tail(n, float(through), float(correlations), float(middle)) <= 1.0 - float(levels)
        low, high = (low, middle) if enough else (middle, high)
    return int(high)
