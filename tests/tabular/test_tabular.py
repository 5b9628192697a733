"""One reader for all kinds of table: the same cells from each, and a sentence for what is no table."""

import bz2
import datetime
import gzip
import lzma
import zipfile
from decimal import Decimal

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stresslab.schema import InputError
from stresslab.tabular import is_missing, numbers, open_table, parse_number, sources, tables, texts

HEADER = ["key", "who", "owed"]
ROWS = [["007", " a ", "1.5"], ["8", "NA", ""], ["9", "", "1e3"]]
CSV = "\n".join(",".join(row) for row in [HEADER, *ROWS]) + "\n"


def read(table, columns=("key", "who", "owed"), as_text=("key", "who"), **options):
    frame = open_table(table, **options).load(list(columns), as_text)
    return [[None if cell != cell else cell for cell in frame[name].tolist()] for name in columns]


def fault(table, columns=("key", "owed"), **options):
    with pytest.raises(InputError) as caught:
        open_table(table, **options).load(list(columns), ["key"])
    assert len(caught.value.faults) == 1
    return caught.value.faults[0]


def written(path, content, **options):
    path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content, **options)
    return path


RIGHT = [["007", "8", "9"], ["a", "NA", None], [1.5, None, 1000.0]]


def test_every_kind_of_table_holds_the_same_cells(tmp_path):
    frame = pd.DataFrame(
        {"key": ["007", "8", "9"], "who": [" a ", "NA", None], "owed": [1.5, np.nan, 1000.0], "more": [1, 2, 3]}
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t", encoding="utf-16")
    frame.to_csv(tmp_path / "semicolon.txt", index=False, sep=";", encoding="utf-8-sig")
    frame.to_csv(tmp_path / "pipe.txt", index=False, sep="|", lineterminator="\r\n")
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    text = (tmp_path / "a.csv").read_bytes()
    for name, pack in (("a.csv.gz", gzip.compress), ("a.csv.bz2", bz2.compress), ("a.csv.xz", lzma.compress)):
        written(tmp_path / name, pack(text))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("folder/a.csv", text)
    for path in tmp_path.iterdir():
        assert read(path) == RIGHT, path.name
    polars = pl.from_pandas(frame)
    for table in (frame, polars, polars.lazy(), polars.to_arrow(), frame.convert_dtypes(), frame.astype(object)):
        assert read(table) == RIGHT
    assert read(frame.astype({"who": "category"})) == RIGHT


def test_found_says_how_a_file_is_read(tmp_path):
    path = written(tmp_path / "a.csv", CSV.replace(",", "\t"), encoding="utf-16")
    assert open_table(path).found == "utf-16, separated by tabs, 3 columns 'key', 'who', 'owed'"
    assert open_table(pd.DataFrame({"key": ["a"]})).found == "1 column 'key'"


def test_rows_are_counted_as_an_editor_does(tmp_path):
    path = written(tmp_path / "a.csv", '\nkey,owed\n\n"a\nb",1\n\nc,2\n')
    table = open_table(path)
    table.load(["owed"])
    assert [table.place(row) for row in (0, 1)] == ["line 4", "line 7"]
    pd.DataFrame([[None, None], ["key", "owed"], ["a", 1]]).to_excel(tmp_path / "a.xlsx", index=False, header=False)
    sheet = open_table(tmp_path / "a.xlsx")
    sheet.load(["owed"])
    assert sheet.place(0) == "row 3"
    assert open_table(pd.DataFrame({"key": ["a"]})).place(0) == "position 0"


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("5.6", ".", 5.6),
        ("\u22125.6", ".", -5.6),
        ("\u00a05.6\u202f", ".", 5.6),
        ("1e3", ".", 1000.0),
        (".5", ".", 0.5),
        ("5,6", ",", 5.6),
        ("-8,9", ",", -8.9),
        ("5,6", ".", None),
        ("1.234,5", ".", None),
        ("1.234,5", ",", None),
        ("1.234", ",", None),
        ("1,234.50", ".", None),
        ("1 234", ".", None),
        ("5_6", ".", None),
        ("\u0661", ".", None),
        ("0x10", ".", None),
        ("inf", ".", None),
        ("(5.6)", ".", None),
        ("5.6-", ".", None),
        ("5.6%", ".", None),
        ("\u200b5.6", ".", None),
    ],
)
def test_a_number_is_read_right_or_not_at_all(text, decimal, number):
    assert parse_number(text, decimal) == number
    (cell,) = numbers([text], decimal).tolist()
    assert cell == (text if number is None else number)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_every_float_survives_as_text(values):
    assert numbers([repr(value) for value in values]).tolist() == values


def test_flags_are_the_same_word_in_any_case():
    assert numbers(["true", "False", "TRUE"]).tolist() == [True, False, True]
    assert numbers(pd.Series([True, False])).tolist() == [True, False]


def test_words_for_nothing_stand_among_numbers_as_they_are():
    assert numbers(["1", "NA", "."]).tolist() == [1.0, "NA", "."]
    assert [word for word in ("NA", "n/a", ".", "-", " ", "None", "0", "x") if not is_missing(word)] == ["0", "x"]


KEYS = [
    pd.Series([12, 7]),
    pd.Series([12.0, 7.0]),
    pd.Series([12, 7], dtype="uint64"),
    pd.Series([12, 7], dtype="Int64"),
    pd.Series([Decimal("12.00"), Decimal(7)]),
    pd.Series(["12", " 7"]),
    pd.Series([12, "7"], dtype=object),
    pd.Series(["12", "7"], dtype="category"),
]


