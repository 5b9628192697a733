"""Part of a portfolio: some borrowers with all their loans."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray


def of_borrowers(book: xr.Dataset, chosen: NDArray[np.bool_]) -> xr.Dataset:
    """The chosen borrowers (borrower) of a portfolio with all their loans.

    >>> book = xr.Dataset({"income": ("borrower", [1.0, 2.0]), "borrower": ("loan", [0, 1, 1])})
    >>> of_borrowers(book, np.array([False, True]))["borrower"].values
    array([0, 0])
    """
    owner = book["borrower"].values
    part = book.isel(borrower=np.flatnonzero(chosen), loan=np.flatnonzero(chosen[owner]))
    return part.assign(borrower=("loan", (np.cumsum(chosen) - 1)[part["borrower"].values]))
