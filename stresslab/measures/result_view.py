"""What measures share: validation of a result, selection of a lender, and units, long names and attrs of an output."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from stresslab.checks import amount_unit_faults, is_whole, lender_faults, lender_name
from stresslab.schema import BUCKETS, RESULT, STAGES, stored_as_text

FLOW = ("path", "month", "segment")
BALANCE = (*FLOW, "bucket")


def result_faults(
    result: Any, lender: str, needs: Mapping[str, Sequence[str]], paths: int = 1, *, one_opening: bool = True
) -> list[str]:
    """Faults that keep a result from being measured; empty if there are none.

    result : Dataset from simulate()
    lender : "own" | "all" | a name
    needs : variable -> the dimensions it must have; along `scenario` too, if the result has it
    paths : number that the measure needs
    one_opening : False if month 0 is no start of a simulation, as after a warm-up
    """
    chunked = memory_faults("result", result, "simulate()")
    if not isinstance(result, xr.Dataset) or (strange := _strange_faults(result, needs)):
        return chunked or strange
    if nothing := empty_faults("result", result):
        return [*chunked, *nothing]
    shapes = [*chunked, *shape_faults(result, needs), *label_faults(result)]
    filled = not chunked and not any("sl.join()" in fault for fault in shapes)  # xr.concat fills with NaN
    wrong = {name: _value_faults(result, name, needs[name], filled) for name in needs}
    faults = shapes + [fault for name in needs for fault in wrong[name]]
    months = result["month"].values.tolist() if "month" in result.dims else [0]
    whole = months == list(range(max(len(months), 1)))
    if not whole:
        faults.append(f"month: found {spelled(months)}, expected 0, 1, ..., T; give it from month 0")
    for dim, labels, name in (("bucket", BUCKETS, "balance"), ("stage", STAGES, "stage_balance")):
        if name in needs and dim in result.dims and tuple(result[dim].values.tolist()) != labels:
            found = spelled(result[dim].values.tolist())
            faults.append(f"{dim}: found {found}, expected {spelled(labels)}; give the result as simulated")
    if result.sizes.get("path", paths) < paths:
        faults.append(f"path: found {result.sizes['path']}, expected at least {paths}; simulate more paths")
    comparable = one_opening and whole and not shapes and not wrong.get("balance")
    if comparable and "balance" in result and "month" in result["balance"].dims:
        faults += _opening_faults(result["balance"])
    return faults + amount_unit_faults(result) + lender_faults(result, lender)


def memory_faults(name: str, dataset: Any, maker: str) -> list[str]:
    """Fault of what is no Dataset, or one whose values are in chunks and not yet in memory."""
    if not isinstance(dataset, xr.Dataset):
        return [f"{name}: found {type(dataset).__name__}, expected a Dataset; give that of {maker}"]
    return chunk_faults(name, dataset)


def _strange_faults(result: xr.Dataset, needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Fault of a Dataset that is something else, such as a portfolio or a measure: nothing that is needed is there."""
    wanted = {name: set(dims) for name, dims in needs.items() if "segment" in dims}
    known = any(name in result and "segment" in result[name].dims for name in RESULT)
    near = any(name in result.variables and dims & {*result[name].dims} for name, dims in wanted.items())
    if not wanted or near or (known and len(wanted) == 1):
        return []
    return [f"result: found {contents(result)}, expected {spelled(list(wanted))} by segment; give that of simulate()"]


def contents(dataset: xr.Dataset) -> str:
    """What a dataset holds, as it is shown in an error.

    >>> contents(xr.Dataset({"loss": ("path", [1.0])})), contents(xr.Dataset())
    ("variables 'loss'", 'no variables')
    """
    names = list(map(str, dataset.data_vars))
    return f"variables {spelled(names)}" if names else "no variables"


def chunk_faults(name: str, given: xr.Dataset | xr.DataArray) -> list[str]:
    """Fault of values in chunks, which are not yet in memory."""
    variables = given.variables if isinstance(given, xr.Dataset) else {given.name or "values": given.variable}
    chunked = [str(key) for key, values in variables.items() if values.chunks is not None]
    if chunked:
        return [f"{name}: found chunks in {spelled(chunked)}, expected values in memory; load it: {name}.load()"]
    return []


