"""The full model, with feedback and three responses, against the plain one: `python -m benchmarks.responding`."""

from __future__ import annotations

from stresslab.engine.actions import EarlyWarning, Outreach, Restructuring
from stresslab.engine.feedback import Feedback
from stresslab.engine.simulate import simulate

from . import workloads as load
from .measuring import in_turn

BORROWERS = 460_000
"""About a million loans."""


def main() -> None:
    """Print loan-months a second, plain over full, in one run."""
    book, macro = load.book(BORROWERS), load.macro(6)
    three = [Outreach(), EarlyWarning(freeze=True), Restructuring(forgiveness=0.1)]

    def run(**more: object) -> object:
        return simulate(book, macro, seed=load.SEED, threads=1, progress=False, **more)  # type: ignore[arg-type]

    works = [
        run,
        lambda: run(feedback=Feedback()),
        lambda: run(responses=three),
        lambda: run(feedback=Feedback(), responses=three),
    ]
    turns = in_turn(works, 5)
    loan_months = book.sizes["loan"] * macro.sizes["path"] * macro.sizes["month"]
    print(f"plain: {loan_months / turns.median(0) / 1e6:.0f} M loan-months/s, {book.sizes['loan']:,} loans, one thread")
    for place, name in ((1, "feedback"), (2, "three responses"), (3, "both")):
        middle, low, high = turns.ratio(0, place)
        print(f"{name:16} keeps {middle:.2f} of that speed (rounds {low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
