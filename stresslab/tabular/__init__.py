"""One reader for all kinds of table: text files, workbooks, Parquet, and tables of pandas, Polars and Arrow."""

from stresslab.tabular.cells import EXACT, MISSING_WORDS, is_missing, numbers, parse_number, texts
from stresslab.tabular.tables import Table, listed, open_table

__all__ = ["EXACT", "MISSING_WORDS", "Table", "is_missing", "listed", "numbers", "open_table", "parse_number", "texts"]
