"""Where batches come from. Batch k of a source is the same whoever asks for it and whenever: runs resume exactly."""

from cn_zoo.training.sources.batches import batches
from cn_zoo.training.sources.labelled_source import LabelledSource
from cn_zoo.training.sources.pose_source import PoseSource
from cn_zoo.training.sources.source import Source
from cn_zoo.training.sources.synthetic_source import SyntheticSource
from cn_zoo.training.sources.unlabelled_source import UnlabelledSource

__all__ = ["LabelledSource", "PoseSource", "Source", "SyntheticSource", "UnlabelledSource", "batches"]
