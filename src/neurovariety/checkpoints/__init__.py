"""Trained networks: reading, evaluating and writing them."""

from neurovariety.checkpoints.network import Network, Node

__all__ = ["Network", "Node"]
