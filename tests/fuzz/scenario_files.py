"""Scenario files whose periods, cells, units, layout and encoding were broken; the generator knows the figures meant."""

from __future__ import annotations

import csv
import gzip
import inspect
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import strategies as st

import stresslab as sl
from tests.fuzz import oracle
from tests.fuzz.case import Case
from tests.fuzz.draft import Draft, Draw, made_or_rejected, of, several

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
SUPPORTED = frozenset(inspect.signature(sl.read_scenario).parameters)
FOLDER, NUMBER = Path(mkdtemp(prefix="scenarios-")), count()
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
    "2025-01-31": lambda y, q: f"{y}-{3 * q - 2:02d}-28",
}
IMPOSSIBLE = (
    "2025-02-31",
    "2026-03-31 garbage",
    "2026-13-01",
    "2026Q5",
    "2026Q0",
    "Q1 2026 Q2",
    "00-00-0000",
    "2026-06-31",
    "Q1",
    "spring",
)


@dataclass
class File(Draft):
    """A scenario file on its way: `cells` are written, `truth` holds the figures meant, in percent."""

    layout: str = "fed"
    quarters: list[tuple[int, int]] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)
    truth: dict[str, np.ndarray] = field(default_factory=dict)
    cells: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)
    lines: list[Callable[[list[str]], list[str]]] = field(default_factory=list)
    suffix: str = ".csv"
    encoding: str = "utf-8"
    separator: str = ","
    first: int = 0
    span: int = 3
    timed: bool = False
    """Whether the periods were changed."""

    @property
    def plain(self) -> bool:
        """Whether periods and cells are still as they were."""
        return not self.changes


def spelling(draw: Draw, file: File) -> None:
    if file.timed:
        return
    kind, file.timed = of(draw, *SPELLINGS), True
    file.periods = [SPELLINGS[kind](*quarter) for quarter in file.quarters]
    file.note(f"periods as {kind!r}", f"{file.periods[0]!r}, ...", "open")


def two_spellings(draw: Draw, file: File) -> None:
    if file.timed:
        return
    kind, file.timed = of(draw, *SPELLINGS), True
    file.periods = [
        SPELLINGS[kind](*q) if k % 2 else label
        for k, (q, label) in enumerate(zip(file.quarters, file.periods, strict=True))
    ]
    file.note(f"periods also as {kind!r}", f"{file.periods[:2]}", "open")


def fiscal(draw: Draw, file: File) -> None:
    if file.timed:
        return
    kind, file.timed = of(draw, *FISCAL), True
    file.periods = [FISCAL[kind](*quarter) for quarter in file.quarters]
    file.note("quarters that are not the calendar's", f"{file.periods[0]}, {file.periods[1]}, ...", "nonsense")


def impossible_period(draw: Draw, file: File) -> None:
    where, label = of(draw, 0, 1, -1), of(draw, *IMPOSSIBLE, "")
    file.timed = True
    file.periods = [*file.periods]
    file.periods[where] = label
    file.note(f"a period: {label}", f"period[{where}] = {label!r}", "nonsense", (label or "date", "blank", "quarter"))


def hole(draw: Draw, file: File) -> None:
    if len(file.periods) < 4 or not file.plain:
        return
    file.timed = True
    year, quarter = file.quarters[2]
    for part in (file.periods, file.quarters, *file.cells.values()):
        del part[2]
    names = tuple(spell(year, quarter) for spell in SPELLINGS.values())
    file.note("a hole", f"without {year}Q{quarter}", "nonsense", names)


def order(draw: Draw, file: File) -> None:
    kind = of(draw, "reversed", "one twice", "two swapped")
    if not file.plain or len(file.periods) < 4:
        return
    file.timed = True
    columns = [file.periods, *file.cells.values()]
    if kind == "reversed":
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


BAD = (
    ".",
    "",
    "n/a",
    "-",
    "#N/A",
    "5,6",
    "5_6",
    "five",
    "inf",
    "nan",
    "5.6.1",
    "0x5",
    "=A1",
    "None",
    "5.6 5.7",
    "1/2",
    "560",
    "-60",
    "1e400",
)
SPELT = {
    "5.6%": 5.6,
    "5.6 %": 5.6,
    " 5.6": 5.6,
    "\u00a05.6": 5.6,
    "+5.6": 5.6,
    "5.6e0": 5.6,
    "\uff15.6": 5.6,
    "\u0665": 5.0,
    "05.6": 5.6,
}
SPELT_NEGATIVE = {"\u22121.5": -1.5, "(1.5)": -1.5, "\u20131.5": -1.5, "- 1.5": -1.5, "-1.5": -1.5, "1.5-": -1.5}