@pytest.mark.parametrize("keys", KEYS, ids=lambda keys: str(keys.dtype))
def test_a_key_is_the_same_text_in_every_type(keys):
    assert texts(keys).tolist() == ["12", "7"]


def test_big_keys_stay_apart_and_those_that_lost_digits_show_it():
    big = [2**63 + 1, 2**63 + 2]
    assert texts(pd.Series(big, dtype="uint64")).tolist() == [str(key) for key in big]
    assert texts(pd.Series([2.0**53 + 2, 1.1e22])).tolist() == ["9.007199e+15", "1.100000e+22"]
    assert texts(pd.Series([1e15 - 1, 1e15])).tolist() == ["999999999999999", "1.000000e+15"]
    held = pa.table({"key": pa.array([2**60 + 1, None], pa.int64())})
    assert read(held, ["key"], ["key"]) == [[str(2**60 + 1), None]]


def test_names_are_composed_and_without_blanks():
    assert texts(["Caf\u0065\u0301\u00a0", " Caf\u00e9"]).tolist() == ["Café", "Café"]
    assert texts([datetime.date(2026, 3, 31), pd.Timestamp("2026-03-31"), True]).tolist() == [
        "2026-03-31",
        "2026-03-31",
        "True",
    ]


UNEVEN = [
    ("key,owed\na,1\nb,1,234.50\n", "line 3: found 3 cells 'b', '1', '234.50', expected 2 as in the header; correct"),
    ("key,who,owed\na,x,1\n\nb\n", "line 4: found 1 cells 'b', expected 3 as in the header; correct or remove"),
    ('key,owed\na,1\n"b,1\nc,2\n', "line 3: found it unreadable (unexpected end of data), expected cells; close its"),
    ("key,owed,owed\na,1,2\n", "'owed': found 2 columns of that name, expected one; rename the others"),
    ("key,Owed\na,1\n", "'owed': found no such column (there is 'Owed') among 'key', 'Owed', expected one; correct"),
    ('"key,owed\na,1\n', "line 1: found it unreadable (unexpected end of data), expected cells; close its"),
    ("", "file: found it empty, expected a header and rows; fill it"),
    ("\n\n", "file: found no rows, expected a header and rows; fill it"),
    ("A legal line\nkey,owed\na,1\nb,2\n", "header: found 'A legal line' alone in its line, above rows with 2 filled"),
    ("key,a;owed\nb,1;2\n", "separator: found 2 columns by commas or 2 columns by semicolons, expected one"),
    ("key,owed\na," + "9" * 200_000, "line 2: found it unreadable (field larger than field limit (131072))"),
    (b"key,owed\na\0,1\n", "file: found the character NUL (\\0) in it, expected text; save it again without it"),
    ("key,owed\nMüller,1\n".encode("latin-1"), "encoding: found bytes that are no utf-8 text, expected one that makes"),
    ("key,owed\na,1\nkey,owed\nb,2\n", "line 3: found the header again, expected a row of figures; remove it"),
    (b"\x1f\x8b\x08\x00 no archive", "file: found it unreadable ("),
    (gzip.compress(CSV.encode() * 999)[:-30], "file: found it unreadable ("),
    (b"PK\x03\x04 no archive", "file: found it unreadable ("),
    (b"PAR1 no table", "file: found it unreadable ("),
    (b"%PDF-1.4", "file: found a PDF, expected a table; save it as CSV"),
    (b"\n<!DOCTYPE html>\n<html>not found</html>", "file: found a web page, expected a table; save it as CSV"),
    (b'<?xml version="1.0"?><a/>', "file: found XML, expected a table; save it as CSV"),
    (b'{"key": ["a"]}', "file: found JSON, expected a table; save it as CSV"),
    (b"\x28\xb5\x2f\xfd" + bytes(80), "file: found a Zstandard archive, expected a table; unpack it"),
    (b"a.csv".ljust(257, b"\0") + b"ustar\x0000", "file: found a tar archive, expected a table; unpack it"),
    (gzip.compress(gzip.compress(CSV.encode())), "file: found a gzip archive, expected a table; unpack it"),
]


@pytest.mark.parametrize(("content", "says"), UNEVEN, ids=[str(place) for place in range(len(UNEVEN))])
def test_each_fault_of_a_file_is_one_sentence(content, says, tmp_path):
    assert fault(written(tmp_path / "a.csv", content)).startswith(says)


def test_rows_that_are_no_rows_are_left_out_by_their_first_words(tmp_path):
    text = 'A title\nkey,owed\na,1\nHeading\nb,2\n"Total, all",3\n'
    table = open_table(written(tmp_path / "a.csv", text), skip=["A title", "Heading", "Total"])
    assert table.load(["key", "owed"], ["key"]).values.tolist() == [["a", 1.0], ["b", 2.0]]
    assert table.place(1) == "line 5"


def test_a_file_without_a_header_gets_names(tmp_path):
    path = written(tmp_path / "a.txt", "1|x, y|2\n3|z|4\n")
    assert read(path, ["c", "a"], ["c"], names=["a", "b", "c"]) == [["2", "4"], [1.0, 3.0]]
    assert fault(path, names=["a"]).startswith("names: found 1 names for 3 columns '1', 'x, y', '2', expected one for")


