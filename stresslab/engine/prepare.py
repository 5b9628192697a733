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
    advised,
    choice_faults,
    end_if_stopping,
    macro_faults,
    portfolio_faults,
    refuse,
    seed_faults,
    whole_faults,
)
from stresslab.engine.actions import EarlyWarning, LimitManagement, Response, programmes, response_faults, unfold
from stresslab.engine.blocks import Blocks, build, product_faults
from stresslab.engine.feedback import Feedback
from stresslab.engine.kernel.custom import Kernel, behaviour_faults, kernel_with
from stresslab.engine.mean_field import SecondRound, run_with_feedback
from stresslab.engine.memory import refuse_layout
from stresslab.engine.model import Model
from stresslab.engine.packing import Packed, pack
from stresslab.engine.result import fingerprint
from stresslab.engine.run import Progress, run, silent
from stresslab.schema import KINDS, PORTFOLIO, presets

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

    @property
    def in_step(self) -> bool:
        """Whether the months of a sample are simulated together first, as conditions depend on the past of all."""
        return self.feedback is not None or bool(self.responses) or self.model.credit_supply.gain > 0.0

    def run_paths(
        self, macro: xr.Dataset, progress: Progress = silent
    ) -> tuple[Array, Array, Packed, SecondRound | None]:
        """All paths of one scenario: totals, jobless, the parameters used, and the second round if there is one."""
        packed = self.pack(macro)
        if not self.in_step:
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
    faults = argument_faults(macro, seed, horizon, renewal, threads) + response_faults(responses)
    faults += behaviour_faults({} if behaviour is None else behaviour)
    end_if_stopping(subject, faults)
    model, others = model_for(portfolio, model)
    refuse(subject, faults + actor_faults(portfolio, responses) + others + whose_faults(portfolio, macro, responses))
    portfolio = of_their_kinds(portfolio)
    mark, blocks = laid_out(portfolio, model)
    seed = secrets.randbits(63) if seed is None else int(seed)
    prepared = Prepared(
        portfolio, model, blocks, mark, seed, renewal == "static", threads, responses, feedback,
        kernel_with(behaviour or {}),
    )  # fmt: skip
    return prepared, with_paths(macro).isel(month=slice(0, horizon))


def actor_faults(portfolio: xr.Dataset, responses: Sequence[Response]) -> list[str]:
    """Fault of responses in a portfolio that does not say whose they are."""
    if not responses or portfolio.attrs.get("own_lender") or "lender" not in portfolio.variables:
        return []
    lenders = sorted(map(str, set(np.ravel(portfolio["lender"].values).tolist())))
    known = ", ".join(map(repr, lenders[:8]))
    found = "own_lender: found none in attrs of a portfolio whose own lender responds"
    return [f"{found}, expected one of {known}; name it: portfolio.assign_attrs(own_lender={lenders[0]!r})"]


def whose_faults(portfolio: xr.Dataset, macro: xr.Dataset, responses: Sequence[Response] = ()) -> list[str]:
    """Faults of lenders and products that macro paths or responses name and the portfolio does not have."""
    named = {dim: macro[dim].values.tolist() for dim in ("lender", "product") if dim in macro.dims}
    limits = [response for response, _ in unfold(responses) if isinstance(response, LimitManagement)]
    named["product"] = [*named.get("product", []), *(name for one in limits for name in one.products)]
    faults = []
    for dim, labels in named.items():
        known = sorted(set(map(str, portfolio[dim].values.tolist()))) if dim in portfolio.variables else labels
        strange = {label: advised(label, known, "name one of these") for label in labels if label not in known}
        faults += [f"{dim}: found {label!r}, expected one of {known[:8]}; {strange[label]}" for label in strange]
    return faults


def _watch(responses: Sequence[Response]) -> int:
    """Months that a warning holds; 0 if no response looks at scores."""
    warnings = [response.window for response, _ in unfold(responses) if isinstance(response, EarlyWarning)]
    freezes = any(
        isinstance(response, LimitManagement) and response.freeze_below > 0 for response, _ in unfold(responses)
    )
    return warnings[0] if warnings else int(freezes)


def argument_faults(
    macro: xr.Dataset, seed: Any, horizon: Any, renewal: str, threads: Any, *, cut: bool = False
) -> list[str]:
    """Faults of the macro paths, the seed, the horizon, the renewal and the threads.

    cut : the macro paths may be a later part of paths, as months 13, 14, ...
    """
    faults = seed_faults(seed) + choice_faults("renewal", renewal, ("static", "run-off"))
    faults += whole_faults("threads", threads, 1, 4_096, optional=True, advice="choose a number of processors")
    if length := macro.sizes.get("month", 0):
        advice = f"choose among the {length} months of macro, or extend it"
        faults += whole_faults("horizon", horizon, 1, length, optional=True, advice=advice)
    return faults + macro_faults(macro, cut=cut, apart=True)


