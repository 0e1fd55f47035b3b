"""Families of architectures and their notation."""

from neurovariety.architectures.activation import Activation
from neurovariety.architectures.architecture import Architecture
from neurovariety.architectures.attention import Attention
from neurovariety.architectures.cnn import CNN
from neurovariety.architectures.composition import Residual, Sequence
from neurovariety.architectures.cp import CP
from neurovariety.architectures.diagonal import Diagonal
from neurovariety.architectures.equivariant import Equivariant
from neurovariety.architectures.from_callable import as_model
from neurovariety.architectures.graph_network import GraphNetwork
from neurovariety.architectures.group_convolution import GroupConvolution
from neurovariety.architectures.invariant import Invariant
from neurovariety.architectures.linear import Linear
from neurovariety.architectures.mlp import MLP
from neurovariety.architectures.notation import parse
from neurovariety.architectures.ratio import Ratio
from neurovariety.architectures.state_space import StateSpace
from neurovariety.architectures.tensor_train import TensorTrain

__all__ = [
    "CNN",
    "CP",
    "MLP",
    "Activation",
    "Architecture",
    "Attention",
    "Diagonal",
    "Equivariant",
    "GraphNetwork",
    "GroupConvolution",
    "Invariant",
    "Linear",
    "Ratio",
    "Residual",
    "Sequence",
    "StateSpace",
    "TensorTrain",
    "as_model",
    "parse",
]
