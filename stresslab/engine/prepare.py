"""What is asked of the engine: arguments checked, the model found, the book laid out, one scenario lived."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import check, portfolio_faults
from stresslab.engine.actions import EarlyWarning, LimitManagement, Response, programmes, response_faults, unfold
from stresslab.engine.blocks import Blocks, build
from stresslab.engine.feedback import Feedback
from stresslab.engine.kernel.custom import Kernel, behaviour_faults, kernel_with
from stresslab.engine.mean_field import SecondRound, run_with_feedback
from stresslab.engine.model import Model
from stresslab.engine.packing import Packed, pack
from stresslab.engine.result import fingerprint
from stresslab.engine.run import Progress, run, silent
from stresslab.schema import MACRO, InputError

Array = NDArray[Any]
Renewal = Literal["static", "run-off"]


@dataclass(frozen=True)
class Asked:
    """A sound question: who is lived, under which rules; `mark` is the portfolio's fingerprint."""

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
        """Records for the kernel on these paths, as the macro path alone says."""
        plans, window = programmes(self.responses), _watch(self.responses)
        return pack(macro, self.portfolio, self.model, self.blocks, self.renewing, plans, window)

    def live(self, macro: xr.Dataset, progress: Progress = silent) -> tuple[Array, Array, Packed, SecondRound | None]:
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


def ask(
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
) -> tuple[Asked, xr.Dataset]:
    """Check everything that a run takes; returns the question and the macro paths with a dimension `path`."""
    model = model or model_of(portfolio)
    faults = argument_faults(macro, seed, horizon, renewal, threads) + response_faults(responses)
    faults += behaviour_faults({} if behaviour is None else behaviour)
    if feedback is not None and not isinstance(feedback, Feedback):
        faults.append(f"feedback: found {feedback!r}, expected Feedback(...) or None; mend it")
    if faults:
        raise InputError(subject, faults)
    check(macro, MACRO, "macro")
    mark, blocks = laid_out(portfolio, model)
    seed = secrets.randbits(63) if seed is None else int(seed)
    asked = Asked(
        portfolio, model, blocks, mark, seed, renewal == "static", threads, responses, feedback,
        kernel_with(behaviour or {}),
    )  # fmt: skip
    return asked, with_paths(macro).isel(month=slice(0, horizon))


def _watch(responses: Sequence[Response]) -> int:
    """Months that a warning holds; 0 if nobody looks at scores."""
    warnings = [one.window for one, _ in unfold(responses) if isinstance(one, EarlyWarning)]
    freezes = any(isinstance(one, LimitManagement) and one.freeze_below > 0 for one, _ in unfold(responses))
    return warnings[0] if warnings else int(freezes)


def argument_faults(macro: xr.Dataset, seed: Any, horizon: Any, renewal: str, threads: Any) -> list[str]:
    faults = []
    if seed is not None and not (isinstance(seed, int | np.integer) and 0 <= seed < 2**64):
        faults.append(f"seed: found {seed!r}, expected a whole number 0 ... 2**64 - 1 or None; choose one")
    if renewal not in ("static", "run-off"):
        faults.append(f"renewal: found {renewal!r}, expected 'static' or 'run-off'; choose one")
    if threads is not None and not (isinstance(threads, int | np.integer) and threads >= 1):
        faults.append(f"threads: found {threads!r}, expected a whole number >= 1 or None; choose one")
    length = macro.sizes.get("month", 0)
    if length == 0:
        faults.append(
            "macro: found no months, expected a dimension 'month' of at least 1; use scenario() or macro_paths()"
        )
    elif horizon is not None and not (isinstance(horizon, int | np.integer) and 1 <= horizon <= length):
        faults.append(
            f"horizon: found {horizon!r}, expected 1 ... {length}, the scenario's months; shorten or extend it"
        )
    elif macro.sizes.get("path", 1) == 0:
        faults.append("macro: found no paths, expected at least 1; use macro_paths()")
    if "path" in macro.coords and macro["path"].ndim == 1:
        paths = macro["path"].values
        sound = paths.dtype.kind in "iu" and paths.size == np.unique(paths).size
        if not sound or (paths < 0).any() or (paths >= 2**32).any():
            faults.append(f"path: found {paths[:5]}, expected distinct whole numbers 0 ... 2**32 - 1; renumber them")
    for name in set(macro.data_vars) & set(MACRO):
        strange = set(macro[name].dims) - {"scenario", "path", "month"}
        if strange or "month" not in macro[name].dims:
            faults.append(
                f"{name}: found dimensions {macro[name].dims}, expected month, with path or scenario; mend it"
            )
    return faults


_LAST: dict[tuple[str, ...], Blocks] = {}


def laid_out(portfolio: xr.Dataset, model: Model) -> tuple[str, Blocks]:
    """Fingerprint and blocks of a sound portfolio; the last one's are kept, for studies run one book many times."""
    mark = fingerprint(portfolio)
    key = (mark, str(portfolio.attrs.get("own_lender")), json.dumps(model.to_dict()))
    if key not in _LAST:
        if faults := portfolio_faults(portfolio):
            raise InputError("portfolio", faults)
        blocks = build(portfolio, model)
        _LAST.clear()
        _LAST[key] = blocks
    return mark, _LAST[key]


def model_of(portfolio: xr.Dataset) -> Model:
    preset = portfolio.attrs.get("preset")
    if preset is None:
        raise InputError("simulate", ["model: found none and a portfolio without attrs['preset']; pass model="])
    return Model.from_preset(str(preset))


def with_paths(macro: xr.Dataset, path: int = 0) -> xr.Dataset:
    """Macro with a `path` dimension and coordinate."""
    if "path" not in macro.dims:
        return macro.expand_dims(path=[path])
    return macro if "path" in macro.coords else macro.assign_coords(path=np.arange(macro.sizes["path"]))
