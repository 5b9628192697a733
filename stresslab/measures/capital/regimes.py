"""Capital regimes as data: hurdles, risk weights and conversion factors, by name in regimes.toml or of your own."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import xarray as xr

from stresslab.checks import choice_faults, number_faults, refuse
from stresslab.measures.defaults import by_place
from stresslab.schema import InputError
from stresslab.typed import typed

MEASURED = (
    "cet1_ratio", "tier1_ratio", "total_ratio", "leverage_ratio", "interbank_multiple", "other_multiple",
    "standardised_multiple",
)  # fmt: skip
"""Ratios that `capital_adequacy` computes and that a hurdle may limit."""

WEIGHTS = (
    "transactor", "regulatory", "other", "defaulted", "defaulted_provisioned", "provisioned_from", "other_assets",
    "conversion_cancellable", "conversion_committed",
)  # fmt: skip


@typed
@dataclass(frozen=True)
class Hurdle:
    """Limit on a capital ratio, at or beyond which the lender must stay.

    Parameters
    ----------
    name : str
        Machine name, such as "cet1_minimum"; a label of the coordinate `hurdle`.
    ratio : str
        Ratio or multiple that `capital_adequacy` computes, such as "cet1_ratio".
    side : {"above", "below"}
        Where the ratio must stay; at the limit the hurdle is met.
    limit : float
        Limit of the ratio [1].
    source : str
        Paragraph of the rule.
    status : str
        "text", "secondary" or "unconfirmed" for the rules of this package, otherwise "own".
    label : str
        What tables and plots print; by default the name with spaces.

    Raises
    ------
    InputError
        Names each fault.

    Examples
    --------
    >>> hurdle = Hurdle("house_limit", "cet1_ratio", "above", 0.09)
    >>> hurdle.limit, hurdle.label
    (0.09, 'house limit')
    """

    name: str
    ratio: str
    side: str
    limit: float
    source: str = "own"
    status: str = "own"
    label: str = ""

    def __post_init__(self) -> None:
        faults = number_faults("limit", self.limit, math.inf, "a ratio")
        if not (isinstance(self.name, str) and self.name):
            faults.append(f"name: found {self.name!r}, expected text such as 'house_limit'; give a name")
        faults += choice_faults("ratio", self.ratio, list(MEASURED))
        if self.side not in ("above", "below"):
            faults.append(f"side: found {self.side!r}, expected 'above' or 'below'; choose one")
        refuse("Hurdle", faults)
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " "))


@typed
@dataclass(frozen=True)
class CapitalRegime:
    """Capital regime: approach, risk weights, hurdles and conservation buffer.

    Parameters
    ----------
    name : str
        Name of the regime.
    approach : {"standardised", "irb"}
        Weights by class (CRE20 [1]_), or the formula of each segment (CRE31).
    weights : dict of str to float
        Risk weights and conversion factors [1]: transactor, regulatory, other, defaulted, defaulted_provisioned,
        provisioned_from, other_assets, conversion_cancellable, conversion_committed.
    hurdles : tuple of Hurdle
        Requirements on ratios.
    minimum : float
        CET1 minimum below the conservation buffer (RBC30.4) [1].
    buffer : float
        Conservation buffer, which restricts distributions [1]; 0: none.
    minimum_tier1 : float
        Tier 1 minimum, which CET1 fills first before it counts for the buffer (RBC30.2) [1].
    minimum_total : float
        Total minimum, which CET1 fills first before it counts for the buffer (RBC30.2) [1].
    output_floor : bool
        Whether the standardised approach is a floor for IRB (RBC20.11), as phased in by `year`.
    year : int
        Year of the output floor, from 2023.
    retail : {"regulatory", "other"}
        Class of the loans that are not transactors' (CRE20.65: granularity and size).
    committed : bool
        Whether open lines count as committed instead of unconditionally cancellable.

    Raises
    ------
    InputError
        Names each fault.

    References
    ----------
    .. [1] Basel Committee (2019), Basel Framework: RBC20, RBC30, CRE20, CRE31.

    Examples
    --------
    >>> CapitalRegime.named("china-2023").minimum
    0.05
    """

    name: str
    approach: str
    weights: dict[str, float]
    hurdles: tuple[Hurdle, ...]
    minimum: float
    buffer: float
    minimum_tier1: float
    minimum_total: float
    output_floor: bool = False
    year: int = 2028
    retail: str = "regulatory"
    committed: bool = False

    def __post_init__(self) -> None:
        faults = []
        for name in ("minimum", "buffer", "minimum_tier1", "minimum_total"):
            faults += number_faults(name, getattr(self, name), 1.0, "a decimal: 0.05, not 5")
        weights: Any = self.weights if isinstance(self.weights, Mapping) else {}
        for name in WEIGHTS:
            faults += number_faults(f"weights[{name!r}]", weights.get(name), 12.5, "a decimal: 0.75, not 75")
        if self.buffer and self.minimum == 0:
            faults.append(f"buffer: found {self.buffer!r} above a minimum of 0, expected one above 0; give the minimum")
        if not (isinstance(self.year, int) and self.year >= 2023):
            faults.append(f"year: found {self.year!r}, expected a year from 2023, when the floor begins; give one")
        if self.approach not in ("standardised", "irb"):
            faults.append(f"approach: found {self.approach!r}, expected 'standardised' or 'irb'; choose one")
        if self.retail not in ("regulatory", "other"):
            faults.append(f"retail: found {self.retail!r}, expected 'regulatory' or 'other'; choose one")
        if not (self.hurdles and all(isinstance(hurdle, Hurdle) for hurdle in self.hurdles)):
            faults.append(f"hurdles: found {self.hurdles!r}, expected Hurdle(...) in a tuple; give one or more")
        elif len({hurdle.name for hurdle in self.hurdles}) < len(self.hurdles):
            faults.append(f"hurdles: found {[hurdle.name for hurdle in self.hurdles]}, expected each name once; rename")
        refuse("CapitalRegime", faults)

    @classmethod
    @typed
    def named(cls, name: str) -> CapitalRegime:
        """Capital regime of this name in capital/regimes.toml.

        Parameters
        ----------
        name : str
            "basel-standardised", "basel-irb", "china-2023", "consumer-finance" or "small-loan".

        Returns
        -------
        CapitalRegime
            With its hurdles, their sources and statuses.

        Raises
        ------
        InputError
            If there is no regime of this name.

        Examples
        --------
        >>> [hurdle.name for hurdle in CapitalRegime.named("consumer-finance").hurdles]
        ['total_with_buffer', 'leverage_minimum', 'interbank_over_capital']
        """
        table = _table()
        refuse("CapitalRegime.named", choice_faults("name", name, sorted(table["regimes"])))
        content = dict(table["regimes"][name])
        rates = table["weights"][content.pop("weights")]
        weights = {key: rates[key] for key in WEIGHTS}
        hurdles = tuple(Hurdle(**fields) for fields in content.pop("hurdles"))
        return cls(name=name, weights=weights, hurdles=hurdles, **content)


def regime_faults(capital_regime: str | CapitalRegime | None) -> list[str]:
    """Fault of a name that no capital regime has; None is that of the place."""
    if capital_regime is None or isinstance(capital_regime, CapitalRegime):
        return []
    return choice_faults("capital_regime", capital_regime, sorted(_table()["regimes"]))


def regime_named(capital_regime: str | CapitalRegime) -> CapitalRegime:
    """The capital regime itself, or that of this name."""
    if faults := regime_faults(capital_regime):
        raise InputError("capital regime", faults)
    return capital_regime if isinstance(capital_regime, CapitalRegime) else CapitalRegime.named(capital_regime)


def regime_for(result: xr.Dataset, capital_regime: str | CapitalRegime | None) -> tuple[CapitalRegime, list[str]]:
    """The capital regime, or where there is none that of the place of the result, and a sentence that says so."""
    values, said = by_place(result, {"capital_regime": capital_regime})
    return regime_named(values["capital_regime"]), said


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files("stresslab.measures.capital") / "regimes.toml").read_text("utf-8"))
