"""Allowances for credit loss on every path and month, under IFRS 9, CECL and the Chinese five categories.

Days past due and buckets: a loan with d unpaid due dates is 30d to 30d + 29 days past due at month end, so a bucket
that begins at 90 days counts as the rule's "> 90", as all of its days but the first are; likewise 120, 180, 270, 360.
Arrears of 1 to 29 days begin and end within a month, so special mention ("overdue at all") begins with bucket 30-59.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import choice_faults, is_number, refuse
from stresslab.measures.defaults import by_place
from stresslab.measures.estimators import jackknife
from stresslab.measures.provisions.expected_loss import (
    DEFAULTED,
    Profiles,
    cecl_rates,
    foresight,
    ifrs9_rates,
    on_book,
    place,
    profiles,
    read,
)
from stresslab.measures.provisions.five_categories import chinese_allowance, schedule_faults
from stresslab.measures.provisions.regimes import (
    CECL,
    IFRS9,
    China,
    Overlay,
    Regime,
    chinese_rules,
    name_of,
    provisioning_faults,
    regime_of,
)
from stresslab.measures.provisions.risk_states import BOOK_CELLS, CELLS, CURRENT, book_cells
from stresslab.measures.provisions.rollforward import SOURCES, changes
from stresslab.measures.result_view import (
    BALANCE,
    FLOW,
    Output,
    described,
    memory_faults,
    result_faults,
    select,
    unlike_faults,
)
from stresslab.noted import noted
from stresslab.schema import MINOR, STAGES, minor_units, rounded
from stresslab.typed import typed

Array = NDArray[Any]
FLOWS = ("drawn", "originated", "interest", "fees", "paid", "forgiven", "written_off", "recovered")
NEEDS = {"balance": BALANCE, **{name: FLOW for name in FLOWS}}
NEEDS_EXPECTED = {
    **NEEDS,
    "undrawn_limit": FLOW,
    "forborne_balance": FLOW,
    "stage_balance": (*FLOW, "stage"),
    "unemployment_rate": ("path", "month"),
}
OUTPUTS = {
    "allowance_held": Output("currency", "allowance at month end, overlays included"),
    "allowance_se": Output("currency", "standard error from the borrowers of `terms`"),
    "provision_charge": Output("currency", "charge to income in the month"),
    "change": Output("currency", "change of the allowance by cause"),
    "overlay_amount": Output("currency", "part of the allowance that is an overlay"),
    "allowance_by_stage": Output("currency", "allowance at month end by stage"),
    "stage_balance": Output("currency", "balance in the stages of these rules"),
    "ecl_12m": Output("currency", "12-month expected loss of all loans"),
    "ecl_lifetime": Output("currency", "lifetime expected loss of all loans"),
    "interest_net": Output("currency", "interest income, net basis in stage 3"),
    "charged_off": Output("currency", "balance that counts as charged off"),
    "category_balance": Output("currency", "balance of the five categories"),
    "npl_balance": Output("currency", "balance substandard and worse"),
    "allowance_specific": Output("currency", "specific percentages of the categories"),
    "allowance_general": Output("currency", "general percentage of all loans"),
    "allowance": Output("currency", "specific + general"),
    "npl_ratio": Output("1", "non-performing balance over all"),
    "provision_coverage": Output("1", "allowance over non-performing balance"),
    "loan_provision_ratio": Output("1", "allowance over all loans"),
    "coverage_minimum": Output("1", "least provision coverage"),
    "loan_provision_minimum": Output("1", "least loan provision ratio"),
    "allowance_expected": Output("currency", "IFRS 9 allowance, with `terms`"),
    "allowance_required": Output("currency", "largest of what is required"),
    "allowance_shortfall": Output("currency", "required - allowance"),
    "binding": Output("1", "requirement that binds"),
}
TERMS = (
    "balance", "defaulting", "loss", "loss_drawn", "unemployment", "unemployment_change", "age", "kept",
    "recovered_share", "monthly_rate", "revolving",
)  # fmt: skip
OF_TERMS = ("currency", "renewal", "model")
"""Attrs that term structures share with the results that they are for."""
FAR = 0.03
"""How far beyond the points of the term structures unemployment may lie [1]; luck of small books lies within."""


@typed
def provisions(
    result: xr.Dataset,
    provisioning: str | Regime | None = None,
    terms: xr.Dataset | None = None,
    *,
    outlook: Literal["adaptive", "perfect-foresight"] = "adaptive",
    weights: Mapping[str, float] | None = None,
    overlays: Sequence[Overlay] = (),
    lender: str = "own",
) -> xr.Dataset:
    r"""Allowance for credit loss, its charge to income and its causes, on every path and month.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`.
    provisioning : {"ifrs9", "cecl", "china"}, IFRS9, CECL, China or None
        Rules, by name or your own; None: by currency, "china" for CNY, "cecl" for USD, else "ifrs9".
    terms : xarray.Dataset or None
        From `term_structures`, for this portfolio, model and renewal; "china" can do without. Those of another
        portfolio, such as a larger one, are taken and said in the notes.
    outlook : {"adaptive", "perfect-foresight"}
        "adaptive": what could be expected in that month, as `terms` were made; "perfect-foresight": the same cells,
        scaled segment by segment so that the lifetime expectation is what the path then loses [1]_, and the outlook
        again beyond the end of the result.
    weights : mapping of str to float or None
        Weights of the outlooks of `terms`, summing to 1; they go on losses, never on drivers. None if there is but one.
    overlays : sequence of Overlay
        Adjustments by management, each shown in `overlay_amount`.
    lender : str
        "own" (attrs `own_lender`), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        Month 0 is included; along `scenario` if the result has it.

        ======================  =====================  ========  ============================================
        variable                dims                   unit      meaning
        ======================  =====================  ========  ============================================
        allowance_held          path, month            currency  allowance at month end, overlays included
        allowance_se            path, month            currency  standard error from the borrowers of `terms`
        provision_charge        path, month            currency  charge to income in the month
        change                  path, month, source    currency  change of the allowance by cause
        overlay_amount          path, month, overlay   currency  part of the allowance that is an overlay
        allowance_by_stage      path, month, stage     currency  allowance at month end by stage
        stage_balance           path, month, stage     currency  balance in the stages of these rules
        ecl_12m                 path, month            currency  12-month expected loss of all loans
        ecl_lifetime            path, month            currency  lifetime expected loss of all loans
        interest_net            path, month            currency  interest income, net basis in stage 3
        charged_off             path, month            currency  balance that counts as charged off
        category_balance        path, month, category  currency  balance of the five categories
        npl_balance             path, month            currency  balance substandard and worse
        allowance_specific      path, month            currency  specific percentages of the categories
        allowance_general       path, month            currency  general percentage of all loans
        allowance               path, month            currency  specific + general
        npl_ratio               path, month            1         non-performing balance over all
        provision_coverage      path, month            1         allowance over non-performing balance
        loan_provision_ratio    path, month            1         allowance over all loans
        coverage_minimum        path, month            1         least provision coverage
        loan_provision_minimum  path, month            1         least loan provision ratio
        allowance_expected      path, month            currency  IFRS 9 allowance, with `terms`
        allowance_required      path, month            currency  largest of what is required
        allowance_shortfall     path, month            currency  required - allowance
        binding                 path, month            1         requirement that binds
        ======================  =====================  ========  ============================================

        The first five under all rules (`overlay_amount` with overlays); `allowance_by_stage` to `interest_net` under
        IFRS 9, where `change` runs along `stage` too; `charged_off` under CECL; the others under the Chinese rules,
        with the coordinate `category_zh`. `provision_coverage` without non-performing loans is infinite, or NaN if the
        allowance is 0 too. `binding` is "percentages", "coverage", "loan_provision" or "expected_loss", the first of
        equals, and `allowance_held` is `allowance_required` and overlays. Causes: see `allowance_movement`.

    Raises
    ------
    InputError
        Names each fault: a variable missing, negative or not finite; terms missing, of another model, of other segments
        or made for another economy; weights that do not sum to 1; an unknown name.

    Notes
    -----
    With weights :math:`w_k` of outlooks and :math:`r` the contract's monthly rate [2]_,

    .. math:: ECL = \sum_k w_k \sum_h \frac{PD_h \, LGD_h \, EAD_h}{(1 + r)^h}

    .. math:: charge = \Delta allowance + written\ off + forgiven - recovered

    (0 in month 0; under CECL the change of `charged_off` is part of it.) Net interest is interest less the loans' rate
    on last month's allowance in stage 3 [3]_. The Chinese rules require the largest of the percentages, the minimums
    times non-performing and all loans and, with `terms`, the IFRS 9 allowance. `allowance_se` is the jackknife's over
    batches of borrowers, common to all paths, and 0 without terms. Balances are taken whole, whoever funds them.

    References
    ----------
    .. [1] EBA (2025), EU-wide stress test.
    .. [2] IFRS 9 Financial Instruments, 5.5.17 and B5.5.44.
    .. [3] IFRS 9 Financial Instruments, 5.4.1 (b).

    Examples
    --------
    1,000 lent, of which 50 is 90 or more days past due; specific 1 + 5 + 10 + 10, general 1 %, and the minimum is 1.5
    times the bad loans:

    >>> import stresslab as sl
    >>> from stresslab.testing import tiny_result
    >>> balance = {"current": 900.0, "30-59": 50.0, "90-119": 20.0, "270-359": 20.0, "360+": 10.0}
    >>> allowance = sl.provisions(tiny_result(balance, months=0), "china").squeeze()
    >>> allowance.allowance_specific.item(), allowance.allowance_general.item()
    (26.0, 10.0)
    >>> allowance.allowance_required.item(), allowance.binding.item()
    (75.0, 'coverage')
    """
    unknown = provisioning_faults(provisioning)
    values, said = by_place(result, {"provisioning": None if unknown else provisioning})
    rules = regime_of(values["provisioning"])
    needs = NEEDS if terms is None and (unknown or isinstance(rules, China)) else NEEDS_EXPECTED
    faults = result_faults(result, lender, needs)
    view = select(result, lender) if not faults else None
    if view is not None and isinstance(rules, China):
        faults += schedule_faults(rules, view["product"].values)
    faults += _choice_faults(result, view, terms, outlook, weights, overlays)
    refuse("provisions", faults + (unknown or _rules_faults(rules, terms)))
    assert view is not None
    choice = _Choice(rules, terms, outlook, dict(weights or {}), tuple(overlays))
    parts = [_provisions(single, replace(choice, terms=own)) for single, own in _by_scenario(view, terms)]
    names = view["scenario"] if "scenario" in view.coords else "scenario"
    out = xr.concat(parts, dim=names) if "scenario" in view.dims else parts[0]
    out = noted(described(out.drop_attrs(), result, lender, OUTPUTS), said, _terms_notes(result, terms))
    return out.assign_attrs(
        provisioning=name_of(rules), rules=json.dumps(asdict(rules)), outlook=outlook if terms is not None else "none",
        weights=json.dumps(choice.weights), overlays=json.dumps([asdict(overlay) for overlay in overlays]),
        terms="" if terms is None else str(terms.attrs.get("terms_fingerprint", "")),
    )  # fmt: skip


@dataclass(frozen=True)
class _Choice:
    """Rules and assumptions of an allowance."""

    rules: Regime
    terms: xr.Dataset | None
    outlook: str
    weights: dict[str, float]
    overlays: tuple[Overlay, ...]


@dataclass(frozen=True)
class _Allowance:
    """Stocks (path, month, column) that the rules require, what moves them, and what else they report."""

    stock: Array
    under_new_outlook: Array
    lent: Array
    repaid: Array
    error: Array
    beside: xr.Dataset
    written_off: Array


def _rules_faults(rules: Regime, terms: xr.Dataset | None) -> list[str]:
    """Fault of rules that need term structures."""
    if terms is not None or isinstance(rules, China):
        return []
    advice = "give terms, or provisioning='china'"
    return [f"terms: found none, expected those of term_structures() for {name_of(rules)!r}; {advice}"]


def _choice_faults(
    result: xr.Dataset,
    view: xr.Dataset | None,
    terms: xr.Dataset | None,
    outlook: str,
    weights: Mapping[str, float] | None,
    overlays: Sequence[Overlay],
) -> list[str]:
    """Faults of the choices beside the result."""
    faults = choice_faults("outlook", outlook, ("adaptive", "perfect-foresight"))
    names = [overlay.name for overlay in overlays if isinstance(overlay, Overlay)]
    if len(names) < len(overlays) or len(set(names)) < len(names):
        faults.append(f"overlays: found {list(overlays)!r}, expected Overlay(...) of different names; correct them")
    if terms is None:
        if weights is not None:
            faults.append("weights: found some without terms, expected both or none; give terms")
        return faults
    if broken := memory_faults("terms", terms, "term_structures()"):
        return faults + broken
    absent = sorted(set(TERMS) - set(terms.variables))
    if absent:
        return [*faults, f"terms: found no {', '.join(absent)}, expected a Dataset of term_structures(); give that"]
    faults += weight_faults(weights, terms["outlook"].values.tolist())
    if view is not None:
        if lost := _scenario_faults(view, terms):
            return faults + lost
        each = [own for _, own in _by_scenario(view, terms) if own is not None]
        broken = [name for name in TERMS if not all(np.isfinite(own[name].values).all() for own in each)]
        faults += [f"terms: found {name} that is not finite, expected numbers; make the terms again" for name in broken]
        faults += _terms_faults(result, view, terms)
    return faults


def weight_faults(weights: Mapping[str, float] | None, known: Sequence[str]) -> list[str]:
    """Faults of the weights of some outlooks, which sum to 1."""
    faults = []
    if weights is None and len(known) > 1:
        faults.append(f"weights: found none for outlooks {known}, expected a weight for each, summing to 1; give them")
    if weights is not None:
        strange = sorted(set(weights) - set(known))
        faults += [f"weights: found {name!r}, expected one of {known}; rename it" for name in strange]
        sound = all(is_number(weight) and weight >= 0.0 for weight in weights.values())
        if not sound or abs(sum(weights.values()) - 1.0) > 1e-9:
            faults.append(f"weights: found {dict(weights)}, expected 0 or more, summing to 1; correct them")
    return faults


def _terms_faults(result: xr.Dataset, view: xr.Dataset, terms: xr.Dataset) -> list[str]:
    """Faults of term structures beside this result."""
    faults = unlike_faults("terms", terms, result, OF_TERMS, advice="make terms for it", told=False)
    strange = sorted(set(view["segment"].values.tolist()) - set(terms["segment"].values.tolist()))
    if strange:
        faults.append(f"terms: found no segment {', '.join(strange)}, expected all of the result's; make terms for it")
    for single, own in _by_scenario(view, terms):
        assert own is not None
        rate, known = single["unemployment_rate"].values, own["unemployment"].values
        if rate.size and (rate.min() < known.min() - FAR or rate.max() > known.max() + FAR):
            made_for = f"found them for {known.min():.3f} to {known.max():.3f} of borrowers unemployed"
            expected = f"expected the result's {rate.min():.3f} to {rate.max():.3f}"
            faults.append(f"terms: {made_for}, {expected}; make terms for its paths")
    return faults


def _terms_notes(result: xr.Dataset, terms: xr.Dataset | None) -> list[str]:
    """Note of term structures that were counted on another portfolio, such as a larger one of like borrowers."""
    if terms is None or not unlike_faults("terms", terms, result, ("fingerprint",), told=False):
        return []
    return ["terms: of another portfolio; loans of a segment and cell are taken to lose alike in both"]


def _scenario_faults(view: xr.Dataset, terms: xr.Dataset) -> list[str]:
    """Fault of term structures of several scenarios that are not those of the result."""
    if "scenario" not in terms.dims:
        return []
    known, wanted = (data["scenario"].values.tolist() if "scenario" in data.dims else [] for data in (terms, view))
    if wanted and set(wanted) <= set(known):
        return []
    found = f"found those of scenarios {known}"
    return [
        f"terms: {found}, expected the result's, {wanted or 'one'}; select with terms.sel(scenario=...), or make them"
    ]


def _by_scenario(view: xr.Dataset, terms: xr.Dataset | None) -> list[tuple[xr.Dataset, xr.Dataset | None]]:
    """Result and term structures of each scenario, without the points that fill up to the most of any scenario."""
    several = terms is not None and "scenario" in terms.dims
    pairs: list[tuple[xr.Dataset, xr.Dataset | None]] = []
    for number in range(view.sizes.get("scenario", 1)):
        single = view.isel(scenario=number, drop=True) if "scenario" in view.dims else view
        own = terms
        if terms is not None and several:
            own = terms.isel(
                scenario=terms["scenario"].values.tolist().index(view["scenario"].values[number]), drop=True
            )
        if own is not None:
            own = own.isel(point=np.flatnonzero(own["loans"].sum(("segment", "cell")).values > 0))
        pairs.append((single, own))
    return pairs


def _provisions(view: xr.Dataset, choice: _Choice) -> xr.Dataset:
    """Allowance of one scenario: stock, charge and causes of its change."""
    rules = choice.rules
    modelled = _china(view, choice, rules) if isinstance(rules, China) else _expected(view, choice, rules)
    flow = {name: view[name].transpose(*FLOW).values.sum(-1) for name in ("forgiven", "recovered")}
    staged = modelled.stock.shape[-1] == len(STAGES)
    layers = _layers(modelled.stock, choice.overlays, staged)
    layer = layers.sum(axis=0)
    used = {"relief": flow["forgiven"], "write_off": modelled.written_off, "recoveries": flow["recovered"]}
    moved = changes(modelled.stock, modelled.under_new_outlook, modelled.lent, modelled.repaid, layer, used)
    held = (minor_units(modelled.stock) + minor_units(layer)) / MINOR
    charge = np.zeros(held.shape[:2])
    charge[:, 1:] = np.diff(held.sum(-1), axis=1) + (
        modelled.written_off + flow["forgiven"] - flow["recovered"]
    )[:, 1:]  # fmt: skip
    dims = ("path", "month")
    out = modelled.beside.assign(
        allowance_held=(dims, held.sum(-1)),
        allowance_se=(dims, modelled.error),
        provision_charge=(dims, charge.round(2)),
    )
    change = moved / 100.0
    if staged:
        out = out.assign(
            allowance_by_stage=((*dims, "stage"), held), change=((*dims, "source", "stage"), change)
        ).assign_coords(stage=list(STAGES))  # fmt: skip
    else:
        out = out.assign(change=((*dims, "source"), change.sum(-1)))
    if choice.overlays:
        out = out.assign(overlay_amount=((*dims, "overlay"), np.moveaxis(layers.sum(-1), 0, -1)))
        out = out.assign_coords(overlay=[overlay.name for overlay in choice.overlays])
    return out.assign_coords(source=list(SOURCES), path=view["path"], month=view["month"])


def _layers(stock: Array, overlays: Sequence[Overlay], staged: bool) -> Array:
    """Overlays (overlay, path, month, column) on a modelled stock, in whole minor units of currency."""
    layers = np.zeros((len(overlays), *stock.shape))
    for number, overlay in enumerate(overlays):
        months = slice(overlay.first_month, None if overlay.last_month is None else overlay.last_month + 1)
        columns = list(range(stock.shape[-1])) if overlay.stage is None or not staged else [overlay.stage - 1]
        layers[number][:, months, columns] = overlay.share * stock[:, months, columns]
        booked = 1 if overlay.stage is None and staged else columns[0]
        layers[number][:, months, booked] += overlay.amount
    return rounded(layers)


def _expected(view: xr.Dataset, choice: _Choice, rules: IFRS9 | CECL) -> _Allowance:
    """IFRS 9 or CECL: balances of cells times the losses of loans like these."""
    assert choice.terms is not None
    segments = view["segment"].values.tolist()
    weights = choice.weights or {str(choice.terms["outlook"].values[0]): 1.0}
    profile, book = profiles(choice.terms, weights, segments), book_cells(view)
    refuse("provisions", _unseen(choice.terms, segments, book))
    reading = place(view, choice.terms)
    if choice.outlook == "perfect-foresight":
        discount = isinstance(rules, IFRS9) or rules.discount
        scale = foresight(view, choice.terms, profile, book, reading, discount)
    else:
        scale = np.ones((1, 1, 1, 1))
    book_now = book * scale
    ifrs9 = isinstance(rules, IFRS9)
    rates = ifrs9_rates(profile, rules) if isinstance(rules, IFRS9) else cecl_rates(profile, rules)
    columns = ["stage 1", "stage 2", "stage 3"] if ifrs9 else ["allowance"]
    stock = np.stack([read(book_now, reading, rates[name][:1])[..., 0] for name in columns], axis=-1)
    whole = read(book_now, reading, sum((rates[name] for name in columns), np.zeros(())))
    before = np.concatenate([book[:, :1], book[:, :-1]], axis=1) * scale
    under_new = np.stack([read(before, reading, rates[name][:1])[..., 0] for name in columns], axis=-1)
    flow = {name: view[name].transpose(*FLOW).values for name in FLOWS}
    lent, repaid = (
        np.stack([read(part * scale, reading, rates[name][:1])[..., 0] for name in columns], axis=-1)
        for part in (
            _as_granted(flow["drawn"] + flow["originated"]),
            _as_granted(flow["interest"] + flow["fees"] - flow["paid"]),
        )
    )
    error = jackknife(np.moveaxis(np.delete(whole, 0, axis=-1), -1, 0))
    written_off = flow["written_off"].sum(-1)
    dims = ("path", "month")
    if ifrs9:
        beside = _shown_ifrs9(view, book, book_now, reading, rates, profile)
    else:
        gone = read(book, reading, rates["charged_off"][:1])[..., 0].round(2)
        beside = xr.Dataset({"charged_off": (dims, gone)})
        written_off = written_off + np.diff(gone, axis=1, prepend=gone[:, :1])
    return _Allowance(stock, under_new, lent, repaid, error, beside, written_off)


def _unseen(terms: xr.Dataset, segments: list[str], book: Array) -> list[str]:
    """Faults of cells with a balance in the result and no loan in the term structures of any such segment."""
    seen = (
        terms["balance"]
        .sum(("batch", "point"))
        .sel(segment=segments, cell=list(CELLS))
        .transpose("segment", "cell")
        .values
        > 0.0
    )
    known = on_book(seen, np.ones((1, len(CURRENT)))) > 0.0
    unknown = (book > 0.0).any((0, 1)) & ~known
    return [
        f"terms: found no loan in cell {BOOK_CELLS[cell]!r} for segment {segments[segment]}, expected some, for the "
        "result has a balance there; make them with a larger sample"
        for segment, cell in np.argwhere(unknown)
    ]


def _shown_ifrs9(
    view: xr.Dataset, book: Array, book_now: Array, reading: Array, rates: dict[str, Array], profile: Profiles
) -> xr.Dataset:
    """Balances by stage, expected losses and net interest, as IFRS 9 reports them."""
    dims = ("path", "month")
    drawn = np.arange(len(BOOK_CELLS)) < len(BOOK_CELLS) - 1
    moved = np.where(DEFAULTED, 0.0, rates["moved"][:1]) * drawn
    gross = (book * drawn).sum((-2, -1))
    third = (book * DEFAULTED).sum((-2, -1))
    second = read(book, reading, moved)[..., 0]
    balance = np.stack([gross - second - third, second, third], axis=-1)
    monthly = rates["stage 3"][:1] * profile.rate[:, None]
    suspended = read(book_now, reading, monthly)[..., 0]
    suspended = np.concatenate([np.zeros((len(suspended), 1)), suspended[:, :-1]], axis=1)
    interest = view["interest"].transpose(*FLOW).values.sum(-1)
    values = {name: read(book_now, reading, rates[name][:1])[..., 0] for name in ("ecl_12m", "ecl_lifetime")}
    return xr.Dataset(
        {name: (dims, amount) for name, amount in (values | {"interest_net": interest - suspended}).items()}
    ).assign(stage_balance=((*dims, "stage"), balance))


def _as_granted(amount: Array) -> Array:
    """An amount (path, month, segment) in the cell of current loans: (..., book cell)."""
    out = np.zeros((*amount.shape, len(BOOK_CELLS)))
    out[..., 0] = amount
    return out


def _china(view: xr.Dataset, choice: _Choice, rules: China) -> _Allowance:
    """Five categories: the largest of what percentages, ratios and expected losses require."""
    dims, error, expected = ("path", "month"), None, None
    if choice.terms is not None:
        beside = _expected(view, choice, IFRS9())
        expected, error = xr.DataArray(beside.stock.sum(-1), dims=dims), beside.error
    out = chinese_allowance(view.drop_vars(["path", "month"], errors="ignore"), rules, expected)
    out = out.transpose("path", "month", ...)
    stock = out["allowance_required"].values[..., None]
    before = np.concatenate([stock[:, :1], stock[:, :-1]], axis=1)
    numbers = chinese_rules()["percentages"][rules.percentages]
    rate = numbers["general"] + numbers["specific"][0]
    flow = {name: view[name].transpose(*FLOW).values.sum(-1)[..., None] for name in FLOWS}
    lent = rate * (flow["drawn"] + flow["originated"])
    repaid = rate * (flow["interest"] + flow["fees"] - flow["paid"])
    binding = (out["binding"] == "expected_loss").values
    error = np.where(binding, error, 0.0) if error is not None else np.zeros(stock.shape[:2])
    if expected is not None:
        out = out.assign(allowance_expected=expected)
    return _Allowance(stock, before, lent, repaid, error, out, flow["written_off"][..., 0])