def test_an_encoding_is_proposed_with_what_it_would_read_and_then_obeyed(tmp_path):
    path = written(tmp_path / "a.csv", "key,owed\n花呗,1\n", encoding="gb18030")
    assert "'gb18030' ('花呗')" in fault(path)
    assert "'gb18030' ('花呗')" in fault(path, encoding="ascii")
    assert read(path, ["key"], ["key"], encoding="gbk") == [["花呗"]]
    assert fault(path, encoding="utf-9").startswith("encoding: found 'utf-9', expected a text encoding")
    wide = written(tmp_path / "b.csv", CSV.encode("utf-16-le"))
    assert "'utf-16-le' ('key" in fault(wide)
    marked = written(tmp_path / "c.csv", CSV.encode("utf-8-sig"))
    assert fault(marked, encoding="latin-1").startswith(
        "encoding: found 'iso8859-1', and the file begins with the mark"
    )


def test_a_stated_separator_that_splits_nothing_is_not_obeyed(tmp_path):
    path = written(tmp_path / "de.csv", CSV.replace(",", ";"))
    assert fault(path, separator=",") == (
        "separator: found ',', which leaves the header in one cell, expected ';', which makes 3 columns of every line; "
        "correct separator="
    )


def test_a_stated_separator_is_obeyed_where_two_others_split_every_line(tmp_path):
    path = written(tmp_path / "a.csv", "key,a;owed\nb,1;2\n")
    assert open_table(path, separator="\t").header == ["key,a;owed"]


def test_what_is_no_file(tmp_path):
    assert fault("") == "file: found an empty path, expected one; give it"
    assert fault("s3://bucket/a.parquet").startswith("file: found the address 's3://bucket/a.parquet', expected a file")
    assert fault("https://example.org/a.csv").startswith("file: found the address 'https://example.org/a.csv'")
    written(tmp_path / "tape.csv", CSV)
    assert fault(tmp_path).startswith("file: found a folder with the files 'tape.csv', expected a file; name one")
    assert "(there is 'tape.csv')" in fault(tmp_path / "tapes.csv")
    assert fault("/dev/null").startswith("file: found '/dev/null', which is no ordinary file")
    assert fault([1, 2]).startswith("table: found [1, 2], expected a path to a .csv")


def test_archives_have_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "FREE", 10_000)
    monkeypatch.setattr(sources, "CHUNK", 1000)
    bomb = b"key,owed\n" + b"a,1\n" * 100_000
    assert "expected at most 200 times its size" in fault(written(tmp_path / "a.csv.gz", gzip.compress(bomb)))
    assert fault(written(tmp_path / "a.csv.bz2", bz2.compress(bomb))).startswith("archive: found more than")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", CSV)
    assert fault(tmp_path / "two.zip").startswith("archive: found 2 files ['a.csv', 'b.csv'], expected one")


def test_a_parquet_file_is_bounded_by_its_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "FREE", 10_000)
    same = pa.array(["a"] * 10**6).dictionary_encode()
    pa.parquet.write_table(pa.table({"key": same, "who": same, "owed": same}), tmp_path / "a.parquet")
    assert fault(tmp_path / "a.parquet").startswith("archive: found more than 23 MB unpacked from 0.0 MB, expected at")


def test_a_workbook_is_known_by_its_content_and_not_by_its_name(tmp_path):
    pd.DataFrame({"key": ["a"], "owed": [1.0]}).to_excel(tmp_path / "a.xlsx", index=False)
    for name in ("a.csv", "a.xls", "a"):
        (tmp_path / name).write_bytes((tmp_path / "a.xlsx").read_bytes())
        assert read(tmp_path / name, ["key", "owed"], ["key"]) == [["a"], [1.0]]
    assert fault(written(tmp_path / "b.xlsx", CSV)) == (
        "file: found it unreadable as a workbook, expected one; save it again, or call it .csv if it is text"
    )


def test_a_sheet_of_several_is_asked_for(tmp_path):
    with pd.ExcelWriter(tmp_path / "a.xlsx") as writer:
        for name, owed in (("Jan", 1.0), ("Feb", 2.0)):
            pd.DataFrame({"key": [12], "owed": [owed]}).to_excel(writer, sheet_name=name, index=False)
    assert fault(tmp_path / "a.xlsx").startswith("sheet: found ['Jan', 'Feb'], expected to know which one; pass sheet=")
    assert "(there is 'Feb')" in fault(tmp_path / "a.xlsx", sheet="feb")
    assert read(tmp_path / "a.xlsx", ["key", "owed"], ["key"], sheet="Feb") == [["12"], [2.0]]


def test_a_sheet_with_a_border_and_nothing_in_it_is_empty(tmp_path):
    book = openpyxl.Workbook()
    for row in (["key", "owed"], ["a", 1]):
        book.active.append(row)
    book.create_sheet("Notes")["B2"].font = openpyxl.styles.Font(bold=True)
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx", ["key", "owed"], ["key"]) == [["a"], [1.0]]


OPTIONS = [
    ({"sheet": "x"}, "sheet: found 'x' for a text file, expected it for a workbook; drop sheet="),
    ({"decimal": "'"}, "decimal: found \"'\", expected '.' or ','; choose one"),
    ({"separator": ", "}, "separator: found ', ', expected one character"),
    ({"separator": ",", "decimal": ","}, "separator: found ',' with decimal=',', expected two different signs"),
]


