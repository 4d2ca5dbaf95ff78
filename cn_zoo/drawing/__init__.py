"""Pictures of depth images and hand poses."""

from cn_zoo.drawing.colour_map import map_colours
from cn_zoo.drawing.contact_sheet import contact_sheet
from cn_zoo.drawing.crop_picture import crop_picture
from cn_zoo.drawing.overlay import draw_overlay
from cn_zoo.drawing.pose_plot import plot_pose
from cn_zoo.drawing.sample_sheet import draw_samples

__all__ = ["contact_sheet", "crop_picture", "draw_overlay", "draw_samples", "map_colours", "plot_pose"]
