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
from stresslab.engine.prepare import Prepared
from stresslab.version import VERSION


def record(prepared: Prepared, renewal: str, macro: xr.Dataset, own_behaviour: dict[str, str]) -> dict[str, Any]:
    """Attrs of a result; what is no text or number is JSON."""
    macro_attrs = {str(k): v for k, v in macro.attrs.items() if isinstance(v, str | int | float)}
    return {
        **{key: prepared.portfolio.attrs.get(key, "") for key in ("currency", "as_of", "own_lender", "preset")},
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
        "macro": json.dumps(macro_attrs),
        "versions": json.dumps(versions()),
        "python": platform.python_version(),
    }


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