_LAST: dict[tuple[str, ...], Blocks] = {}


def laid_out(portfolio: xr.Dataset, model: Model) -> tuple[str, Blocks]:
    """Fingerprint and blocks of a portfolio without faults; the last are kept for studies that repeat a portfolio."""
    mark = fingerprint(portfolio)
    types = " ".join(str(portfolio[name].dtype) for name in sorted(set(PORTFOLIO) & set(portfolio.variables)))
    said = [str(portfolio.attrs.get(name)) for name in ("own_lender", "unit")]
    key = (mark, types, *said, json.dumps(model.to_dict()))
    if key not in _LAST:
        refuse_layout(portfolio.sizes["loan"])
        blocks = build(portfolio, model)
        _LAST.clear()
        _LAST[key] = blocks
    return mark, _LAST[key]


def currency_faults(portfolio: xr.Dataset, model: Model) -> list[str]:
    """Fault of a model whose amounts are in another currency than those of a portfolio."""
    currency = str(portfolio.attrs.get("currency") or "")
    known = "product" in portfolio.variables and model.currency not in ("", currency) and currency
    amounts = model.amounts(np.unique(portfolio["product"].values.astype(str))) if known else {}
    if not amounts:
        return []
    said = ", ".join(f"{name} = {amount:g} {model.currency}" for name, amount in amounts.items())
    return [
        f"currency: found {currency!r} of the portfolio and a model in {model.currency!r} with {said}, expected "
        f"one currency; pass model=model.replace(currency={currency!r}, ...) with these amounts in {currency}"
    ]


def model_for(portfolio: xr.Dataset, model: Model | None) -> tuple[Model, list[str]]:
    """Model of a run, that of the preset which the portfolio names if none is given, and the faults of both."""
    faults, preset = portfolio_faults(portfolio), portfolio.attrs.get("preset")
    if faults and faults[0].startswith("portfolio: found variables"):
        return Model(), faults  # it is something else
    if model is None and not preset:
        found = "model: found none, and a portfolio without attrs['preset'], expected one of both"
        return Model(), [*faults, f"{found}; pass model=Model.from_preset('china-online')"]
    if model is None and preset not in presets():
        return Model(), faults
    model = model or Model.from_preset(str(preset))
    if not any(fault.startswith(("product:", "attrs['currency']")) for fault in faults):
        faults += product_faults(portfolio, model) + currency_faults(portfolio, model)
    return model, faults or scale_faults(portfolio, model)


def scale_faults(portfolio: xr.Dataset, model: Model) -> list[str]:
    """Fault of credit lines below the least amount that the model bills, unless attrs say in which unit they are."""
    if "unit" in portfolio.attrs:
        return []
    products, limits = portfolio["product"].values.astype(str), portfolio["limit"].values
    for name in np.unique(products):
        rules = model.products.get(str(name))
        lines = limits[(products == name) & (limits > 0)]
        if rules is None or rules.kind != "revolving" or not lines.size or np.median(lines) >= rules.minimum_payment:
            continue
        found = f"found lines of {str(name)!r} of {np.median(lines):,.4g} {model.currency} in the median"
        least = f"the minimum payment of {rules.minimum_payment:g}"
        return [f"limit: {found}, expected more than {least}; set attrs['unit'] to 1000 for thousands, or to 1"]
    return []


def of_their_kinds(portfolio: xr.Dataset) -> xr.Dataset:
    """The portfolio with its numbers in 64 bits: sums of shorter ones would be rounded, and positions must be whole."""
    held = {name: want.kind for name, want in PORTFOLIO.items() if name in portfolio.variables and want.kind != "label"}
    return portfolio.assign({name: portfolio[name].astype(KINDS[kind], copy=False) for name, kind in held.items()})


def with_paths(macro: xr.Dataset, path: int = 0) -> xr.Dataset:
    """Macro with a `path` dimension and coordinate; a path that was selected keeps its number."""
    if "path" not in macro.dims:
        return macro.expand_dims("path" if "path" in macro.coords else {"path": [path]})
    return macro if "path" in macro.coords else macro.assign_coords(path=np.arange(macro.sizes["path"]))
