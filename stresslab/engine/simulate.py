"""Simulation of a portfolio on macro paths: labelled sums by path, month and segment, or the portfolio later on."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from stresslab.checks import end_if_stopping, refuse, single_path_faults, whole_faults
from stresslab.engine.actions import Response, cost_notes
from stresslab.engine.blocks import build, read_back
from stresslab.engine.feedback import OFF, Feedback
from stresslab.engine.kernel.custom import behaviour_faults, kernel_with, source_of
from stresslab.engine.lender_parameters import Product
from stresslab.engine.mean_field import run_with_feedback
from stresslab.engine.memory import Sizes, of_feedback, of_run, refuse_layout, refuse_run
from stresslab.engine.model import Model
from stresslab.engine.packing import (
    departures,
    income_trend,
    opening_notes,
    pack,
    read_macro,
    short_pay_notes,
    unemployment_last_year,
)
from stresslab.engine.prepare import (
    Prepared,
    Renewal,
    argument_faults,
    model_for,
    of_their_kinds,
    prepare,
    whose_faults,
    with_paths,
)
from stresslab.engine.provenance import record, taken_by_default
from stresslab.engine.result import join_scenarios, label, label_responses, refuse_overflow, static_notes, unit_notes
from stresslab.engine.run import Progress, run, silent
from stresslab.engine.trace import traced_ids, traced_months
from stresslab.noted import noted, notes
from stresslab.schema import MEASURES, RESULT, attrs_of, stored_as_text
from stresslab.typed import typed


@typed
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
    """Simulation of a portfolio, borrower by borrower and month by month, on every macro path.

    Parameters
    ----------
    portfolio : xarray.Dataset
        Borrowers and loans, see `stresslab.schema.PORTFOLIO`.
    macro : xarray.Dataset
        Along `month`, or `path` and `month`, perhaps with `scenario`, see `stresslab.schema.MACRO`.
    model : Model, optional
        By default that of the preset named in the attrs of the portfolio.
    seed : int, optional
        Of all random numbers, 0 to 2**64 - 1; drawn and stored in the result if None.
    horizon : int, optional
        Months to simulate; by default all that `macro` has.
    renewal : {"static", "run-off"}
        "static" grants finished loans anew and keeps lines in use; "run-off" grants nothing new, while the undrawn part
        of open lines stays drawable.
    threads : int, optional
        Worker threads, by default one for each processor; the result is the same bits for any number.
    progress : bool
        Show a progress bar on standard error.
    trace : sequence of int, optional
        Ids of borrowers whose months are kept (variables `trace_...`).
    responses : sequence of responses
        What the own lender does about arrears, see `stresslab.actions`.
    feedback : Feedback, optional
        Gains of the second round; None: no feedback.
    behaviour : mapping of str to function, optional
        Functions under `numba.njit` in place of those of the same name in `stresslab.engine.kernel.behaviour`, with the
        same arguments; compiled anew in each process.

    Returns
    -------
    xarray.Dataset
        Dimensions `path` and `month` (0 is the start) and those below, with `scenario` in front if `macro` has it;
        `month` 0 has stocks but no flows. Money is in currency.

        ==================  ============================  ========  ====================================================
        variable            dims                          unit      meaning
        ==================  ============================  ========  ====================================================
        balance             path, month, segment, bucket  currency  owed at month end, accrued interest included
        accounts            path, month, segment, bucket  number    open lines and loans with a balance at month end
        stage_balance       path, month, segment, stage   currency  balance by IFRS 9 stage at month end
        undrawn_limit       path, month, segment          currency  undrawn part of open credit lines at month end
        forborne_balance    path, month, segment          currency  balance in the probation of a restructuring plan
        drawn               path, month, segment          currency  drawn on credit lines in the month
        originated          path, month, segment          currency  instalment loans granted in the month
        interest            path, month, segment          currency  interest charged in the month
        fees                path, month, segment          currency  late charges of the month
        paid                path, month, segment          currency  paid by borrowers in the month, claims not included
        forgiven            path, month, segment          currency  forgiven in restructuring plans in the month
        written_off         path, month, segment          currency  written off in the month
        recovered           path, month, segment          currency  recovered in the month on claims written off
        defaulted           path, month, segment          currency  balance of loans that reached 90 days past due in
                                                                    the month
        entries_to_arrears  path, month, segment, cause   number    loans that were current and missed their due date in
                                                                    the month
        unemployment_rate   path, month                   1         unemployed share of the borrowers
        line_supply         path, month, segment          1         share of open lines and renewals that the lender
                                                                    grants
        contact             path, month, segment          1         contact of the lender with late payers over normal
                                                                    contact
        policy_rate         path, month                   1/year    short-term interest rate, if macro has it
        real_income_trend                                 1/year    normal growth of real income that the run took
        own_share           segment                       1         share of the opening balance funded by the lender of
                                                                    record
        due_share           segment                       1         due at the next due date over the balance of current
                                                                    loans at the start
        transactor_share    segment                       1         share of the current opening balance owed by those
                                                                    who pay the whole bill
        beyond_year_share   segment                       1         share of the current opening balance due after more
                                                                    than twelve due dates; 0 for lines
        revolving           segment                       1         1 for credit lines, 0 for instalment loans
        ==================  ============================  ========  ====================================================

        Where products have a `bankruptcy_share`, and where `macro` has `payment_deferral`:

        ==========  ====================  ========  ====================================================================
        variable    dims                  unit      meaning
        ==========  ====================  ========  ====================================================================
        discharged  path, month, segment  currency  part of what was written off that bankruptcies discharged
        deferred    path, month, segment  currency  payments due in the month that were deferred by decree
        ==========  ====================  ========  ====================================================================

        With responses:

        ==============  =====================  ========  ===============================================================
        variable        dims                   unit      meaning
        ==============  =====================  ========  ===============================================================
        active          path, month, response  1         the response is active
        contacts        path, month, response  number    late payers that the response contacted
        operating_cost  path, month, response  currency  cost of the response in the month
        restructured    path, month, segment   number    restructuring plans agreed in the month
        redefaulted     path, month, segment   number    restructuring plans broken in the month
        flagged         path, month, segment   number    loans that an early warning flagged in the month
        warned          path, month, segment   number    loans that fell into arrears while flagged
        false_alarms    path, month, segment   number    flags that ended without arrears
        lead_months     path, month, segment   month     months from flag to arrears, summed over the loans warned
        ==============  =====================  ========  ===============================================================

        With feedback; `feedback_gap` also where the model has a gain of credit supply:

        ================  =============  ====  =========================================================================
        variable          dims           unit  meaning
        ================  =============  ====  =========================================================================
        amplification     path, measure  1     measure with feedback over the measure without
        amplification_se  path, measure  1     standard error of the amplification over groups of borrowers
        feedback_gap      path           1     mean difference between the conditions used and those that the whole
                                               portfolio implies
        ================  =============  ====  =========================================================================

        With a trace:

        ====================  ========================  ==============  ================================================
        variable              dims                      unit            meaning
        ====================  ========================  ==============  ================================================
        trace_pay             path, month, traced       currency/month  pay of the month, or benefit and support
        trace_buffer          path, month, traced       currency        cash and deposits at month end
        trace_jobless_months  path, month, traced       month           months since the job was lost; 0 while employed
        trace_necessities     path, month, traced       currency/month  necessities and rare expenses of the month
        trace_balance         path, month, traced_loan  currency        owed at month end
        trace_days_past_due   path, month, traced_loan  day             days since the oldest unpaid due date
        trace_due             path, month, traced_loan  currency        asked for in the month, arrears included
        trace_overdue         path, month, traced_loan  currency        amount past due at month end
        trace_claim           path, month, traced_loan  currency        written off and still owed
        trace_score           path, month, traced_loan  1               behavioural score that the lender uses next
                                                                        month
        trace_drawn           path, month, traced_loan  currency        drawn on the credit line in the month
        trace_originated      path, month, traced_loan  currency        granted in the month
        trace_interest        path, month, traced_loan  currency        interest charged in the month
        trace_fees            path, month, traced_loan  currency        late charges of the month
        trace_paid            path, month, traced_loan  currency        paid in the month
        trace_forgiven        path, month, traced_loan  currency        forgiven in the month
        trace_written_off     path, month, traced_loan  currency        written off in the month
        trace_recovered       path, month, traced_loan  currency        recovered in the month on the claim
        trace_contact         path, month, traced_loan  1               contact with late payers over normal contact; 0
                                                                        if not late
        trace_restructured    path, month, traced_loan  1               1 in the month a plan is agreed
        trace_redefaulted     path, month, traced_loan  1               1 in the month a plan is broken
        trace_cause           path, month, traced_loan  1               position in schema.CAUSES of why a current loan
                                                                        missed its due date; -1: none
        ====================  ========================  ==============  ================================================

        Coordinates: `lender` and `product` of each segment "lender:product", `bucket` [days past due], `stage`
        (IFRS 9), `cause`; with a trace `traced` (borrower id), `traced_loan` (position in the portfolio) and its
        `traced_borrower`, `traced_lender` and `traced_product`. Attrs: seed, fingerprint of the portfolio, model,
        responses, feedback, macro and versions, as text or JSON. `real_income_trend` stands along
        `scenario` if that of macro does. `notes` says what was taken by default, and a gap beyond its tolerance.

    Raises
    ------
    InputError
        Names every fault of the arguments, the portfolio and the macro paths; an unknown product; a horizon beyond the
        scenario; more paths and months than there is memory for; a balance that outgrows 21,474,836.47 under extreme
        rates.

    Notes
    -----
    On each path, month and segment, exactly in minor units: closing balance = opening balance + drawn + originated +
    interest + fees - paid - forgiven - written_off.

    Lines follow the moves of `policy_rate` since the start as far as `rate_pass_through` of their product says,
    instalment loans do not; month 0 of `policy_rate` is that of month 1. `forborne_balance` is in stage 3 if the loan
    was 90 days late, else in stage 2.

    Examples
    --------
    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=500, seed=1)
    >>> result = sl.simulate(book, sl.scenario("china-baseline"), seed=3, horizon=2, progress=False)
    >>> dict(result["balance"].sizes)
    {'path': 1, 'month': 3, 'segment': 10, 'bucket': 8}
    """
    prepared, paths = prepare(
        "simulate", portfolio, macro, model, seed, horizon, renewal, threads, responses, feedback, behaviour
    )
    if trace is not None:
        traced_ids(portfolio, trace)
    _refuse_memory(prepared, paths, 0 if trace is None else len(trace))
    scenarios = (
        [paths.isel(scenario=s) for s in range(paths.sizes["scenario"])] if "scenario" in paths.dims else [paths]
    )
    loan_months = portfolio.sizes["loan"] * paths.sizes["path"] * paths.sizes["month"] * len(scenarios)
    loan_months *= 1 if feedback is None else feedback.rounds
    with tqdm(total=loan_months, disable=not progress, unit=" loan-months", unit_scale=True, smoothing=0.05) as bar:
        parts = [_one_scenario(prepared, macro_paths, bar.update, trace) for macro_paths in scenarios]
    result = join_scenarios(parts, paths)
    result["real_income_trend"] = income_trend(paths, prepared.model).reset_coords(drop=True)
    for name in result.data_vars:
        result[name].attrs = attrs_of(RESULT[str(name)])
    result = stored_as_text(result).assign_attrs(record(prepared, renewal, macro, source_of(behaviour or {})))
    said = [note for some in scenarios for note in short_pay_notes(some, portfolio, prepared.model)]
    said += [note for some in scenarios for note in opening_notes(some, portfolio)]
    said += unit_notes(result) + cost_notes(responses, str(result.attrs["currency"]))
    said += static_notes(result) if renewal == "static" else []
    return noted(result, notes(portfolio), notes(macro), said, _gap_notes(result, feedback))


def _refuse_memory(prepared: Prepared, paths: xr.Dataset, traced: int) -> None:
    """InputError if the result and what it takes to make it need more memory than there is."""
    blocks, several = prepared.blocks, "scenario" in paths.dims
    sizes = Sizes(
        paths.sizes.get("scenario", 1), paths.sizes["path"], paths.sizes["month"], len(blocks.segments), several
    )
    needed = of_run(sizes) + TRACED * sizes.cells / sizes.segments * traced
    if prepared.in_step:
        sample = (prepared.feedback or OFF).sample / prepared.portfolio.sizes["borrower"]
        part = min(1.0, sample)
        needed += of_feedback(sizes, part * blocks.count, part * blocks.segment.size, prepared.threads)
    refuse_run("simulate", needed)


TRACED = 400
"""Bytes for each traced borrower, path and month."""


def _one_scenario(prepared: Prepared, macro: xr.Dataset, progress: Progress, trace: Sequence[int] | None) -> xr.Dataset:
    """All paths of one scenario."""
    totals, jobless, packed, second_round = prepared.run_paths(macro, progress)
    result = label(prepared.blocks, prepared.portfolio, totals, jobless, packed, macro)
    if second_round is not None and prepared.responses:
        result = result.merge(label_responses(prepared.responses, totals, prepared.blocks, second_round, packed.unit))
    if second_round is not None and second_round.amplification is not None:
        ratio, error = second_round.amplification
        dims = ("path", "measure")
        result = result.assign(amplification=(dims, ratio), amplification_se=(dims, error))
        result = result.assign_coords(measure=list(MEASURES))
    if second_round is not None and (prepared.feedback is not None or prepared.model.credit_supply.gain > 0.0):
        result = result.assign(feedback_gap=("path", second_round.gap))
    if trace is not None:
        result = result.merge(traced_months(prepared, packed, macro["path"].values, trace))
    return result


def _gap_notes(result: xr.Dataset, feedback: Feedback | None) -> list[str]:
    """Note of conditions whose gap, mean over paths, is beyond the tolerance in a scenario."""
    worst = float(result["feedback_gap"].mean("path").max()) if "feedback_gap" in result else 0.0
    gains = feedback or OFF
    if worst <= gains.tolerance:
        return []
    advice = "raise its rounds" if feedback else "pass feedback=Feedback(...), gains of 0 and a larger sample"
    return [f"feedback_gap: {worst:.2g} on average, beyond the tolerance of {gains.tolerance:g}; {advice}"]


@typed
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
    """Portfolio after some months of one macro path.

    Parameters
    ----------
    portfolio : xarray.Dataset
        Borrowers and loans, see `stresslab.schema.PORTFOLIO`.
    macro : xarray.Dataset
        Along `month`, or `path` and `month` with a single path, see `stresslab.schema.MACRO`.
    months : int
        Months to simulate, at most those of `macro`.
    model : Model, optional
        By default that of the preset named in the attrs of the portfolio.
    seed : int, optional
        Of all random numbers, 0 to 2**64 - 1; drawn if None.
    renewal : {"static", "run-off"}
        As in `simulate`.
    first_month : int
        Months simulated before under this seed: a run cut in two goes on with the same draws.
    path : int
        Path coordinate that the draws depend on, if `macro` has none.
    threads : int, optional
        Worker threads, by default one for each processor.
    behaviour : mapping of str to function, optional
        Functions in place of the built-in ones, as in `simulate`.

    Returns
    -------
    xarray.Dataset
        The portfolio at the end of the last month: usual pay, necessities and floating rates moved by the economy, the
        rest of the attributes as it was; attrs `unemployment_rate` is that of the last month, `unemployment_last_year`
        that of the last twelve, as JSON; `income_departure` and `price_departure` are where real income and prices
        stand against their trends [logarithm].

    Raises
    ------
    InputError
        Names every fault of the arguments, the portfolio and the macro path; several paths among them.

    Notes
    -----
    Credit supply, where the model has a gain, starts each call without a tightening.

    Examples
    --------
    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    >>> later = sl.advance(book, sl.scenario("china-baseline"), months=1, seed=3)
    >>> later.sizes == book.sizes
    True
    """
    faults = whole_faults("months", months, 1) or [
        fault.replace("horizon:", "months:", 1)
        for fault in argument_faults(macro, seed, months, renewal, threads, cut=True)
    ]
    faults += behaviour_faults(behaviour or {})
    faults += single_path_faults(macro) + whole_faults("first_month", first_month, 0, 2**31 - 1)
    faults += whole_faults("path", path, 0, 2**32 - 1, advice="choose another")
    end_if_stopping("advance", faults)
    model, others = model_for(portfolio, model)
    refuse("advance", faults + others + whose_faults(portfolio, macro))
    portfolio = of_their_kinds(portfolio)
    seed = secrets.randbits(63) if seed is None else int(seed)
    refuse_layout(portfolio.sizes["loan"])
    blocks = build(portfolio, model)
    macro_path = with_paths(macro, path).isel(month=slice(0, months))
    packed = pack(macro_path, portfolio, model, blocks, renewal == "static")
    kernel, paths = kernel_with(behaviour or {}), macro_path["path"].values
    if model.credit_supply.gain > 0.0:
        packed = run_with_feedback(
            portfolio, macro_path, blocks, packed, model, None, (), seed, threads, kernel, silent
        )[2]  # fmt: skip
    totals, _ = run(blocks, packed, paths, seed, threads, kernel, first_month=first_month, keep=True)
    refuse_overflow("advance", totals, blocks.segments)
    after = read_back(blocks, portfolio, model)
    # What the economy did to pay, prices and floating rates stays, so that a second move goes on from there.
    last = packed.months[0, -1]
    moved = after.assign(
        income=after["income"] * float(last["wage"]),
        necessities=after["necessities"] * float(last["price"]),
        annual_rate=_moved(after, model, 12.0 * float(last["rate_move"])),
    )
    income, price = (float(gap[0, -1]) for gap in departures(macro_path, portfolio, model))
    unemployment = float(read_macro(macro_path, "unemployment_rate")[0, -1])
    told: dict[str, Any] = {
        "unemployment_rate": unemployment,
        "unemployment_last_year": unemployment_last_year(macro_path, portfolio),
        "income_departure": income,
        "price_departure": price,
    }
    return noted(moved.assign_attrs(told), taken_by_default(macro, model))


def _moved(portfolio: xr.Dataset, model: Model, move: float) -> xr.DataArray:
    """Annual rates of loans after the policy rate has moved."""
    names, product = np.unique(portfolio["product"].values.astype(str), return_inverse=True)
    part = np.array([_floating_part(model.products[name]) for name in names])
    return (portfolio["annual_rate"] + move * part[product]).clip(min=0.0)


def _floating_part(product: Product) -> float:
    """Part of a move of the policy rate that the product's rate follows."""
    return product.rate_pass_through if product.kind == "revolving" else 0.0
