"""Results put together: pieces of one simulation along paths and scenarios, as if it had run at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr

from stresslab.checks import choice_faults, refuse
from stresslab.measures.result_view import along_scenario, contents, differing, empty_faults, short, spelled
from stresslab.noted import noted, notes
from stresslab.schema import FACTS, RESULT, stored_as_text
from stresslab.typed import typed

SUBJECT, ALIKE = "join", "simulate all pieces alike"
NEEDED = ("fingerprint", "seed")
"""Attrs without which nobody knows that two pieces have the same borrowers and draws."""
MAY_DIFFER = ("notes", "versions", "python", "macro")
"""Attrs that are combined, or said in a note; all others must be the same."""


@typed
def join(results: Sequence[xr.Dataset], dim: Literal["path", "scenario"] | None = None) -> xr.Dataset:
    """Result of pieces of one simulation, simulated apart and put together: the same bits as simulated at once.

    Parameters
    ----------
    results : sequence of xarray.Dataset
        From `simulate`, with one portfolio, model, seed, horizon, renewal, responses and feedback; in any order.
    dim : {"path", "scenario"}, optional
        Along which the pieces differ; None: along `path`, `scenario` or both, as their labels say.

    Returns
    -------
    xarray.Dataset
        As of `simulate`: paths in the order of their numbers, scenarios in the order in which they come. Values in
        chunks stay in chunks.

    Raises
    ------
    InputError
        Names each fault: nothing to join, what is no result of `simulate`, an attribute that differs, another horizon,
        other segments, repeated draws, a scenario without some of the paths.

    Notes
    -----
    A draw depends on seed, borrower, month and path, and with `feedback` or `responses` the conditions of a path depend
    on that path alone, so paths and scenarios can be simulated in any pieces. A piece of a single scenario is labelled
    by its coordinate `scenario` or else by the name of its scenario; give another by
    ``result.assign_coords(scenario="severe")``.

    Pieces along `path` are simulated on parts of one `macro_paths`, ``macro.isel(path=slice(0, 500))`` and so on.
    Measures are not joined, as a quantile of all paths is no mean of quantiles: join the results, then measure.

    Examples
    --------
    Paths 0 to 3 in two pieces:

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    >>> macro = sl.scenario("china-baseline").isel(month=slice(0, 2)).expand_dims(path=[0, 1, 2, 3])
    >>> pieces = [sl.simulate(book, macro.isel(path=some), seed=3, progress=False) for some in ([2, 3], [0, 1])]
    >>> sl.join(pieces).identical(sl.simulate(book, macro, seed=3, progress=False))
    True
    """
    faults = choice_faults("dim", dim, (None, "path", "scenario"))
    if len(results) < 2:
        faults.append(f"results: found {len(results)}, expected at least 2; give all pieces")
    refuse(SUBJECT, faults + _piece_faults(results))
    refuse(SUBJECT, _unlike_faults(results))
    singles = [single for piece in results for single in _scenarios(piece)]
    refuse(SUBJECT, _label_faults(results, singles, dim))
    names = list(dict.fromkeys(name for name, _ in singles))
    rows = [_along_path([piece for name, piece in singles if name == each]) for each in names]
    refuse(SUBJECT, _missing_faults(names, rows))
    labelled = len(names) > 1 or any("scenario" in piece.coords for piece in results)
    joined = _along_scenario(rows, names, results).assign_attrs(_attrs(results)) if labelled else rows[0]
    return stored_as_text(noted(joined, *map(notes, results), _versions(results)))


def _piece_faults(results: Sequence[xr.Dataset]) -> list[str]:
    """Faults of each piece alone: not as simulated, or of unknown origin."""
    faults = []
    for place, piece in enumerate(results):
        where = f"results[{place}]"
        strange = [str(name) for name in piece.data_vars if name not in RESULT]
        if "balance" not in piece or strange:
            found = f"{where}: found {contents(piece[strange] if strange else piece)}"
            faults.append(f"{found}, expected variables of simulate() alone; join the results, then measure them")
            continue
        faults += empty_faults(where, piece)
        lost = [name for name in NEEDED if not piece.attrs.get(name)]
        if lost:
            faults.append(
                f"{where}: missing {' and '.join(lost)} in attrs, expected those of simulate(); keep its attrs"
            )
        for name in piece.data_vars:
            dims = RESULT[str(name)].dims
            may = {*dims, "scenario"} if along_scenario(dims) else {*dims}
            if not set(dims) <= set(piece[name].dims) <= may:
                found = f"{where}: found {name} along {piece[name].dims}, expected {dims}"
                faults.append(f"{found}; give it as simulated, with single paths as a list: sel(path=[...])")
        for label in ("path", "month"):
            if label not in piece.coords:
                faults.append(f"{where}: missing labels of {label!r}, expected those of simulate(); keep them")
    return faults


def _unlike_faults(results: Sequence[xr.Dataset]) -> list[str]:
    """Faults of pieces that are not of one simulation: attrs, horizon, variables and labels that differ."""
    faults, first = [], results[0]
    for place, piece in enumerate(results[1:], start=1):
        both = f"in results[0] and results[{place}], expected one for all"
        for name in dict.fromkeys([*first.attrs, *piece.attrs]):
            if name not in MAY_DIFFER:
                unlike = differing(str(name), first.attrs.get(name), piece.attrs.get(name))
                faults += [f"{field}: found {short(a)} and {short(b)} {both}; {ALIKE}" for field, a, b in unlike[:3]]
        lengths = [one.sizes["month"] - 1 for one in (first, piece)]
        if lengths[0] != lengths[1]:
            cut = f"cut the longer: isel(month=slice(0, {min(lengths) + 1}))"
            faults.append(f"horizon: found {lengths[0]} and {lengths[1]} months {both}; {cut}")
        elif first["month"].values.tolist() != piece["month"].values.tolist():
            months = [spelled(one["month"].values.tolist()) for one in (first, piece)]
            faults.append(f"month: found {months[0]} and {months[1]} {both}; give all pieces from month 0")
        faults += [
            f"{name}: found in only one of results[0] and results[{place}], expected in both; drop it or simulate it"
            for name in sorted(set(map(str, first.data_vars)) ^ set(map(str, piece.data_vars)))
        ]
        faults += [
            f"{name}: found other values in results[{place}] than in results[0], expected the same; {ALIKE}"
            for name in _fixed(results)
            if name in piece and not np.array_equal(first[name].values, piece[name].values, equal_nan=True)
        ]
        for name in map(str, first.coords):
            if name in ("path", "scenario", "month") or name not in piece.coords:
                continue
            labels = [one[name].values.tolist() for one in (first, piece)]
            if labels[0] != labels[1]:
                faults.append(f"{name}: found {spelled(labels[0])} and {spelled(labels[1])} {both}; {ALIKE}")
    return list(dict.fromkeys(faults))


def _fixed(results: Sequence[xr.Dataset]) -> list[str]:
    """Variables that are the same on all paths and in all scenarios."""
    first = results[0]
    return [
        str(name)
        for name in first.data_vars
        if not along_scenario(RESULT[str(name)].dims)
        or ("scenario" in first.dims and not {"path", "scenario"} & set(first[name].dims))
    ]


def _scenarios(piece: xr.Dataset) -> list[tuple[Any, xr.Dataset]]:
    """Label and dataset of each scenario; None without a label."""
    labels = _labels(piece)
    if "scenario" not in piece.dims:
        return [(labels[0], piece.drop_vars("scenario", errors="ignore"))]
    return [(label, piece.isel(scenario=place, drop=True)) for place, label in enumerate(labels)]


def _labels(piece: xr.Dataset) -> list[Any]:
    """Labels of the scenarios of a piece: of its coordinate, or what its macroeconomic paths are called; else None."""
    if "scenario" in piece.coords:
        return list(np.atleast_1d(piece["scenario"].values).tolist())
    told = json.loads(piece.attrs.get("macro", "{}"))
    label = told.get("scenario", told.get("name"))
    return [label if isinstance(label, str) else None]


def _economy(piece: xr.Dataset, label: Any) -> dict[str, Any]:
    """What is told of the macroeconomic paths of one scenario."""
    told = json.loads(piece.attrs.get("macro", "{}"))
    mine = {name: value.get(label) if isinstance(value, dict) else value for name, value in told.items()}
    mine |= {str(name): values.values.item() for name, values in piece.data_vars.items() if values.dims == ()}
    return {name: value for name, value in mine.items() if name != "scenario" and value is not None}


def _label_faults(
    results: Sequence[xr.Dataset], singles: Sequence[tuple[Any, xr.Dataset]], dim: str | None
) -> list[str]:
    """Faults of labels: scenarios of which some have none, draws that stand twice, labels along the other dimension."""
    names = {name for name, _ in singles}
    if None in names and len(names) > 1:
        return [
            "scenario: found none in some results, expected a label in each; give one with assign_coords(scenario=...)"
        ]
    faults = []
    for name in sorted(names, key=str):
        pieces = [piece for each, piece in singles if each == name]
        economies = [_economy(piece, name) for piece in pieces]
        unlike = next((found for one in economies if (found := differing("macro", economies[0], one))), [])[:3]
        if unlike and name is None:
            field, a, b = unlike[0]
            both = f"scenario: found none in results of different economies ({field} {short(a)} and {short(b)})"
            return [f"{both}, expected a label in each; give one with assign_coords(scenario=...)"]
        faults += [f"{field}: found {short(a)} and {short(b)}, expected one economy; {ALIKE}" for field, a, b in unlike]
        values, count = np.unique(np.concatenate([piece["path"].values for piece in pieces]), return_counts=True)
        if (count > 1).any():
            of = "" if name is None else f" of scenario {name!r}"
            twice = f"path: found {spelled(values[count > 1].tolist())}{of} more than once (repeated draws)"
            advice = "name the scenarios or leave them out" if name is None else "leave them out"
            faults.append(f"{twice}, expected each once; {advice}")
    for other in ("path", "scenario"):
        labels = [_labels(piece) if other == "scenario" else piece["path"].values.tolist() for piece in results]
        apart = next((each for each in labels if sorted(map(str, each)) != sorted(map(str, labels[0]))), None)
        if dim is not None and dim != other and apart is not None:
            both = f"{other}: found {spelled(labels[0])} and {spelled(apart)}"
            faults.append(f"{both}, expected the same along dim={dim!r}; leave dim out to join along both")
    return faults


def _missing_faults(names: Sequence[Any], rows: Sequence[xr.Dataset]) -> list[str]:
    """Faults of scenarios that do not have the paths of the first."""
    first = rows[0]["path"].values.tolist()
    return [
        f"path: found {spelled(row['path'].values.tolist())} in {name!r} and {spelled(first)} in {names[0]!r}, "
        "expected the same paths in all scenarios; give all pieces"
        for name, row in zip(names[1:], rows[1:], strict=True)
        if row["path"].values.tolist() != first
    ]


def _along_path(pieces: Sequence[xr.Dataset]) -> xr.Dataset:
    """One scenario's pieces in the order of their paths; what has no path is that of the first."""
    joined = xr.concat(
        pieces,
        "path",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
        combine_attrs="override",
    )
    order = np.argsort(joined["path"].values, kind="stable")
    return joined if (np.diff(order) == 1).all() else joined.isel(path=order)


