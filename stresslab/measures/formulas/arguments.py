"""Arguments of the closed formulas: arrays of numbers within bounds, refused with every fault at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stresslab.checks import as_numbers, refuse, shown

Array = NDArray[Any]


class Bound(NamedTuple):
    """Bounds of an argument, in numbers and in words, and the advice if it is beyond them."""

    low: float
    high: float
    ends: str  # "[]" both ends belong to it, "()" none, "[)" the lower, "(]" the upper
    words: str
    advice: str = "a rate is a decimal: give 0.03, not 3"
    whole: bool = False
    single: bool = False  # one number, not an array


SHARE = Bound(0.0, 1.0, "[]", "a decimal 0 to 1")
BELOW_ONE = Bound(0.0, 1.0, "[)", "a decimal 0 to below 1")
INSIDE = Bound(0.0, 1.0, "()", "a decimal strictly between 0 and 1")
LGD = Bound(0.0, 10.0, "[]", "a decimal 0 to 10")
AMOUNT = Bound(0.0, np.inf, "[)", "a finite number >= 0", "correct it")


def checked(subject: str, given: dict[str, tuple[ArrayLike, Bound]], faults: Sequence[str] = ()) -> list[Array]:
    """Arguments as arrays of floats, in their order, or an InputError with all their faults and those given.

    given : name -> (numbers, bounds); shapes broadcast

    >>> checked("formula", {"pd": (3, INSIDE), "correlation": (0.1, INSIDE)})
    Traceback (most recent call last):
    stresslab.schema.InputError: formula: 1 fault
      - pd: found 3.0, expected a decimal strictly between 0 and 1; a rate is a decimal: give 0.03, not 3
    """
    arrays, faults = [], list(faults)
    for name, (values, bound) in given.items():
        array = as_numbers(values)
        if array is None:
            faults.append(f"{name}: found {shown(values)}, expected {bound.words}; give numbers")
            continue
        arrays.append(array)
        above = array >= bound.low if bound.ends[0] == "[" else array > bound.low
        below = array <= bound.high if bound.ends[1] == "]" else array < bound.high
        bad = ~(above & below & (array == np.floor(array))) if bound.whole else ~(above & below)
        if bad.any():
            also = f" (and {bad.sum() - 1:,} more)" if bad.sum() > 1 else ""
            where = f" at position {np.argwhere(bad)[0].tolist()}" if array.ndim else ""
            faults.append(f"{name}: found {array[bad][0]}{where}{also}, expected {bound.words}; {bound.advice}")
        if bound.single and array.ndim:
            faults.append(f"{name}: found shape {array.shape}, expected one number; call once for each")
    try:
        np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        faults.append(f"{', '.join(given)}: found shapes {shapes}, expected shapes that broadcast; align them")
    refuse(subject, faults)
    return arrays
