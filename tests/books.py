"""Small made-up results whose books balance to the last fen, for tests of what reads results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from stresslab.schema import BUCKETS, CAUSES, FLOWS, MINOR, STAGES

SEGMENTS = ("ours:card", "ours:loan", "bank:card")
STAGE_OF_BUCKET = np.array([0, 1, 1, 2, 2, 2, 2, 2])
CAUSE_SHARES = [0.5, 0.1, 0.1, 0.1, 0.15, 0.05]


def made_up_result(
    *,
    paths: int = 20,
    months: int = 12,
    seed: int = 0,
    segments: Sequence[str] = SEGMENTS,
    scenario: Sequence[str] | None = None,
) -> xr.Dataset:
    """A result in the shape of simulate(), random by seed, whose books balance exactly.

    paths, months : how many; month 0 is the start, the same on every path
    segments : "lender:product"; the first lender is the one that asks
    scenario : names, each harsher than the one before on the same draws; None: no such dimension
    Returns Dataset of every stock and flow of the schema; on each path, month and segment
    closing = opening + drawn + originated + interest + fees - paid - forgiven - written_off, in whole minor units.
    Losses have a common cause: a draw of each path moves all its segments. The same draw makes lenders grant less and
    reach fewer, so that `line_supply` and `contact` fall from 1 in month 0, each lender's in all of his segments.
    Part of what is not past due is in stage 2 (score fallen, or forborne) and in stage 3 (forborne after 90 days).
    """
    names = ["base"] if scenario is None else list(scenario)
    runs = [_one_scenario(paths, months, seed, list(segments), harshness=1.0 + k) for k in range(len(names))]
    if scenario is None:
        return runs[0]
    both = xr.concat([run.drop_vars("own_share") for run in runs], xr.Variable("scenario", names), data_vars="all")
    return both.assign(own_share=runs[0]["own_share"])


def _one_scenario(paths: int, months: int, seed: int, segments: list[str], harshness: float) -> xr.Dataset:
    """One scenario's result; its random numbers depend on the seed alone, not on what happens."""
    rng = np.random.default_rng(seed)
    entry_rng = rng.spawn(1)[0]  # draws of counts use up a stream at a pace that depends on the counts
    own_share = rng.uniform(0.3, 1.0, size=len(segments)).round(2)
    weather = harshness * rng.lognormal(0.0, 0.5, size=(paths, 1))
    first = rng.integers(40_000_00, 60_000_00, size=len(segments))[:, None] * [900, 30, 20, 15, 10, 10, 10, 5] // 1000
    owed = np.broadcast_to(first, (paths, len(segments), len(BUCKETS))).copy()
    line = np.broadcast_to(rng.integers(10_000_00, 20_000_00, size=len(segments)), owed.shape[:2]).copy()
    claims = np.zeros_like(line)
    flows = {name: np.zeros_like(line) for name in FLOWS}
    lives = [_photograph(owed, line, flows, np.zeros((paths, len(segments), len(CAUSES)), dtype=np.int64))]
    for _ in range(months):
        flows, late = _month(rng, owed, line, claims, weather)
        lives.append(_photograph(owed, line, flows, entry_rng.multinomial(late, CAUSE_SHARES)))
    return _dataset(lives, segments, weather, own_share, seed)


