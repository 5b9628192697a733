"""Results and term structures so small that an allowance can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from stresslab.measures.provisions.risk_states import CELLS, UNDRAWN
from stresslab.schema import BUCKETS, STAGES

FLOWS = ("drawn", "originated", "interest", "fees", "paid", "forgiven", "written_off", "recovered")
DEFAULTED = ("90-119", "120-179", "180-269", "270-359", "360+")
PER_BATCH = 100.0
"""Balance of every cell in each batch of the terms."""


def hand_result(
    owed: Any,
    *,
    watched: Any = 0.0,
    forborne: Any = 0.0,
    forborne_late: Any = 0.0,
    undrawn: Any = 0.0,
    unemployment: Any = 0.05,
    segments: Sequence[str] = ("ours:loan",),
    **flows: Any,
) -> xr.Dataset:
    """A result whose segments owe `owed` (path, month, segment, bucket), of which parts that are current are special.

    watched, forborne, forborne_late : parts of the first bucket; the last two are in the probation of a plan
    unemployment (path, month), flows (path, month, segment), written_off=..., else nothing
    """
    balance = np.asarray(owed, float)
    shape = balance.shape[:3]
    part = {
        name: np.broadcast_to(np.asarray(values, float), shape)
        for name, values in (("watched", watched), ("forborne", forborne), ("late", forborne_late))
    }
    second = balance[..., 1:3].sum(-1) + part["watched"] + part["forborne"]
    third = balance[..., 3:].sum(-1) + part["late"]
    dims = ("path", "month", "segment")
    data: dict[str, Any] = {name: (dims, np.broadcast_to(np.asarray(flows.pop(name, 0.0)), shape)) for name in FLOWS}
    assert not flows
    data["balance"] = ((*dims, "bucket"), balance)
    data["stage_balance"] = ((*dims, "stage"), np.stack([balance.sum(-1) - second - third, second, third], axis=-1))
    data["forborne_balance"] = (dims, part["forborne"] + part["late"])
    data["undrawn_limit"] = (dims, np.broadcast_to(np.asarray(undrawn, float), shape))
    data["unemployment_rate"] = (dims[:2], np.broadcast_to(np.asarray(unemployment, float), shape[:2]))
    lender, product = zip(*(segment.split(":") for segment in segments), strict=True)
    coords = {
        "path": np.arange(shape[0]),
        "month": np.arange(shape[1]),
        "segment": list(segments),
        "lender": ("segment", list(lender)),
        "product": ("segment", list(product)),
        "bucket": list(BUCKETS),
        "stage": list(STAGES),
    }
    return xr.Dataset(data, coords, {"own_lender": lender[0], "currency": "CNY", "renewal": "static"}).copy(deep=True)


def one_bucket(bucket: str, amount: float = 1000.0, months: int = 1, **choice: Any) -> xr.Dataset:
    """A result of one path and segment that owes an amount in one bucket every month."""
    owed = np.zeros((1, months, 1, len(BUCKETS)))
    owed[..., BUCKETS.index(bucket)] = amount
    return hand_result(owed, **choice)


def hand_terms(
    *,
    segments: Sequence[str] = ("ours:loan",),
    revolving: Sequence[str] = (),
    rate: float = 0.0,
    months: int = 24,
    points: Sequence[tuple[float, float, float]] = ((0.05, 0.0, 0.0),),
    outlooks: Sequence[str] = ("central",),
    batches: int = 2,
) -> xr.Dataset:
    """Terms under which nothing is lost, and what is 90 days late has defaulted; `expect` fills them.

    points : unemployment, its change over 12 months and the age of the book
    """
    dims = ("outlook", "batch", "point", "segment", "cell", "ahead")
    shape = (len(outlooks), batches, len(points), len(segments), len(CELLS), months + 1)
    flow = {name: np.zeros(shape) for name in ("defaulting", "exposure", "loss", "loss_drawn")}
    for cell in DEFAULTED:
        flow["defaulting"][..., CELLS.index(cell), 0] = flow["exposure"][..., CELLS.index(cell), 0] = PER_BATCH
    features = np.array(points, float)
    variables: dict[str, Any] = {
        "balance": (dims[1:5], np.full(shape[1:5], PER_BATCH)),
        **{name: (dims, values) for name, values in flow.items()},
        "loans": (dims[2:5], np.full(shape[2:5], 100)),
        "pooled": (dims[2:5], np.zeros(shape[2:5], bool)),
        "unemployment": ("point", features[:, 0]),
        "unemployment_change": ("point", features[:, 1]),
        "age": ("point", features[:, 2]),
        "kept": (("segment", "ahead"), np.ones((len(segments), months + 1))),
        "recovered_share": ("segment", np.zeros(len(segments))),
        "monthly_rate": ("segment", np.full(len(segments), rate)),
        "revolving": ("segment", [segment in revolving for segment in segments]),
    }
    coords = {"outlook": list(outlooks), "segment": list(segments), "cell": list(CELLS), "ahead": np.arange(months + 1)}
    return xr.Dataset(variables, coords, {"renewal": "static", "terms_fingerprint": "by hand"})


def expect(
    terms: xr.Dataset,
    cells: str | Sequence[str],
    hazards: Mapping[int, float],
    lgd: float,
    drawn: float = 1.0,
    **at: Any,
) -> xr.Dataset:
    """The same terms, but loans in these cells default with some probability so many months ahead, and lose lgd of it.

    drawn : part of the loss on what is drawn already; at : outlook=, point=, segment=, batch= by position
    """
    out = terms.copy(deep=True)
    for cell in [cells] if isinstance(cells, str) else cells:
        for ahead, hazard in hazards.items():
            where = {"cell": CELLS.index(cell), "ahead": ahead, **at}
            for name, part in (("defaulting", 1.0), ("exposure", 1.0), ("loss", lgd), ("loss_drawn", lgd * drawn)):
                out[name][where] = hazard * part * PER_BATCH
    return out


def random_terms(seed: int, **choice: Any) -> xr.Dataset:
    """Terms with random losses everywhere, larger at later points, in riskier cells and later outlooks."""
    rng = np.random.default_rng(seed)
    out = hand_terms(**{"points": ((0.05, 0.0, 0.0), (0.09, 0.03, 5.0), (0.07, -0.01, 9.0)), "batches": 3, **choice})
    sizes = {name: out.sizes[name] for name in out["loss"].dims}
    out["balance"] = out["balance"] * rng.uniform(0.5, 2.0, out["balance"].shape)
    ahead = np.arange(sizes["ahead"])
    grade = np.linspace(0.1, 1.0, sizes["cell"])[:, None]
    hazard = rng.uniform(0.0, 1.0, tuple(sizes.values())) * grade * (ahead > 0) / sizes["ahead"]
    hazard *= (1.0 + 0.3 * np.arange(sizes["point"]))[:, None, None, None]
    hazard[..., [CELLS.index(cell) for cell in DEFAULTED], :] = ahead == 0
    lgd = rng.uniform(0.3, 0.9, tuple(sizes.values())) * (1.0 + 0.1 * np.arange(sizes["outlook"])).reshape(-1, *[1] * 5)
    owed = out["balance"].values[None, ..., None]
    drawn = np.where(np.arange(sizes["cell"]) == CELLS.index(UNDRAWN), 0.0, 0.8)[:, None]
    values = {"defaulting": hazard, "exposure": hazard, "loss": hazard * lgd, "loss_drawn": hazard * lgd * drawn}
    for name, each in values.items():
        out[name] = (out[name].dims, each * owed)
    out["kept"] = (("segment", "ahead"), np.broadcast_to(0.98**ahead, (sizes["segment"], sizes["ahead"])).copy())
    out["recovered_share"] = out["recovered_share"] + 0.1
    return out
