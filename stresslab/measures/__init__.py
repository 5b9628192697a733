"""What a simulated book means for the lender: losses, provisions, liquidity.

Every measure takes a result dataset, so one saved last year can be asked a new question.
"""

from stresslab.measures.liquidity import Funding, liquidity_buffer
from stresslab.measures.losses import loss_distribution
from stresslab.measures.provisions import provisions

__all__ = ["Funding", "liquidity_buffer", "loss_distribution", "provisions"]
