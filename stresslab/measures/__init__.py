"""What a simulated book means for the lender: losses, provisions, liquidity, capital.

Every measure takes a result, so that a saved one can be measured anew.
"""