def empty_faults(name: str, dataset: xr.Dataset) -> list[str]:
    """Fault of a dimension along which there is nothing, as after a selection that found nothing."""
    empty = [f"{dim}s" for dim in ("scenario", "path", "month", "segment") if dataset.sizes.get(dim) == 0]
    if not empty:
        return []
    return [f"{name}: found no {' and no '.join(empty)}, expected at least 1; see what was selected from it"]


def label_faults(dataset: xr.Dataset) -> list[str]:
    """Faults of labels that stand twice: draws that would count twice, scenarios and segments that are mixed up."""
    faults = []
    for dim, why in (("scenario", ""), ("path", ", as repeated draws make errors too small"), ("segment", "")):
        if dim in dataset.indexes and (again := dataset.indexes[dim].duplicated()).any():
            repeated = f"{dim}: found {spelled(dataset[dim].values[again].tolist())} more than once"
            faults.append(f"{repeated}, expected each {dim} once{why}; drop the repeats")
    return faults


def along_scenario(dims: Sequence[str]) -> bool:
    """Whether a variable with these dimensions may have one value for each scenario: all but contracts by segment."""
    return not dims or "path" in dims


def shape_faults(result: xr.Dataset, needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Faults of dimensions: any that a variable of a result cannot have, and those that a needed one has not."""
    faults, doubled = [], []
    others: dict[str, list[str]] = {}
    known = {name: spec.dims for name, spec in RESULT.items()}
    for name in dict.fromkeys([*known, *needs]):
        if name not in result.variables:
            continue
        has, dims = result[name].dims, needs.get(name, known.get(name, ()))
        allowed = {*dims, *known.get(name, ()), *(("scenario",) if along_scenario(dims) else ())}
        strange = [dim for dim in has if dim not in allowed]
        expected = f"{name}: found dimensions {has}, expected {tuple(dims)}"
        if set(strange) & {"path", "scenario"}:
            doubled.append(name)
        elif strange:
            others.setdefault(" and ".join(map(repr, strange)), []).append(name)
        elif name in needs and (absent := [dim for dim in dims if dim not in has]):
            dim = absent[0]
            advice = f"keep it as a list: result.sel({dim}=[...])" if dim in result.coords else "give it unreduced"
            faults.append(f"{expected}; {advice}")
        elif name in needs and "path" in dims and "scenario" in result.dims and "scenario" not in has:
            faults.append(f"{expected} and 'scenario'; put results together with sl.join(), not xr.concat()")
    for dimension, names in others.items():
        found = f"{_some(names)}: found dimension {dimension}, expected none of that name"
        faults.append(f"{found}; select from it, or rename it")
    if doubled:
        apart = " and ".join(
            repr(dim) for dim in ("path", "scenario") if any(dim in result[name].dims for name in doubled)
        )
        found = f"{_some(doubled)}: found dimension {apart}, expected one figure for all of it"
        faults.append(f"{found}; put results together with sl.join(), not xr.concat()")
    return faults


def _some(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are.

    >>> _some(["paid", "fees"]), _some(["a", "b", "c", "d", "e"])
    ('paid, fees', 'a, b, c and 2 more')
    """
    more = f" and {len(names) - 3} more" if len(names) > 4 else ""
    return ", ".join(names[:3] if more else names) + more


def _value_faults(result: xr.Dataset, name: str, dims: Sequence[str], filled: bool) -> list[str]:
    """Faults of a needed variable's values: missing, not numbers and, if they are all there, not finite, negative."""
    if name not in result.variables:
        return [f"{name}: missing, expected along {tuple(dims)}; give a result of simulate()"]
    values = result[name]
    if values.dtype.kind not in "biuf":
        return [f"{name}: found type {values.dtype}, expected numbers; convert it"]
    faults: list[str] = []
    if not filled:
        return faults
    for bad, expected in ((~np.isfinite(values.values), "a finite number"), (values.values < 0.0, ">= 0")):
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            at = ", ".join(f"{dim} {i}" for dim, i in zip(values.dims, first, strict=True))
            more = int(bad.sum()) - 1
            also = f" (and {more:,} more)" if more else ""
            faults.append(f"{name}: found {values.values[first]} at {at}{also}, expected {expected}; correct it")
    return faults


def _opening_faults(balance: xr.DataArray) -> list[str]:
    """Fault of paths or scenarios that start from different books."""
    start = balance.isel(month=0, drop=True)
    others = [dim for dim in start.dims if dim in ("path", "scenario")]
    if bool((start.fillna(0.0) == start.isel(dict.fromkeys(others, 0), drop=True).fillna(0.0)).all()):
        return []
    found = "balance: found different balances in month 0 of different paths or scenarios"
    return [f"{found}, expected one opening book; measure results of one portfolio at a time"]


def dataset_faults(
    dataset: Any, needs: Mapping[str, Sequence[str]], maker: str, attrs: Sequence[str] = (), name: str = "dataset"
) -> list[str]:
    """Faults of a dataset that should have these variables along exactly these dimensions, and these attrs.

    maker : function that returns such a dataset; name : of the argument; `scenario` may stand beside the dimensions
    """
    if faults := memory_faults(name, dataset, maker):
        return faults
    if len(needs) > 1 and not any(key in dataset.data_vars for key in needs):
        return [f"{name}: found {contents(dataset)}, expected {spelled(list(needs))}; give the Dataset of {maker}"]
    if nothing := empty_faults(name, dataset):
        return nothing
    faults = label_faults(dataset)
    for key, dims in needs.items():
        if key not in dataset.data_vars:
            faults.append(f"{key}: missing, expected along {tuple(dims)}; give the Dataset of {maker}")
        elif set(dataset[key].dims) - {"scenario"} != set(dims):
            fault = f"{key}: found dimensions {dataset[key].dims}, expected {tuple(dims)}, perhaps with 'scenario'"
            faults.append(f"{fault}; give the Dataset of {maker} unreduced")
    return faults + [
        f"{key}: missing from attrs; give the Dataset of {maker}" for key in attrs if key not in dataset.attrs
    ]


def unlike_faults(
    name: str,
    dataset: xr.Dataset,
    result: xr.Dataset,
    attrs: Sequence[str],
    dims: Sequence[str] = (),
    advice: str = "take it of the same result",
    of: str = "the result",
    told: bool = True,
) -> list[str]:
    """What a dataset does not share with the result beside which it is given, of these attrs and labels.

    told : False to pass over attrs that only one of them has
    """
    faults = []
    for attr in attrs:
        given, expected = dataset.attrs.get(attr), result.attrs.get(attr)
        if (told or (given and expected)) and (unlike := differing(attr, given, expected)):
            field, here, there = unlike[0]
            more = f" (and {len(unlike) - 1} more)" if len(unlike) > 1 else ""
            faults.append(f"{name}: found {field} {short(here)}{more}, expected {short(there)} as in {of}; {advice}")
    for dim in dims:
        labels = [one[dim].values.tolist() if dim in one.dims else [] for one in (dataset, result)]
        if labels[0] != labels[1]:
            given, expected = (spelled(some) if some else "none" for some in labels)
            faults.append(f"{name}: found {dim} {given}, expected {expected} as in {of}; {advice}")
    return faults


def differing(name: str, one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    """Fields in which two attrs differ, those inside JSON by their dotted name.

    >>> differing("model", '{"pay": {"drop": 0.1}}', '{"pay": {"drop": 0.2}}')
    [('model.pay.drop', 0.1, 0.2)]
    """
    if isinstance(one, type(other)) and one == other:
        return []
    here, there = (_parsed(value) for value in (one, other))
    if isinstance(here, dict) and isinstance(there, dict):
        keys = dict.fromkeys([*here, *there])
        return [item for key in keys for item in differing(f"{name}.{key}", here.get(key), there.get(key))]
    return [(name, one, other)]


def _parsed(value: Any) -> Any:
    """JSON text as what it stands for; anything else as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def short(value: Any) -> str:
    """A value as it is shown in an error, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def spelled(labels: Sequence[Any]) -> str:
    """Labels as they are shown in an error: the first ones and the last.

    >>> spelled(range(9)), spelled(["a", "b"])
    ('0, 1, 2, ..., 8', "'a', 'b'")
    """
    shown = [repr(label) for label in labels]
    return ", ".join(shown if len(shown) <= 8 else [*shown[:3], "...", shown[-1]])


def horizon_faults(result: Any, horizon: int | None) -> list[str]:
    """Faults of a horizon [month]; None, the whole result, has none."""
    if not isinstance(result, xr.Dataset) or result.sizes.get("month") == 0:
        return []  # refused already
    last = result.sizes.get("month", 1) - 1
    if horizon is None or (is_whole(horizon) and 1 <= horizon <= last):
        return []
    return [f"horizon: found {horizon!r}, expected whole months, 1 to {last}; shorten it or simulate longer"]


def select(result: xr.Dataset, lender: str) -> xr.Dataset:
    """The segments of one lender ("own" or a name), or of "all"; call result_faults() first."""
    if lender == "all":
        return result
    return result.isel(segment=np.flatnonzero(result["lender"].values.astype(str) == lender_name(result, lender)))


class Output(NamedTuple):
    """Unit and meaning of a variable of a measure."""

    units: str
    meaning: str


ENDINGS = {
    "_se": "standard error of",
    "_low": "lower end of the 95 % interval of",
    "_high": "upper end of the 95 % interval of",
}
OF_THE_RUN = (
    "fingerprint",
    "seed",
    "currency",
    "unit",
    "as_of",
    "own_lender",
    "part",
    "partners",
    "annual_growth",
    "notes",
)


def labelled(out: xr.Dataset, outputs: Mapping[str, Output]) -> xr.Dataset:
    """A Dataset with `units` and `long_name` on every variable, from one declaration.

    outputs : unit and meaning of each variable; `x_se`, `x_low`, `x_high` take theirs from `x`

    >>> out = labelled(xr.Dataset({"loss": 3.0, "loss_se": 0.1}), {"loss": Output("currency", "realised loss")})
    >>> out["loss_se"].attrs
    {'units': 'currency', 'long_name': 'standard error of realised loss'}
    """
    for name in map(str, out.data_vars):
        ending = next((end for end in ENDINGS if name not in outputs and name.endswith(end)), "")
        units, meaning = outputs[name.removesuffix(ending)]
        long_name = f"{ENDINGS[ending]} {meaning}" if ending else meaning
        out[name].attrs |= {"units": units, "long_name": long_name}
    return stored_as_text(out)


def of_the_run(dataset: xr.Dataset) -> dict[str, Any]:
    """Attrs by which a reader knows the run: fingerprint of the portfolio, seed, currency, date, own lender, part.

    >>> of_the_run(xr.Dataset(attrs={"fingerprint": "a1", "seed": "7", "model": "{}"}))
    {'fingerprint': 'a1', 'seed': '7'}
    """
    return {name: dataset.attrs[name] for name in OF_THE_RUN if name in dataset.attrs}


def described(out: xr.Dataset, result: xr.Dataset, lender: str, outputs: Mapping[str, Output]) -> xr.Dataset:
    """A measure with `units` and `long_name` on every variable, the lender and the run that it is of.

    outputs : unit and meaning of each variable, see `labelled`
    """
    return labelled(out, outputs).assign_attrs(of_the_run(result), lender=lender_name(result, lender))


def opening_balance(view: xr.Dataset) -> xr.DataArray:
    """Balance of each segment at the start [currency], one number for all paths; call result_faults() first."""
    start = view["balance"].isel(month=0, drop=True).sum("bucket")
    return start.isel({dim: 0 for dim in start.dims if dim != "segment"}, drop=True)
