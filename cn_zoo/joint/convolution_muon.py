"""Muon for convolutional networks."""

from __future__ import annotations

import keras
from keras import KerasTensor, Variable, ops


@keras.saving.register_keras_serializable(package="cn_zoo")
class ConvolutionMuon(keras.optimizers.Muon):
    """Keras's Muon, which also takes convolution kernels: a kernel is a matrix from its patch to its filters.

    Steps along orthogonalised momentum learn more from each crop than Adam's do (docs/training.md has the
    figures). Vectors and the layers named in ``exclude_layers`` are stepped by AdamW, as in Keras's.

    Args:
        learning_rate, exclude_layers and all others: as for ``keras.optimizers.Muon``.
    """

    def _should_use_adamw(self, variable: Variable) -> bool:
        is_matrix = len(variable.shape) in (2, 4)
        return not is_matrix or any(name in variable.path for name in self.exclude_layers)

    def _muon_update_step(self, gradient: KerasTensor, variable: Variable, lr: KerasTensor, m: Variable) -> None:
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        momentum = ops.add(gradient, self.momentum * m) if self.nesterov else m
        matrix = ops.reshape(momentum, (-1, variable.shape[-1]))
        update = self.lr_adjust(lr * self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, ops.reshape(update, variable.shape))
