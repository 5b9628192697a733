"""Arguments that several studies share: the seed that is drawn where none is given, and whole numbers."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np


def drawn_seed(seed: Any) -> Any:
    """The seed given, or one drawn from the operating system where it is None."""
    return secrets.randbits(62) if seed is None else seed


def is_whole(value: Any) -> bool:
    """A whole number, which True is not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
