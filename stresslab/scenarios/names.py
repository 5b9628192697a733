"""What publishers call the macro variables: rates and levels, the country, and the unit beside the name."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from stresslab.scenarios.units import unit_of

RATES = {
    "unemployment_rate": ("unemployment rate", "unemployment", "lfs unemployment rate", "unrate"),
    "real_income_growth": (
        "real disposable income growth",
        "real disposable personal income growth",
        "real household disposable income growth",
        "real household income growth",
        "real income growth",
    ),
    "gdp_growth": ("real gdp growth", "gdp growth real", "a191rl1q225sbea"),
    "inflation": (
        "cpi inflation rate",
        "cpi inflation",
        "consumer price inflation",
        "inflation",
        "inflation rate",
        "inflation average consumer prices",
    ),
    "policy_rate": (
        "3 month treasury rate",
        "3 month treasury yield",
        "3 month treasury bill rate",
        "bank rate",
        "policy rate",
        "fedfunds",
        "tb3ms",
    ),
    "furlough_share": (),
    "furlough_income_loss": (),
    "collections_capacity": (),
    "line_supply": (),
    "payment_deferral": (),
}
"""The macro variables and what publishers call them, in lower case and without punctuation."""

LEVELS = {
    "real_income_growth": (
        "real disposable income",
        "real disposable personal income",
        "real household disposable income",
        "real household income",
        "dspic96",
    ),
    "gdp_growth": (
        "real gdp",
        "gdp real",
        "real gross domestic product",
        "gross domestic product constant prices",
        "gdpc1",
    ),
    "inflation": ("cpi", "cpi index", "consumer price index", "hicp", "cpiaucsl"),
}
"""Levels and indices whose growth is a macro variable."""

NOMINAL_LEVELS = {
    "real_income_growth": (
        "disposable income",
        "disposable personal income",
        "household disposable income",
        "household income",
        "nominal disposable income",
        "nominal household income",
        "nominal household disposable income",
    )
}
"""Levels whose growth is a macro variable once prices are taken out."""

PERCENT = ("unrate", "fedfunds", "tb3ms", "a191rl1q225sbea")
"""Series of FRED that are published in percent, growth at an annual rate."""

COUNTRIES = {
    "uk": ("uk", "u k", "united kingdom", "britain", "great britain"),
    "us": ("us", "u s", "usa", "united states"),
    "euro area": ("euro area", "eurozone", "euro zone", "ea", "ea19", "ea20"),
    "eu": ("eu", "european union", "eu27"),
    "china": ("china", "mainland china"),
}
_OTHERS = (
    "argentina", "australia", "austria", "belgium", "brazil", "bulgaria", "canada", "chile", "colombia",
    "croatia", "cyprus", "czechia", "denmark", "estonia", "finland", "france", "germany", "greece", "hungary",
    "iceland", "india", "indonesia", "ireland", "israel", "italy", "japan", "korea", "latvia", "lithuania",
    "luxembourg", "malaysia", "malta", "mexico", "netherlands", "norway", "philippines", "poland", "portugal",
    "romania", "russia", "singapore", "slovakia", "slovenia", "spain", "sweden", "switzerland", "taiwan",
    "thailand", "turkey", "ukraine", "vietnam", "developing asia", "hong kong", "new zealand", "south africa",
)  # fmt: skip
COUNTRIES |= {name: (name,) for name in _OTHERS}
"""Countries and areas that stand before or after the name of a variable."""

Kind = Literal["rate", "level", "nominal level"]


class Name(NamedTuple):
    """What the header of a column says."""

    variable: str
    kind: Kind
    country: str
    """Empty if none is named."""
    unit: str
    """As it stands; empty if none does."""


def read_name(header: str) -> Name | None:
    """The macro variable that a header names, with country and unit; None: no macro variable, or a nominal rate.

    >>> read_name("UK real household income growth (%, annual rate)")
    Name(variable='real_income_growth', kind='rate', country='uk', unit='%, annual rate')
    >>> read_name("real_income_growth"), read_name("Nominal GDP growth"), read_name("UK household income").kind
    (Name(variable='real_income_growth', kind='rate', country='', unit=''), None, 'nominal level')
    """
    words = re.sub(r"([(\[])", r" \1", header).split()
    for count in range(len(words), 0, -1):
        name = " ".join(words[:count])
        known = None if re.search(r"[(\[%]", name) else _known(_plain(name))
        rest = " ".join(words[count:])
        unit = rest.strip("()[]-–:;, ")
        if known is None or (rest and not re.fullmatch(r"[(\[].*[)\]]", rest) and unit_of(unit) is None):
            continue
        variable, kind, country = known
        if unit and not country and (named := _country(_plain(unit))):
            country, unit = named, ""
        return Name(variable, kind, country, unit)
    return None


def usual_unit(header: str) -> str:
    """The unit in which a series of FRED is published, empty for other names.

    >>> usual_unit("UNRATE"), usual_unit("Unemployment rate")
    ('percent', '')
    """
    return "percent" if _plain(header) in PERCENT else ""


def _known(plain: str) -> tuple[str, Kind, str] | None:
    """Variable, kind and country of a name without its unit."""
    for name, country in [(plain, ""), *_without_country(plain)]:
        for variable, spellings in RATES.items():
            if name in (variable.replace("_", " "), *spellings):
                return variable, "rate", country
        for kind, levels in (("level", LEVELS), ("nominal level", NOMINAL_LEVELS)):
            for variable, spellings in levels.items():
                if name in spellings:
                    return variable, kind, country  # type: ignore[return-value]
    return None


def _without_country(plain: str) -> list[tuple[str, str]]:
    """A name without the country before or after it, and that country."""
    return [
        (rest, country)
        for country, spellings in COUNTRIES.items()
        for spelling in spellings
        for rest in (plain.removeprefix(f"{spelling} "), plain.removesuffix(f" {spelling}"))
        if rest != plain
    ]


def _country(plain: str) -> str:
    """The country that a text names, empty if it names none."""
    return next((country for country, spellings in COUNTRIES.items() if plain in spellings), "")


def _plain(text: str) -> str:
    """A text in small letters, its words apart by single blanks."""
    return " ".join(re.sub(r"[\W_]+", " ", text.lower()).split())
