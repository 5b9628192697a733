"""Every measure of losses, provisions, cash and capital on many paths. `python -m benchmarks.lender`.

The result is that of `benchmarks.allowances`: a million loans on a few paths, repeated one after another.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import stresslab as sl

from .allowances import MONTHS, many_paths
from .scaling import peak


def main(paths: int = 1_000, loans: int = 1_000_000) -> None:
    result, terms = many_paths(paths, loans)
    partners = sl.funding.Partners(sl.funding.Trigger(arrears_30=0.03), annual_fee=0.01)
    renewal = sl.funding.RollOver(1.0, arrears_sensitivity=10.0)
    funding: dict[str, Any] = {"annual_rate": 0.03, "rollover": renewal, "tenor_months": 6, "partners": partners}
    sheet = sl.BalanceSheet.for_book(result, funding=funding)
    cash = sheet.funding
    own = sl.own_part(result, partners)
    parameters = sl.irb_parameters(result)
    ifrs9 = sl.provisions(own, "ifrs9", terms)
    adequacy = sl.capital_adequacy(result, sheet, "basel-irb", allowance=ifrs9, parameters=parameters)
    steps: dict[str, Callable[[], object]] = {
        "loss_distribution": lambda: sl.loss_distribution(result),
        "provisions, three regimes": lambda: [sl.provisions(own, name, terms) for name in ("ifrs9", "cecl", "china")],
        "own_part": lambda: sl.own_part(result, partners),
        "liquidity_ladder": lambda: sl.liquidity_ladder(result, cash, horizon=MONTHS),
        "survival_horizon": lambda: sl.survival_horizon(result, cash, horizon=MONTHS),
        "liquidity_buffer": lambda: sl.liquidity_buffer(result, cash, horizon=MONTHS),
        "external_funding_needed": lambda: sl.external_funding_needed(result, cash, horizon=MONTHS),
        "liquidity_ratios": lambda: sl.liquidity_ratios(result, cash),
        "capital_adequacy, China": lambda: sl.capital_adequacy(result, sheet, "china-2023"),
        "capital_adequacy, IRB and IFRS 9": lambda: sl.capital_adequacy(
            result, sheet, "basel-irb", allowance=ifrs9, parameters=parameters
        ),
        "capital_benchmark": lambda: sl.capital_benchmark(result, parameters),
        "stress_table": lambda: sl.stress_table(adequacy),
        "entropy_pooling and weighted_distribution": lambda: sl.weighted_distribution(
            adequacy["cet1_minimum"],
            sl.entropy_pooling(result, {"unemployment_rate": float(result["unemployment_rate"][:, 1:].mean())}),
        ),
    }
    began = time.perf_counter()
    for name, step in steps.items():
        start = time.perf_counter()
        step()
        print(f"{name:34} {time.perf_counter() - start:6.2f} s")
    print(f"all, {paths:,} paths x {MONTHS} months: {time.perf_counter() - began:.1f} s; peak {peak() / 2**30:.2f} GiB")


if __name__ == "__main__":
    main(*(int(float(argument)) for argument in sys.argv[1:]))
