"""A pytest plugin: Hypothesis stops at the first failure and makes it no smaller, as only whether a test fails counts."""

from hypothesis import Phase, settings

settings.register_profile("first-failure", settings.get_profile("ci"), phases=[Phase.explicit, Phase.generate])
