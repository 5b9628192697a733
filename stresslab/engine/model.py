"""Model: all assumptions about borrowers, lenders and products in one object, from presets and files."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any, Self

import tomli_w

from stresslab.checks import advised, choice_faults, currency_code_faults, refuse, unknown
from stresslab.engine.borrower_parameters import Employment, Income, Spending, Willingness
from stresslab.engine.lender_parameters import Applications, CreditSupply, Product, Recovery, Scoring
from stresslab.files import toml_content, whole_file
from stresslab.parameters import Section
from stresslab.schema import InputError, presets
from stresslab.typed import typed

SECTIONS: dict[str, type[Section]] = {
    "employment": Employment,
    "income": Income,
    "spending": Spending,
    "willingness": Willingness,
    "scoring": Scoring,
    "applications": Applications,
    "credit_supply": CreditSupply,
    "recovery": Recovery,
}


PORTFOLIO_TABLE = "portfolio"
"""Table of a preset that describes its synthetic portfolio; no part of the model."""


def preset_tables(name: str) -> dict[str, Any]:
    """Tables of a preset's file; InputError for a name that is none."""
    refuse("preset", choice_faults("preset", name, presets()))
    file = resources.files("stresslab") / "presets" / f"{name}.toml"
    return tomllib.loads(file.read_text("utf-8"))


@typed
@dataclass(frozen=True)
class Model:
    """All parameters of the borrower-month, in groups, and the rules of each product.

    Parameters
    ----------
    employment : Employment
        Jobs: unemployment of borrowers, job finding and benefits.
    income : Income
        Pay: trend, lasting and passing shocks.
    spending : Spending
        Expenses and saving.
    willingness : Willingness
        Why a borrower who could pay does not.
    scoring : Scoring
        Behavioural score.
    applications : Applications
        New credit in a static book.
    credit_supply : CreditSupply
        How lenders react to their arrears.
    recovery : Recovery
        Recoveries after write-off.
    products : mapping of str to Product
        Rules by product name.
    currency : str
        ISO 4217 code of its amounts, such as minimum_payment; "": that of any portfolio.

    Raises
    ------
    InputError
        Names each parameter out of its bounds, the value and the bounds.

    Notes
    -----
    Unit, bounds and source of each parameter are declared in `stresslab.engine.borrower_parameters` and
    `stresslab.engine.lender_parameters`; the numbers of a market stand in `stresslab/presets/<name>.toml`.

    Examples
    --------
    >>> Model.from_preset("china-online").willingness.forgetting
    0.03
    """

    employment: Employment = field(default_factory=Employment)
    income: Income = field(default_factory=Income)
    spending: Spending = field(default_factory=Spending)
    willingness: Willingness = field(default_factory=Willingness)
    scoring: Scoring = field(default_factory=Scoring)
    applications: Applications = field(default_factory=Applications)
    credit_supply: CreditSupply = field(default_factory=CreditSupply)
    recovery: Recovery = field(default_factory=Recovery)
    products: Mapping[str, Product] = field(default_factory=dict)
    currency: str = ""

    @classmethod
    @typed
    def from_preset(cls, name: str) -> Self:
        """Model of a preset that comes with the package.

        Parameters
        ----------
        name : {"china-online", "us-card"}
            Name of a file in `stresslab/presets`.

        Returns
        -------
        Model
            What the file leaves out has its default.

        Raises
        ------
        InputError
            Names the presets there are.

        Examples
        --------
        >>> Model.from_preset("us-card").products["card"].minimum_share
        0.03
        """
        return cls._from_tables(preset_tables(name), name)

    @classmethod
    @typed
    def from_toml(cls, path: str | Path) -> Self:
        """Model from a file that `to_toml` wrote, or a copy of a preset.

        Parameters
        ----------
        path : str or Path
            A TOML file with a table for each group of parameters and `[products.<name>]` for each product. A table
            `[portfolio]`, which in a preset describes the synthetic portfolio, is not read.

        Returns
        -------
        Model
            What the file leaves out has its default.

        Raises
        ------
        InputError
            Names every unknown table and parameter and every value out of its bounds.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "model.toml"
        ...     _ = path.write_text("[willingness]\\nforgetting = 0.05")
        ...     Model.from_toml(path).willingness.forgetting
        0.05
        """
        return cls._from_tables(toml_content(Path(path), "a model"), str(path))

    @classmethod
    def _from_tables(cls, content: dict[str, Any], subject: str) -> Self:
        """Model from tables by section; InputError with the faults of all of them."""
        faults: list[str] = []
        content = {key: values for key, values in content.items() if key != PORTFOLIO_TABLE}
        currency = content.pop("currency", "")
        faults += [] if currency == "" else currency_code_faults("currency", currency)
        made = {key: _section(kind, content.pop(key, {}), key, faults) for key, kind in SECTIONS.items()}
        products = {
            name: _section(Product, values, f"products.{name}", faults)
            for name, values in _table(content.pop("products", {}), "products", faults).items()
        }
        faults += [unknown(key, key, [*SECTIONS, "products", "currency"]) for key in content]
        if faults:
            raise InputError(subject, faults)
        return cls(**made, products=products, currency=currency)

    @typed
    def amounts(self, products: Collection[str]) -> dict[str, float]:
        """Currency amounts among the rules of some products, those that are not 0.

        Parameters
        ----------
        products : collection of str
            Names of products; others than the model's are left out.

        Returns
        -------
        dict of str to float
            By "products.name.parameter", as `replace` takes them.

        Examples
        --------
        >>> Model.from_preset("us-card").amounts(["card", "personal-loan"])
        {'products.card.minimum_payment': 25.0}
        """
        names = [item.name for item in fields(Product) if item.metadata.get("unit", "").startswith("currency")]
        found = {
            f"products.{product}.{name}": float(getattr(self.products[product], name))
            for product in sorted(set(products) & set(self.products))
            for name in names
            if self.products[product].kind == "revolving" or name != "minimum_payment"
        }
        return {name: amount for name, amount in found.items() if amount != 0.0}

    @typed
    def to_dict(self) -> dict[str, Any]:
        """All parameters as nested plain values, tuples as lists.

        Returns
        -------
        dict
            By section and, under "products", by product.

        Examples
        --------
        >>> Model().to_dict()["willingness"]["forgetting"]
        0.03
        """
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain

    @typed
    def to_toml(self, path: str | Path) -> None:
        """Write all parameters to a file, from which `from_toml` makes an equal model.

        Parameters
        ----------
        path : str or Path
            File to write.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> model = Model.from_preset("us-card")
        >>> with TemporaryDirectory() as folder:
        ...     model.to_toml(f"{folder}/model.toml")
        ...     Model.from_toml(f"{folder}/model.toml") == model
        True
        """
        with whole_file(Path(path)) as partial:
            partial.write_text(tomli_w.dumps(self.to_dict()), "utf-8")

    @typed
    def replace(self, **changes: Any) -> Self:
        """Copy with some parameters changed.

        Parameters
        ----------
        **changes : float, int, str or list
            Values by "section.parameter" or "products.name.parameter".

        Returns
        -------
        Model
            The others are as they were.

        Raises
        ------
        InputError
            Names each unknown parameter and each value out of its bounds.

        Examples
        --------
        The minimum payment of Huabei is 10 % of the bill:

        >>> model = Model.from_preset("china-online")
        >>> changed = model.replace(**{"products.huabei.minimum_share": 0.2})
        >>> model.products["huabei"].minimum_share, changed.products["huabei"].minimum_share
        (0.1, 0.2)
        """
        content, expected = self.to_dict(), "expected section.parameter or products.name.parameter"
        places = {dotted: _place(content, dotted) for dotted in changes}
        strange = [dotted for dotted, place in places.items() if dotted.rsplit(".", 1)[-1] not in place]
        names = _dotted(content) if strange else []
        advice = {dotted: advised(dotted, names, "see Model.to_dict()") for dotted in strange}
        refuse("model", [f"{dotted}: unknown, {expected}; {advice[dotted]}" for dotted in strange])
        for dotted, place in places.items():
            place[dotted.rsplit(".", 1)[-1]] = changes[dotted]
        return self._from_tables(content, "model")


