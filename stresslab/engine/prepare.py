"""Preparation of a run: checked arguments, the model, the portfolio in blocks, one scenario simulated."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import (
    check,
    choice_faults,
    macro_faults,
    portfolio_faults,
    refuse,
    seed_faults,
    type_faults,
    whole_faults,
)
from stresslab.engine.actions import EarlyWarning, LimitManagement, Response, programmes, response_faults, unfold
from stresslab.engine.blocks import Blocks, build
from stresslab.engine.feedback import Feedback
from stresslab.engine.kernel.custom import Kernel, behaviour_faults, kernel_with
from stresslab.engine.mean_field import SecondRound, run_with_feedback
from stresslab.engine.memory import refuse_layout
from stresslab.engine.model import Model
from stresslab.engine.packing import Packed, pack
from stresslab.engine.result import fingerprint
from stresslab.engine.run import Progress, run, silent
from stresslab.schema import MACRO, InputError

Array = NDArray[Any]
Renewal = Literal["static", "run-off"]


@dataclass(frozen=True)
class Prepared:
    """Run that can be simulated: portfolio, rules and draws; `mark` is the portfolio's fingerprint."""

    portfolio: xr.Dataset
    model: Model
    blocks: Blocks
    mark: str
    seed: int
    renewing: bool
    threads: int | None
    responses: Sequence[Response]
    feedback: Feedback | None
    kernel: Kernel

    def pack(self, macro: xr.Dataset) -> Packed:
        """Records for the kernel on these paths, before any feedback or response."""
        plans, window = programmes(self.responses), _watch(self.responses)
        return pack(macro, self.portfolio, self.model, self.blocks, self.renewing, plans, window)

    def run_paths(
        self, macro: xr.Dataset, progress: Progress = silent
    ) -> tuple[Array, Array, Packed, SecondRound | None]:
        """All paths of one scenario: totals, jobless, the parameters used, and the second round if there is one."""
        packed = self.pack(macro)
        if self.feedback is None and not self.responses:
            paths = macro["path"].values
            totals, jobless = run(self.blocks, packed, paths, self.seed, self.threads, self.kernel, progress)
            return totals, jobless, packed, None
        return run_with_feedback(
            self.portfolio, macro, self.blocks, packed, self.model, self.feedback, self.responses, self.seed,
            self.threads, self.kernel, progress,
        )  # fmt: skip


def prepare(
    subject: str,
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    model: Model | None,
    seed: int | None,
    horizon: int | None,
    renewal: str,
    threads: int | None,
    responses: Sequence[Response],
    feedback: Any,
    behaviour: Mapping[str, Any] | None,
) -> tuple[Prepared, xr.Dataset]:
    """The checked run and its macro paths with a dimension `path`; InputError names the faults of all arguments."""
    model = model or model_of(portfolio)
    faults = argument_faults(macro, seed, horizon, renewal, threads) + response_faults(responses)
    faults += behaviour_faults({} if behaviour is None else behaviour)
    faults += type_faults("feedback", feedback, Feedback)
    refuse(subject, faults)
    check(macro, MACRO, "macro")
    mark, blocks = laid_out(portfolio, model)
    seed = secrets.randbits(63) if seed is None else int(seed)
    prepared = Prepared(
        portfolio, model, blocks, mark, seed, renewal == "static", threads, responses, feedback,
        kernel_with(behaviour or {}),
    )  # fmt: skip
    return prepared, with_paths(macro).isel(month=slice(0, horizon))


def _watch(responses: Sequence[Response]) -> int:
    """Months that a warning holds; 0 if no response looks at scores."""
    warnings = [response.window for response, _ in unfold(responses) if isinstance(response, EarlyWarning)]
    freezes = any(
        isinstance(response, LimitManagement) and response.freeze_below > 0 for response, _ in unfold(responses)
    )
    return warnings[0] if warnings else int(freezes)


def argument_faults(macro: xr.Dataset, seed: Any, horizon: Any, renewal: str, threads: Any) -> list[str]:
    """Faults of the macro paths' shape, the seed, the horizon, the renewal and the threads."""
    faults = seed_faults(seed) + choice_faults("renewal", renewal, ("static", "run-off"))
    faults += whole_faults("threads", threads, 1, optional=True, advice="choose a number of processors")
    if length := macro.sizes.get("month", 0):
        advice = f"choose among the {length} months of macro, or extend it"
        faults += whole_faults("horizon", horizon, 1, length, optional=True, advice=advice)
    return faults + macro_faults(macro)


_LAST: dict[tuple[str, ...], Blocks] = {}


def laid_out(portfolio: xr.Dataset, model: Model) -> tuple[str, Blocks]:
    """Fingerprint and blocks of a portfolio without faults; the last are kept for studies that repeat a portfolio."""
    mark = fingerprint(portfolio)
    key = (mark, str(portfolio.attrs.get("own_lender")), json.dumps(model.to_dict()))
    if key not in _LAST:
        refuse("portfolio", portfolio_faults(portfolio))
        refuse_layout(portfolio.sizes["loan"])
        blocks = build(portfolio, model)
        _LAST.clear()
        _LAST[key] = blocks
    return mark, _LAST[key]


def model_of(portfolio: xr.Dataset) -> Model:
    """Model of the preset that the portfolio names."""
    preset = portfolio.attrs.get("preset")
    if preset is None:
        raise InputError("simulate", ["model: found none and a portfolio without attrs['preset']; pass model="])
    return Model.from_preset(str(preset))


def with_paths(macro: xr.Dataset, path: int = 0) -> xr.Dataset:
    """Macro with a `path` dimension and coordinate."""
    if "path" not in macro.dims:
        return macro.expand_dims(path=[path])
    return macro if "path" in macro.coords else macro.assign_coords(path=np.arange(macro.sizes["path"]))
