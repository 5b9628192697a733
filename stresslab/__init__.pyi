"""Names of `import stresslab as sl`: loaded on first use, and what editors and mypy see."""

from . import actions, asrf, formulas, funding, irb, outcomes, plot, scenarios, targets
from .engine.feedback import Feedback
from .engine.model import Model
from .engine.panel import panel
from .engine.simulate import advance, simulate
from .measures.by_lender import by_lender
from .measures.capital.adequacy import capital_adequacy
from .measures.capital.balance_sheet import BalanceSheet
from .measures.capital.benchmark import capital_benchmark
from .measures.capital.regimes import CapitalRegime, Hurdle
from .measures.capital.rwa import irb_parameters
from .measures.capital.statements import financial_statements
from .measures.capital.stress_table import stress_table
from .measures.convergence import convergence
from .measures.early_warning import warning_quality
from .measures.entropy_pooling import entropy_pooling
from .measures.join import join
from .measures.liquidity.funding import Funding
from .measures.liquidity.ladder import external_funding_needed, liquidity_buffer, liquidity_ladder, survival_horizon
from .measures.liquidity.on_balance_sheet import grow, own_part
from .measures.liquidity.ratios import liquidity_ratios
from .measures.losses import loss_distribution
from .measures.provisions.allowance import provisions
from .measures.provisions.regimes import CECL, IFRS9, China, Overlay
from .measures.provisions.rollforward import allowance_movement
from .measures.weighted import weighted_distribution
from .noted import notes
from .population.synthetic import synthetic_portfolio
from .portfolio.describe import describe_portfolio
from .portfolio.tape import read_portfolio
from .portfolio.validation import check_portfolio
from .scenarios.library import scenario
from .scenarios.paths import macro_paths
from .scenarios.readers import read_scenario
from .scenarios.shock import shock_scenario
from .schema import InputError
from .studies.backtest import backtest
from .studies.calibration.search import calibrate, calibrated_model
from .studies.comparison import compare, compare_responses
from .studies.evidence.calm import evidence
from .studies.outlook import Outlook
from .studies.quarterly_rates import quarterly_rates, unemployment_response
from .studies.reverse import reverse_stress
from .studies.scores import score_performance
from .studies.sensitivity import sensitivity
from .studies.term_structures import term_structures

__all__ = [
    "CECL",
    "IFRS9",
    "BalanceSheet",
    "CapitalRegime",
    "China",
    "Feedback",
    "Funding",
    "Hurdle",
    "InputError",
    "Model",
    "Outlook",
    "Overlay",
    "actions",
    "advance",
    "allowance_movement",
    "asrf",
    "backtest",
    "by_lender",
    "calibrate",
    "calibrated_model",
    "capital_adequacy",
    "capital_benchmark",
    "check_portfolio",
    "compare",
    "compare_responses",
    "convergence",
    "describe_portfolio",
    "entropy_pooling",
    "evidence",
    "external_funding_needed",
    "financial_statements",
    "formulas",
    "funding",
    "grow",
    "irb",
    "irb_parameters",
    "join",
    "liquidity_buffer",
    "liquidity_ladder",
    "liquidity_ratios",
    "loss_distribution",
    "macro_paths",
    "notes",
    "outcomes",
    "own_part",
    "panel",
    "plot",
    "provisions",
    "quarterly_rates",
    "read_portfolio",
    "read_scenario",
    "reverse_stress",
    "scenario",
    "scenarios",
    "score_performance",
    "sensitivity",
    "shock_scenario",
    "simulate",
    "stress_table",
    "survival_horizon",
    "synthetic_portfolio",
    "targets",
    "term_structures",
    "unemployment_response",
    "warning_quality",
    "weighted_distribution",
]
