"""Exact ranks at points of prime fields: generic rank, span, symmetries as vector fields, special fibers."""
