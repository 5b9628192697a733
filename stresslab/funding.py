"""Sources of a lender's funding and what makes them leave: the parts of `Funding`."""

from stresslab.measures.liquidity.funding import (
    Borrowing,
    ContingentLine,
    LiquidAsset,
    Partners,
    RollOver,
    Securitisation,
    Trigger,
)

__all__ = ["Borrowing", "ContingentLine", "LiquidAsset", "Partners", "RollOver", "Securitisation", "Trigger"]
