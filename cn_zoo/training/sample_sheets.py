"""What the generator makes of the same latents as training goes on."""

from __future__ import annotations

from pathlib import Path

import keras

from cn_zoo.drawing import draw_samples
from cn_zoo.geometry import SKELETONS
from cn_zoo.io.atomic import atomic_path
from cn_zoo.training.latent_walk import sample_latents

_PAIRS = 8
_SHEETS = 4


class SampleSheets(keras.callbacks.Callback):
    """Write a few pictures of generated pairs in the course of a stage, and one at its end.

    Args:
        folder: gets ``STAGE-EPOCH.png``.
        stage: its name.
    """

    def __init__(self, folder: Path, stage: str) -> None:
        super().__init__()
        self._folder = folder
        self._stage = stage

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draw where it is time."""
        epochs = self.params["epochs"]
        if (epoch + 1) % max(1, epochs // _SHEETS) == 0 or epoch + 1 == epochs:
            nets = self.model
            hands = nets.synthesize(sample_latents(nets, _PAIRS, seed=0))
            depth, pose = (keras.ops.convert_to_numpy(hands[name]) for name in ("depth", "pose"))
            with atomic_path(self._folder / f"{self._stage}-{epoch + 1:04d}.png") as temporary:
                draw_samples(depth, pose, SKELETONS[nets.skeleton], nets.cube_mm).save(temporary)