@pytest.mark.parametrize(("options", "says"), OPTIONS)
def test_options_that_cannot_be_followed_are_refused(options, says, tmp_path):
    assert fault(written(tmp_path / "a.csv", CSV), **options).startswith(says)
    assert read(tmp_path / "a.csv", separator=",", decimal=".") == RIGHT
    german = written(tmp_path / "de.csv", "key;who;owed\n007; a ;1,5\n8;NA;\n9;;1e3\n")
    assert read(german, separator=";", decimal=",") == read(german, decimal=",") == RIGHT
    assert fault(pd.DataFrame(), separator=";").startswith("separator: found ';' for a table in memory")


def test_cells_that_are_no_names_are_refused():
    assert fault(pd.DataFrame({"key": [b"a"], "owed": [1]})) == "'key': found b'a', expected text; convert it"
    doubled = pd.DataFrame([["a", 1, 2]], columns=["key", "owed", "owed "])
    assert fault(doubled).startswith("'owed': found 2 columns of that name")


def test_a_table_may_be_wide(tmp_path):
    names = [f"c{place}" for place in range(300)]
    text = ",".join(names) + "\n" + ",".join(map(str, range(300))) + "\n"
    assert read(written(tmp_path / "a.csv", text), ["c0", "c299"], []) == [[0.0], [299.0]]
    assert read(tmp_path / "a.csv", ["x299"], ["x299"], names=[f"x{place}" for place in range(300)]) == [
        ["c299", "299"]
    ]


def test_nothing_is_nothing_in_every_type():
    nothing = [None, float("nan"), Decimal("NaN"), pd.NA, pd.NaT]
    assert texts(nothing).tolist() == [None] * 5
    assert np.isnan(numbers(nothing).astype(float)).all()
    assert texts(pd.Series(nothing, dtype=object)).tolist() == [None] * 5
    assert texts(pd.Series(["a", None, " b "])).tolist() == ["a", None, "b"]


def test_numbers_that_no_float_holds_stay_as_they_are():
    long = 10**400
    assert numbers([long, 1]).tolist() == [str(long), 1.0]
    assert texts([Decimal("1e3"), Decimal("Infinity"), 12.5, np.float32(0.5)]).tolist() == [
        "1000",
        "Infinity",
        "12.5",
        "0.5",
    ]


@pytest.mark.parametrize("content", [b"1.2.3", b"1e", b"--1", b"+"])
def test_signs_of_a_number_alone_make_none(content, tmp_path):
    path = written(tmp_path / "a.csv", b"key,owed\na," + content + b"\nb,2\n")
    assert read(path, ["owed"]) == [[content.decode(), 2.0]]


def test_a_file_of_many_pieces_is_one_table(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "PIECE", 2)
    rows = [f"k{place},{owed}" for place, owed in enumerate(["1", "2", "true", "x", "", "6", "7"])]
    table = open_table(written(tmp_path / "a.csv", "\n".join(["key,owed", *rows, ""])))
    frame = table.load(["owed", "key"], ["key"])
    assert frame["key"].tolist() == [f"k{place}" for place in range(7)]
    assert frame["owed"].tolist()[:4] == [1.0, 2.0, True, "x"]
    assert frame["owed"].tolist()[5:] == [6.0, 7.0]
    assert np.isnan(frame["owed"][4])
    assert [table.place(row) for row in (0, 2, 6)] == ["line 2", "line 4", "line 8"]
    empty = open_table(written(tmp_path / "b.csv", "key,owed\n"))
    assert empty.load(["owed"]).shape == (0, 1)


def test_the_first_five_uneven_rows_are_shown_and_the_others_counted(tmp_path):
    def said(count):
        path = written(tmp_path / "a.csv", "key,owed\na,1\n" + "b,1,2\n" * count)
        with pytest.raises(InputError) as caught:
            open_table(path).load(["owed"])
        return caught.value.faults

    assert [line.split(":")[0] for line in said(5)] == [f"line {place}" for place in range(3, 8)]
    assert "like these" not in said(5)[4]
    assert len(said(7)) == 5
    assert said(7)[4].startswith("line 7: found 3 cells 'b', '1', '2', expected 2 as in the header; ")
    assert said(7)[4].endswith("skip=['b'] (and 2 more lines like these)")


SPLIT = [
    ("key\na\nb\n", ","),  # one column
    ("key;owed\na;1\nb;2,5\n", ";"),  # the other sign does not split the header
    ("key;owed;more\na;1\nb;2;3\n", ";"),  # splits the header alone, and not every line alike
    ("a,b;c\n1,2;3\n1\n", ","),  # both split the header, and neither every line alike
    ("Title\nkey\towed\na\t1\nb\t2\n", "\t"),  # a title above the header
    ("key,owed\n" + "a,1;2\n" * 3, ","),
]


@pytest.mark.parametrize(("content", "separator"), SPLIT, ids=[str(place) for place in range(len(SPLIT))])
def test_the_separator_is_what_splits_the_header_and_all_lines(content, separator, tmp_path):
    path = written(tmp_path / "a.txt", content)
    if "b;c" in content:
        expected = "separator: found 2 columns by commas or 2 columns by semicolons, expected one that splits every"
        assert fault(path).startswith(expected)
        assert open_table(path, separator=separator).header == ["a", "b;c"]
    elif "Title" in content:
        assert fault(path).startswith("header: found 'Title' alone in its line, above rows with 2 filled")
        assert open_table(path, skip=["Title"]).header == ["key", "owed"]
    else:
        names = content.split("\n")[0].split(separator)
        assert open_table(path).header == open_table(path, separator=separator).header == names


def test_the_separator_is_told_from_whole_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "SAMPLE", len("key,owed\na,1\nb"))
    assert open_table(written(tmp_path / "a.txt", "key,owed\na,1\nb,2\n")).header == ["key", "owed"]


