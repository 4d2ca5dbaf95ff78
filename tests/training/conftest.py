import pytest

from cn_zoo.datasets import ConvertedSet, convert_dataset, open_dataset
from cn_zoo.synthesis.dataset_writer import write_dataset


@pytest.fixture(scope="session")
def icvl_folder(tmp_path_factory):
    """Twelve labelled frames in a folder of the dataset's own form."""
    folder = tmp_path_factory.mktemp("frames") / "icvl"
    list(write_dataset("icvl", 12, folder))
    return folder


@pytest.fixture(scope="session")
def icvl_set(icvl_folder):
    """The same as a converted set."""
    path = icvl_folder.parent / "icvl.h5"
    convert_dataset(open_dataset(icvl_folder, split="train"), path)
    return ConvertedSet(path)


@pytest.fixture(scope="session")
def icvl_set_path(icvl_set, icvl_folder):
    return icvl_folder.parent / "icvl.h5"