def _place(content: Any, dotted: str) -> dict[str, Any]:
    """Table that should hold the last part of a dotted name; empty if there is none."""
    for part in dotted.split(".")[:-1]:
        content = content.get(part, {}) if isinstance(content, dict) else {}
    return content if isinstance(content, dict) else {}


def _dotted(content: Mapping[str, Any], above: str = "") -> list[str]:
    """Names of all parameters, "section.parameter"."""
    found: list[str] = []
    for key, value in content.items():
        found += _dotted(value, f"{above}{key}.") if isinstance(value, dict) else [f"{above}{key}"]
    return found


def _section(kind: type[Section], values: Any, where: str, faults: list[str]) -> Any:
    """Section from plain values; appends its faults, each with its key."""
    values = _table(values, where, faults)
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    faults += [unknown(f"{where}.{key}", key, known) for key in sorted(set(values) - known)]
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items() if key in known}
    try:
        return kind(**given)
    except InputError as error:
        faults += [f"{where}.{fault}" for fault in error.faults]
        return None


def _table(values: Any, where: str, faults: list[str]) -> dict[str, Any]:
    """Values under a key, if they are a table; else appends a fault."""
    if isinstance(values, dict):
        return values
    faults.append(f"{where}: found {values!r}, expected a table of parameters; write [{where}]")
    return {}