def test_the_first_rows_are_shown_as_text(tmp_path):
    path = written(tmp_path / "a.csv", "key,owed\na,1\n\nb,\n")
    assert open_table(path).preview() == [["a", "1"], ["b", ""]]
    assert open_table(path, names=["x", "y"]).preview() == [["key", "owed"], ["a", "1"], ["b", ""]]
    assert open_table(pd.DataFrame({"key": ["a", None], "owed": [1, 2]})).preview() == [["a", "1"], ["", "2"]]


def test_a_sheet_is_as_wide_as_its_first_rows(tmp_path):
    def sheet(*rows):
        pd.DataFrame(rows).to_excel(tmp_path / "a.xlsx", index=False, header=False)
        return tmp_path / "a.xlsx"

    assert open_table(sheet(["key", "owed", None], ["a", 1, None])).header == ["key", "owed"]
    assert open_table(sheet(["key", "owed", None], ["a", 1, "note"])).header == ["key", "owed", ""]
    below = [["key", "owed", None]] + [["a", 1, None]] * 250 + [["b", 2, "note"]]
    assert fault(sheet(*below)).startswith("row 252: found 3 cells 'b', '2', 'note', expected 2 as in the header")


def test_numbers_of_more_digits_than_a_sheet_holds_are_floats(tmp_path):
    whole = [10**15 - 1, 10**15, -(10**15)]
    pd.DataFrame({"key": whole, "owed": 1.0}).to_excel(tmp_path / "a.xlsx", index=False)
    assert read(tmp_path / "a.xlsx", ["key"], ["key"]) == [["999999999999999", "1.000000e+15", "-1.000000e+15"]]


def test_an_archive_may_unpack_to_a_small_file_of_any_size(tmp_path):
    """1,700 times its size, and not half a megabyte."""
    text = b"key,owed\n" + b"a,1\n" * 100_000
    packed = gzip.compress(text)
    assert len(text) > 200 * len(packed)
    assert len(read(written(tmp_path / "a.csv.gz", packed), ["owed"])[0]) == 100_000


def test_an_archive_is_refused_from_its_bound_on(monkeypatch):
    monkeypatch.setattr(sources, "FREE", 1_000)
    sources.refuse_bomb("a", 1_000, 1)
    sources.refuse_bomb("a", 2_000, 10)
    for unpacked, packed in ((1_001, 1), (2_001, 10)):
        with pytest.raises(InputError, match="archive: found more than"):
            sources.refuse_bomb("a", unpacked, packed)


def test_the_words_that_an_encoding_would_make_are_cut_at_their_cell(tmp_path):
    long = "花" * 60
    for text, words in (("a,花呗,b\n", "花呗"), (f"a,{long},b\n", long[:24]), ("花呗", "花呗")):
        path = written(tmp_path / "a.csv", "key,who,owed\n" + text, encoding="gb18030")
        assert f"'gb18030' ('{words}')" in fault(path)
    for encoding in ("hex", "rot13", "undefined"):
        assert fault(path, encoding=encoding).startswith(f"encoding: found {encoding!r}, expected a text encoding")


def test_a_zip_archive_may_hold_folders_and_the_marks_of_a_mac(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("folder/", "")
        archive.writestr("folder/a.csv", CSV)
        archive.writestr("__MACOSX/a.csv", "x")
    assert read(tmp_path / "a.zip") == RIGHT


def test_nothing_is_nothing_in_the_types_of_numpy_too():
    nothing = [np.float32("nan"), np.datetime64("NaT"), np.timedelta64("NaT"), Decimal("sNaN")]
    assert texts(nothing).tolist() == [None] * 4
    assert np.isnan(numbers(nothing)).all()
    assert texts(pd.Series(["a", None, "b"], dtype="category")).tolist() == ["a", None, "b"]
    assert texts(pd.Series([1, None, 2], dtype="Int64")).tolist() == ["1", None, "2"]


def test_moments_are_names_with_their_hour():
    noon = datetime.datetime(2026, 3, 31, 12)
    assert texts([np.datetime64("2026-03-31"), noon, pd.Timestamp(noon)]).tolist() == [
        "2026-03-31", "2026-03-31 12:00:00", "2026-03-31 12:00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pd.Series([True, False]), [True, False]),
        (pd.Series([True, None], dtype="boolean"), [True, None]),
        (pd.Series([True, "x", 1], dtype=object), [True, "x", 1.0]),
        (pd.Series([1, None], dtype="Int64"), [1.0, None]),
        (pd.Series([1 + 2j]), [1 + 2j]),
        (pd.Series([np.True_, np.int8(3), np.float32(0.5), Decimal("0.25")], dtype=object), [True, 3.0, 0.5, 0.25]),
        (pd.Series(["True ", " 5 ", "  "]), [True, 5.0, None]),
    ],
)
def test_a_column_in_memory_holds_numbers_flags_and_what_is_neither(column, values):
    read_values = numbers(column)
    assert [None if cell != cell else cell for cell in read_values.tolist()] == values
    assert [type(cell) for cell in read_values.tolist()] == [float if v is None else type(v) for v in values]
    assert read_values.dtype == {bool: bool, float: float}.get(
        next(iter(kinds)) if len(kinds := {*map(type, read_values.tolist())}) == 1 else None, object
    )


