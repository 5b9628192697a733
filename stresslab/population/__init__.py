"""Synthetic portfolios: drawn from a preset, then seasoned into the steady state of its baseline."""