def _month(
    rng: np.random.Generator, owed: np.ndarray, line: np.ndarray, claims: np.ndarray, weather: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Live one month in place; the flows in minor units and how many fell into arrears."""

    def some(of: np.ndarray, mean: float) -> np.ndarray:
        return np.rint(of * mean * rng.uniform(0.5, 1.5, size=of.shape)).astype(np.int64)

    flow = {"interest": some(owed.sum(-1), 0.015), "fees": some(owed.sum(-1), 0.001), "drawn": some(line, 0.2)}
    flow["originated"] = some(owed[..., 0], 0.05)
    lost = some(owed[..., -1], 0.5)
    let_go = some(owed[..., 4], 0.02)
    paid = some(owed, 0.1)
    paid[..., -1] = np.minimum(paid[..., -1], owed[..., -1] - lost)
    owed -= paid
    owed[..., -1] -= lost
    owed[..., 4] -= let_go
    slide = np.rint(owed[..., :-1] * np.minimum([0.004, 0.5, 0.7, 0.8, 0.5, 0.4, 0.4] * weather[..., None], 0.95))
    slide = slide.astype(np.int64)
    owed[..., :-1] -= slide
    owed[..., 1:] += slide
    owed[..., 0] += flow["interest"] + flow["fees"] + flow["drawn"] + flow["originated"]
    line -= flow["drawn"]
    line += some(paid[..., 0], 0.4)
    claims += lost
    back = some(claims, 0.02)
    claims -= back
    flow |= {
        "paid": paid.sum(-1),
        "forgiven": let_go,
        "written_off": lost,
        "recovered": back,
        "defaulted": slide[..., 2],
    }
    return flow, slide[..., 0] // (20 * MINOR)


def _photograph(
    owed: np.ndarray, line: np.ndarray, flows: dict[str, np.ndarray], entries: np.ndarray
) -> dict[str, np.ndarray]:
    """The state at a month's end and the month's flows, in currency."""
    in_stage = owed @ np.eye(len(STAGES), dtype=np.int64)[STAGE_OF_BUCKET]
    watched, forborne = owed[..., 0] // 50, owed[..., 0] // 400  # not past due, and yet not in stage 1
    in_stage += np.stack([-watched - forborne, watched, forborne], axis=-1)
    early = owed[..., 0] // 800  # in plans that began before 90 days, among the watched
    money = {"balance": owed, "stage_balance": in_stage, "undrawn_limit": line} | flows
    money["forborne_balance"] = early + forborne
    shot = {name: amount / MINOR for name, amount in money.items()}
    return shot | {"accounts": owed // (20 * MINOR), "entries_to_arrears": entries.copy()}


def _dataset(
    lives: list[dict[str, np.ndarray]], segments: list[str], weather: np.ndarray, own_share: np.ndarray, seed: int
) -> xr.Dataset:
    """The months put together, with names."""
    last = {"balance": "bucket", "accounts": "bucket", "stage_balance": "stage", "entries_to_arrears": "cause"}
    data = {
        name: (("path", "month", "segment") + ((last[name],) if name in last else ()), np.stack(values, axis=1))
        for name, values in ((name, [life[name] for life in lives]) for name in lives[0])
    }
    rate = 0.05 + 0.01 * (weather - 1.0) * np.minimum(np.arange(len(lives)), 6) / 6
    data["unemployment_rate"] = (("path", "month"), rate.clip(0.01, 0.5))
    data["own_share"] = (("segment",), own_share)
    lender, product = zip(*(segment.split(":") for segment in segments), strict=True)
    names = sorted(set(lender))
    slump = weather[..., None] * np.minimum(np.arange(len(lives)), 6)[:, None]  # (path, month, segment)
    place = np.array([names.index(name) for name in lender])
    for name, gain in (("line_supply", 0.04), ("contact", 0.02)):
        data[name] = (("path", "month", "segment"), np.exp(-gain * slump * (1 + place)), {"units": "1"})
    coords = {
        "path": np.arange(weather.shape[0]),
        "month": np.arange(len(lives)),
        "segment": segments,
        "lender": ("segment", list(lender)),
        "product": ("segment", list(product)),
        "bucket": list(BUCKETS),
        "stage": list(STAGES),
        "cause": list(CAUSES),
    }
    attrs = {"currency": "CNY", "own_lender": lender[0], "as_of": "2020-01-31", "seed": seed, "fingerprint": "made-up"}
    return xr.Dataset(data, coords, attrs | {"renewal": "on"})
