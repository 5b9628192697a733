"""The front door of the engine: a portfolio through macro paths, and out come labelled sums."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from stresslab.checks import check, portfolio_faults
from stresslab.engine.actions import Response
from stresslab.engine.blocks import build, read_back
from stresslab.engine.feedback import Feedback
from stresslab.engine.kernel.custom import behaviour_faults, kernel_with, source_of
from stresslab.engine.mean_field import MEASURES
from stresslab.engine.model import Model
from stresslab.engine.packing import pack
from stresslab.engine.prepare import Asked, Renewal, argument_faults, ask, model_of, with_paths
from stresslab.engine.provenance import record
from stresslab.engine.result import label, label_responses, refuse_overflow, together
from stresslab.engine.run import Progress, run
from stresslab.engine.trace import lives, traced_ids
from stresslab.schema import MACRO, InputError


def simulate(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    model: Model | None = None,
    *,
    seed: int | None = None,
    horizon: int | None = None,
    renewal: Renewal = "static",
    threads: int | None = None,
    progress: bool = True,
    trace: Sequence[int] | None = None,
    responses: Sequence[Response] = (),
    feedback: Feedback | None = None,
    behaviour: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Live every borrower of a portfolio through every macro path, month by month.

    portfolio : Dataset (borrower, loan), see `schema.PORTFOLIO`
    macro : Dataset (month), (path, month) or with `scenario` in front, see `schema.MACRO`
    model : parameters; by default those of the preset named in the portfolio's attrs
    seed : of all random numbers, 0 ... 2**64 - 1; drawn and stored in the result if None
    horizon : months to simulate, by default all that macro has
    renewal : "static" grants finished loans anew and keeps lines in use; "run-off" grants nothing new, while the
        undrawn part of open lines stays drawable
    threads : worker threads, by default one for each processor; the result is the same bits for any number
    progress : show a progress bar on standard error
    trace : ids of borrowers whose months are kept one by one (`trace_...` variables)
    responses : what the own lender does about arrears: Outreach, EarlyWarning, LimitManagement, Restructuring,
        ContingencyPlan; adds `active`, `contacts`, `operating_cost` (path, month, response) and by segment
        `restructured`, `redefaulted`, `flagged`, `warned`, `false_alarms`, `lead_months`
    feedback : gains of the second round; None: nothing comes back. Adds `amplification`, `amplification_se` (path,
        measure) and attrs `feedback_gap`, `feedback_converged`
    behaviour : functions of your own under `numba.njit` in place of those of the same name in
        `stresslab.engine.kernel.behaviour`, with the same arguments; compiled anew in each process
    Returns Dataset (scenario, path, month, segment, bucket, stage, cause); month 0 is the start; money in currency.
    `policy_rate`, if macro has it, is macro's, month 0 as month 1; lines follow its moves since then as
    far as their product's `rate_pass_through` says, instalment loans not at all.
    `forborne_balance`: in the probation of a restructuring plan, in stage 3 if the loan was 90 days late, else in 2.
    closing = opening + drawn + originated + interest + fees - paid - forgiven - written off, exactly in minor units.
    Raises InputError naming every fault of portfolio and macro, an unknown product, a horizon beyond the scenario; a
        balance that outgrows 21,474,836.47 under extreme rates.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=500, seed=1)
    >>> result = sl.simulate(book, sl.scenario("china-baseline"), seed=3, horizon=2, progress=False)
    >>> dict(result.balance.sizes)
    {'path': 1, 'month': 3, 'segment': 10, 'bucket': 8}
    """
    asked, paths = ask(
        "simulate", portfolio, macro, model, seed, horizon, renewal, threads, responses, feedback, behaviour
    )
    if trace is not None:
        traced_ids(portfolio, trace)
    scenarios = (
        [paths.isel(scenario=s) for s in range(paths.sizes["scenario"])] if "scenario" in paths.dims else [paths]
    )
    loan_months = portfolio.sizes["loan"] * paths.sizes["path"] * paths.sizes["month"] * len(scenarios)
    loan_months *= 1 if feedback is None else feedback.rounds
    with tqdm(total=loan_months, disable=not progress, unit=" loan-months", unit_scale=True, smoothing=0.05) as bar:
        parts = [_one_scenario(asked, one, bar.update, trace) for one in scenarios]
    return together(parts, paths).assign_attrs(
        record(asked, renewal, macro, source_of(behaviour or {})) | _convergence(parts, feedback)
    )


