"""What is said of a dataset: notes of what was derived, filled, cut or taken by default, and facts of a scenario."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pandas as pd
import xarray as xr

from stresslab.schema import InputError
from stresslab.typed import typed


@typed
def notes(dataset: xr.Dataset | xr.DataArray | pd.DataFrame) -> list[str]:
    """What was derived, drawn, filled, cut or assumed on the way to a portfolio, scenario, result or measure.

    Parameters
    ----------
    dataset : xarray.Dataset, xarray.DataArray or pandas.DataFrame
        From any function of this package.

    Returns
    -------
    list of str
        A sentence each, those of the inputs first; empty if there is nothing to say.

    Raises
    ------
    InputError
        If attrs["notes"] is not what this package writes there.

    Examples
    --------
    >>> import xarray as xr
    >>> import stresslab as sl
    >>> sl.notes(xr.Dataset(attrs={"notes": '["horizon: cut to 27 months, those of us-2020"]'}))
    ['horizon: cut to 27 months, those of us-2020']
    """
    written = dataset.attrs.get("notes", "[]")
    try:
        sentences = json.loads(written)
        if isinstance(sentences, list):
            return [str(sentence) for sentence in sentences]
    except (TypeError, ValueError):
        pass
    raise InputError("notes", [f"attrs['notes']: found {written!r}, expected a JSON list of sentences; drop it"])


def noted(dataset: xr.Dataset, *more: Iterable[str]) -> xr.Dataset:
    """The dataset with further notes after its own, each once, as a JSON list in attrs["notes"].

    >>> notes(noted(xr.Dataset(), ["a", "b"], ["b", "c"]))
    ['a', 'b', 'c']
    """
    every = list(dict.fromkeys([*notes(dataset), *(note for some in more for note in some)]))
    return dataset.assign_attrs(notes=json.dumps(every, ensure_ascii=False)) if every else dataset


def told(scenario: xr.Dataset, fact: str, default: str = "") -> str:
    """What is told of a scenario, in its attrs or by its label where it stood beside others; see `schema.FACTS`.

    >>> told(xr.Dataset(attrs={"name": "calm"}), "name"), told(xr.Dataset(coords={"name": "calm"}), "name")
    ('calm', 'calm')
    """
    if fact in scenario.coords and scenario[fact].ndim == 0:
        return str(scenario[fact].item())
    return str(scenario.attrs.get(fact, default))
