"""Pages of the documentation as text: their prose, and their code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    path
    for path in sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
    if not {"_build", "gallery", "generated"} & {*path.relative_to(ROOT).parts}
]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
FENCE = re.compile(r"^(?P<ticks>```+)(?P<kind>[^\n]*)\n(?P<code>.*?)^(?P=ticks)\s*$", re.MULTILINE | re.DOTALL)
IS_PYTHON = re.compile(r"\{code-cell\}.*|python")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def python_of(text: str) -> list[str]:
    """Python of a page: its code cells and its blocks marked `python`, without cell options."""
    blocks = [match["code"] for match in FENCE.finditer(text) if IS_PYTHON.fullmatch(match["kind"].strip())]
    return [re.sub(r"\A(:[\w-]+:.*\n)+", "", block) for block in blocks]


def prose_of(text: str) -> str:
    """Text of a page without fenced blocks and without `code`."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