def _along_scenario(rows: Sequence[xr.Dataset], names: Sequence[Any], results: Sequence[xr.Dataset]) -> xr.Dataset:
    """Scenarios side by side; what has no path is that of the first."""
    if len(rows) == 1 and not any("scenario" in piece.dims for piece in results):
        return rows[0].assign_coords(scenario=names[0])
    fixed = _fixed(results)
    attrs = next((piece["scenario"].attrs for piece in results if "scenario" in piece.coords), {})
    label = xr.Variable("scenario", np.asarray(names), attrs)
    moving = [row.drop_vars(fixed) for row in rows]
    joined = xr.concat(
        moving, label, data_vars="all", coords="minimal", compat="override", join="override", combine_attrs="override"
    )
    return joined.assign({name: rows[0][name] for name in fixed})


def _attrs(results: Sequence[xr.Dataset]) -> dict[str, Any]:
    """Attrs that are no single piece's: what is told of all economies."""
    told = {label: _economy(piece.drop_vars(piece.data_vars), label) for piece in results for label in _labels(piece)}
    first = json.loads(results[0].attrs.get("macro", "{}"))
    macro: dict[str, Any] = {}
    for name in dict.fromkeys([*first, *(name for one in told.values() for name in one), "scenario"]):
        by_scenario = {label: one[name] for label, one in told.items() if name in one}
        alike = len(by_scenario) == len(told) and len({json.dumps(value) for value in by_scenario.values()}) == 1
        alike &= name not in FACTS and not isinstance(first.get(name), dict)
        macro[name] = [*told] if name == "scenario" else next(iter(by_scenario.values())) if alike else by_scenario
    return {"macro": json.dumps(macro, ensure_ascii=False)} if "macro" in results[0].attrs else {}


def _versions(results: Sequence[xr.Dataset]) -> list[str]:
    """Note of pieces that were simulated under other versions of packages or Python."""
    found = {name: [piece.attrs.get(name) for piece in results] for name in ("versions", "python")}
    return [
        f"join: {name} differ among the pieces, shown are those of the first; {short(values[0])} and {short(other)}"
        for name, values in found.items()
        for other in dict.fromkeys(values)
        if other != values[0]
    ]
