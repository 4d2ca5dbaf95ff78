"""The released models: their records, and the way to their files."""

from cn_zoo.zoo.file_record import FileRecord
from cn_zoo.zoo.preset import Preset
from cn_zoo.zoo.resolver import file_of, get_preset, list_models, resolve, weights_path

__all__ = ["FileRecord", "Preset", "file_of", "get_preset", "list_models", "resolve", "weights_path"]
