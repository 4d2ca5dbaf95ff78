"""Make the example frames of ``examples/``: synthetic renders of the project's own, one for each benchmark's camera.

python tools/make_examples.py
"""

from __future__ import annotations

from pathlib import Path

from cn_zoo.io import write_depth_png
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS

_EXAMPLES = Path(__file__).parent.parent / "examples"
#: File, benchmark and number of a test frame that shows the hand well.
_FRAMES = (("hand.png", "nyu", 0), ("hand_icvl.png", "icvl", 35), ("hand_msra.png", "msra", 10))


def main() -> None:
    """Write the frames as 16-bit PNG in mm."""
    for name, benchmark, index in _FRAMES:
        frame = draw_frame(PRESETS[benchmark].own(), seed=0, index=index, split="test")
        write_depth_png(_EXAMPLES / name, frame.depth_mm)


if __name__ == "__main__":
    main()
