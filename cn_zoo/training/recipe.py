"""Recipes: everything that decides a training run, read from a small TOML file."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from cn_zoo.errors import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PACKAGED = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class PoseVAEStage:
    """Stage 1: the pose VAE alone, on poses without pictures.

    Attributes:
        poses: how many synthetic poses to draw.
        epochs: passes over them.
        batch_size: poses a step.
        learning_rate: Adam's at the start; it falls to zero along a cosine.
        pose_weight: weight of the squared error against the KL divergence.
    """

    poses: int = 50_000
    epochs: int = 40
    batch_size: int = 200
    learning_rate: float = 3e-3
    pose_weight: float = 1000.0


@dataclass(frozen=True)
class PosteriorStage:
    """Stage 2: the posterior on labelled synthetic crops.

    Attributes:
        samples: crops to learn from, to the last whole checkpoint; none is seen twice.
        batch_size: crops a step.
        learning_rate: AdamW's peak; it rises over the first 2 % and falls to zero along a cosine.
        weight_decay: AdamW's.
        mixed_precision: compute in bfloat16, keep weights and losses in float32.
        checkpoint_every: steps between checkpoints (what a killed run loses at most) and between points of the curves.
        warm_start: a model (name, path or URL) to start from; layers of another shape start anew.
    """

    samples: int = 500_000
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    mixed_precision: bool = True
    checkpoint_every: int = 250
    warm_start: str = ""


@dataclass(frozen=True)
class CalibrationStage:
    """Stage 3: each joint's deviation, fitted on validation crops; then the figures of the record.

    Attributes:
        samples: validation crops.
        test_samples: crops of each synthetic test.
    """

    samples: int = 4_000
    test_samples: int = 4_000


@dataclass(frozen=True)
class Recipe:
    """A training run as data.

    Attributes:
        name: what the trained model will be called.
        dataset: which preset of the synthetic hands (and so which skeleton and camera) it learns from.
        architecture: a key of ``cn_zoo.models.ARCHITECTURES``.
        seed: of weights and data.
        pose_vae, posterior, calibration: the stages, in their order.
    """

    name: str
    dataset: str
    architecture: str = "default"
    seed: int = 0
    pose_vae: PoseVAEStage = field(default_factory=PoseVAEStage)
    posterior: PosteriorStage = field(default_factory=PosteriorStage)
    calibration: CalibrationStage = field(default_factory=CalibrationStage)

    def to_dict(self) -> dict[str, object]:
        """The recipe as plain values, as JSON and TOML know them."""
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
        InputError: no such recipe, a broken file, an unknown key, or a value of the wrong type.
    """
    path = _PACKAGED / f"{name_or_path}.toml"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        raise InputError(f"a recipe is a name ({', '.join(list_recipes())}) or a TOML file; received {name_or_path!r}")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a TOML file ({error}); compare with the packaged recipes") from None
    for override in overrides:
        _apply_override(table, override)
    return _build_record(Recipe, table, str(path))


def _apply_override(table: dict, override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator:
        raise InputError(f"--set takes key=value; received {override!r}")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *stages, last = key.strip().split(".")
    for stage in stages:
        table = table.setdefault(stage, {})
    table[last] = value


def _build_record(kind: type, table: dict, source: str) -> object:
    known = {entry.name: entry for entry in fields(kind)}
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise InputError(f"{source}: unknown key {unknown[0]!r}; known keys are {', '.join(known)}")
    stages = {"pose_vae": PoseVAEStage, "posterior": PosteriorStage, "calibration": CalibrationStage}
    values = {}
    for key, value in table.items():
        if key in stages and isinstance(value, dict):
            values[key] = _build_record(stages[key], value, f"{source}, [{key}]")
        else:
            values[key] = _convert(value, str(known[key].type), f"{source}: {key}")
    try:
        return kind(**values)
    except TypeError as error:
        raise InputError(f"{source}: {error}") from None


_TYPES = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


def _convert(value: object, type_name: str, where: str) -> object:
    wanted = _TYPES.get(type_name, ())
    if not isinstance(value, wanted) or (isinstance(value, bool) and type_name != "bool"):
        raise InputError(f"{where} must be {type_name}; received {value!r}")
    return float(value) if type_name == "float" else value
