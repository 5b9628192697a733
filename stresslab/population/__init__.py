"""Synthetic borrowers: drawn from a preset, then lived into the steady state of its baseline."""
