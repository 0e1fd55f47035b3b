"""Trained networks: reading, evaluating and writing them."""

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.rounding import Rounding
from neurovariety.checkpoints.load import load_network, to_torch, write_network

__all__ = ["Network", "Node", "Rounding", "load_network", "to_torch", "write_network"]
