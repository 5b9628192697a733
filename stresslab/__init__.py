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
        "measures.formulas": ["conditional_pd", "expected_credit_loss", "migrate_stages", "modification_gain"],
        "measures.movement": ["allowance_movement"],
        "measures.provisions": ["provisions"],
        "measures.regimes": ["CECL", "China", "IFRS9", "Overlay"],
        "population.synthetic": ["synthetic_portfolio"],
        "portfolio.checking": ["check_portfolio"],
        "portfolio.describe": ["describe_portfolio"],
        "portfolio.tape": ["read_portfolio"],
        "studies.comparison": ["compare", "compare_responses"],
        "studies.evidence": ["evidence"],
        "studies.scores": ["score_performance"],
        "studies.terms": ["Outlook", "term_structures"],
        "scenarios.library": ["scenario"],
        "scenarios.paths": ["macro_paths"],
        "scenarios.readers": ["read_scenario"],
        "scenarios.shock": ["shock_scenario"],
        "schema": ["InputError"],
        "views": ["plot"],
    },
)
