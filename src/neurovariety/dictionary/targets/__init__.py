"""Targets and how membership of each is decided: one file a kind of model, and the exact and certified real arithmetic they need."""
