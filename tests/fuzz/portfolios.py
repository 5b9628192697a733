"""Portfolios whose values, units, types, dimensions, labels, ids, sizes and attrs were broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import xarray as xr
from hypothesis import strategies as st

import stresslab as sl
from tests.fuzz import oracle
from tests.fuzz.case import Case
from tests.fuzz.draft import Draft, Draw, of, several

MONTHS, PATHS = 3, 2
LOANS = (
    "balance", "limit", "usual_balance", "annual_rate", "tenor_months", "remaining_months", "instalment", "transactor",
    "days_past_due", "overdue", "score_change", "recent_arrears", "priority", "own_share", "written_off", "claim",
    "claim_months",
)  # fmt: skip
PEOPLE = (
    "income", "pay_level", "necessities", "liquid_buffer", "buffer_target", "job_loss_risk", "employed",
    "jobless_months", "insured", "household_support", "strategic", "score", "inquiries",
)  # fmt: skip
WHOLE = ("tenor_months", "remaining_months", "days_past_due", "score_change", "claim_months", "jobless_months")
FLAGS = ("transactor", "written_off", "employed", "insured", "strategic")
SHARES = ("own_share", "household_support")
CONTRADICTIONS: dict[str, tuple[dict[str, float], tuple[str, ...]]] = {
    "overdue above balance": ({"overdue": 500.0, "balance": 100.0}, ("overdue", "balance")),
    "days late without an amount": ({"days_past_due": 65, "overdue": 0.0}, ("days_past_due", "overdue")),
    "more due dates than the tenor": ({"remaining_months": 24, "tenor_months": 12}, ("remaining_months", "tenor")),
    "due dates without an instalment": (
        {"remaining_months": 3, "tenor_months": 6, "instalment": 0.0}, ("instalment", "product"),
    ),
    "an instalment without a tenor": ({"instalment": 90.0, "tenor_months": 0}, ("instalment", "tenor", "product")),
    "written off with a balance": ({"written_off": 1, "balance": 800.0}, ("written_off", "balance")),
    "a transactor with instalments": ({"transactor": 1, "tenor_months": 12}, ("transactor", "product")),
}  # fmt: skip


@dataclass
class Book(Draft):
    """A portfolio on its way: `book` is given to the library, `truth` is what it means."""

    book: Any = None
    truth: xr.Dataset = field(default_factory=xr.Dataset)
    rules: bool = False
    """Whether the change is nonsense only where rules of products are needed."""

    def put(self, name: str, variable: Any, truth: Any | None = None) -> None:
        """Set a variable in what is given, and in the truth where that differs."""
        self.book = self.book.assign({name: variable})
        self.truth = self.truth.assign({name: variable if truth is None else truth})

    def has(self, name: str) -> bool:
        """Whether a variable is still there and means what it says."""
        if not isinstance(self.book, xr.Dataset) or name not in self.book or name not in self.truth:
            return False
        mine, true = self.book[name].variable, self.truth[name].variable
        return mine.dtype == true.dtype and mine.dtype.kind not in "cMm" and bool(mine.identical(true))


@cache
def base_book(preset: str = "china-online", borrowers: int = 20, seed: int = 7) -> xr.Dataset:
    """A seasoned portfolio, with late and written-off loans in it."""
    return sl.synthetic_portfolio(preset, borrowers=borrowers, seed=seed, seasoning_months=24).load()


@cache
def base_macro() -> xr.Dataset:
    """Three months on two paths."""
    return sl.macro_paths(sl.scenario("china-baseline").isel(month=slice(0, MONTHS)), PATHS, seed=1)


def run(book: Any, **asked: Any) -> xr.Dataset:
    """A short simulation."""
    return sl.simulate(book, base_macro(), **({"seed": 1, "threads": 1, "progress": False} | asked))


def bad_value(draw: Draw, draft: Book) -> None:
    name = of(draw, *LOANS, *PEOPLE)
    if not draft.has(name):
        return
    values = [np.nan, np.inf, -np.inf, 1e300, -1e9]
    values += [-1.0, -0.01] if name != "score_change" else []
    values += [1.5] if name in (*WHOLE, *FLAGS) else []
    values += [2.0] if name in (*FLAGS, *SHARES) else []
    values += [5.01, 18.25] if name == "annual_rate" else []
    value = draw(st.sampled_from(values))
    data = draft.book[name].values.astype(float)
    where = of(draw, "first", "last", "all", "third")
    data[{"first": slice(0, 1), "last": slice(-1, None), "all": slice(None), "third": slice(None, None, 3)}[where]] = (
        value
    )
    draft.put(name, (draft.book[name].dims, data))
    draft.note("a bad value", f"{name}[{where}] = {value}", "nonsense", (name,))


def missing(draw: Draw, draft: Book) -> None:
    name = of(draw, *LOANS, *PEOPLE, "borrower", "lender", "product", "borrower_id")
    if draft.has(name):
        draft.book = draft.book.drop_vars(name)
        draft.note("a variable missing", f"without {name}", "nonsense", (name,))


def misspelt(draw: Draw, draft: Book) -> None:
    name = of(draw, "balance", "income", "annual_rate", "days_past_due")
    other = of(draw, name.title(), name + "s", name.replace("_", " "), name.upper())
    if draft.has(name) and name != other:
        draft.book = draft.book.rename({name: other})
        draft.note("a variable misspelt", f"{name} -> {other!r}", "nonsense", (name,))


def unknown(draw: Draw, draft: Book) -> None:
    name = of(draw, "grade", "balance_eur", "segment", "path", "month")
    if isinstance(draft.book, xr.Dataset) and "loan" in draft.book.dims:
        draft.book = draft.book.assign({name: ("loan", np.arange(draft.book.sizes["loan"], dtype=float))})
        draft.note("an unknown variable", f"and {name}", "open")


TYPES: dict[str, Callable[[np.ndarray], Any]] = {
    "object": lambda data: data.astype(object),
    "text": lambda data: data.astype(str),
    "bytes": lambda data: data.astype("S"),
    "complex": lambda data: data.astype(complex),
    "float16": lambda data: data.astype(np.float16),
    "float32": lambda data: data.astype(np.float32),
    "longdouble": lambda data: data.astype(np.longdouble),
    "big-endian": lambda data: data.astype(data.dtype.newbyteorder(">")),
    "whole": lambda data: np.rint(data.astype(float)).astype(np.int32),
    "unsigned": lambda data: np.abs(data.astype(float)).astype(np.uint16),
    "dates": lambda data: data.astype(float).astype("datetime64[s]"),
    "spans": lambda data: data.astype(float).astype("timedelta64[D]"),
    "0.0 and 1.0": lambda data: data.astype(float),
    "objects with None": lambda data: np.array([None, *data.astype(object)[1:]], dtype=object),
    "lists": lambda data: np.array([[1], *data.astype(object)[1:]], dtype=object),
}
MEANINGLESS = ("complex", "dates", "spans", "objects with None", "lists")


def wrong_type(draw: Draw, draft: Book) -> None:
    name = of(draw, *LOANS, *PEOPLE, "borrower", "borrower_id")
    if not draft.has(name):
        return
    kind = of(draw, *TYPES)
    try:
        with np.errstate(all="ignore"):
            data = TYPES[kind](draft.book[name].values)
            truth = data if kind in ("float16", "float32", "whole", "unsigned") else draft.truth[name].values
    except (ValueError, TypeError, OverflowError):
        return
    draft.put(name, (draft.book[name].dims, data), (draft.truth[name].dims, np.asarray(truth)))
    sure = kind in MEANINGLESS
    draft.note(f"{kind} for numbers", f"{name} as {kind}", "nonsense" if sure else "open", (name,))


def wrong_dims(draw: Draw, draft: Book) -> None:
    name = of(draw, *LOANS, *PEOPLE, "lender", "product")
    if not draft.has(name) or name in draft.book.dims:
        return
    kind = of(draw, "(1, n)", "(n, 1)", "scalar", "another name", "along month", "the other dimension", "(n, 2)")
    values, dim = draft.book[name], draft.book[name].dims[0]
    broken = {
        "(1, n)": lambda: values.expand_dims("extra"),
        "(n, 1)": lambda: values.expand_dims("extra", axis=-1),
        "(n, 2)": lambda: xr.concat([values, values], "extra").transpose(dim, "extra"),
        "scalar": lambda: values.isel({dim: 0}, drop=True),
        "another name": lambda: xr.DataArray(values.values, dims="row"),
        "along month": lambda: xr.DataArray(values.values[:3], dims="month"),
        "the other dimension": lambda: xr.DataArray(
            np.resize(values.values, draft.book.sizes[other])
            if (other := "borrower" if dim == "loan" else "loan")
            else 0,
            dims=other,
        ),
    }[kind]()
    draft.book = draft.book.drop_vars(name).assign({name: broken})
    draft.note(f"dimensions: {kind}", f"{name} as {kind}", "nonsense", (name,))


LABELS: dict[str, tuple[Any, str]] = {
    "empty": ("", "nonsense"),
    "blank": ("  ", "nonsense"),
    "NUL": ("ant\0", "nonsense"),
    "None": (None, "nonsense"),
    "NaN": (np.nan, "nonsense"),
    "a number": (7, "nonsense"),
    "a float": (7.5, "nonsense"),
    "bytes": (b"ant", "nonsense"),
    "a list": (["ant"], "nonsense"),
    "a colon": ("x:y", "open"),
    "blanks around": (" ant ", "open"),
    "a line break": ("a\nb", "open"),
    "long": ("x" * 5_000, "open"),
    "accents": ("Crédit", "open"),
    "apart": ("Cre\u0301dit", "open"),
    "Chinese": ("蚂蚁", "open"),
    "own": ("own", "open"),
    "all": ("all", "open"),
    "total": ("total", "open"),
}


def odd_label(draw: Draw, draft: Book) -> None:
    name = of(draw, "lender", "product")
    if not draft.has(name):
        return
    kind = of(draw, *LABELS)
    label, verdict = LABELS[kind]
    data = draft.book[name].values.astype(object)
    where = of(draw, 0, len(data) - 1)
    data[where] = label
    if name == "product" and verdict == "open":
        verdict, draft.rules = "nonsense", True
    draft.put(name, ("loan", data))
    what = f"{name}[{where}] = {str(label)[:12]!r}"  # of a lender: the own one cannot be looked for beside it
    draft.note(f"label: {kind}", what, verdict, (name, "label"), hiding=name == "lender")  # type: ignore[arg-type]


def one_segment_of_two(draw: Draw, draft: Book) -> None:
    if not (draft.has("lender") and draft.has("product")):
        return
    lender, product = (draft.book[name].values.astype(object) for name in ("lender", "product"))
    lender[:2], product[:2] = ("a", "a:huabei"), ("huabei:jiebei", "jiebei")
    for name, data in (("lender", lender), ("product", product)):
        draft.put(name, ("loan", data))
    draft.note("two segments of one name", "a + huabei:jiebei and a:huabei + jiebei", "nonsense")


def bad_link(draw: Draw, draft: Book) -> None:
    if not draft.has("borrower"):
        return
    value = draw(st.sampled_from([-1, 20, 2**40, 0.5, np.nan]))
    data = draft.book["borrower"].values.astype(type(value))
    data[0] = value
    draft.put("borrower", ("loan", data))
    draft.note("a loan of nobody", f"borrower[0] = {value}", "nonsense", ("borrower",))


def bad_id(draw: Draw, draft: Book) -> None:
    if not draft.has("borrower_id"):
        return
    kind = of(draw, "twice", "negative", "too large", "half", "text twice")
    data = draft.book["borrower_id"].values.copy()
    if kind == "twice":
        data[1] = data[0]
    elif kind == "negative":
        data[0] = -1
    elif kind == "too large":
        data = data.astype(float)
        data[0] = 2.0**70
    elif kind == "half":
        data = data + 0.5
    else:
        data = np.array(["a", "a", *map(str, data[2:])], dtype=object)
    draft.put("borrower_id", ("borrower", data))
    draft.note(f"an id: {kind}", f"borrower_id {kind}", "nonsense", ("borrower_id",))


def other_size(draw: Draw, draft: Book) -> None:
    if draft.changes:
        return  # what is cut away cannot be named
    kind = of(draw, "no loans", "nobody", "one loan", "one borrower", "borrowers without loans")
    empty = slice(0, 0)
    if kind == "no loans":
        draft.book = draft.book.isel(loan=empty)
    elif kind == "nobody":
        draft.book = draft.book.isel(loan=empty, borrower=empty)
    elif kind == "borrowers without loans":
        draft.book, draft.truth = (one.isel(loan=slice(0, 3)) for one in (draft.book, draft.truth))
    elif draft.has("borrower") and draft.book["borrower"].dtype.kind == "i":
        places = np.flatnonzero(draft.book["borrower"].values == 0)
        places = places[:1] if kind == "one loan" else places
        draft.book, draft.truth = (
            one.isel(loan=places) if kind == "one loan" else one.isel(loan=places, borrower=[0])
            for one in (draft.book, draft.truth)
        )
    if kind in ("no loans", "nobody"):
        draft.truth = draft.truth[[]]
        draft.note(f"size: {kind}", kind, "nonsense", hiding=True)
    else:
        own = draft.truth.attrs["own_lender"] in draft.truth["lender"].values.tolist()
        draft.note(f"size: {kind}", kind, "sound" if own else "open")


ATTRS: dict[str, tuple[Any, ...]] = {
    "own_lender": ("nobody", 5, ["ant"], b"ant", "Ant", np.nan),
    "preset": ("china", 5, ["china-online"]),
    "currency": ("cny", 5, "dollars", ["CNY"], "XXXX", b"CNY", "C\u0399Y"),
    "as_of": ("2026-13", "yesterday", 5, "2026-02-31", np.datetime64("2026-01-31"), "26-01"),
    "unit": (0, -1.0, np.nan, np.inf, "1000", True, None, [1.0]),
    "unemployment_rate": (5.2, -0.01, np.nan, "0.05", True, [0.05]),
}


def bad_attr(draw: Draw, draft: Book) -> None:
    name = of(draw, *ATTRS)
    if not isinstance(draft.book, xr.Dataset):
        return
    value = draw(st.sampled_from(ATTRS[name]))
    draft.book, draft.rules = draft.book.assign_attrs({name: value}), draft.rules or name == "preset"
    draft.note(f"attrs: {name}", f"attrs[{name!r}] = {value!r}", "nonsense", (name, "model"))


def contradiction(draw: Draw, draft: Book) -> None:
    kind = of(draw, *CONTRADICTIONS)
    values, names = CONTRADICTIONS[kind]
    if not all(draft.has(name) for name in values):
        return
    for name, value in values.items():
        with np.errstate(invalid="ignore"):  # what was changed before may be no number
            data = draft.book[name].values.astype(type(value))
        data[0] = value
        draft.put(name, ("loan", data))
    draft.note(kind, ", ".join(f"{name}[0] = {value}" for name, value in values.items()), "nonsense", names)


def jobless_at_work(draw: Draw, draft: Book) -> None:
    if draft.has("employed") and draft.has("jobless_months"):
        draft.put("employed", ("borrower", np.ones(draft.book.sizes["borrower"], bool)))
        months = np.zeros(draft.book.sizes["borrower"], int)
        months[of(draw, 0, -1)] = of(draw, 1, 5)
        draft.put("jobless_months", ("borrower", months))
        draft.note("jobless at work", "employed and jobless_months > 0", "nonsense", ("jobless_months", "employed"))


def container(draw: Draw, draft: Book) -> None:
    kind = of(draw, "DataFrame", "dict", "DataArray", "None", "text", "list", "array", "number", "class")
    book = draft.truth
    draft.book = {
        "DataFrame": lambda: book[["balance"]].to_dataframe(),
        "dict": lambda: {str(name): book[name].values for name in book.variables},
        "DataArray": lambda: book["balance"],
        "None": lambda: None,
        "text": lambda: "book.nc",
        "list": lambda: [book],
        "array": lambda: book["balance"].values,
        "number": lambda: 5,
        "class": lambda: xr.Dataset,
    }[kind]()
    draft.changes.clear()
    draft.note(f"container: {kind}", kind, "nonsense", ("portfolio",), hiding=True)


def same_book(draw: Draw, draft: Book) -> None:
    """Another order, other memory, other coordinates: the same portfolio."""
    if not isinstance(draft.book, xr.Dataset) or "loan" not in draft.book.dims or draft.verdict != "sound":
        return
    kind = of(draw, "loans reversed", "strided", "chunks", "loan labels", "float64 flags", "fixed-width text")
    if kind == "loans reversed":
        draft.book, draft.truth = (one.isel(loan=slice(None, None, -1)) for one in (draft.book, draft.truth))
    elif kind == "strided":
        wide = {n: np.repeat(draft.book[n].values, 2)[::2] for n in ("balance", "limit", "days_past_due")}
        draft.book = draft.book.assign({n: ("loan", values) for n, values in wide.items()})
    elif kind == "chunks":
        draft.book = draft.book.chunk({"loan": 7})
    elif kind == "loan labels":
        draft.book = draft.book.assign_coords(loan=[f"loan {k}" for k in range(draft.book.sizes["loan"])])
    elif kind == "float64 flags":
        draft.book = draft.book.assign(employed=draft.book["employed"].astype(float))
    else:
        draft.book = draft.book.assign(lender=("loan", draft.book["lender"].values.astype(str)))
    draft.note(kind, kind, "open" if kind in ("chunks", "loan labels") else "sound")


CHANGES: dict[Callable[[Draw, Any], None], int] = {
    bad_value: 3, wrong_type: 2, wrong_dims: 1, odd_label: 2, missing: 1, misspelt: 1, unknown: 1,
    one_segment_of_two: 1,
    bad_link: 1, bad_id: 1, other_size: 1, bad_attr: 2, contradiction: 2, jobless_at_work: 1, container: 1,
    same_book: 1,
}  # fmt: skip

CALLS: dict[str, Callable[[Any], Any]] = {
    "simulate": run,
    "check_portfolio": lambda book: run(sl.check_portfolio(book)),
    "describe_portfolio": sl.describe_portfolio,
    "advance": lambda book: sl.advance(book, base_macro().isel(path=0), 2, seed=1, threads=1),
    "panel": lambda book: sl.panel(book, base_macro().isel(path=0), seed=1, threads=1),
}


def right_answer(call: str, truth: xr.Dataset) -> Callable[[Any], list[str]]:
    """The oracle of a call."""

    def check(made: xr.Dataset) -> list[str]:
        if call in ("simulate", "check_portfolio"):
            attrs = {"currency": "CNY", "own_lender": str(truth.attrs["own_lender"])}
            return oracle.run_faults(truth, made, MONTHS, PATHS, attrs)
        if call == "advance":
            return oracle.book_faults(made)
        total = oracle.minor(truth["balance"].values).sum()
        found = made["balance"].isel({"segment": -1} if call == "describe_portfolio" else {"month": 0})
        if abs(int(oracle.minor(found).sum()) - int(total)) > len(truth["balance"]) * (call == "describe_portfolio"):
            return [f"the balance is {float(found.sum()):.2f}, expected {total / 100:.2f}"]
        return []

    return check


@st.composite
def cases(draw: Draw) -> Case:
    """A broken portfolio, given to one of the functions that take one."""
    book = base_book(seed=of(draw, 7, 8))
    draft = Book(book=book, truth=book)
    several(draw, CHANGES, draft)
    call = of(draw, "simulate", "simulate", "simulate", *CALLS)
    given, truth = draft.book, draft.truth
    call = "simulate" if draft.rules and call in ("describe_portfolio", "check_portfolio") else call
    return draft.case(f"{call}: {draft.what}", lambda: CALLS[call](given), right_answer(call, truth))