def cell(draw: Draw, file: File) -> None:
    name = of(draw, "unemployment_rate", "unemployment_rate", *file.cells)
    where = of(draw, 0, 1, -1)
    if name not in file.cells or len(file.periods) != len(file.truth[name]):
        return
    kind = of(draw, "bad", "bad", "spelt")
    known = SPELT if name == "unemployment_rate" else SPELT_NEGATIVE
    value = of(draw, *BAD) if kind == "bad" else of(draw, *known)
    file.cells[name] = [*file.cells[name]]
    file.cells[name][where] = value
    label = (file.labels[name], name)
    if kind == "bad":
        file.note(f"a cell: {value}", f"{name}[{where}] = {value!r}", "nonsense", label)
    else:
        file.truth[name] = file.truth[name].copy()
        file.truth[name][where] = known[value]
        file.note(f"a cell: {value!r}", f"{name}[{where}] = {value!r}", "open")


def unit(draw: Draw, file: File) -> None:
    """Units: wrong, told, mixed; levels and growth on the quarter."""
    kind = of(draw, "decimals", "decimals told", "decimals stated", "percent told", "mixed", "mixed and told", "unknown", "levels",
              "unemployed persons", "on the quarter", "on a year earlier", "none", "told wrong", "an index for inflation")  # fmt: skip
    if not file.plain:
        return
    decimals = {name: [f"{float(cell) / 100:.6f}" for cell in cells] for name, cells in file.cells.items()}
    names = tuple(file.labels.values())
    if kind in ("decimals", "decimals told", "decimals stated"):
        file.cells = decimals
        if kind == "decimals stated":
            file.units = dict.fromkeys(file.units, "decimal")
        elif kind == "decimals told":
            file.units = dict.fromkeys(file.units, "")
            file.asked["units"] = "decimal"
        file.note(kind, f"unemployment_rate = {file.cells['unemployment_rate'][0]}", "open")
    elif kind in ("mixed", "mixed and told"):
        some = of(draw, "policy_rate", "unemployment_rate", "real_income_growth")
        file.cells[some] = decimals[some]
        if kind == "mixed and told":
            file.units = dict.fromkeys(file.units, "")
            file.asked["units"] = "decimal"
        file.note(f"{kind}: {some}", f"{some} = {file.cells[some][0]}", "nonsense" if "told" in kind else "open")
    elif kind == "percent told":
        file.units = dict.fromkeys(file.units, "")
        file.asked["units"] = "percent"
        file.note(kind, "units='percent'", "open")
    elif kind == "told wrong":
        file.asked["units"] = of(
            draw, "per cent points", 5, ["percent"], {"unemployment": "percent"}, {"unemployment_rate": "bp"}
        )
        file.note(kind, f"units={file.asked['units']!r}", "nonsense", ("units",))
    elif kind == "unknown":
        text = of(draw, "PC", "PC_ACT", "G1", "IDX", "bn GBP", "thousand", "points", "bps", "PCPA")
        file.units = dict.fromkeys(file.units, text)
        file.note(
            f"unit {text}",
            f"unit {text!r}",
            "open" if text in ("PC", "PC_ACT", "PCPA") or file.layout == "fed" else "nonsense",
        )
    elif kind == "levels":
        level = 100 * np.cumprod((1 + file.truth["gdp_growth"] / 100) ** 0.25)
        some = of(draw, *GROWTH)
        file.cells[some] = [f"{value:.4f}" for value in level * of(draw, 1.0, 5.0, 4000.0)]
        file.note(f"levels of {some}", f"{some} = {file.cells[some][:2]}", "nonsense", (file.labels[some], some))
    elif kind == "unemployed persons":
        file.cells["unemployment_rate"] = [f"{cell}00" for cell in file.cells["unemployment_rate"]]
        file.cells["unemployment_rate"] = [str(1000 * float(cell)) for cell in file.cells["unemployment_rate"]]
        file.note(
            kind,
            f"{file.cells['unemployment_rate'][0]}",
            "nonsense",
            (file.labels["unemployment_rate"], "unemployment"),
        )
    elif kind == "an index for inflation":
        file.cells["inflation"] = [f"{100 + k}.0" for k in range(len(file.periods))]
        file.note(
            kind, f"inflation = {file.cells['inflation'][:2]}", "nonsense", (file.labels["inflation"], "inflation")
        )
    elif kind == "on the quarter" and file.layout != "fed":
        for some in GROWTH:
            quarterly = 100 * ((1 + file.truth[some] / 100) ** 0.25 - 1)
            file.cells[some] = [repr(float(value)) for value in quarterly]
            file.units[some] = of(draw, "% q/q", "% on the previous quarter", "% qoq")
        file.note(kind, f"{file.units[GROWTH[0]]!r}", "open")
    elif kind == "on a year earlier" and file.layout != "fed":
        file.units["real_income_growth"] = of(draw, "% y/y", "% yoy", "annual % change")
        file.note(kind, "real_income_growth % y/y", "nonsense", names)
    elif kind == "none" and file.layout != "fed":
        file.units = dict.fromkeys(file.units, "")
        file.note("no unit", "no unit", "open")