def _one_scenario(asked: Asked, macro: xr.Dataset, progress: Progress, trace: Sequence[int] | None) -> xr.Dataset:
    """All paths of one scenario; attrs `gap` if something came back."""
    totals, jobless, packed, found = asked.live(macro, progress)
    result = label(asked.blocks, asked.portfolio, totals, jobless, packed, macro)
    if found is not None:
        result = result.assign_attrs(gap=found.gap)
        if asked.responses:
            result = result.merge(label_responses(asked.responses, totals, asked.blocks, found))
        if found.amplification is not None:
            names = ("amplification", "amplification_se")
            result = result.assign(
                {name: (("path", "measure"), values) for name, values in zip(names, found.amplification, strict=True)}
            ).assign_coords(measure=list(MEASURES))
    if trace is not None:
        result = result.merge(lives(asked, packed, macro["path"].values, trace))
    return result


def _convergence(parts: list[xr.Dataset], feedback: Feedback | None) -> dict[str, Any]:
    """How far the conditions used are from those the whole book implies."""
    if feedback is None:
        return {}
    gap = max(part.attrs["gap"] for part in parts)
    return {
        "feedback_gap": gap,
        "feedback_tolerance": feedback.tolerance,
        "feedback_converged": "yes" if gap <= feedback.tolerance else "no",
    }


def advance(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    months: int,
    model: Model | None = None,
    *,
    seed: int | None = None,
    renewal: Renewal = "static",
    first_month: int = 0,
    path: int = 0,
    threads: int | None = None,
    behaviour: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Move a portfolio along one macro path and give it back as a portfolio.

    macro : Dataset (month), or (path, month) with one path
    months : months to move, at most those of macro
    first_month : months already lived under this seed, so that a life can be cut in two and go on with the same draws
    path : path coordinate the draws hang on, if macro names none
    behaviour : functions in place of the built-in ones, as for `simulate`
    Returns Dataset (borrower, loan): state after the months, usual pay and floating rates moved by the
      economy, the rest as it was.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    >>> later = sl.advance(book, sl.scenario("china-baseline"), months=1, seed=3)
    >>> later.sizes == book.sizes
    True
    """
    model = model or model_of(portfolio)
    faults = argument_faults(macro, seed, months, renewal, threads) + behaviour_faults(behaviour or {})
    if "scenario" in macro.dims or macro.sizes.get("path", 1) != 1:
        faults.append(f"macro: found dimensions {dict(macro.sizes)}, expected a single path; select one with isel")
    if faults:
        raise InputError("advance", faults)
    if faults := portfolio_faults(portfolio):
        raise InputError("portfolio", faults)
    check(macro, MACRO, "macro")
    seed = secrets.randbits(63) if seed is None else int(seed)
    blocks = build(portfolio, model)
    one = with_paths(macro, path).isel(month=slice(0, months))
    packed = pack(one, portfolio, model, blocks, renewal == "static")
    kernel = kernel_with(behaviour or {})
    totals, _ = run(blocks, packed, one["path"].values, seed, threads, kernel, first_month=first_month, keep=True)
    refuse_overflow("advance", totals, blocks.segments)
    after = read_back(blocks, portfolio, model)
    # What the economy did to pay and to floating rates stays, so that a second move goes on from there.
    last = packed.months[0, -1]
    rate = _moved(after, model, 12.0 * float(last["rate_move"]))
    return after.assign(income=after["income"] * float(last["wage"]), annual_rate=rate)


def _moved(portfolio: xr.Dataset, model: Model, move: float) -> xr.DataArray:
    """Annual rates of loans after the policy rate has moved."""
    names, product = np.unique(portfolio["product"].values.astype(str), return_inverse=True)
    rules = [model.products[name] for name in names]
    part = np.array([one.rate_pass_through if one.kind == "revolving" else 0.0 for one in rules])
    return (portfolio["annual_rate"] + move * part[product]).clip(min=0.0)
