"""Stress-testing portfolios of consumer credit: from a macro shock to a capital ratio in one simulation."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["scenarios", "schema"],
    submod_attrs={
        "engine.field": ["Feedback"],
        "engine.model": ["Model"],
        "engine.panel": ["panel"],
        "engine.responses": ["ContingencyPlan", "EarlyWarning", "LimitManagement", "Outreach", "Restructuring"],
        "engine.simulate": ["advance", "simulate"],
        "measures.liquidity": ["Funding", "liquidity_buffer"],
        "measures.losses": ["loss_distribution"],
        "measures.lenders": ["by_lender"],
        "measures.warnings": ["warning_quality"],
        "measures.provisions": ["provisions"],
        "population.synthetic": ["synthetic_portfolio"],
        "portfolio.checking": ["check_portfolio"],
        "portfolio.describe": ["describe_portfolio"],
        "portfolio.tape": ["read_portfolio"],
        "studies.comparison": ["compare", "compare_responses"],
        "studies.evidence": ["evidence"],
        "studies.scores": ["score_performance"],
        "scenarios.library": ["scenario"],
        "scenarios.paths": ["macro_paths"],
        "scenarios.readers": ["read_scenario"],
        "scenarios.shock": ["shock_scenario"],
        "schema": ["InputError"],
        "views": ["plot"],
    },
)
