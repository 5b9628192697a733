"""Notes of a dataset: what was derived, drawn, filled, cut or taken by default on the way to it, a sentence each."""

from __future__ import annotations

import json
from collections.abc import Iterable

import xarray as xr


def notes(dataset: xr.Dataset) -> list[str]:
    """What was derived, drawn, filled, cut or assumed on the way to a portfolio, scenario, result or measure.

    Parameters
    ----------
    dataset : xarray.Dataset or pandas.DataFrame
        From any function of this package.

    Returns
    -------
    list of str
        A sentence each, those of the inputs first; empty if there is nothing to say.

    Examples
    --------
    >>> import xarray as xr
    >>> import stresslab as sl
    >>> sl.notes(xr.Dataset(attrs={"notes": '["horizon: cut to 27 months, those of us-2020"]'}))
    ['horizon: cut to 27 months, those of us-2020']
    """
    return [str(note) for note in json.loads(dataset.attrs.get("notes", "[]"))]


def noted(dataset: xr.Dataset, *more: Iterable[str]) -> xr.Dataset:
    """The dataset with further notes after its own, each once, as a JSON list in attrs["notes"].

    >>> notes(noted(xr.Dataset(), ["a", "b"], ["b", "c"]))
    ['a', 'b', 'c']
    """
    every = list(dict.fromkeys([*notes(dataset), *(note for some in more for note in some)]))
    return dataset.assign_attrs(notes=json.dumps(every, ensure_ascii=False)) if every else dataset
