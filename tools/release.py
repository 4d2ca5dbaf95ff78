"""Put a finished run into ``pretrained/``: its record, files, card, and golden input and output.

python tools/release.py runs/nyu
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np

from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.synthesis.frame import draw_crop
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import Preset, resolve
from cn_zoo.zoo.card import model_card

_PRETRAINED = Path(__file__).parent.parent / "pretrained"


def release(run: Path) -> Path:
    """Copy what a model consists of, and nothing else of the run."""
    preset = Preset.load(run)
    folder = _PRETRAINED / preset.name
    folder.mkdir(exist_ok=True)
    for kind, file in preset.files.items():
        shutil.copyfile(resolve(run, kind), folder / file.path)
    preset.save(folder)
    (folder / "card.md").write_text(model_card(preset), encoding="utf-8")
    crop = draw_crop(PRESETS[preset.skeleton], seed=2, index=0, split="test", jitter=False).depth
    outputs = open_runtime(folder / preset.files["onnx"].path).run(crop)
    np.savez_compressed(folder / "golden.npz", depth=crop, **outputs)
    return folder


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(release(Path(argument)))
