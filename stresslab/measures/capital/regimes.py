"""What a supervisor asks of capital, as data: hurdles, risk weights, conversion factors."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from stresslab.checks import number_faults, refuse
from stresslab.schema import InputError

MEASURED = (
    "cet1_ratio", "tier1_ratio", "total_ratio", "leverage_ratio", "interbank_multiple", "other_multiple",
    "standardised_multiple",
)  # fmt: skip
"""Ratios that capital_adequacy() computes and a hurdle may be set on."""

WEIGHTS = (
    "transactor", "regulatory", "other", "defaulted", "defaulted_provisioned", "provisioned_from", "other_assets",
    "conversion_cancellable", "conversion_committed",
)  # fmt: skip


@dataclass(frozen=True)
class Hurdle:
    """A limit on a ratio.

    ratio : one of those that capital_adequacy() computes
    side : "above" | "below": where the lender must stay; at the limit it does
    source, status : the paragraph, and "text" | "secondary" | "unconfirmed"

    >>> Hurdle("house limit", "cet1_ratio", "above", 0.09).limit
    0.09
    """

    label: str
    ratio: str
    side: str
    limit: float
    source: str = "own"
    status: str = "own"

    def __post_init__(self) -> None:
        faults = number_faults("limit", self.limit, math.inf, "a ratio")
        if self.ratio not in MEASURED:
            faults.append(f"ratio: found {self.ratio!r}, expected one of {list(MEASURED)}; choose one")
        if self.side not in ("above", "below"):
            faults.append(f"side: found {self.side!r}, expected 'above' or 'below'; choose one")
        refuse("Hurdle", faults)


@dataclass(frozen=True)
class CapitalRegime:
    """A capital regime; those of the rules are in capital/regimes.toml, by name.

    approach : "standardised" (CRE20, weights by class) | "irb" (CRE31, the formula of each segment)
    weights : risk weights and conversion factors: transactor, regulatory, other, defaulted, ... [1]
    hurdles : Hurdle of each requirement
    minimum, buffer : CET1 minimum and conservation buffer that restrict distributions (RBC30.4) [1]; buffer 0: none
    minimum_tier1, minimum_total : minimums that CET1 fills first before it counts for the buffer (RBC30.2) [1]
    output_floor : IRB is floored by the standardised approach (RBC20.11), as phased in by `year`
    retail : "regulatory" | "other": the class of loans that are not transactors' (CRE20.65: granularity, size)
    committed : open lines count as committed, not as unconditionally cancellable
    Raises InputError naming each fault.

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
        if self.buffer and not self.minimum:
            faults.append(f"buffer: found {self.buffer!r} above a minimum of 0, expected one above 0; give the minimum")
        if not (isinstance(self.year, int) and self.year >= 2023):
            faults.append(f"year: found {self.year!r}, expected a whole year from 2023, when the output floor begins")
        if self.approach not in ("standardised", "irb"):
            faults.append(f"approach: found {self.approach!r}, expected 'standardised' or 'irb'; choose one")
        if self.retail not in ("regulatory", "other"):
            faults.append(f"retail: found {self.retail!r}, expected 'regulatory' or 'other'; choose one")
        if not (self.hurdles and all(isinstance(one, Hurdle) for one in self.hurdles)):
            faults.append(f"hurdles: found {self.hurdles!r}, expected Hurdle(...) in a tuple; give one or more")
        elif len({one.label for one in self.hurdles}) < len(self.hurdles):
            faults.append(f"hurdles: found {[one.label for one in self.hurdles]}, expected each label once; rename")
        refuse("CapitalRegime", faults)

    @classmethod
    def named(cls, name: str) -> CapitalRegime:
        """The regime of this name in capital/regimes.toml.

        Raises InputError if there is none.
        """
        table = _table()
        if name not in table["regimes"]:
            known = sorted(table["regimes"])
            raise InputError("capital regime", [f"regime: found {name!r}, expected one of {known}; choose one"])
        content = dict(table["regimes"][name])
        of = table["weights"][content.pop("weights")]
        weights = {key: of[key] for key in WEIGHTS}
        hurdles = tuple(Hurdle(**one) for one in content.pop("hurdles"))
        return cls(name=name, weights=weights, hurdles=hurdles, **content)


def regime_named(regime: str | CapitalRegime) -> CapitalRegime:
    """The regime itself, or that of this name."""
    return regime if isinstance(regime, CapitalRegime) else CapitalRegime.named(regime)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files("stresslab.measures.capital") / "regimes.toml").read_text("utf-8"))
