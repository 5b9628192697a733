"""Broken input of every kind, made from sound input, and an oracle of what the library does with it."""
