"""Families of architectures and their notation."""

from neurovariety.architectures.activation import Activation
from neurovariety.architectures.architecture import Architecture
from neurovariety.architectures.attention import Attention
from neurovariety.architectures.cnn import CNN
from neurovariety.architectures.from_callable import as_model
from neurovariety.architectures.linear import Linear
from neurovariety.architectures.mlp import MLP
from neurovariety.architectures.notation import parse

__all__ = ["CNN", "MLP", "Activation", "Architecture", "Attention", "Linear", "as_model", "parse"]
