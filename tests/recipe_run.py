"""A run of a recipe in a process of its own: FOLDER KEY=VALUE..."""

import sys
from pathlib import Path

from cn_zoo.training import load_recipe, train

if __name__ == "__main__":
    folder, *overrides = sys.argv[1:]
    train(load_recipe("icvl", tuple(overrides)), Path(folder))
