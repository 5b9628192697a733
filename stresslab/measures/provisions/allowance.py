"""Allowances on every path and month, under IFRS 9, CECL and the Chinese five categories.

Days past due and buckets: a loan with d unpaid due dates is 30d to 30d + 29 days past due at month end, so a bucket
that begins at 90 days counts as the rule's "> 90", as all of its days but the first are; likewise 120, 180, 270, 360.
Arrears of 1 to 29 days live and die inside the month, so special mention ("overdue at all") begins with bucket 30-59.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import refuse
from stresslab.measures.defaults import default_provisioning
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
from stresslab.measures.provisions.five_categories import RATIOS, chinese_allowance, schedule_faults
from stresslab.measures.provisions.regimes import CECL, IFRS9, China, Overlay, Regime, chinese_rules, name_of, regime_of
from stresslab.measures.provisions.risk_states import BOOK_CELLS, CELLS, CURRENT, book_cells
from stresslab.measures.provisions.rollforward import SOURCES, cents, changes
from stresslab.measures.result_view import BALANCE, FLOW, described, result_faults, select
from stresslab.schema import STAGES

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
TERMS = (
    "balance", "defaulting", "loss", "loss_drawn", "unemployment", "unemployment_change", "age", "kept",
    "recovered_share", "monthly_rate", "revolving",
)  # fmt: skip
FAR = 0.03
"""How far beyond the points of the term structures unemployment may lie [1]; luck of small books lies within."""


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
    """The allowance for loans, and what it is made of, on every path and month.

    result : Dataset from simulate()
    provisioning : "ifrs9", "cecl", "china", or rules of your own: IFRS9(...), CECL(...), China(...); None: by currency
    terms : Dataset from term_structures(), for this book, model and renewal; "china" can do without
    outlook : "adaptive": what could be expected that month, as `terms` were made; "perfect-foresight": the same cells,
      scaled segment by segment so that the lifetime expectation is what the path then loses (EBA stress test, 2025),
      the outlook again beyond the result's end
    weights : of the outlooks of `terms`, summing to 1; they weigh losses, never drivers; None if there is but one
    overlays : adjustments by management, each seen in `overlay_amount`
    lender : "own" (attrs own_lender) | "all" (the system) | a name
    Returns Dataset (path, month), `scenario` if the result has it, month 0 included, [currency] but where said:
      allowance_held: the stock under the regime, overlays included; overlay_amount (overlay): their part;
      allowance_se: its error from the borrowers on whom `terms` rest, common to all paths (0 without terms);
      provision_charge, a flow = change of allowance_held + written_off + forgiven - recovered, 0 in month 0;
      change (source): why the stock moved, see allowance_movement().
      IFRS 9: allowance_by_stage (stage); stage_balance (stage); ecl_12m, ecl_lifetime of the whole book; interest_net
        (flow): interest less the loans' rate on last month's allowance in stage 3 (5.4.1 (b)).
      CECL: charged_off: balance still on the books that counts as charged off; its change is part of the charge.
      China: category_balance (category; category_zh: Chinese names); npl_balance: substandard and worse;
        allowance = allowance_specific + allowance_general, what the percentages ask for; its ratios npl_ratio,
        provision_coverage (allowance / NPL; without NPL +inf, or NaN if the allowance is 0 too), loan_provision_ratio
        [1]; coverage_minimum, loan_provision_minimum [1]; allowance_required = the largest of allowance, the minimums
        times NPL and loans and, with terms, the IFRS 9 allowance; binding: the one it is, "percentages" | "coverage" |
        "loan provision" | "expected loss", the first of equals; allowance_shortfall = required - allowance;
        allowance_held is allowance_required and overlays.
    ECL = sum_k w_k sum_h pd_h lgd_h ead_h / (1 + r)^h (IFRS 9 5.5.17, B5.5.44), r the contract's monthly rate.
    Balances are taken whole, whoever funds them.
    Raises InputError naming each fault: a variable missing, negative or not finite, terms missing, of another model, of
    other segments or made for another economy, weights that do not sum to 1, an unknown name.

    >>> from stresslab.schema import BUCKETS
    >>> dims = ("path", "month", "segment")
    >>> book = [[[[900.0, 50.0, 0.0, 20.0, 0.0, 0.0, 20.0, 10.0]]]]
    >>> result = xr.Dataset({"balance": ((*dims, "bucket"), book), **{name: (dims, [[[0.0]]]) for name in FLOWS}}, {
    ...     "month": [0], "bucket": list(BUCKETS), "segment": ["us:card"],
    ...     "lender": ("segment", ["us"]), "product": ("segment", ["card"])}, {"own_lender": "us"})
    >>> found = provisions(result, "china").squeeze()
    >>> found.allowance_specific.item(), found.allowance_general.item()  # 1 + 5 + 10 + 10, and 1 % of 1000
    (26.0, 10.0)
    >>> found.allowance_required.item(), found.binding.item()  # 1.5 x (20 + 20 + 10)
    (75.0, 'coverage')
    """
    rules = regime_of(default_provisioning(result.attrs.get("currency")) if provisioning is None else provisioning)
    needs = NEEDS if terms is None and isinstance(rules, China) else NEEDS_EXPECTED
    faults = result_faults(result, lender, needs)
    view = select(result, lender) if not faults else None
    if view is not None and isinstance(rules, China):
        faults += schedule_faults(rules, view["product"].values)
    faults += _choice_faults(result, view, rules, terms, outlook, weights, overlays)
    refuse("provisions", faults)
    assert view is not None
    asked = _Asked(rules, terms, outlook, dict(weights or {}), tuple(overlays))
    if "scenario" in view.dims:
        fixed = [view.isel(scenario=s, drop=True) for s in range(view.sizes["scenario"])]
        names = view["scenario"] if "scenario" in view.coords else "scenario"
        out = xr.concat([_provisions(one, asked) for one in fixed], dim=names)
    else:
        out = _provisions(view, asked)
    out = described(out, result, lender, RATIOS)
    return out.assign_attrs(
        provisioning=name_of(rules), rules=json.dumps(asdict(rules)), outlook=outlook if terms is not None else "none",
        weights=json.dumps(asked.weights), overlays=json.dumps([asdict(one) for one in overlays]),
        terms="" if terms is None else str(terms.attrs.get("terms_fingerprint", "")),
    )  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """A sound question about allowances."""

    rules: Regime
    terms: xr.Dataset | None
    outlook: str
    weights: dict[str, float]
    overlays: tuple[Overlay, ...]


@dataclass(frozen=True)
class _Found:
    """Stocks (path, month, column) that a regime asks for, and what else it shows."""

    stock: Array
    under_new_outlook: Array
    lent: Array
    repaid: Array
    error: Array
    beside: xr.Dataset
    written_off: Array


def _choice_faults(
    result: xr.Dataset,
    view: xr.Dataset | None,
    rules: Regime,
    terms: xr.Dataset | None,
    outlook: str,
    weights: Mapping[str, float] | None,
    overlays: Sequence[Overlay],
) -> list[str]:
    """Faults of what was chosen beside the result."""
    faults = []
    if outlook not in ("adaptive", "perfect-foresight"):
        faults.append(f"outlook: found {outlook!r}, expected 'adaptive' or 'perfect-foresight'; choose one")
    names = [one.name for one in overlays if isinstance(one, Overlay)]
    if len(names) < len(overlays) or len(set(names)) < len(names):
        faults.append(f"overlays: found {list(overlays)!r}, expected Overlay(...) of different names; mend them")
    if terms is None:
        if not isinstance(rules, China):
            faults.append(f"terms: found none, expected those of term_structures() for {name_of(rules)!r}; make them")
        if weights is not None:
            faults.append("weights: found some without terms, expected both or none; add terms")
        return faults
    lost = sorted(set(TERMS) - set(terms.variables))
    if lost:
        return [*faults, f"terms: found no {', '.join(lost)}, expected a Dataset of term_structures(); give that"]
    broken = [name for name in TERMS if not np.isfinite(terms[name].values).all()]
    faults += [f"terms: found {name} that is not finite, expected numbers; make them anew" for name in broken]
    known = terms["outlook"].values.tolist()
    if weights is None and len(known) > 1:
        faults.append(f"weights: found none for outlooks {known}, expected one each, summing to 1; give them")
    if weights is not None:
        strange = sorted(set(weights) - set(known))
        faults += [f"weights: found {name!r}, expected among {known}; rename" for name in strange]
        sound = all(isinstance(w, int | float) and 0.0 <= w <= 1.0 for w in weights.values())
        if not sound or abs(sum(weights.values()) - 1.0) > 1e-9:
            faults.append(f"weights: found {dict(weights)}, expected 0 to 1, summing to 1; mend them")
    return faults + (_terms_faults(result, view, terms) if view is not None else [])


def _terms_faults(result: xr.Dataset, view: xr.Dataset, terms: xr.Dataset) -> list[str]:
    """Faults of term structures beside this result."""
    faults = [
        f"terms: found {name} {str(terms.attrs.get(name))[:60]!r}, expected the result's, "
        f"{str(result.attrs.get(name))[:60]!r}; make them for it"
        for name in ("renewal", "model")
        if name in terms.attrs and name in result.attrs and terms.attrs[name] != result.attrs[name]
    ]
    strange = sorted(set(view["segment"].values.tolist()) - set(terms["segment"].values.tolist()))
    if strange:
        faults.append(f"terms: found no segment {', '.join(strange)}, expected all of the result's; make them for it")
    rate, known = view["unemployment_rate"].values, terms["unemployment"].values
    if rate.size and (rate.min() < known.min() - FAR or rate.max() > known.max() + FAR):
        found = f"found them for {known.min():.3f} to {known.max():.3f} of borrowers unemployed"
        faults.append(
            f"terms: {found}, expected the result's {rate.min():.3f} to {rate.max():.3f}; make them for its paths"
        )
    return faults


def _provisions(view: xr.Dataset, asked: _Asked) -> xr.Dataset:
    """One scenario under a regime: stock, charge, and what moved it."""
    rules = asked.rules
    found = _china(view, asked, rules) if isinstance(rules, China) else _expected(view, asked, rules)
    flow = {name: view[name].transpose(*FLOW).values.sum(-1) for name in ("forgiven", "recovered")}
    staged = found.stock.shape[-1] == len(STAGES)
    layers = _layers(found.stock, asked.overlays, staged)
    layer = layers.sum(axis=0)
    used = {"relief": flow["forgiven"], "write-off": found.written_off, "recoveries": flow["recovered"]}
    moved = changes(found.stock, found.under_new_outlook, found.lent, found.repaid, layer, used)
    held = (cents(found.stock) + cents(layer)) / 100.0
    charge = np.zeros(held.shape[:2])
    charge[:, 1:] = np.diff(held.sum(-1), axis=1) + (
        found.written_off + flow["forgiven"] - flow["recovered"]
    )[:, 1:]  # fmt: skip
    dims = ("path", "month")
    out = found.beside.assign(
        allowance_held=(dims, held.sum(-1)), allowance_se=(dims, found.error), provision_charge=(dims, charge.round(2))
    )
    change = moved / 100.0
    if staged:
        out = out.assign(
            allowance_by_stage=((*dims, "stage"), held), change=((*dims, "source", "stage"), change)
        ).assign_coords(stage=list(STAGES))  # fmt: skip
    else:
        out = out.assign(change=((*dims, "source"), change.sum(-1)))
    if asked.overlays:
        out = out.assign(overlay_amount=((*dims, "overlay"), np.moveaxis(layers.sum(-1), 0, -1)))
        out = out.assign_coords(overlay=[one.name for one in asked.overlays])
    return out.assign_coords(source=list(SOURCES), path=view["path"], month=view["month"])


def _layers(stock: Array, overlays: Sequence[Overlay], staged: bool) -> Array:
    """Overlays (overlay, path, month, column) on a modelled stock, in whole minor units of currency."""
    layers = np.zeros((len(overlays), *stock.shape))
    for number, one in enumerate(overlays):
        months = slice(one.first_month, None if one.last_month is None else one.last_month + 1)
        columns = list(range(stock.shape[-1])) if one.stage is None or not staged else [one.stage - 1]
        layers[number][:, months, columns] = one.share * stock[:, months, columns]
        booked = 1 if one.stage is None and staged else columns[0]
        layers[number][:, months, booked] += one.amount
    rounded: Array = cents(layers) / 100.0
    return rounded


def _expected(view: xr.Dataset, asked: _Asked, rules: IFRS9 | CECL) -> _Found:
    """IFRS 9 or CECL: balances of cells times what loans like these lose."""
    assert asked.terms is not None
    segments = view["segment"].values.tolist()
    weights = asked.weights or {str(asked.terms["outlook"].values[0]): 1.0}
    found, book = profiles(asked.terms, weights, segments), book_cells(view)
    refuse("provisions", _unseen(asked.terms, segments, book))
    reading = place(view, asked.terms)
    if asked.outlook == "perfect-foresight":
        discount = isinstance(rules, IFRS9) or rules.discount
        scale = foresight(view, asked.terms, found, book, reading, discount)
    else:
        scale = np.ones((1, 1, 1, 1))
    book_now = book * scale
    ifrs9 = isinstance(rules, IFRS9)
    rates = ifrs9_rates(found, rules) if isinstance(rules, IFRS9) else cecl_rates(found, rules)
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
    others = np.delete(whole, 0, axis=-1)
    count = others.shape[-1]
    error = np.sqrt((count - 1) / count * ((others - others.mean(-1, keepdims=True)) ** 2).sum(-1))
    written_off = flow["written_off"].sum(-1)
    dims = ("path", "month")
    if ifrs9:
        beside = _shown_ifrs9(view, book, book_now, reading, rates, found)
    else:
        gone = read(book, reading, rates["charged_off"][:1])[..., 0].round(2)
        beside = xr.Dataset({"charged_off": (dims, gone)})
        written_off = written_off + np.diff(gone, axis=1, prepend=gone[:, :1])
    return _Found(stock, under_new, lent, repaid, error, beside, written_off)


def _unseen(terms: xr.Dataset, segments: list[str], book: Array) -> list[str]:
    """Cells that the result fills and of which the term structures saw no loan, in no segment of the kind."""
    seen = (
        terms["balance"]
        .sum(("batch", "point"))
        .sel(segment=segments, cell=list(CELLS))
        .transpose("segment", "cell")
        .values
        > 0.0
    )
    known = on_book(seen, np.ones((1, len(CURRENT)))) > 0.0
    lacking = (book > 0.0).any((0, 1)) & ~known
    return [
        f"terms: found no loan in cell {BOOK_CELLS[cell]!r} for segment {segments[segment]}, expected some, for the "
        "result has a balance there; make them with a larger sample"
        for segment, cell in np.argwhere(lacking)
    ]


def _shown_ifrs9(
    view: xr.Dataset, book: Array, book_now: Array, reading: Array, rates: dict[str, Array], found: Profiles
) -> xr.Dataset:
    """What an IFRS 9 report shows beside the allowance."""
    dims = ("path", "month")
    drawn = np.arange(len(BOOK_CELLS)) < len(BOOK_CELLS) - 1
    moved = np.where(DEFAULTED, 0.0, rates["moved"][:1]) * drawn
    gross = (book * drawn).sum((-2, -1))
    third = (book * DEFAULTED).sum((-2, -1))
    second = read(book, reading, moved)[..., 0]
    balance = np.stack([gross - second - third, second, third], axis=-1)
    monthly = rates["stage 3"][:1] * found.rate[:, None]
    suspended = read(book_now, reading, monthly)[..., 0]
    suspended = np.concatenate([np.zeros((len(suspended), 1)), suspended[:, :-1]], axis=1)
    interest = view["interest"].transpose(*FLOW).values.sum(-1)
    values = {name: read(book_now, reading, rates[name][:1])[..., 0] for name in ("ecl_12m", "ecl_lifetime")}
    return xr.Dataset(
        {name: (dims, each) for name, each in (values | {"interest_net": interest - suspended}).items()}
    ).assign(stage_balance=((*dims, "stage"), balance))


def _as_granted(amount: Array) -> Array:
    """An amount (path, month, segment) as a book of loans that are current: (..., book cell)."""
    out = np.zeros((*amount.shape, len(BOOK_CELLS)))
    out[..., 0] = amount
    return out


def _china(view: xr.Dataset, asked: _Asked, rules: China) -> _Found:
    """Five categories: the largest of what percentages, ratios and expected losses ask for."""
    dims, error, expected = ("path", "month"), None, None
    if asked.terms is not None:
        beside = _expected(view, asked, IFRS9())
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
    binding = (out["binding"] == "expected loss").values
    error = np.where(binding, error, 0.0) if error is not None else np.zeros(stock.shape[:2])
    if expected is not None:
        out = out.assign(allowance_expected=expected)
    return _Found(stock, before, lent, repaid, error, out, flow["written_off"][..., 0])
