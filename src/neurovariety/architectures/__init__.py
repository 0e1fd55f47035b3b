"""Families of architectures and their notation."""

from neurovariety.architectures.architecture import Architecture
from neurovariety.architectures.families.attention import Attention
from neurovariety.architectures.families.cnn import CNN
from neurovariety.architectures.families.composition import Residual, Sequence
from neurovariety.architectures.families.cp import CP
from neurovariety.architectures.families.diagonal import Diagonal
from neurovariety.architectures.families.equivariant import Equivariant
from neurovariety.architectures.families.graph_network import GraphNetwork
from neurovariety.architectures.families.group_convolution import GroupConvolution
from neurovariety.architectures.families.invariant import Invariant
from neurovariety.architectures.families.linear import Linear
from neurovariety.architectures.families.mlp import MLP
from neurovariety.architectures.families.ratio import Ratio
from neurovariety.architectures.families.state_space import StateSpace
from neurovariety.architectures.families.tensor_train import TensorTrain
from neurovariety.architectures.from_callable import as_model
from neurovariety.architectures.notation import parse
from neurovariety.architectures.reading.activation import Activation

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