def column(draw: Draw, file: File) -> None:
    kind = of(
        draw,
        "no unemployment",
        "no income",
        "twice",
        "unknown too",
        "another country",
        "nominal",
        "misspelt",
        "only both",
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
        file.note("a column twice", file.labels["again"], "nonsense", (file.labels["again"], "unemployment"))
    elif kind == "unknown too":
        file.cells["again"], file.labels["again"] = ["1.0"] * len(file.periods), "House prices"
        file.units["again"] = file.units["unemployment_rate"]
        file.note("an unknown column", "House prices", "open" if file.layout == "dataset" else "sound")
    elif kind == "another country":
        file.labels["inflation"] = of(draw, "UK CPI inflation", "Euro area inflation", "Japan inflation")
        del file.truth["inflation"]
        file.note("a column of another country", file.labels["inflation"], "open")
    elif kind == "nominal":
        file.labels["real_income_growth"] = "Nominal disposable income growth"
        file.truth.pop("real_income_growth")
        file.note("nominal income", "nominal income", "open")
    elif kind == "misspelt":
        file.labels["unemployment_rate"] = of(draw, "Unemployement rate", "unemp", "U3", "UNRATE")
        file.note("a column misspelt", file.labels["unemployment_rate"], "open")
    else:
        for name in ("gdp_growth", "inflation", "policy_rate"):
            del file.cells[name], file.truth[name]
        file.note("no other columns", "unemployment and income", "sound")


LINES: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "a title above": (lambda lines: ["Annual cyclical scenario", "", *lines], "open"),
    "a note below": (lambda lines: [*lines, "", "Source: our bank"], "open"),
    "blank lines": (lambda lines: [lines[0], "", *lines[1:], "", ""], "sound"),
    "lines of commas": (lambda lines: [*lines, ",,,,,,"], "open"),
    "a row too long": (lambda lines: [*lines[:2], lines[2] + ",9", *lines[3:]], "nonsense"),
    "a row too short": (lambda lines: [*lines[:2], lines[2].rsplit(",", 1)[0], *lines[3:]], "nonsense"),
    "a header repeated": (lambda lines: [*lines[:3], lines[0], *lines[3:]], "nonsense"),
    "no header": (lambda lines: lines[1:], "nonsense"),
    "only the header": (lambda lines: lines[:1], "nonsense"),
    "nothing": (lambda lines: [], "nonsense"),
    "a quote left open": (lambda lines: [*lines[:2], '"' + lines[2], *lines[3:]], "nonsense"),
    "a NUL": (lambda lines: [*lines[:2], lines[2] + "\0", *lines[3:]], "nonsense"),
    "a comma at the ends": (lambda lines: [f"{line}," for line in lines], "open"),
    "a long field": (lambda lines: [*lines, "x" * 200_000], "nonsense"),
    "across": (lambda lines: [",".join(row) for row in zip(*(line.split(",") for line in lines), strict=True)], "open"),
    "all in quotes": (lambda lines: [",".join(f'"{cell}"' for cell in line.split(",")) for line in lines], "sound"),
    "carriage returns": (lambda lines: ["\r\n".join(lines)], "sound"),
    "sections": (lambda lines: [lines[0], "Domestic variables,,,,,,", *lines[1:]], "open"),
    "capitals": (lambda lines: [lines[0].upper(), *lines[1:]], "open"),
}  # fmt: skip


