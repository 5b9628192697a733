"""Speed of the engine on this machine: `python -m benchmarks.table`, or `asv run`."""
