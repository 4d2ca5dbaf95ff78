"""Datasets of hands: readers of original files, hand centres, and the converted form for training."""

from cn_zoo.datasets.centers import find_centers, read_centers
from cn_zoo.datasets.convert_dataset import convert_dataset
from cn_zoo.datasets.converted_set import ConvertedSet
from cn_zoo.datasets.crop_augmentation import CropAugmentation
from cn_zoo.datasets.hand_dataset import Frame, HandDataset
from cn_zoo.datasets.hands2017 import open_hands2017
from cn_zoo.datasets.icvl import open_icvl
from cn_zoo.datasets.label_centers import label_centers
from cn_zoo.datasets.labelled_folder import open_labelled_folder
from cn_zoo.datasets.msra import open_msra
from cn_zoo.datasets.nyu import open_nyu
from cn_zoo.datasets.open_dataset import DATASETS, DatasetFormat, open_dataset

__all__ = [
    "DATASETS",
    "ConvertedSet",
    "CropAugmentation",
    "DatasetFormat",
    "Frame",
    "HandDataset",
    "convert_dataset",
    "find_centers",
    "label_centers",
    "open_dataset",
    "open_hands2017",
    "open_icvl",
    "open_labelled_folder",
    "open_msra",
    "open_nyu",
    "read_centers",
]