def other_lines(draw: Draw, file: File) -> None:
    kind = of(draw, *LINES)
    if file.layout == "dataset" or file.lines or file.separator != ",":
        return
    change, verdict = LINES[kind]
    file.lines.append(change)
    if verdict == "sound" and kind in ("all in quotes",) and not file.plain:
        verdict = "open"
    file.note(f"lines: {kind}", kind, verdict)  # type: ignore[arg-type]


def encoded(draw: Draw, file: File) -> None:
    encoding = of(draw, "utf-8-sig", "utf-16", "utf-16-le", "gbk", "latin-1", "cp1252", "utf-32", "cp037")
    if file.layout == "dataset":
        return
    file.encoding = encoding
    if file.layout == "fed" and encoding in ("gbk", "latin-1", "cp1252") and file.plain:
        file.asked.pop("name", None)
        file.lines.append(
            lambda lines: [line.replace("Severe", "Sév\u00e8re" if encoding != "gbk" else "严重") for line in lines]
        )
    told = "encoding" in SUPPORTED and of(draw, True, False)
    if told:
        file.asked["encoding"] = encoding
    file.note(f"encoding {encoding}{', told' if told else ''}", f"in {encoding}", "open")


def separated(draw: Draw, file: File) -> None:
    separator = of(draw, ";", "\t", "|", ":", " ")
    if file.layout == "dataset" or file.lines:
        return
    file.separator = separator
    told = "separator" in SUPPORTED and of(draw, True, False)
    if told:
        file.asked["separator"] = separator
    commas = separator == ";" and of(draw, True, False) and file.plain
    if commas:
        file.cells = {name: [cell.replace(".", ",") for cell in cells] for name, cells in file.cells.items()}
        if "decimal" in SUPPORTED and of(draw, True, False):
            file.asked["decimal"] = ","
    file.note(
        f"separator {separator!r}{' and decimal commas' if commas else ''}", f"separated by {separator!r}", "open"
    )


def asked(draw: Draw, file: File) -> None:
    kind = of(
        draw,
        "start",
        "no such start",
        "no such name",
        "trend",
        "layout",
        "frequency",
        "types",
        "two scenarios",
        "one of two",
    )
    if file.layout == "dataset" and kind not in ("start", "trend"):
        return
    year, quarter = file.quarters[1]
    if kind == "start" and file.plain:
        file.asked["start"], file.first = f"{year}Q{quarter}", 1
        file.note("start=", f"start='{year}Q{quarter}'", "sound")
    elif kind == "no such start":
        file.asked["start"] = of(draw, "1999Q1", "spring", "", 2026, 5, ["2026Q1"])
        file.note("no such start", f"start={file.asked['start']!r}", "nonsense", ("start", "date", "quarter"))
    elif kind == "no such name":
        file.asked["name"] = of(draw, "", " ", 5, ["Severe"])
        file.note("no such name", f"name={file.asked['name']!r}", "nonsense", ("name",))
    elif kind == "trend":
        file.asked["trend"] = draw(st.sampled_from([np.nan, np.inf, 2, "2 %", True, [0.02]]))
        file.note("a wrong trend", f"trend={file.asked['trend']!r}", "nonsense", ("trend",))
    elif kind == "layout":
        file.asked["layout"] = of(draw, "oecd", "", None, 5, ["fed"])
        file.note("a wrong layout", f"layout={file.asked['layout']!r}", "nonsense", ("layout",))
    elif kind == "frequency":
        file.asked["frequency"] = of(draw, "daily", "monthly", "annual", 3, "")
        file.note(
            "a wrong frequency",
            f"frequency={file.asked['frequency']!r}",
            "nonsense" if file.asked["frequency"] else "open",
            ("frequency",),
        )
    elif kind == "types":
        file.suffix = of(
            draw,
            "folder",
            "missing",
            "None",
            "number",
            "xlsx",
            ".csv.gz",
            "false gz",
            "address",
            ".txt",
            "parquet",
            "a frame",
        )
        file.note(
            f"file: {file.suffix}",
            file.suffix,
            "open" if file.suffix in (".csv.gz", ".txt", "xlsx", "false gz") else "nonsense",
        )
    elif file.layout == "fed" and not file.lines and file.separator == ",":
        file.lines.append(lambda lines: [*lines, *(line.replace("Severe", "Baseline") for line in lines[1:])])
        if kind == "one of two":
            file.asked["name"] = "Severe"
            file.note("one of two scenarios", "name='Severe'", "sound")
        else:
            file.note("two scenarios", "two scenarios", "nonsense", ("Severe",))


