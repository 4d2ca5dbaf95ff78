"""Start a run and die by SIGKILL: FOLDER KEY=VALUE... Dies in the second stage, just before its third checkpoint."""

import os
import signal
import sys
from pathlib import Path

from cn_zoo.training import load_recipe, run_stages, train
from cn_zoo.training.checkpoint import Checkpoint


class Deadly(Checkpoint):
    def on_epoch_end(self, epoch, logs=None):
        if self.path.name == "posterior.weights.h5" and epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        super().on_epoch_end(epoch, logs)


if __name__ == "__main__":
    folder, *overrides = sys.argv[1:]
    run_stages.Checkpoint = Deadly
    train(load_recipe("icvl", tuple(overrides)), Path(folder))
