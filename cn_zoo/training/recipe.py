"""Recipes: everything that decides a training run, read from a small TOML file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from cn_zoo.datasets import CropAugmentation
from cn_zoo.errors import InputError, RecipeError
from cn_zoo.geometry import SKELETONS
from cn_zoo.models import ARCHITECTURES
from cn_zoo.training.field_limits import POSITIVE, ZERO_OR_MORE, ZERO_TO_BELOW_ONE, check_fields, numbers, one_of
from cn_zoo.training.stage import STAGES, Stage

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PACKAGED = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Finish:
    """The end of a run: its words on what is a hand, learned on whole frames, and on its side, learned on crops; each
    joint's deviation, fitted on validation crops; then the figures of the record.

    Attributes:
        hand_frames: whole synthetic frames; 0: the word stays that of the model that the run starts from.
        side_crops: synthetic crops; 0: the same.
        samples: validation crops, to the whole hundred; of fewer a quantile would be chance.
        test_samples: crops of each synthetic test.
    """

    hand_frames: int = field(default=40_000, metadata=ZERO_OR_MORE)
    side_crops: int = field(default=64_000, metadata=ZERO_OR_MORE)
    samples: int = field(default=4_000, metadata=numbers("100 or more", lambda count: count >= 100))
    test_samples: int = field(default=4_000, metadata=POSITIVE)


@dataclass(frozen=True)
class Recipe:
    """A training run as data.

    In a file, ``stages`` lists names, and a table of a stage's name changes what `STAGES` says about it, or defines a
    stage of the recipe's own.

    Attributes:
        name: what the trained model will be called.
        dataset: which preset of the synthetic hands (and so which skeleton and camera) it learns from.
        schedule: the stages by name, in their order.
        architecture: a key of ``cn_zoo.models.ARCHITECTURES``.
        seed: of weights and data.
        start: a model (name, path or URL) whose weights to start from; layers of another shape start anew.
        mixed_precision: compute in bfloat16, keep weights and losses in float32.
        devices: ``"one"``, or ``"all"``: every batch is shared out among all devices, and all hosts. Needs JAX.
        poses: how many synthetic poses the pose VAE learns from.
        labelled_fraction: share of the labelled frames (``--data``) whose labels are used; the others are unlabelled.
        held_out: share of the labelled frames, the last ones, that nothing learns from.
        rotation_deg, scale, shift_mm, tilt_deg: how far crops of one's own frames are changed by chance
            (`cn_zoo.datasets.CropAugmentation`): turned in the image plane, scaled, shifted, seen from other sides.
        finish: the end of the run.
    """

    name: str
    dataset: str = field(metadata=one_of(SKELETONS))
    schedule: dict[str, Stage]
    architecture: str = field(default="default", metadata=one_of(ARCHITECTURES))
    seed: int = field(default=0, metadata=numbers("0 or more, below 2**32", lambda seed: 0 <= seed < 2**32))
    start: str = ""
    mixed_precision: bool = True
    devices: str = field(default="one", metadata=one_of(("one", "all")))
    poses: int = field(default=50_000, metadata=POSITIVE)
    labelled_fraction: float = field(default=1.0, metadata=numbers("above 0, up to 1", lambda share: 0 < share <= 1))
    held_out: float = field(default=0.0, metadata=ZERO_TO_BELOW_ONE)
    rotation_deg: float = field(default=CropAugmentation.rotation_deg, metadata=ZERO_OR_MORE)
    scale: float = field(default=CropAugmentation.scale, metadata=ZERO_TO_BELOW_ONE)
    shift_mm: float = field(default=CropAugmentation.shift_mm, metadata=ZERO_OR_MORE)
    tilt_deg: float = field(default=CropAugmentation.tilt_deg, metadata=ZERO_OR_MORE)
    finish: Finish = field(default_factory=Finish)

    @property
    def augmentation(self) -> CropAugmentation:
        """How far crops of one's own frames are changed by chance."""
        return CropAugmentation(**{entry.name: getattr(self, entry.name) for entry in fields(CropAugmentation)})

    def trained(self) -> set[str]:
        """Names of the networks that any stage trains."""
        return {network for stage in self.schedule.values() for network in stage.trains}

    def to_dict(self) -> dict[str, object]:
        """The recipe as plain values, as JSON knows them."""
        return asdict(self)


def list_recipes() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(path.stem for path in _PACKAGED.glob("*.toml"))