def test_the_exponent_shows_from_the_sixteenth_digit_on_of_either_sign():
    assert texts([1e15 - 1, 1e15, 1 - 1e15, -1e15]).tolist() == [
        "999999999999999", "1.000000e+15", "-999999999999999", "-1.000000e+15",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("two\n lines"), "sheet: found it unreadable (two lines), expected a whole table; save it again"),
        (KeyError(), "sheet: found it unreadable (KeyError), expected a whole table; save it again"),
        (ImportError("no openpyxl"), "sheet: no openpyxl, expected the packages that read it; pip install"),
        (InputError("other", ["cell: found x"]), "cell: found x"),
    ],
)
def test_what_another_library_says_is_one_sentence(error, says):
    with pytest.raises(InputError) as caught, sources.failing("a.csv", "sheet"):
        raise error
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].startswith(says)


def test_an_archive_of_a_quarter_of_a_gigabyte_is_not_asked_for_its_size():
    sources.refuse_bomb("a", 256 * 1024 * 1024, 1)
    with pytest.raises(InputError, match=r"archive: found more than 256 MB unpacked from 0\.0 MB"):
        sources.refuse_bomb("a", 256 * 1024 * 1024 + 1, 1)


def test_an_archive_without_files_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("folder/", "")
        archive.writestr("__MACOSX/a.csv", "x")
    assert fault(tmp_path / "a.zip").startswith("archive: found 0 files [], expected one")


def test_a_workbook_without_rows_is_refused(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Jan"
    book.save(tmp_path / "a.xlsx")
    assert fault(tmp_path / "a.xlsx") == "workbook: found no rows, expected a header and rows; fill it"
    book.create_sheet("Feb").append(["key", "owed"])
    book["Feb"].append(["a", 1])
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx", ["key", "owed"], ["key"]) == [["a"], [1.0]]
    assert fault(tmp_path / "a.xlsx", sheet="Jan") == "file: found no rows, expected a header and rows; fill it"


@pytest.mark.parametrize(("mark", "stated"), [("utf-8-sig", "utf8"), ("utf-16", "utf-16-le"), ("utf-32", "U32")])
def test_an_encoding_may_be_stated_that_the_mark_of_the_file_proves(mark, stated, tmp_path):
    path = written(tmp_path / "a.csv", CSV, encoding=mark)
    assert read(path, encoding=stated) == read(path) == RIGHT


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"key\na\0,bcde", "file: found the character NUL"),  # one byte of eleven
        (b"key\na\0,bcd", "encoding: found bytes that are no utf-8 text"),  # one of ten
        (b"key,owed\na,\xc3", "encoding: found bytes that are no utf-8 text"),  # half a character at the end
        (b"\xff\xfek\0e\0y\0\n\0a", "encoding: found bytes that are no utf-16 text"),
    ],
)
def test_bytes_that_are_no_text_are_refused(content, says, tmp_path):
    assert fault(written(tmp_path / "a.csv", content)).startswith(says)


def test_a_character_may_be_cut_where_a_file_is_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "CHUNK", 1)
    assert read(written(tmp_path / "a.csv", "key\n花呗\n", encoding="utf-8"), ["key"], ["key"]) == [["花呗"]]


FOREIGN = [
    ("key,who\na,Müller\n", "latin-1", "'gb18030' ('M黮ler') or 'cp1252' ('Müller')"),
    (",„Über“\n", "cp1252", "'cp1252' ('„Über“')"),
    ("Über\nb,c\n", "latin-1", "'gb18030' ('躡er') or 'big5' ('鈁er') or 'shift_jis' ('ﾜber') or 'cp1252' ('Über')"),
    ("key\r\na,„Über“\r\n", "cp1252", "'cp1252' ('„Über“')"),
    ("key\tname\na\t„Über“\n", "cp1252", "'cp1252' ('a\\t„Über“')"),
    ("key,花呗\na,1\n", "utf-16-le", "'utf-16-le' ('key,花呗') or 'utf-16-be' ('欀攀礀Ⰰ놂坔')"),
    ("key,花呗\na,1\n", "utf-16-be", "'utf-16-be' ('key,花呗')"),
    ("花呗,b\na\n", "utf-16-le", "'utf-16-le' ('花呗') or 'utf-16-be' ('놂坔')"),
]


@pytest.mark.parametrize(("text", "encoding", "ways"), FOREIGN)
def test_the_encodings_proposed_are_those_that_make_words_of_the_bytes(text, encoding, ways, tmp_path):
    assert fault(written(tmp_path / "a.csv", text.encode(encoding))) == (
        f"encoding: found bytes that are no utf-8 text, expected one that makes sense of them, as {ways}; pass it with "
        "encoding=, or save the file as UTF-8"
    )


def test_an_encoding_that_was_stated_and_is_wrong_is_not_proposed_again(tmp_path):
    path = written(tmp_path / "a.csv", b"key,\xbb\xa8\xdf\xc2\na,\xff\n")
    assert "as 'gb18030' ('花呗') or 'big5' (" in fault(path)
    assert "expected one that makes sense of them, as 'big5' (" in fault(path, encoding="gb18030")


SEPARATED = [
    ("key;a,b\nx;1\ny;2,5\n", ";"),  # both split the header, one of them every line alike
    ("A title\n1\t2\n3\t4\n", "\t"),  # what splits most lines, below a title that nothing splits
    ("A title\nb\n1|2\n3|4\n5|6\n", "|"),
    ("A title\nb\nc\nd\n1|2\n", ","),
    ('key,owed\na,"1;2;3"\n', ","),
    ("key|owed\na|1\n", "|"),
]


