"""The front door of the engine: a portfolio through macro paths, and out come labelled sums."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from tqdm import tqdm

from stresslab.schema import (
    BUCKET_FLOOR,
    BUCKETS,
    CAUSES,
    FLOWS,
    MACRO,
    MINOR,
    PORTFOLIO,
    STAGES,
    InputError,
    check,
    portfolio_faults,
)

from . import layout as at
from .blocks import Blocks, build, read_back
from .kernel import live
from .model import Model
from .months import Packed, pack
from .random import key_of
from .trace import lives, traced_ids

Array = NDArray[Any]
Renewal = Literal["static", "run-off"]
TASK = 4_000_000
"""Borrower-months in one task: about a twentieth of a second, so that progress shows and Ctrl-C is heard."""

COLUMN_OF = {
    "undrawn_limit": at.C_UNDRAWN,
    "drawn": at.C_DRAWN,
    "originated": at.C_ORIGINATED,
    "interest": at.C_INTEREST,
    "fees": at.C_FEES,
    "paid": at.C_PAID,
    "forgiven": at.C_FORGIVEN,
    "written_off": at.C_WRITTEN_OFF,
    "recovered": at.C_RECOVERED,
    "defaulted": at.C_DEFAULTED,
}
STAGE_OF_BUCKET = np.array([1 if floor < 1 else 2 if floor < 3 else 3 for floor in BUCKET_FLOOR])


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
    Returns Dataset (scenario, path, month, segment, bucket, stage, cause); month 0 is the start; money in currency.
    closing = opening + drawn + originated + interest + fees - paid - forgiven - written off, exactly in minor units.
    Raises InputError naming every fault of portfolio and macro, an unknown product, a horizon beyond the scenario.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=500, seed=1)
    >>> result = sl.simulate(book, sl.scenario("china-baseline"), seed=3, horizon=2, progress=False)
    >>> dict(result.balance.sizes)
    {'path': 1, 'month': 3, 'segment': 10, 'bucket': 8}
    """
    model = model or _model_of(portfolio)
    faults = _faults(macro, seed, horizon, renewal, threads)
    if faults:
        raise InputError("simulate", faults)
    check(macro, MACRO, "macro")
    mark, blocks = _laid_out(portfolio, model)
    if trace is not None:
        traced_ids(portfolio, trace)
    seed = secrets.randbits(63) if seed is None else int(seed)
    paths = _with_paths(macro).isel(month=slice(0, horizon))
    scenarios = (
        [paths.isel(scenario=s) for s in range(paths.sizes["scenario"])] if "scenario" in paths.dims else [paths]
    )
    work = [pack(one, portfolio, model, blocks.products, renewal == "static") for one in scenarios]
    loan_months = portfolio.sizes["loan"] * paths.sizes["path"] * paths.sizes["month"] * len(scenarios)
    with tqdm(total=loan_months, disable=not progress, unit=" loan-months", unit_scale=True, smoothing=0.05) as bar:
        sums = [
            _run(blocks, packed, paths["path"].values, seed, threads, portfolio.sizes["loan"], bar) for packed in work
        ]
    results = [_label(blocks, portfolio, *one, paths) for one in sums]
    result = _together(results, paths)
    if trace is not None:
        traced = [lives(portfolio, packed, paths["path"].values, model, seed, trace) for packed in work]
        result = result.merge(_together(traced, paths))
    return result.assign_attrs(_record(portfolio, mark, macro, model, seed, renewal))


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
) -> xr.Dataset:
    """Move a portfolio along one macro path and give it back as a portfolio.

    macro : Dataset (month), or (path, month) with one path
    months : months to move, at most those of macro
    first_month : months already lived under this seed, so that a life can be cut in two and go on with the same draws
    path : path coordinate the draws hang on, if macro names none
    Returns Dataset (borrower, loan): state after the months, usual pay moved by the economy, the rest as it was.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    >>> later = sl.advance(book, sl.scenario("china-baseline"), months=1, seed=3)
    >>> later.sizes == book.sizes
    True
    """
    model = model or _model_of(portfolio)
    faults = _faults(macro, seed, months, renewal, threads)
    if "scenario" in macro.dims or macro.sizes.get("path", 1) != 1:
        faults.append(f"macro: found dimensions {dict(macro.sizes)}, expected a single path; select one with isel")
    if faults:
        raise InputError("advance", faults)
    if faults := portfolio_faults(portfolio):
        raise InputError("portfolio", faults)
    check(macro, MACRO, "macro")
    seed = secrets.randbits(63) if seed is None else int(seed)
    blocks = build(portfolio, model)
    one = _with_paths(macro, path).isel(month=slice(0, months))
    packed = pack(one, portfolio, model, blocks.products, renewal == "static")
    coordinates = one["path"].values
    with tqdm(disable=True) as bar:
        _run(blocks, packed, coordinates, seed, threads, portfolio.sizes["loan"], bar, first_month, keep=True)
    after = read_back(blocks, portfolio, model)
    # What the economy did to everybody's pay stays with the borrower, so that a second move goes on from there.
    return after.assign(income=after["income"] * float(packed.month_real[0, -1, at.WAGE]))


