"""Macroeconomic scenarios: published ones, shocks, stochastic paths around them, histories for their models."""

from stresslab.scenarios.algebra import blend, delay, scale, shift, splice
from stresslab.scenarios.ar1 import Deviation, PathModel, log_density
from stresslab.scenarios.history import us_card_history, us_history
from stresslab.scenarios.library import scenario, table
from stresslab.scenarios.path_models import VAR, BlockBootstrap, RegimeSwitching, model_from_json
from stresslab.scenarios.paths import macro_paths
from stresslab.scenarios.readers import from_dataset, read_scenario
from stresslab.scenarios.shock import shock_scenario
from stresslab.scenarios.supply import supply_stop

__all__ = [
    "VAR",
    "BlockBootstrap",
    "Deviation",
    "PathModel",
    "RegimeSwitching",
    "blend",
    "delay",
    "from_dataset",
    "log_density",
    "macro_paths",
    "model_from_json",
    "read_scenario",
    "scale",
    "scenario",
    "shift",
    "shock_scenario",
    "splice",
    "supply_stop",
    "table",
    "us_card_history",
    "us_history",
]
