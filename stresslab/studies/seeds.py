"""Seed of a study: drawn where none is given, so that its output can store it."""

from __future__ import annotations

import secrets
from typing import Any


def drawn_seed(seed: Any) -> Any:
    """The seed given, or one drawn from the operating system where it is None."""
    return secrets.randbits(62) if seed is None else seed