def _faults(macro: xr.Dataset, seed: Any, horizon: Any, renewal: str, threads: Any) -> list[str]:
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


def _laid_out(portfolio: xr.Dataset, model: Model) -> tuple[str, Blocks]:
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


def _model_of(portfolio: xr.Dataset) -> Model:
    preset = portfolio.attrs.get("preset")
    if preset is None:
        raise InputError("simulate", ["model: found none and a portfolio without attrs['preset']; pass model="])
    return Model.from_preset(str(preset))


def _with_paths(macro: xr.Dataset, path: int = 0) -> xr.Dataset:
    """Macro with a `path` dimension and coordinate."""
    if "path" not in macro.dims:
        return macro.expand_dims(path=[path])
    return macro if "path" in macro.coords else macro.assign_coords(path=np.arange(macro.sizes["path"]))


def _together(parts: list[xr.Dataset], paths: xr.Dataset) -> xr.Dataset:
    """Parts along `scenario`, if macro has it; what does not depend on the economy stays as it is."""
    if "scenario" not in paths.dims:
        return parts[0]
    fixed = [name for name in parts[0] if "path" not in parts[0][name].dims]
    moving = [part.drop_vars(fixed) for part in parts]
    names = paths["scenario"] if "scenario" in paths.coords else "scenario"
    return xr.concat(moving, dim=names).assign({name: parts[0][name] for name in fixed})


