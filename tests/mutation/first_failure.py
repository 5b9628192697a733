"""A pytest plugin: Hypothesis makes a failure no smaller, as only whether a test fails counts."""

from hypothesis import Phase, settings

settings.register_profile("first-failure", settings.get_profile("ci"), phases=[Phase.explicit, Phase.generate])