def many_quarters(draw: Draw, file: File) -> None:
    if not file.plain or of(draw, *range(8)):
        return
    number, file.timed = of(draw, 400, 2_000), True
    file.quarters = [(1500 + k // 4, k % 4 + 1) for k in range(number)]
    file.periods = [f"{year}Q{quarter}" for year, quarter in file.quarters]
    file.truth = {name: np.resize(values, number) for name, values in file.truth.items()}
    file.cells = {name: [repr(float(v)) for v in values] for name, values in file.truth.items()}
    file.note("very many quarters", f"{number} quarters", "open")


def odd_dataset(draw: Draw, file: File) -> None:
    """Changes that only a dataset can have; they are made when it is written."""
    if file.layout != "dataset":
        return
    kind = of(draw, *DATASETS)
    if "dates" in kind and file.timed:
        return
    file.suffix, file.timed = kind, True
    file.note(f"a dataset: {kind}", kind, DATASETS[kind][1])  # type: ignore[arg-type]


def _dates(made: xr.Dataset) -> xr.Dataset:
    return made.assign_coords(time=pd.date_range("2026-01-01", periods=made.sizes["time"], freq="QS"))


DATASETS: dict[str, tuple[Callable[[xr.Dataset], Any], str]] = {
    "dates": (_dates, "open"),
    "dates with a hole": (lambda made: _dates(made).isel(time=[0, 1, 3, 4]), "nonsense"),
    "no coordinate": (lambda made: made.drop_vars("time"), "nonsense"),
    "two dimensions": (lambda made: made.expand_dims(path=[0, 1]), "nonsense"),
    "numbers along time": (lambda made: made.assign_coords(time=np.arange(made.sizes["time"])), "nonsense"),
    "objects": (lambda made: made.astype(object), "open"),
    "text": (lambda made: made.astype(str), "open"),
    "complex": (lambda made: made.astype(complex), "nonsense"),
    "chunks": (lambda made: made.chunk(), "open"),
    "NaN": (lambda made: made.where(made["unemployment_rate"] < 6), "nonsense"),
    "nothing": (lambda made: xr.Dataset(), "nonsense"),
    "no periods": (lambda made: made.isel(time=slice(0, 0)), "nonsense"),
    "a frame": (lambda made: made.to_dataframe(), "nonsense"),
    "an array": (lambda made: made["unemployment_rate"], "nonsense"),
    "None": (lambda made: None, "nonsense"),
    "a dict": (lambda made: made.to_dict(), "nonsense"),
    "along month": (lambda made: made.rename(time="month").assign_coords(month=np.arange(1, made.sizes["time"] + 1)), "nonsense"),
    "units a number": (lambda made: made.assign(inflation=made["inflation"].assign_attrs(units=5)), "nonsense"),
}  # fmt: skip

CHANGES = (
    spelling, spelling, spelling, two_spellings, fiscal, impossible_period, impossible_period, hole, order, cell, cell, cell,
    cell, unit, unit, unit, unit, column, column, other_lines, other_lines, other_lines, encoded, separated, asked, asked,
    many_quarters, odd_dataset, odd_dataset,
)  # fmt: skip


def text_of(file: File) -> str:
    """The file as text in its layout."""
    rows: list[list[str]] = []
    if file.layout == "tidy":
        rows.append(["scenario", "quarter", "variable", "value", "unit"])
        for name, cells in file.cells.items():
            variable = name if file.labels[name] in (*FED.values(), *BOE.values()) else file.labels[name]
            rows += [
                ["Severe", period, variable, cell, file.units.get(name, "")]
                for period, cell in zip(file.periods, cells, strict=True)
            ]
    else:
        fed = file.layout == "fed"
        titles = [
            label if fed or not file.units.get(name) else f"{label} ({file.units[name]})"
            for name, label in file.labels.items()
            if name in file.cells
        ]
        rows.append([*(["Scenario Name"] if fed else []), "Date", *titles])
        columns = [file.cells[name] for name in file.labels if name in file.cells]
        rows += [[*(["Severe"] if fed else []), *row] for row in zip(file.periods, *columns, strict=True)]
    text = io.StringIO()
    csv.writer(text, delimiter=file.separator, lineterminator="\n").writerows(rows)
    made = text.getvalue()
    for change in file.lines:
        made = "\n".join([*change(made.removesuffix("\n").split("\n")), ""])
    return made


SUFFIXES = {"xlsx": ".xlsx", "parquet": ".parquet", "false gz": ".csv.gz"}
NO_FILES = {"None": None, "number": 5, "address": "http://localhost:9/s.csv", "a frame": pd.DataFrame({"Date": [1]})}


def payload(file: File) -> Any:
    """What is given to the reader: the bytes of a file, or a dataset."""
    if file.layout == "dataset":
        made = dataset_of(file)
        return DATASETS[file.suffix][0](made) if file.suffix in DATASETS else made
    text = text_of(file)
    if file.suffix in ("xlsx", "parquet"):
        rows = list(csv.reader(io.StringIO(text), delimiter=file.separator))
        frame, stream = pd.DataFrame(rows[1:], columns=rows[0]), io.BytesIO()
        frame.to_excel(stream, index=False) if file.suffix == "xlsx" else frame.to_parquet(stream)
        return stream.getvalue()
    data = text.encode(file.encoding, errors="replace")
    return gzip.compress(data) if file.suffix == ".csv.gz" else data


def dataset_of(file: File) -> xr.Dataset:
    """The file as a dataset along time."""
    made = xr.Dataset(coords={"time": list(file.periods)})
    for name, cells in file.cells.items():
        key = name if file.labels[name] in FED.values() else file.labels[name]
        try:
            values = np.array([float(cell) for cell in cells])
        except ValueError:
            values = np.array(cells, dtype=object)
        made[key] = ("time", values, {"units": file.units[name]} if file.units.get(name) else {})
    return made


def read(file: File, given: Any) -> xr.Dataset:
    """Write what is given and read it."""
    arguments = {"trend": 0.02, **file.asked}
    if file.layout == "dataset":
        return sl.scenarios.from_dataset(given, **arguments)
    suffix = file.suffix if file.suffix.startswith(".") else SUFFIXES.get(file.suffix, ".csv")
    path = FOLDER / f"file-{next(NUMBER)}{suffix}"
    if file.suffix == "folder":
        path.mkdir()
    elif file.suffix != "missing":
        path.write_bytes(given)
    try:
        return sl.read_scenario(NO_FILES.get(file.suffix, path), **{"layout": file.layout, **arguments})
    finally:
        if path.is_file():
            path.unlink()


@st.composite
def cases(draw: Draw) -> Case:
    """A broken scenario file."""
    layout = of(draw, "fed", "fed", "tidy", "boe", "dataset")
    year, number = 2026, 5
    rng = np.random.default_rng(of(draw, 1, 2, 3))
    truth = {
        "unemployment_rate": np.round(rng.uniform(4.0, 9.0, number), 1),
        "real_income_growth": np.round(rng.uniform(-3.0, 3.0, number), 1),
        "gdp_growth": np.round(rng.uniform(-4.0, 3.0, number), 1),
        "inflation": np.round(rng.uniform(1.0, 4.0, number), 1),
        "policy_rate": np.round(rng.uniform(1.0, 4.0, number), 1),
    }
    quarters = [(year + k // 4, k % 4 + 1) for k in range(number)]
    file = File(
        layout=layout,
        quarters=quarters,
        periods=[f"{year} Q{quarter}" for year, quarter in quarters],
        truth=truth,
        cells={name: [str(value) for value in values] for name, values in truth.items()},
        labels=dict(BOE if layout == "boe" else FED),
        units=dict.fromkeys(truth, "" if layout == "fed" else "%" if layout == "boe" else "percent"),
    )
    several(draw, CHANGES, file)
    given = made_or_rejected(lambda: payload(file))
    structural = bool(file.lines) or file.encoding != "utf-8" or file.separator != ","

    def check(made: xr.Dataset) -> list[str]:
        figures = {name: values[file.first :] / 100 for name, values in file.truth.items()}
        wrong = oracle.means_faults(made, figures, file.span)
        wrong += [
            f"{name} was read and is not ours"
            for name in FED
            if name in made and name not in file.truth and name != "real_income_growth"
        ]
        year, quarter = file.quarters[file.first]
        if not wrong and "start" in made.attrs and made.attrs["start"] != f"{year}-{3 * quarter - 2:02d}":
            wrong.append(f"starts in {made.attrs['start']}, expected {year}-{3 * quarter - 2:02d}")
        return wrong

    return file.case(f"{layout}: {file.what}"[:400], lambda: read(file, given), check, not structural)