def _tasks(blocks: int, paths: int, months: int, threads: int) -> Iterator[tuple[slice, slice]]:
    """Rectangles of blocks and paths of about TASK borrower-months; never so large that a thread stands idle."""
    block_months = at.LANES * months
    paths_each = max(1, min(paths, 64, TASK // block_months))
    share = -(-blocks * -(-paths // paths_each) // threads)
    blocks_each = max(1, min(TASK // (block_months * paths_each), share))
    for first_path in range(0, paths, paths_each):
        for first in range(0, blocks, blocks_each):
            yield slice(first, min(first + blocks_each, blocks)), slice(first_path, min(first_path + paths_each, paths))


def _run(
    blocks: Blocks,
    packed: Packed,
    paths: Array,
    seed: int,
    threads: int | None,
    loans: int,
    bar: Any,
    first_month: int = 0,
    keep: bool = False,
) -> tuple[Array, Array]:
    """All tasks on a pool of threads; integer sums, so their order does not matter."""
    months = packed.month_real.shape[1]
    totals = np.zeros((paths.size, months + 1, len(blocks.segments), at.COLUMNS), np.int64)
    jobless = np.zeros((paths.size, months + 1), np.int64)
    key0, key1 = key_of(seed)
    coordinates = paths.astype(np.uint32)
    lock, stop = threading.Lock(), threading.Event()

    def work(some_blocks: slice, some_paths: slice) -> int:
        if stop.is_set():
            return 0
        part = np.zeros((some_paths.stop - some_paths.start, *totals.shape[1:]), np.int64)
        part_jobless = np.zeros(part.shape[:2], np.int64)
        month_real, month_whole = packed.months(some_paths)
        live(
            blocks.people, blocks.people_real, blocks.loans, blocks.loan_reals, blocks.first_slot, blocks.product,
            blocks.segment, np.array([some_blocks.start, some_blocks.stop]), coordinates[some_paths], first_month,
            key0, key1, month_real, month_whole, packed.model_real, packed.model_whole, packed.product_real,
            packed.product_whole, part.reshape(-1, at.COLUMNS), len(blocks.segments), part_jobless, keep,
        )  # fmt: skip
        with lock:
            totals[some_paths] += part
            jobless[some_paths] += part_jobless
        return int(some_blocks.stop - some_blocks.start) * len(part)

    workers = threads or os.cpu_count() or 1
    tasks = _tasks(blocks.count, paths.size, months, workers)
    per_block = loans * months / blocks.count
    with ThreadPoolExecutor(workers) as pool:
        pending = set()
        try:
            for task in tasks:
                pending.add(pool.submit(work, *task))
                if len(pending) >= 2 * workers:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    bar.update(sum(future.result() for future in done) * per_block)
            bar.update(sum(future.result() for future in pending) * per_block)
        except BaseException:
            stop.set()
            raise
    return totals, jobless


def _label(blocks: Blocks, portfolio: xr.Dataset, totals: Array, jobless: Array, macro: xr.Dataset) -> xr.Dataset:
    """Sums as a labelled dataset, money in currency."""
    dims = ("path", "month", "segment")
    money = totals / float(MINOR)
    bucket = totals[..., at.C_BALANCE : at.C_BALANCE + len(BUCKETS)]
    stage = np.stack([bucket[..., s == STAGE_OF_BUCKET].sum(-1) for s in STAGES], axis=-1) / float(MINOR)
    variables: dict[str, Any] = {
        "balance": ((*dims, "bucket"), bucket / float(MINOR), {"units": "currency"}),
        "accounts": ((*dims, "bucket"), totals[..., at.C_ACCOUNTS : at.C_ACCOUNTS + len(BUCKETS)], {"units": "number"}),
        "stage_balance": ((*dims, "stage"), stage, {"units": "currency"}),
        "entries_to_arrears": ((*dims, "cause"), totals[..., at.C_ENTRIES :], {"units": "number"}),
        "unemployment_rate": (dims[:2], jobless / portfolio.sizes["borrower"], {"units": "1"}),
    }
    for name in ("undrawn_limit", *FLOWS):
        variables[name] = (dims, money[..., COLUMN_OF[name]], {"units": "currency"})
    lenders, products = zip(*blocks.segments, strict=True)
    balance = portfolio["balance"].values
    code = blocks.segment[blocks.place // at.LANES]
    weight = np.bincount(code, balance + 1e-9)
    own = np.bincount(code, (balance + 1e-9) * portfolio["own_share"].values) / weight
    own = np.round(own, 12)  # a sum of floats may differ in its last bit with the order of the loans
    coords = {
        "path": macro["path"].values,
        "month": np.arange(totals.shape[1]),
        "segment": [f"{lender}:{product}" for lender, product in blocks.segments],
        "lender": ("segment", list(lenders)),
        "product": ("segment", list(products)),
        "bucket": list(BUCKETS),
        "stage": list(STAGES),
        "cause": list(CAUSES),
    }
    variables["own_share"] = ("segment", own, {"units": "1"})
    return xr.Dataset(variables, coords)


def fingerprint(portfolio: xr.Dataset) -> str:
    """Hash of all values of a portfolio, whatever its order of variables.

    Returns the first 16 hexadecimal digits of a SHA-256.
    """
    digest = hashlib.sha256()
    for name in sorted(set(PORTFOLIO) & set(portfolio.variables)):
        values = portfolio[name].values
        if values.dtype.kind in "OUT":
            values, labels = pd.factorize(values.astype(object), sort=True)
            digest.update("\n".join(map(str, labels)).encode())
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(values).view(np.uint8).data)
    return digest.hexdigest()[:16]


def _record(
    portfolio: xr.Dataset, mark: str, macro: xr.Dataset, model: Model, seed: int, renewal: str
) -> dict[str, Any]:
    """What it takes to run this again."""
    macro_attrs = {str(k): v for k, v in macro.attrs.items() if isinstance(v, str | int | float)}
    return {
        **{key: portfolio.attrs.get(key, "") for key in ("currency", "as_of", "own_lender", "preset")},
        "seed": str(seed),
        "portfolio_seed": str(portfolio.attrs.get("seed", "")),
        "portfolio_fingerprint": mark,
        "borrowers": portfolio.sizes["borrower"],
        "loans": portfolio.sizes["loan"],
        "renewal": renewal,
        "model": json.dumps(model.to_dict()),
        "macro": json.dumps(macro_attrs),
        "versions": json.dumps({n: version(n) for n in ("stresslab", "numpy", "numba", "xarray")}),
        "python": platform.python_version(),
    }
