"""Stress-testing portfolios of consumer credit: from a macro shock to a capital ratio in one simulation."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["scenarios", "schema"],
    submod_attrs={
        "engine.model": ["Model"],
        "studies.evidence": ["evidence"],
        "engine.simulate": ["advance", "simulate"],
        "measures.liquidity": ["Funding", "liquidity_buffer"],
        "measures.losses": ["loss_distribution"],
        "measures.provisions": ["provisions"],
        "population.synthetic": ["synthetic_portfolio"],
        "portfolio.checking": ["check_portfolio"],
        "portfolio.describe": ["describe_portfolio"],
        "portfolio.tape": ["read_portfolio"],
        "scenarios.library": ["scenario"],
        "scenarios.paths": ["macro_paths"],
        "scenarios.readers": ["read_scenario"],
        "scenarios.shock": ["shock_scenario"],
        "schema": ["InputError"],
        "views": ["plot"],
    },
)
