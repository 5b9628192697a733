"""What happens to the economy: published scenarios, shocks, and stochastic paths around them.

Called, the room lists what is in it: `stresslab.scenarios()`.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class _Room(ModuleType):
    """A room that answers when called, so that `stresslab.scenarios()` and `stresslab.scenarios.library` both work."""

    def __call__(self) -> "pd.DataFrame":
        """Table of the scenarios that come with the package, see `stresslab.scenarios.library.scenarios`."""
        from stresslab.scenarios.library import scenarios

        return scenarios()


sys.modules[__name__].__class__ = _Room
