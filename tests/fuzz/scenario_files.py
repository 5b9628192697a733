"""Scenario files whose periods, cells, units, layout and encoding were broken; the generator knows what they mean."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import strategies as st

import stresslab as sl
from tests.fuzz import oracle
from tests.fuzz.case import Case, Verdict
from tests.fuzz.draft import Draw, made_or_rejected, of, scratch, several
from tests.fuzz.tables import NO_TABLES, TableDraft, encoded, no_table, other_lines, separated

FED = {
    "unemployment_rate": "Unemployment rate",
    "real_income_growth": "Real disposable income growth",
    "gdp_growth": "Real GDP growth",
    "inflation": "CPI inflation rate",
    "policy_rate": "3-month Treasury rate",
}
BOE = {
    "unemployment_rate": "Unemployment rate",
    "real_income_growth": "Real household income growth",
    "gdp_growth": "Real GDP growth",
    "inflation": "CPI inflation",
    "policy_rate": "Bank Rate",
}
GROWTH = ("real_income_growth", "gdp_growth")
FOLDER, NUMBER = scratch("scenarios"), count()
END = {1: "03-31", 2: "06-30", 3: "09-30", 4: "12-31"}
MONTH = {1: "Mar", 2: "Jun", 3: "Sep", 4: "Dec"}
SPELLINGS: dict[str, Callable[[int, int], str]] = {
    "2025 Q1": lambda y, q: f"{y} Q{q}",
    "Q1 2025": lambda y, q: f"Q{q} {y}",
    "2025Q1": lambda y, q: f"{y}Q{q}",
    "2025-Q1": lambda y, q: f"{y}-Q{q}",
    "2025:Q1": lambda y, q: f"{y}:Q{q}",
    "Q1-2025": lambda y, q: f"Q{q}-{y}",
    "1Q25": lambda y, q: f"{q}Q{y % 100:02d}",
    "1Q2025": lambda y, q: f"{q}Q{y}",
    "2025q1": lambda y, q: f"{y}q{q}",
    "2025-03-31": lambda y, q: f"{y}-{END[q]}",
    "31/03/2025": lambda y, q: f"{END[q][3:]}/{END[q][:2]}/{y}",
    "03/31/2025": lambda y, q: f"{END[q].replace('-', '/')}/{y}",
    "31.03.2025": lambda y, q: f"{END[q][3:]}.{END[q][:2]}.{y}",
    "2025-01-01": lambda y, q: f"{y}-{3 * q - 2:02d}-01",
    "01/01/2025": lambda y, q: f"01/{3 * q - 2:02d}/{y}",
    "2025-03": lambda y, q: f"{y}-{3 * q:02d}",
    "Mar-25": lambda y, q: f"{MONTH[q]}-{y % 100:02d}",
    "Mar 2025": lambda y, q: f"{MONTH[q]} {y}",
    "2025.1": lambda y, q: f"{y}.{q}",
    "2025.25": lambda y, q: f"{y + 0.25 * (q - 1):.2f}",
    "20250331": lambda y, q: f"{y}{END[q].replace('-', '')}",
    "2025M03": lambda y, q: f"{y}M{3 * q:02d}",
    "2025-03-31 00:00:00": lambda y, q: f"{y}-{END[q]} 00:00:00",
    "2025-03-31T00:00:00": lambda y, q: f"{y}-{END[q]}T00:00:00",
    "  2025 Q1 ": lambda y, q: f"  {y} Q{q} ",
    "Q1/2025": lambda y, q: f"Q{q}/{y}",
    "2025/Q1": lambda y, q: f"{y}/Q{q}",
    "Quarter 1, 2025": lambda y, q: f"Quarter {q}, {y}",
}
FISCAL: dict[str, Callable[[int, int], str]] = {
    "2025-02-28": lambda y, q: f"{y}-{3 * q - 1:02d}-28",
    "2025-01-28": lambda y, q: f"{y}-{3 * q - 2:02d}-28",
}
IMPOSSIBLE = (
    "2025-02-31", "2026-03-31 garbage", "2026-13-01", "2026Q5", "2026Q0", "Q1 2026 Q2", "00-00-0000",
    "2026-06-31", "Q1",
    "spring", "", "nan", "2026-3-31-1", "\uff12026Q1x",
)  # fmt: skip


@dataclass
class File(TableDraft):
    """A scenario file on its way: `cells` are written, `truth` holds the figures meant, in percent."""

    layout: str = "fed"
    quarters: list[tuple[int, int]] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)
    truth: dict[str, np.ndarray] = field(default_factory=dict)
    cells: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    name: str = "Severe"
    first: int = 0
    timed: bool = False
    """Whether the periods were changed."""

    @property
    def delimited(self) -> bool:
        return self.layout != "dataset" and self.suffix in ("csv", "csv.gz", "txt")

    def say(self, word: str) -> None:
        self.name = word if self.layout != "boe" else self.name


# Periods


def spelling(draw: Draw, file: File) -> None:
    kind, mixed = of(draw, *SPELLINGS), of(draw, False, False, True)
    if not file.timed:
        spelt = [SPELLINGS[kind](*quarter) for quarter in file.quarters]
        pairs = zip(file.periods, spelt, strict=True)
        file.periods = [pair[not mixed or k % 2] for k, pair in enumerate(pairs)]
        file.timed = True
        file.note(f"periods {'also ' * mixed}as {kind!r}", f"{file.periods[:2]}, ...", "open")


def fiscal(draw: Draw, file: File) -> None:
    kind = of(draw, *FISCAL)
    if not file.timed:
        file.periods, file.timed = [FISCAL[kind](*quarter) for quarter in file.quarters], True
        file.note("quarters that are not the calendar's", f"{file.periods[:2]}, ...", "nonsense")


def impossible_period(draw: Draw, file: File) -> None:
    where, label = of(draw, 0, 1, -1), of(draw, *IMPOSSIBLE)
    if not file.timed:
        file.periods, file.timed = [*file.periods], True
        file.periods[where] = label
        words = (label or "''", "date", "blank", "quarter")
        file.note(f"a period: {label}", f"period[{where}] = {label!r}", "nonsense", words)


def order(draw: Draw, file: File) -> None:
    kind = of(draw, "a hole", "reversed", "one twice", "two swapped")
    columns = [file.periods, *file.cells.values()]
    if not file.plain:
        return
    file.timed = True
    year, quarter = file.quarters[2]
    if kind == "a hole":
        for column in [*columns, file.quarters]:
            del column[2]
        names = tuple(spell(year, quarter) for spell in SPELLINGS.values())
        file.note(kind, f"without {year}Q{quarter}", "nonsense", names)
    elif kind == "reversed":
        for column in columns:
            column.reverse()
        file.note("periods reversed", "the latest first", "open")
    elif kind == "one twice":
        for column in columns:
            column.insert(1, column[1])
        file.note("a period twice", file.periods[1], "nonsense", ("twice", "2026Q2", file.periods[1]))
    else:
        for column in columns:
            column[1], column[2] = column[2], column[1]
        file.note("two periods swapped", f"{file.periods[1]} before {file.periods[2]}", "open")


def many_quarters(draw: Draw, file: File) -> None:
    if file.plain and not of(draw, *range(6)):
        number, file.timed = of(draw, 400, 2_000), True
        file.quarters = [(1500 + k // 4, k % 4 + 1) for k in range(number)]
        file.periods = [f"{year}Q{quarter}" for year, quarter in file.quarters]
        file.truth = {name: np.resize(values, number) for name, values in file.truth.items()}
        file.cells = {name: [repr(float(v)) for v in values] for name, values in file.truth.items()}
        file.note("very many quarters", f"{number} quarters", "open")


# Cells

BAD = (
    ".", "", "n/a", "-", "#N/A", "5,6", "5_6", "five", "inf", "nan", "5.6.1", "0x5", "=A1", "None", "5.6 5.7",
    "1/2", "1e400",
    "5.6 (p)", "..", "TRUE", "2026-03-31",
)  # fmt: skip
SPELT = {
    "5.6%": 5.6, "5.6 %": 5.6, " 5.6": 5.6, "\u00a05.6": 5.6, "+5.6": 5.6, "5.6e0": 5.6, "\uff15.6": 5.6,
    "\u0665": 5.0, "05.6": 5.6,
}  # fmt: skip
NEGATIVE = {"\u22121.5": -1.5, "(1.5)": -1.5, "\u20131.5": -1.5, "- 1.5": -1.5, "-1.5": -1.5, "1.5-": -1.5}


def cell(draw: Draw, file: File) -> None:
    name, where = of(draw, "unemployment_rate", "unemployment_rate", *FED), of(draw, 0, 1, -1)
    if name not in file.cells or file.cells[name] != [*map(repr, map(float, file.truth.get(name, ())))]:
        return
    known = SPELT if name == "unemployment_rate" else NEGATIVE
    bad = (*BAD, *BAD, "560", "-60") if name == "unemployment_rate" else (*BAD, *BAD)
    value = of(draw, *bad, *known)
    file.cells[name] = [*file.cells[name]]
    file.cells[name][where] = value
    if value in known:
        file.truth[name] = file.truth[name].copy()
        file.truth[name][where] = known[value]
    verdict: Verdict = "open" if value in known else "nonsense"
    file.note(f"a cell: {value!r}", f"{name}[{where}] = {value!r}", verdict, (file.labels[name], name))


# Units


def decimals(draw: Draw, file: File) -> None:
    kind = of(draw, "decimals", "decimals, told", "decimals, stated", "some decimals", "some decimals, told")
    if not file.plain:
        return
    made = {name: [f"{float(cell) / 100:.6f}" for cell in cells] for name, cells in file.cells.items()}
    some = of(draw, "policy_rate", "unemployment_rate", "real_income_growth")
    stated = any(file.units.values())
    file.cells = file.cells | {some: made[some]} if kind.startswith("some") else made
    if kind.endswith("stated"):
        file.units = dict.fromkeys(file.units, "decimal")
    elif kind.endswith("told"):
        file.units, file.asked["units"] = dict.fromkeys(file.units, ""), "decimal"
    verdict: Verdict = "nonsense" if kind == "some decimals, told" else "open"
    if kind == "some decimals" and some == "policy_rate" and stated:
        file.truth[some] = file.truth[some] / 100  # as it is stated; rates as low there have been
    file.note(f"{kind}: {some if 'some' in kind else 'all'}", f"{some} = {file.cells[some][0]}", verdict)


def unit(draw: Draw, file: File) -> None:
    """Units that are told, stated, unknown, or those of levels and of growth on other periods."""
    kind = of(
        draw,
        "percent told",
        "told wrong",
        "unknown",
        "levels",
        "persons",
        "on the quarter",
        "on a year earlier",
        "none",
        "an index",
    )
    if not file.plain:
        return
    label, stating = file.labels, file.layout != "fed"
    if kind == "percent told":
        file.units, file.asked["units"] = dict.fromkeys(file.units, ""), "percent"
        file.note(kind, "units='percent'", "open")
    elif kind == "told wrong":
        wrong = of(draw, "per cent points", 5, ["percent"], {"unemployment": "percent"}, {"unemployment_rate": "bp"})
        file.asked["units"] = wrong
        file.note(kind, f"units={wrong!r}", "nonsense", ("units",), hiding=True)
    elif kind == "unknown":
        text = of(draw, "PC", "PC_ACT", "G1", "IDX", "bn GBP", "thousand", "points", "bps", "PCPA")
        file.units = dict.fromkeys(file.units, text)
        known = text in ("PC", "PC_ACT", "PCPA") or not stating
        file.note(f"unit {text}", f"unit {text!r}", "open" if known else "nonsense")
    elif kind == "levels":
        level, some = 100 * np.cumprod((1 + file.truth["gdp_growth"] / 100) ** 0.25), of(draw, *GROWTH)
        file.cells[some] = [f"{value:.4f}" for value in level * of(draw, 1.0, 5.0, 4000.0)]
        file.note(f"levels of {some}", f"{some} = {file.cells[some][:2]}", "nonsense", (label[some], some))
    elif kind == "persons":
        file.cells["unemployment_rate"] = [str(1000 * float(cell)) for cell in file.cells["unemployment_rate"]]
        what = f"unemployment_rate = {file.cells['unemployment_rate'][0]}"
        file.note(kind, what, "nonsense", (label["unemployment_rate"], "unemployment"))
    elif kind == "an index":
        file.cells["inflation"] = [f"{100 + k}.0" for k in range(len(file.periods))]
        file.note(
            "an index for inflation",
            f"inflation = {file.cells['inflation'][:2]}",
            "nonsense",
            (label["inflation"], "inflation"),
        )
    elif kind == "on the quarter" and stating:
        for some in GROWTH:
            file.cells[some] = [repr(float(value)) for value in 100 * ((1 + file.truth[some] / 100) ** 0.25 - 1)]
            file.units[some] = of(draw, "% q/q", "% on the previous quarter", "% qoq")
        file.note(kind, f"{file.units[GROWTH[0]]!r}", "open")
    elif kind == "on a year earlier" and stating:
        file.units["real_income_growth"] = of(draw, "% y/y", "% yoy", "annual % change")
        file.note(
            kind, file.units["real_income_growth"], "nonsense", (label["real_income_growth"], "real_income_growth")
        )
    elif kind == "none" and stating:
        file.units = dict.fromkeys(file.units, "")
        file.note("no unit", "no unit", "open")


# Columns, arguments, datasets


def column(draw: Draw, file: File) -> None:
    kind = of(
        draw,
        "no unemployment",
        "no income",
        "twice",
        "unknown",
        "of another country",
        "nominal",
        "misspelt",
        "two alone",
    )
    if not file.plain:
        return
    if kind == "no unemployment":
        del file.cells["unemployment_rate"]
        file.note(kind, kind, "nonsense", ("unemployment",))
    elif kind == "no income":
        del file.cells["real_income_growth"], file.truth["real_income_growth"]
        file.note(kind, kind, "open")
    elif kind == "twice":
        file.cells["again"] = [str(1 + float(cell)) for cell in file.cells["unemployment_rate"]]
        file.labels["again"], file.units["again"] = file.labels["unemployment_rate"], file.units["unemployment_rate"]
        names = (file.labels["again"], "unemployment")
        file.note("a column twice", file.labels["again"], "nonsense", names, hiding=True)
    elif kind == "unknown":
        file.cells["again"], file.labels["again"] = ["1.0"] * len(file.periods), "House prices"
        file.units["again"] = file.units["unemployment_rate"]
        file.note("an unknown column", "House prices", "open" if file.layout == "dataset" else "sound")
    elif kind == "of another country":
        file.labels["inflation"] = of(draw, "UK CPI inflation", "Euro area inflation", "Japan inflation")
        del file.truth["inflation"]
        file.note("a column of another country", file.labels["inflation"], "open")
    elif kind == "nominal":
        file.labels["real_income_growth"] = "Nominal disposable income growth"
        del file.truth["real_income_growth"]
        file.note("nominal income", "nominal income", "open")
    elif kind == "misspelt":
        file.labels["unemployment_rate"] = of(draw, "Unemployement rate", "unemp", "U3", "UNRATE")
        file.note("a column misspelt", file.labels["unemployment_rate"], "open")
    else:
        for name in ("gdp_growth", "inflation", "policy_rate"):
            del file.cells[name], file.truth[name]
        file.note("no other columns", "unemployment and income", "sound")


ASKED: dict[str, tuple[tuple[Any, ...], tuple[str, ...]]] = {
    "start": (("1999Q1", "spring", "", 2026, 5, ["2026Q1"]), ("start", "date", "quarter")),
    "name": (("", 5, ["Severe"]), ("name",)),
    "trend": ((np.nan, np.inf, 2, "2 %", True, [0.02], -0.6), ("trend",)),
    "layout": (("oecd", "", None, 5, ["fed"]), ("layout",)),
    "frequency": (("daily", "monthly", "annual", 3, ["quarterly"]), ("frequency",)),
    "encoding": (("utf-7x", "", 5, "hex"), ("encoding",)),
    "separator": (("", ";;", 5, "\n", "a"), ("separator", "column", "unemployment")),
    "decimal": (("", ";", 5, "point"), ("decimal",)),
    "sheet": (("Sheet9", 5), ("sheet",)),
}
"""Arguments of the reader that cannot be right."""


def asked(draw: Draw, file: File) -> None:
    kind = of(draw, *ASKED)
    values, names = ASKED[kind]
    if file.layout == "dataset" and kind not in ("start", "trend", "frequency"):
        return
    if kind not in file.asked:
        file.asked[kind] = value = draw(st.sampled_from(values))
        file.note(f"a wrong {kind}", f"{kind}={value!r}", "nonsense", names, hiding=True)


def right_start(draw: Draw, file: File) -> None:
    if file.plain:
        year, quarter = file.quarters[1]
        file.asked["start"], file.first = f"{year}Q{quarter}", 1
        file.note("start=", f"start='{year}Q{quarter}'", "sound")


def two_scenarios(draw: Draw, file: File) -> None:
    if (
        file.layout == "fed"
        and file.delimited
        and not file.lines
        and file.separator == ","
        and "name" not in file.asked
    ):
        name = file.name
        file.lines.append(lambda lines: [*lines, *(line.replace(name, "Baseline") for line in lines[1:])])
        if of(draw, True, False):
            file.asked["name"] = name
            file.note("one of two scenarios", "name='Severe'", "sound" if file.plain else "open")
        else:
            file.note("two scenarios", "two scenarios", "nonsense", ("Severe",), hiding=True)


DATASETS: dict[str, tuple[Callable[[xr.Dataset], Any], Verdict]] = {
    "dates": (lambda made: _dates(made), "open"),
    "dates with a hole": (lambda made: _dates(made).isel(time=[0, 1, 3, 4]), "nonsense"),
    "no coordinate": (lambda made: made.drop_vars("time"), "nonsense"),
    "two dimensions": (lambda made: made.expand_dims(path=[0, 1]), "nonsense"),
    "numbers along time": (lambda made: made.assign_coords(time=np.arange(made.sizes["time"])), "nonsense"),
    "objects": (lambda made: made.astype(object), "open"),
    "text": (lambda made: made.astype(str), "open"),
    "complex": (lambda made: made.astype(complex), "nonsense"),
    "chunks": (lambda made: made.chunk(), "open"),
    "NaN": (lambda made: made.where(made["unemployment_rate"] < made["unemployment_rate"].max()), "nonsense"),
    "nothing": (lambda made: xr.Dataset(), "nonsense"),
    "no periods": (lambda made: made.isel(time=slice(0, 0)), "nonsense"),
    "a frame": (lambda made: made.to_dataframe(), "nonsense"),
    "an array": (lambda made: made["unemployment_rate"], "nonsense"),
    "None": (lambda made: None, "nonsense"),
    "a dict": (lambda made: made.to_dict(), "nonsense"),
    "along month": (
        lambda made: made.rename(time="month").assign_coords(month=np.arange(1, made.sizes["time"] + 1)), "nonsense"),
    "units a number": (lambda made: made.assign(inflation=made["inflation"].assign_attrs(units=5)), "nonsense"),
}  # fmt: skip
"""Changes that only a dataset can have; they are made when it is written."""


def _dates(made: xr.Dataset) -> xr.Dataset:
    return made.assign_coords(time=pd.date_range("2026-01-01", periods=made.sizes["time"], freq="QS"))


def odd_dataset(draw: Draw, file: File) -> None:
    kind = of(draw, *DATASETS)
    if file.layout == "dataset" and not file.timed and file.suffix == "csv":
        file.suffix, file.timed = kind, True
        file.note(f"a dataset: {kind}", kind, DATASETS[kind][1], hiding=True)


def other_shape(draw: Draw, file: File) -> None:
    """Time across the columns, section rows, or another kind of file."""
    kind = of(draw, "across", "sections", "csv.gz", "txt", "xlsx", "parquet")
    if not file.plain or file.layout == "dataset":
        return
    if kind == "across":
        file.lines.append(
            lambda lines: [",".join(row) for row in zip(*(line.split(",") for line in lines), strict=True)]
        )
    elif kind == "sections":
        file.lines.append(lambda lines: [lines[0], "Domestic variables" + "," * lines[0].count(","), *lines[1:]])
    else:
        file.suffix = kind
    file.note(f"shape: {kind}", kind, "open", hiding=True)


def not_a_table(draw: Draw, file: File) -> None:
    if file.layout != "dataset":
        no_table(draw, file)


CHANGES: dict[Callable[[Draw, Any], None], int] = {
    spelling: 4, fiscal: 1, impossible_period: 3, order: 2, many_quarters: 1, cell: 5, decimals: 2, unit: 4, column: 2,
    other_lines: 3, encoded: 1, separated: 1, asked: 2, right_start: 1, two_scenarios: 1, odd_dataset: 3,
    other_shape: 1,
    not_a_table: 1,
}  # fmt: skip


def rows_of(file: File) -> list[list[str]]:
    """The rows of a file in its layout."""
    if file.layout == "tidy":
        rows = [["scenario", "quarter", "variable", "value", "unit"]]
        for name, cells in file.cells.items():
            usual = name in file.truth and file.labels[name] in (*FED.values(), *BOE.values())
            variable = name if usual else file.labels[name]
            pairs = zip(file.periods, cells, strict=True)
            rows += [[file.name, period, variable, cell, file.units.get(name, "")] for period, cell in pairs]
        return rows
    fed = file.layout == "fed"
    labels = {name: label for name, label in file.labels.items() if name in file.cells}
    stated = {name: "" if fed or not file.units.get(name) else f" ({file.units[name]})" for name in labels}
    titles = [label + stated[name] for name, label in labels.items()]
    columns = zip(file.periods, *(file.cells[name] for name in labels), strict=True)
    lead = ["Scenario Name"] if fed else []
    return [[*lead, "Date", *titles], *([*([file.name] if fed else []), *row] for row in columns)]


def payload(file: File) -> Any:
    """What is given to the reader: the bytes of a file, or a dataset."""
    if file.layout == "dataset":
        made = dataset_of(file)
        return DATASETS[file.suffix][0](made) if file.suffix in DATASETS else made
    rows = rows_of(file)
    if file.delimited:
        text = io.StringIO()
        csv.writer(text, delimiter=file.separator, lineterminator="\n").writerows(rows)
        return file.bytes(text.getvalue())
    frame, stream = pd.DataFrame(rows[1:], columns=rows[0]), io.BytesIO()
    if file.suffix in NO_TABLES:
        return frame
    frame.to_excel(stream, index=False) if file.suffix == "xlsx" else frame.to_parquet(stream)
    return stream.getvalue()


def dataset_of(file: File) -> xr.Dataset:
    """The file as a dataset along time; what is no plain number stays text."""
    made = xr.Dataset(coords={"time": list(file.periods)})
    for name, cells in file.cells.items():
        key = name if file.labels[name] in FED.values() else file.labels[name]
        plain = all(cell.strip("-").replace(".", "", 1).isdecimal() and cell.isascii() for cell in cells)
        values = np.array([float(cell) for cell in cells]) if plain else np.array(cells, dtype=object)
        made[key] = ("time", values, {"units": file.units[name]} if file.units.get(name) else {})
    return made


def read(file: File, given: Any) -> xr.Dataset:
    """Write what is given and read it."""
    arguments = {"trend": 0.02, **file.asked}
    if file.layout == "dataset":
        return sl.scenarios.from_dataset(given, **arguments)
    path = FOLDER / f"file-{next(NUMBER)}.{file.suffix}"
    if file.suffix in NO_TABLES:
        given = NO_TABLES[file.suffix](path, given)
    else:
        path.write_bytes(given)
        given = path
    try:
        return sl.read_scenario(given, **{"layout": file.layout, **arguments})
    finally:
        if isinstance(given, Path) and given.is_file():
            given.unlink()


@st.composite
def cases(draw: Draw) -> Case:
    """A broken scenario file."""
    layout, number = of(draw, "fed", "fed", "tidy", "boe", "dataset"), 5
    rng = np.random.default_rng(of(draw, 1, 2, 3))
    bounds = {"unemployment_rate": (4.0, 9.0), "real_income_growth": (-3.0, 3.0), "gdp_growth": (-4.0, 3.0),
              "inflation": (1.0, 4.0),
              "policy_rate": (1.0, 4.0)}  # fmt: skip
    truth = {name: np.round(rng.uniform(*bound, number), 1) for name, bound in bounds.items()}
    quarters = [(2026 + k // 4, k % 4 + 1) for k in range(number)]
    file = File(
        layout=layout,
        quarters=quarters,
        periods=[f"{year} Q{quarter}" for year, quarter in quarters],
        truth=truth,
        cells={name: [repr(float(value)) for value in values] for name, values in truth.items()},
        labels=dict(BOE if layout == "boe" else FED),
        units=dict.fromkeys(truth, {"fed": "", "boe": "%"}.get(layout, "percent")),
    )
    several(draw, CHANGES, file)
    given = made_or_rejected(lambda: payload(file))

    def check(made: xr.Dataset) -> list[str]:
        figures = {name: values[file.first :] / 100 for name, values in file.truth.items()}
        wrong = oracle.means_faults(made, figures, 3)
        strange = [name for name in FED if name in made and name not in (*file.truth, "real_income_growth")]
        wrong += [f"{name} was read and is not ours" for name in strange]
        year, quarter = file.quarters[file.first]
        start = f"{year}-{3 * quarter - 2:02d}"
        return wrong or ([] if made.attrs["start"] == start else [f"starts in {made.attrs['start']}, expected {start}"])

    return file.case(f"{layout}: {file.what}", lambda: read(file, given), check)
