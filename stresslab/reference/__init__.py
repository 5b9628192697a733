"""The model's month in plain Python: the definition of what the compiled kernel calculates, to the last bit.

Read `month` first, from the top: `live_month` is a month of one borrower, step by step, and each step follows in that
order. Then `plans` (restructuring), `monitoring` (scores, applications, early warnings), `state` (what a borrower and a
loan carry from month to month), `parameters` (what holds for all of them) and `numbers` (random words and rounding).
`run` takes a portfolio through the months and adds up, as `simulate` does.

It was written apart from the kernel (`engine.kernel`), and tests hold both to the same bits; it is thousands of times
slower. Amounts are Python integers of minor units; where the engine calculates in float32, so does this, because order
and precision of the operations are part of the rules. A chance "of 2**31" is an integer: the event happens if 31 random
bits fall below it.
"""
