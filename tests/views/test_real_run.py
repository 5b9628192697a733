"""Every picture of a small run of the engine itself."""

import matplotlib as mpl
import pytest

from stresslab.engine.simulate import simulate
from stresslab.measures.liquidity.funding import Funding
from stresslab.measures.liquidity.ladder import liquidity_buffer
from stresslab.measures.losses import loss_distribution
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.library import scenario
from stresslab.scenarios.paths import macro_paths
from stresslab.views import plot
from tests.views.drawn import overlapping


@pytest.fixture(scope="module")
def simulated():
    """A small real run of two scenarios."""
    names = ["fed-2026-baseline", "fed-2026-severely-adverse"]
    both = scenario(names).isel(month=slice(0, 18))
    book = synthetic_portfolio("china-online", borrowers=2_000, seed=1)
    return simulate(book, macro_paths(both, paths=10, seed=2), seed=3, progress=False)


def test_every_picture_of_a_real_run(simulated, ax):
    assert plot.fan(simulated, ax=ax).get_ylabel() == "balance [CNY million]"
    assert plot.fan(simulated, "accounts", ax=ax).get_ylabel() == "accounts [thousand]"
    assert plot.fan(simulated, "arrears_rate", ax=ax).get_ylabel().endswith("[%]")
    severe = simulated.isel(scenario=1)
    funding = Funding.for_book(severe, borrowed_share=0.3)
    pictures = [
        lambda ax: plot.fan(simulated, "unemployment_rate", ax=ax),
        lambda ax: plot.arrears(severe, ax=ax),
        lambda ax: plot.loss_distribution(loss_distribution(simulated, levels=[0.5, 0.9]), ax=ax),
        lambda ax: plot.buffer(liquidity_buffer(simulated, funding, level=0.8), ax=ax),
        lambda ax: plot.buffer(liquidity_buffer(severe, funding, level=0.8), ax=ax),
    ]
    for picture in pictures:
        fresh = mpl.figure.Figure(figsize=(10, 6), layout="constrained").add_subplot()
        picture(fresh)
        assert "ant" in fresh.get_title() or "Unemployment" in fresh.get_title()
        assert not overlapping(fresh)