def load_recipe(name_or_path: str, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read a recipe by its packaged name or from a TOML file.

    Args:
        name_or_path: a name of ``list_recipes()``, or a path.
        overrides: ``"key=value"`` or ``"stage.key=value"`` texts, applied in turn; the value is TOML.

    Raises:
        RecipeError: no such recipe; or, in the overrides, an unknown key or a value that cannot be.
        InputError: the same in the file, or it is broken.
    """
    path = _PACKAGED / f"{name_or_path}.toml"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        raise RecipeError(f"a recipe is a name ({', '.join(list_recipes())}) or a TOML file; received {name_or_path!r}")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a TOML file ({error}); compare with the packaged recipes") from None
    if not overrides:
        return _build_recipe(table, str(path))
    changed = deepcopy(table)
    for override in overrides:
        _apply_override(changed, override)
    try:
        return _build_recipe(changed, f"{path.stem} with --set")
    except InputError as reason:
        # If it is the file's fault already, that is told.
        _build_recipe(table, str(path))
        raise RecipeError(str(reason)) from None


def _apply_override(table: dict, override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator:
        raise RecipeError(f"--set takes key=value; received {override!r}")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *stages, last = key.strip().split(".")
    for stage in stages:
        table = table.setdefault(stage, {})
        if not isinstance(table, dict):
            raise RecipeError(f"--set {override}: {stage} is a value and holds no {last}")
    table[last] = value


def _build_recipe(table: dict, source: str) -> Recipe:
    """Check everything that a file says and make the records of it."""
    table = dict(table)
    names = _convert(table.pop("stages", []), "tuple[str, ...]", f"{source}: stages")
    tables = {name: table.pop(name) for name in {*STAGES, *names} if name in table}
    finish = _build_record(Finish, table.pop("finish", {}), {}, f"{source}, [finish]")
    if not names:
        raise InputError(f"{source}: stages is missing or empty; known stages are {', '.join(STAGES)}")
    if len(set(names)) < len(names):
        raise InputError(f"{source}: stages names one twice; give the second a table of its own, under another name")
    for name in names:
        if name not in STAGES and name not in tables:
            raise InputError(
                f"{source}: unknown stage {name!r}; known stages are {', '.join(STAGES)}, and one of your own needs a "
                f"table [{name}]"
            )
    # Those that are not run are built, too: a slip in them would wait for the day they are.
    stages = {name: _build_stage(name, tables.get(name, {}), f"{source}, [{name}]") for name in {*names, *tables}}
    schedule = {name: stages[name] for name in names}
    return _build_record(Recipe, table, {"schedule": schedule, "finish": finish}, source)


def _build_stage(name: str, table: object, source: str) -> Stage:
    known = {entry.name: getattr(STAGES[name], entry.name) for entry in fields(Stage)} if name in STAGES else {}
    stage = _build_record(Stage, table, known, source)
    if stage.samples < stage.batch_size:
        raise InputError(f"{source}: samples ({stage.samples}) are less than one batch ({stage.batch_size})")
    return stage


def _build_record(kind: type, table: object, known: Mapping[str, object], source: str) -> object:
    """A record from ``known`` values, as a table changes them, that holds what its fields allow."""
    if not isinstance(table, dict):
        raise InputError(f"{source} must be a table of keys and values; received {table!r}")
    types = {entry.name: str(entry.type) for entry in fields(kind)}
    # What a file calls ``stages`` and tables of their names becomes the schedule.
    keys = ["stages" if name == "schedule" else name for name in types]
    unknown = sorted(set(table) - set(keys))
    if unknown:
        raise InputError(f"{source}: unknown key {unknown[0]!r}; known keys are {', '.join(keys)}")
    values = dict(known)
    for key, value in table.items():
        value = _convert(value, types[key], f"{source}: {key}")
        values[key] = {**values.get(key, {}), **value} if isinstance(value, dict) else value
    try:
        record = kind(**values)
    except TypeError as error:
        raise InputError(f"{source}: {error}") from None
    check_fields(record, source)
    return record


_TYPES = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


def _convert(value: object, type_name: str, where: str) -> object:
    if type_name == "tuple[str, ...]" and isinstance(value, list):
        return tuple(_convert(each, "str", where) for each in value)
    if type_name == "dict[str, float]" and isinstance(value, dict):
        return {key: _convert(each, "float", f"{where}.{key}") for key, each in value.items()}
    wanted = _TYPES.get(type_name, ())
    if not isinstance(value, wanted) or (isinstance(value, bool) and type_name != "bool"):
        raise InputError(f"{where} must be {type_name}; received {value!r}")
    return float(value) if type_name == "float" else value
