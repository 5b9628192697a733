"""How the pages are built: every notebook and example runs, and a warning is an error (`make docs`)."""

import re
import sys
from dataclasses import MISSING, fields, is_dataclass
from importlib.metadata import version as version_of

from sphinx.application import Sphinx

import stresslab as sl

sys.modules["stresslab.plot"] = sl.plot  # autodoc then finds `sl.plot.fan` under the name that people type

project = "stresslab"
author = "stresslab developers"
copyright = "2026, stresslab developers"
version = release = version_of("stresslab")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
exclude_patterns = ["_build", "gallery/*.ipynb"]
smartquotes_action = "D"  # dashes only: quotes stay what one types
default_role = "code"  # `name` in a docstring
highlight_language = "none"  # a formula is no Python

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_render_markdown_format = "myst"

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
numpydoc_show_class_members = False
maximum_signature_line_length = 88
python_use_unqualified_type_names = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "stresslab"
html_static_path = ["_static"]
html_css_files = ["stresslab.css"]
html_favicon = "_static/stresslab.svg"
html_show_sourcelink = False
WHOLE_PAGES = (
    "index", "glossary", "tutorial", "evidence", "responses", "provisions", "liquidity", "capital", "reverse",
    "calibration", "backtest",
    "own_behaviour", "ideas/*",
)  # fmt: skip
html_sidebars = {page: [] for page in WHOLE_PAGES}
html_theme_options = {
    "logo": {"text": "stresslab", "image_light": "_static/stresslab.svg", "image_dark": "_static/stresslab.svg"},
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": {"api/generated/*": []},
}

PARAMETER = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*) : (.+)")
OUTCOME = re.compile(r"(Returns|Raises \w+),? (.+)")
FORMULA = re.compile(r"\S+(?: +\S+){0,2} +(?:=|<=|>=|~) .+")
LABEL = re.compile(r"[A-Z][\w ]{0,24}: ")


def plain(text: str) -> str:
    """Text in which only backticks mean something: what else reStructuredText would read as markup is escaped."""
    spans = re.split(r"(``.+?``|`[^`]+`)", text)
    spans[::2] = [re.sub(r"([\\*|]|_(?!\w))", r"\\\1", span) for span in spans[::2]]
    return "".join(spans)


def field_of(text: str) -> tuple[str, str, str] | None:
    """Section, name and text of a line `name, name : text`, `Returns Kind text` or `Raises Error text`; else None."""
    if match := PARAMETER.fullmatch(text):
        return "Parameters", match[1], match[2]
    if match := OUTCOME.fullmatch(text):
        section, _, name = match[1].partition(" ")
        first, _, rest = match[2].partition(" ")
        return (section, name, match[2]) if name else (section, first.strip(",:;"), rest)
    return None


def house_style(lines: list[str]) -> list[str]:
    """Numpydoc sections of a docstring in the house style, which CONTRIBUTING.md describes."""
    labelled: list[tuple[str, str, list[str]]] = []
    paragraphs: list[list[str]] = []
    last = "gap"
    for line in lines:
        text, indented = line.strip(), line[:1].isspace()
        runs_on = indented or not text[:1].isupper()
        new_sentence = last != "prose" or paragraphs[-1][-1][-1] in ".:;"
        if not text:
            last = "gap"
        elif last == "doctest":
            paragraphs[-1].append(line)
        elif text.startswith(">>>"):
            paragraphs.append([line])
            last = "doctest"
        elif not indented and (field := field_of(text)):
            labelled.append((*field[:2], [field[2]]))
            last = "field"
        elif last == "field" and (indented or (runs_on and not FORMULA.fullmatch(text))):
            section, _, entries = labelled[-1]
            if indented and section == "Returns" and entries[-1][-1:] in (*".:;", ""):
                entries.append(text)  # one variable of a dataset on each line
            else:
                entries[-1] += f" {text}"
        elif last == "formula" and runs_on:
            paragraphs[-1].append(f"    {line}")
        elif (indented and last == "gap") or (new_sentence and FORMULA.fullmatch(text)):
            paragraphs.append(["::", "", f"    {line}"])
            last = "formula"
        else:
            if last != "prose" or LABEL.match(text):
                paragraphs.append([])
            paragraphs[-1].append(plain(text))
            last = "prose"
    blocks = paragraphs[:1]
    for section in ("Parameters", "Returns", "Raises"):
        rows: list[str] = []
        for kind, name, (text, *entries) in labelled:
            if kind == section:
                bullets = [f"    - {plain(entry)}" for entry in entries]
                rows += [name, f"    {plain(text)}", *(["", *bullets] if bullets else [])]
        blocks += [[section, "-" * len(section), *rows]] if rows else []
    examples = [block for block in paragraphs[1:] if block[0].startswith(">>>")]
    notes = [block for block in paragraphs[1:] if block not in examples]
    blocks += [["Notes", "-----"], *notes] if notes else []
    blocks += [["Examples", "--------"], *examples] if examples else []
    return "\n\n".join("\n".join(block) for block in blocks if block).splitlines()


def read_house_style(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = house_style(lines)


def short_signature(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """A dataclass's own signature spells out nested defaults and factories; this one says "..." for them."""
    if what != "class" or not is_dataclass(obj):
        return signature, returns
    shown = [
        item.name
        if item.default is MISSING and item.default_factory is MISSING
        else f"{item.name}={item.default!r}"
        if isinstance(item.default, bool | int | float | str | None)
        else f"{item.name}=..."
        for item in fields(obj)
    ]
    return f"({', '.join(shown)})", returns


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", read_house_style, priority=100)  # before numpydoc reads it
    app.connect("autodoc-process-signature", short_signature)
