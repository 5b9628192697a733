"""Attributes of a study's output: units and long names of its variables, and the run that it is of."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

OF_THE_RUN = ("fingerprint", "seed", "currency", "own_lender")
ENDINGS = {
    "_se": "standard error of",
    "_low": "lower end of the interval of",
    "_high": "upper end of the interval of",
}


class Output(NamedTuple):
    """Unit and long name of a variable."""

    units: str
    long_name: str


def described(out: xr.Dataset, outputs: Mapping[str, Output]) -> xr.Dataset:
    """The Dataset with `units` and `long_name` on every variable; `x_se`, `x_low`, `x_high` take theirs from `x`.

    >>> given = xr.Dataset({"rate": 0.02, "rate_se": 0.001})
    >>> described(given, {"rate": Output("1/year", "charge-off rate")})["rate_se"].attrs["long_name"]
    'standard error of charge-off rate'
    """
    for name in map(str, out.data_vars):
        ending = next((end for end in ENDINGS if name not in outputs and name.endswith(end)), "")
        units, long_name = outputs[name.removesuffix(ending)]
        out[name].attrs |= {"units": units, "long_name": f"{ENDINGS[ending]} {long_name}" if ending else long_name}
    return out


def run_attrs(attrs: Mapping[Any, Any]) -> dict[str, str]:
    """Fingerprint of the portfolio, seed, currency and own lender, from the attrs of a run."""
    known = {"fingerprint": attrs.get("portfolio_fingerprint", ""), **attrs}
    return {name: str(known.get(name, "")) for name in OF_THE_RUN}


def drawn_seed(seed: Any) -> Any:
    """The seed given, or one drawn from the operating system where it is None."""
    return secrets.randbits(62) if seed is None else seed


def is_whole(value: Any) -> bool:
    """A whole number, which True is not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
