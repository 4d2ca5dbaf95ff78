"""The joint model: networks, objective and optimizer as one Keras model."""

from cn_zoo.joint.convolution_muon import ConvolutionMuon
from cn_zoo.joint.crossing_nets import CrossingNets
from cn_zoo.joint.routed_optimizer import RoutedOptimizer

__all__ = ["ConvolutionMuon", "CrossingNets", "RoutedOptimizer"]
