"""What holds of every study's output: units and long names, attrs that read back, the run that it is of."""

import json

HIDDEN_BY_XARRAY = {"mean", "var", "quantile", "count", "std"}
OF_THE_RUN = ("fingerprint", "seed", "currency", "own_lender")


def well_described(out):
    """Faults of an output's attributes; empty if there are none."""
    faults = [f"{name}: no long_name" for name in out.data_vars if not out[name].attrs.get("long_name")]
    faults += [f"{name}: no units" for name in out.data_vars if not out[name].attrs.get("units")]
    faults += [f"{name}: hidden by xarray" for name in sorted(HIDDEN_BY_XARRAY & set(map(str, out.variables)))]
    faults += [f"{key}: {type(value)}" for key, value in out.attrs.items() if not isinstance(value, str | int | float)]
    faults += [f"{key}: missing" for key in OF_THE_RUN if key not in out.attrs]
    json.dumps(out.attrs)
    return faults
