"""How the pages are built: every notebook and example runs, and a warning is an error (`make docs`).

`run_pages.py` runs the pages beforehand, several at a time; what it has run is read from its cache.
"""

import os
from dataclasses import MISSING, fields, is_dataclass
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(DOCS), os.environ.get("PYTHONPATH")]))  # `import shared`

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
exclude_patterns = ["_build", "gallery/*.ipynb", "**/.ipynb_checkpoints"]
smartquotes_action = "D"  # dashes only: quotes stay what one types
default_role = "code"  # `name` in a docstring
highlight_language = "none"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_cache_path = str(DOCS / "_build" / ".jupyter_cache")
nb_execution_timeout = -1  # a busy machine may take its time
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
    "parallel": 2,
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
html_context = {"default_mode": "auto"}  # the theme reports an error where none is set
html_sidebars = {"index": []}
html_theme_options = {
    "logo": {"text": "stresslab", "image_light": "_static/stresslab.svg", "image_dark": "_static/stresslab.svg"},
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": {"api/generated/*": []},
}


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
    app.connect("autodoc-process-signature", short_signature)
