"""What a simulated book means for the lender: losses, provisions, liquidity, capital.

Every measure takes a result dataset, so one saved last year can be asked a new question.
"""
