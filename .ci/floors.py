"""Print the oldest versions that pyproject.toml allows, one requirement a line.

python .ci/floors.py EXTRA...     dependencies of the package and of these extras, with >= read as ==
"""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
wanted = [
    *project["dependencies"],
    *(line for extra in sys.argv[1:] for line in project["optional-dependencies"][extra]),
]
for line in wanted:
    if not line.startswith(project["name"]):
        print(re.sub(r"(>=|~=)", "==", line))