@pytest.mark.parametrize(("content", "separator"), SEPARATED)
def test_the_separator_that_is_found_is_said(content, separator, tmp_path):
    path = written(tmp_path / "a.txt", content)
    names = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
    assert sources.text_rows(path, None, None, ())[1] == f"utf-8, separated by {names[separator]}"


def test_the_last_line_of_a_sample_counts_only_if_it_is_whole(tmp_path, monkeypatch):
    text = "key;a,b\nx;1\ny;2,"
    path = written(tmp_path / "a.txt", text + "5\n")
    monkeypatch.setattr(sources, "SAMPLE", len(text) - 2)  # the header and two lines, the second of them cut
    assert open_table(path).header == ["key", "a,b"]
    written(path, text)
    monkeypatch.setattr(sources, "SAMPLE", len(text))
    assert open_table(path).header == ["key", "a,b"]


def test_quotes_that_are_not_closed_are_no_line_of_a_separator(tmp_path, monkeypatch):
    text = 'key;a,b\nx;1,2\n"y;3'
    path = written(tmp_path / "a.txt", text + '";4\n')
    for size in (len(text), len(text) + 10):  # cut in the cell, and whole
        monkeypatch.setattr(sources, "SAMPLE", size)
        if size == len(text):
            assert fault(path).startswith("separator: found 2 columns by commas or 2 columns by semicolons")
        else:
            assert open_table(path).header == ["key", "a,b"]


def test_words_to_skip_stand_in_the_first_cell_that_is_filled(tmp_path):
    pd.DataFrame([[None, "Title"], ["key", "owed"], ["a", 1], [None, "Total 1"], ["b", None]]).to_excel(
        tmp_path / "a.xlsx", index=False, header=False
    )
    table = open_table(tmp_path / "a.xlsx", skip=("Title", "Total"))
    assert table.load(["key"], ["key"])["key"].tolist() == ["a", "b"]
    assert table.place(1) == "row 5"


@pytest.mark.parametrize(
    ("rows", "filled"),
    [
        ("A title\nkey,owed\n", 2),
        ("A title\nb\nkey,owed\n", 2),
        ("A title\nb\nkey,owed\nc\n", None),
        ("A title\nkey,owed,who\n", 3),
        ("key\na\nb\n", None),
        ("key\n", None),
        ("key,owed\na\nb\n", None),
    ],
)
def test_a_title_is_alone_in_its_line_above_most_rows_with_several_cells(rows, filled, tmp_path):
    path = written(tmp_path / "a.csv", rows)
    if filled is None:
        assert open_table(path, separator=",").header == rows.split("\n")[0].split(",")
    else:
        assert fault(path, separator=",") == (
            f"header: found 'A title' alone in its line, above rows with {filled} filled, expected names of columns; "
            "leave it out with skip=['A title']"
        )
        assert open_table(path, separator=",", names=["a"]).header == ["a"]


def test_a_title_in_a_sheet_is_told_from_its_filled_cells(tmp_path):
    pd.DataFrame([[None, "A title"], ["key", "owed"], ["a", 1]]).to_excel(
        tmp_path / "a.xlsx", index=False, header=False
    )
    assert fault(tmp_path / "a.xlsx").startswith("header: found 'A title' alone in its row, above rows with 2 filled")


def test_names_are_one_for_each_column_and_no_row_is_a_header(tmp_path):
    path = written(tmp_path / "a.csv", "a,1\na,1\n")
    assert read(path, ["x", "y"], ["x"], names=["x", "y"]) == [["a", "a"], [1.0, 1.0]]
    for names in ([], ["x"], ["x", "y", "z"]):
        assert fault(path, names=names) == (
            f"names: found {len(names)} names for 2 columns 'a', '1', expected one for each; correct names="
        )


def test_a_row_like_the_header_in_its_first_cell_alone_is_a_row(tmp_path):
    assert read(written(tmp_path / "a.csv", "key,owed\nkey,1\n"), ["key", "owed"], ["key"]) == [["key"], [1.0]]


def test_the_header_is_found_again_in_a_sheet_with_a_border(tmp_path):
    book = openpyxl.Workbook()
    for row in (["key", "owed"], ["a", 1], ["key", "owed"], ["b", 2]):
        book.active.append(row)
    book.active["D1"].font = openpyxl.styles.Font(bold=True)
    book.save(tmp_path / "a.xlsx")
    assert fault(tmp_path / "a.xlsx") == "row 3: found the header again, expected a row of figures; remove it"


def test_a_file_in_which_no_row_fits_the_header_names_the_first(tmp_path):
    said = fault(written(tmp_path / "a.csv", "key,owed\na,1,2\n"))
    assert said == (
        "line 2: found 3 cells 'a', '1', '2', expected 2 as in the header; correct or remove the line, or leave it out "
        "with skip=['a']"
    )


