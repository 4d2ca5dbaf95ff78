import numpy as np
from PIL import Image

from cn_zoo.datasets import open_hands2017
from cn_zoo.geometry import SKELETONS

#: The readme's order, by the names that the skeleton uses.
_FILE_ORDER = [
    "wrist", "thumb_cmc", "index_mcp", "middle_mcp", "ring_mcp", "little_mcp",
    "thumb_mcp", "thumb_ip", "thumb_tip", "index_pip", "index_dip", "index_tip",
    "middle_pip", "middle_dip", "middle_tip", "ring_pip", "ring_dip", "ring_tip",
    "little_pip", "little_dip", "little_tip",
]  # fmt: skip


def test_reads_joints_in_the_skeletons_order(tmp_path):
    rng = np.random.default_rng(0)
    depth = rng.integers(0, 900, (480, 640)).astype(np.uint16)
    (tmp_path / "images").mkdir()
    Image.fromarray(depth).save(tmp_path / "images" / "image_D00000001.png")
    joints = dict(zip(_FILE_ORDER, rng.uniform(-50, 50, (21, 3)) + (0, 0, 500), strict=True))
    numbers = "\t".join(f"{value:.4f}" for point in joints.values() for value in point)
    (tmp_path / "Training_Annotation.txt").write_text(f"image_D00000001.png\t{numbers}\t\n")
    dataset = open_hands2017(tmp_path)
    expected = [joints[name] for name in SKELETONS["msra"].joints]
    np.testing.assert_allclose(dataset.joints_xyz[0], expected, atol=1e-3)
    np.testing.assert_array_equal(dataset[0].depth_mm, depth)
    assert not dataset.camera.misfit(640, 480)
