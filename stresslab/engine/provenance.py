"""Provenance: what it takes to repeat a simulation, as attrs of its result."""

from __future__ import annotations

import dataclasses
import json
import platform
from typing import Any

import numba
import numpy as np
import xarray as xr

from stresslab.engine.actions import ContingencyPlan, Response
from stresslab.engine.model import Model
from stresslab.engine.prepare import Prepared
from stresslab.noted import noted, notes
from stresslab.version import VERSION


def record(prepared: Prepared, renewal: str, macro: xr.Dataset, own_behaviour: dict[str, str]) -> dict[str, Any]:
    """Attrs of a result; what is no text or number is JSON."""
    notes_of_inputs = [*notes(prepared.portfolio), *notes(macro), *taken_by_default(macro, prepared.model)]
    return noted(xr.Dataset(), notes_of_inputs).attrs | {
        **{key: prepared.portfolio.attrs.get(key) or "" for key in ("currency", "as_of", "own_lender", "preset")},
        **({"unit": prepared.portfolio.attrs["unit"]} if "unit" in prepared.portfolio.attrs else {}),
        "seed": str(prepared.seed),
        "portfolio_seed": str(prepared.portfolio.attrs.get("seed", "")),
        "fingerprint": prepared.mark,
        "borrowers": prepared.portfolio.sizes["borrower"],
        "loans": prepared.portfolio.sizes["loan"],
        "renewal": renewal,
        "model": json.dumps(prepared.model.to_dict()),
        "feedback": json.dumps(None if prepared.feedback is None else dataclasses.asdict(prepared.feedback)),
        "responses": json.dumps([_plain(response) for response in prepared.responses]),
        "behaviour": json.dumps(own_behaviour),
        "macro": json.dumps(_told(macro), ensure_ascii=False),
        "versions": json.dumps(versions()),
        "python": platform.python_version(),
    }


def _told(macro: xr.Dataset) -> dict[str, Any]:
    """What is told of the macro paths: attrs, and labels along `scenario` by scenario."""
    told: dict[str, Any] = {
        str(name): value for name, value in macro.attrs.items() if isinstance(value, str | int | float)
    }
    told.pop("notes", None)
    for name, values in macro.coords.items():
        if values.dtype.kind in "OU" and values.dims in ((), ("scenario",)):
            labels = values.values.astype(str).tolist()
            whole = name == "scenario" or not values.dims
            told[str(name)] = labels if whole else dict(zip(macro["scenario"].values.astype(str), labels, strict=True))
    return told


def taken_by_default(macro: xr.Dataset, model: Model) -> list[str]:
    """Note of a trend that the macro paths do not have."""
    if "real_income_trend" in macro:
        return []
    growth = model.income.normal_growth_annual
    return [f"real_income_trend: not in macro, so income.normal_growth_annual of the model holds, {growth:g} a year"]


def versions() -> dict[str, str]:
    """Versions of what computed a result."""
    others = {package.__name__: str(package.__version__) for package in (np, numba, xr)}
    return {"stresslab": VERSION, **others}


def _plain(response: Response) -> dict[str, Any]:
    """A response as plain values with its kind, those of a contingency plan too."""
    values = dataclasses.asdict(response) | {"kind": type(response).__name__}
    if isinstance(response, ContingencyPlan):
        values["responses"] = [_plain(inner) for inner in response.responses]
    return values