ALL_OPTIONS = {"encoding": "utf-8", "separator": ";", "sheet": "x", "skip": ["x"], "names": ["x"]}


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        ("text file", {"encoding", "separator", "skip", "names"}),
        ("workbook", {"sheet", "skip", "names"}),
        ("Parquet file", set()),
        ("table in memory", set()),
    ],
)
def test_each_kind_of_table_takes_its_options_and_no_others(kind, taken, tmp_path):
    frame = pd.DataFrame({"key": ["a"], "owed": [1.0]})
    frame.to_csv(tmp_path / "text file", index=False)
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    (tmp_path / "a.xlsx").rename(tmp_path / "workbook")
    frame.to_parquet(tmp_path / "Parquet file")
    with pytest.raises(InputError) as caught:
        open_table(frame if kind == "table in memory" else tmp_path / kind, decimal=";", **ALL_OPTIONS)
    refused = [name for name in ALL_OPTIONS if name not in taken]
    where = {"sheet": "a workbook"}
    assert caught.value.faults == [
        *(
            f"{name}: found {ALL_OPTIONS[name]!r} for a {kind}, expected it for {where.get(name, 'a file of text')}; "
            f"drop {name}="
            for name in sorted(refused, key=["encoding", "separator", "sheet", "skip", "names"].index)
        ),
        "decimal: found ';', expected '.' or ','; choose one",
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"separator": ""}, "separator: found '', expected one character"),
        ({"separator": '"'}, "separator: found '\"', expected one character"),
        ({"separator": "\n"}, "separator: found '\\n', expected one character"),
        ({"encoding": 8}, "encoding: found 8"),
        ({"names": "ab"}, "names: found 'ab', expected a list of words; write it as ['...', '...']"),
        ({"names": ["a", 1]}, "names: found ['a', 1], expected a list of words"),
        ({"names": 3}, "names: found 3, expected a list of words"),
        ({"skip": ["a", ""]}, "skip: found ['a', ''], expected a list of words"),
        ({"skip": ""}, "skip: found [''], expected a list of words"),
        ({"skip": 3}, "skip: found 3, expected a list of words"),
    ],
)
def test_options_that_are_no_words_or_signs_are_refused(options, says, tmp_path):
    assert fault(written(tmp_path / "a.csv", CSV), **options).startswith(says)


def test_a_comma_may_be_a_decimal_sign_beside_any_other_separator(tmp_path):
    tabs = written(tmp_path / "a.csv", "key\towed\na\t1,5\n")
    assert read(tabs, ["owed"], [], decimal=",", separator="\t") == [[1.5]]
    assert read(tabs, ["owed"], [], separator="\t") == [["1,5"]]


def test_paths_that_lead_to_no_file(tmp_path):
    assert fault("a\0b").startswith("file: found 'a\\x00b', expected a path as text; give one")
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    assert fault(tmp_path / "folder") == "file: found a folder without files, expected a file; name one"
    nowhere = tmp_path / "none" / "a.csv"
    assert fault(nowhere) == f"file: found none at {str(nowhere)!r}, expected one; correct the path"
    assert fault(tmp_path / "folders").startswith(
        f"file: found none at {str(tmp_path / 'folders')!r} (there is 'folder')"
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.parquet", "Parquet file"), ("a.PQ", "Parquet file"), ("a.xlsx", "workbook"), ("a.xlsm", "workbook")],
)
def test_a_file_is_what_its_name_says_or_refused(name, kind, tmp_path):
    assert fault(written(tmp_path / name, CSV)) == (
        f"file: found it unreadable as a {kind}, expected one; save it again, or call it .csv if it is text"
    )
    assert fault(written(tmp_path / name, b"")) == "file: found it empty, expected a header and rows; fill it"


class Collected:
    """What has the methods of a table, and is none."""

    column_names = columns = ("key",)

    def collect(self):
        return pl.DataFrame({"key": ["a"], "owed": [1]})

    def __repr__(self):
        return "Collected"


@pytest.mark.parametrize("other", [Collected(), pl.Series([1]), pa.array([1]), {"key": ["a"]}])
def test_what_is_no_table_is_shown(other):
    assert fault(other).startswith("table: found ")
    assert "expected a path to a .csv, .tsv, .txt, .xlsx or .parquet file" in fault(other)


def test_a_frame_has_one_header():
    two = pd.DataFrame([["a", 1]], columns=pd.MultiIndex.from_tuples([("x", "key"), ("x", "owed")]))
    assert fault(two) == "header: found 2 levels, expected one; join their names"


def test_a_header_is_quoted_up_to_some_words():
    assert tables.listed(["a", "b"], 2) == "'a', 'b'"
    assert tables.listed(["a", "b", "c"], 2) == "'a', 'b' and 1 more"
    assert open_table(pd.DataFrame()).found == "0 columns "
    assert open_table(pd.DataFrame({"b": [1], "a": [2]})).found == "2 columns 'b', 'a'"


def test_rows_can_be_left_out_of_files_of_rows(tmp_path):
    frame = pd.DataFrame({"key": ["a"], "owed": [1.0]})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    rows = [frame, tmp_path / "a.parquet", tmp_path / "a.xlsx", written(tmp_path / "a.csv", CSV)]
    assert [open_table(table).in_rows for table in rows] == [False, False, True, True]


def test_each_fault_of_the_columns_wanted_is_named_once():
    with pytest.raises(InputError) as caught:
        open_table(pd.DataFrame({"a": [1]})).load(["x", "a", "x", "y"])
    assert [said.split(":")[0] for said in caught.value.faults] == ["'x'", "'y'"]


def test_a_place_is_a_position_until_rows_are_read(tmp_path):
    table = open_table(written(tmp_path / "a.csv", "key\na\nb\n"))
    assert table.place(1) == "position 1"
    table.load(["key"], ["key"])
    table.load(["key"], ["key"])
    assert table.place(1) == "line 3"


def test_a_fault_is_said_of_the_name_of_its_file(tmp_path):
    for path, subject in ((tmp_path / "a.csv", "a.csv"), ("/", "/")):
        with pytest.raises(InputError) as caught:
            open_table(path)
        assert caught.value.subject == subject
