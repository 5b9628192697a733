"""A user's own behaviour against the built-in one: `python -m benchmarks.own_behaviour`."""

from __future__ import annotations

from numba import int32, njit

from stresslab.engine.simulate import simulate

from . import workloads as load
from .measuring import in_turn


@njit
def payment(payable, cash):
    """Payment that leaves 500 yuan in cash."""
    free = int32(cash - int32(500_00))
    free = free if free > int32(0) else int32(0)
    return payable if payable < free else free


def main() -> None:
    """Print the ratio of processor times, own over built-in."""
    book, macro = load.book(50_000), load.macro(6)

    def run(**own: object) -> object:
        return simulate(book, macro, seed=load.SEED, threads=1, progress=False, behaviour=own)

    turns = in_turn([run, lambda: run(payment=payment)], 9)
    middle, low, high = turns.ratio(1, 0)
    print(f"own payment rule over the built-in one: {middle:.3f} (rounds {low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
