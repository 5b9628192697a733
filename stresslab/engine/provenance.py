"""Provenance: what it takes to repeat a simulation, as attrs of its result."""

from __future__ import annotations

import dataclasses
import json
import platform
from importlib.metadata import version
from typing import Any

import xarray as xr

from stresslab.engine.actions import ContingencyPlan, Response
from stresslab.engine.prepare import Asked


def record(asked: Asked, renewal: str, macro: xr.Dataset, own_behaviour: dict[str, str]) -> dict[str, Any]:
    """Attrs of a result; what is no text or number is JSON."""
    macro_attrs = {str(k): v for k, v in macro.attrs.items() if isinstance(v, str | int | float)}
    return {
        **{key: asked.portfolio.attrs.get(key, "") for key in ("currency", "as_of", "own_lender", "preset")},
        "seed": str(asked.seed),
        "portfolio_seed": str(asked.portfolio.attrs.get("seed", "")),
        "fingerprint": asked.mark,
        "borrowers": asked.portfolio.sizes["borrower"],
        "loans": asked.portfolio.sizes["loan"],
        "renewal": renewal,
        "model": json.dumps(asked.model.to_dict()),
        "feedback": json.dumps(None if asked.feedback is None else dataclasses.asdict(asked.feedback)),
        "responses": json.dumps([_plain(response) for response in asked.responses]),
        "behaviour": json.dumps(own_behaviour),
        "macro": json.dumps(macro_attrs),
        "versions": json.dumps({n: version(n) for n in ("stresslab", "numpy", "numba", "xarray")}),
        "python": platform.python_version(),
    }


def _plain(response: Response) -> dict[str, Any]:
    """A response as plain values with its kind, those of a contingency plan too."""
    values = dataclasses.asdict(response) | {"kind": type(response).__name__}
    if isinstance(response, ContingencyPlan):
        values["responses"] = [_plain(inner) for inner in response.responses]
    return values
