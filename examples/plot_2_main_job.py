"""
A portfolio in two scenarios
============================

A portfolio of Chinese online loans in the Federal Reserve's baseline and severely
adverse scenarios of 2026. ``make demo`` does the same with a million loans.
"""

import matplotlib.pyplot as plt

import stresslab as sl

names = ["fed-2026-baseline", "fed-2026-severely-adverse"]
macro = sl.macro_paths(sl.scenario(names), paths=50, seed=2)
loans = sl.synthetic_portfolio("china-online", borrowers=30_000, seed=1)
result = sl.simulate(loans, macro, seed=3, horizon=27, progress=False)

# %%
# More borrowers lose their jobs, and arrears follow. The intervals show the paths
# around each scenario.

figure, axes = plt.subplots(1, 2, figsize=(13, 5), layout="constrained")
sl.plot.fan(result, "unemployment_rate", ax=axes[0])
sl.plot.fan(result, "arrears_rate", ax=axes[1])

# %%
# The loss over nine quarters, as a share of the opening balance.

losses = sl.loss_distribution(result, levels=[0.90, 0.95])
figure, ax = plt.subplots(figsize=(10, 6), layout="constrained")
sl.plot.loss_distribution(losses, ax=ax)

# %%
# The allowance under the Chinese percentages rises before the loss does.

rules = sl.provisions(result, "china")
ratios = rules[["npl_ratio", "loan_provision_ratio", "provision_coverage"]]
ratios.mean("path").isel(month=[0, 9, 18, 27]).to_dataframe()
