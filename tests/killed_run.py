"""Start a run and die by SIGKILL: FOLDER KEY=VALUE... Dies in the second stage, between two checkpoints."""

import os
import signal
import sys
from pathlib import Path

from cn_zoo.training import load_recipe, stages, train
from cn_zoo.training.checkpoint import Checkpoint


class Deadly(Checkpoint):
    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        if self.path.name == "posterior.weights.h5" and self._done == 5:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    folder, *overrides = sys.argv[1:]
    stages.Checkpoint = Deadly
    train(load_recipe("icvl", tuple(overrides)), Path(folder))
