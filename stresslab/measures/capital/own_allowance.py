"""Allowance of the lender's own part: made under a provisioning regime, or given and checked."""

from __future__ import annotations

import xarray as xr

from stresslab.checks import lender_name, refuse
from stresslab.measures.defaults import by_place
from stresslab.measures.provisions.allowance import provisions
from stresslab.measures.provisions.regimes import China, Regime, name_of, regime_of
from stresslab.measures.result_view import OF_THE_RUN, dataset_faults, unlike_faults
from stresslab.noted import noted

ROUNDING = 1.0
"""Most by which a balance that is stated by category or stage, cell by cell, may differ by rounding [currency]."""


def own_allowance(
    part: xr.Dataset,
    provisioning: str | Regime | None,
    terms: xr.Dataset | None,
    allowance: xr.Dataset | None,
    lender: str,
    subject: str,
    faults: list[str],
) -> xr.Dataset:
    """Provisions of an own part: those given, or else made by the regime named or that of the currency.

    faults : others of the same call, refused together with those of the allowance
    """
    if allowance is not None:
        beside = [name for name, value in (("provisioning", provisioning), ("terms", terms)) if value is not None]
        given = [f"allowance: found beside {' and '.join(beside)}, expected either; drop one of them"] if beside else []
        refuse(subject, faults + given + _allowance_faults(part, allowance, lender))
        return allowance
    values, said = by_place(part, {"provisioning": provisioning})
    rules = regime_of(values["provisioning"])
    if terms is None and not isinstance(rules, China):
        why = f", the default for currency {part.attrs.get('currency')!r}" if provisioning is None else ""
        faults = [
            *faults,
            f"terms: found none, expected term structures for provisioning {name_of(rules)!r}{why}; give "
            "terms=term_structures(portfolio, macro, model) or choose provisioning='china'",
        ]
    refuse(subject, faults)
    return noted(provisions(part, rules, terms, lender=lender), said)


def taken_off(held: xr.Dataset) -> xr.DataArray:
    """What is deducted from the loans: the allowance, under CECL with what is charged off but still on the books."""
    return held["allowance_held"] + held["charged_off"] if "charged_off" in held else held["allowance_held"]


def _allowance_faults(part: xr.Dataset, held: xr.Dataset, lender: str) -> list[str]:
    """Faults of provisions that are not of this own part: by attrs, labels and the balances that they state."""
    needs = dict.fromkeys(("allowance_held", "provision_charge"), ("path", "month"))
    if faults := dataset_faults(held, needs, "provisions(own_part(result))", name="allowance"):
        return faults
    if held.attrs.get("lender", lender_name(part, lender)) != lender_name(part, lender):
        found = f"allowance: found that of {held.attrs['lender']!r}, expected {lender_name(part, lender)!r}"
        return [f"{found}; take provisions of the same lender"]
    advice = "take provisions(own_part(result, funding.partners)) of the same result"
    shared = bool((part["funded_share"] < 1.0).any())
    if shared and held.attrs.get("part") != "own":
        return [f"allowance: found one of whole balances, expected of the own part; {advice}, not of the whole balance"]
    names = [name for name in OF_THE_RUN if name not in ("part", "notes", *(() if shared else ("partners",)))]
    if unlike := unlike_faults("allowance", held, part, names, ("scenario", "path", "month"), advice):
        return unlike
    frame = part["balance"].sum(["segment", "bucket"]).transpose(..., "path", "month")
    return _balance_faults(frame, held, advice)


def _balance_faults(frame: xr.DataArray, held: xr.Dataset, advice: str) -> list[str]:
    """Faults of an allowance whose balances by category or stage are not those of the own part."""
    for name, dim in (("category_balance", "category"), ("stage_balance", "stage")):
        if name in held:
            stated = held[name].sum(dim).transpose(*frame.dims)
            off = abs(stated.values - frame.values)
            if off.size and float(off.max()) > ROUNDING:
                place = int(off.argmax())
                found = f"allowance: found a balance of {stated.values.flat[place]:,.2f} in {name}"
                return [f"{found}, expected {frame.values.flat[place]:,.2f} of the own part; {advice}"]
    return []
