"""The paper's semi-supervised experiment: error against the labelled fraction of one fixed set of crops.

    python tools/labelled_fraction.py prepare FOLDER                 once: 20,000 training crops, 2,000 test crops
    python tools/labelled_fraction.py run FOLDER --fraction 0.02 --method joint --seed 0
    python tools/labelled_fraction.py run FOLDER --fraction 0.02 --method covered --rounds 2 --taught 2 --seed 0
    python tools/labelled_fraction.py report FOLDER --output table.md

Each run appends a line of JSON to FOLDER/results.jsonl. A run that was killed goes on where it stood; one in the
results is not done again; stages that an earlier run of the same fraction and seed began with are not trained again.
`--without TERM` leaves a term of the joint objective out (the ablation), and `--set` changes the recipe, for instance
its lengths.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import click
import keras
import numpy as np
from covered_source import CoveredSource
from pseudo_labels import TaughtSource, pseudo_labels

from cn_zoo.datasets import ConvertedSet, HandDataset, convert_dataset
from cn_zoo.geometry import POSE_UNIT_MM, SKELETONS
from cn_zoo.io.atomic import atomic_path
from cn_zoo.joint import CrossingNets
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training import Recipe, load_recipe, train
from cn_zoo.training.checkpoint import Checkpoint, checkpoint_path
from cn_zoo.training.curves import Curves, curves_path
from cn_zoo.training.run import ESTIMATOR_FILE
from cn_zoo.training.run_data import RunData
from cn_zoo.training.run_stages import compile_for, learn
from cn_zoo.training.sources import LabelledSource, Source
from cn_zoo.training.stage import Stage

_RECIPE = Path(__file__).with_suffix(".toml")
_RESULTS = "results.jsonl"
#: One in so many crops of a taught round has a label of its own.
_LABELLED_SHARE = 4
#: Sets by the split of the synthetic world that they come from: the test crops' subjects and scenes are never seen.
_SETS = {"train": "train.h5", "test": "test.h5"}
#: The joint stage's labelled crops and steps, without the unlabelled ones.
_LABELS = (
    'labels.trains=["trunk", "posterior_head"]',
    "labels.terms={pose=1.0, posterior=0.1, latent=0.02}",
    "labels.samples=6400",
    "labels.batch_size=32",
    "labels.learning_rate=5e-4",
    "labels.weight_decay=1e-4",
    "labels.keeps_norms=true",
    "labels.checkpoint_every=100",
)
#: What a method changes about the recipe.
_METHODS = {
    "supervised": ('stages=["pose_vae", "posterior", "labels"]', *_LABELS),
    "joint": (),
    # The stage labels with crops in part covered, which is not a recipe's, and after it one with pseudo-labels of all
    # other crops beside.
    "covered": ('stages=["pose_vae", "posterior"]',),
}


@click.group()
def main() -> None:
    """Error against labelled fraction, joint training against supervised training."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--dataset", type=click.Choice(list(PRESETS)), default="msra", show_default=True)
@click.option("--frames", default=20_000, show_default=True, help="Training crops.")
@click.option("--tests", default=2_000, show_default=True, help="Test crops.")
def prepare(folder: Path, dataset: str, frames: int, tests: int) -> None:
    """Draw the fixed sets and store them."""
    for split, count in (("train", frames), ("test", tests)):
        path = folder / _SETS[split]
        if not path.exists():
            convert_dataset(_synthetic_dataset(dataset, split, count, folder), path, progress=_tell)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--fraction", type=float, required=True, help="Share of the training crops whose labels are used.")
@click.option("--method", type=click.Choice(list(_METHODS)), required=True)
@click.option("--without", help="A term of the joint objective to leave out.")
@click.option("--rounds", default=1, show_default=True, help="How often the stage labels runs, of covered.")
@click.option("--taught", default=0, show_default=True, help="How often it then runs with pseudo-labels as well.")
@click.option("--seed", default=0, show_default=True)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one value of the recipe.")
def run(
    folder: Path,
    fraction: float,
    method: str,
    without: str | None,
    rounds: int,
    taught: int,
    seed: int,
    overrides: tuple[str, ...],
) -> None:
    """Train and measure once; append the row."""
    label = f"{method} without {without}" if without else method
    label += f", {rounds} rounds" * (rounds > 1) + f", {taught} taught" * (taught > 0)
    facts = {"method": label, "fraction": fraction, "seed": seed, "changes": list(overrides)}
    if any(facts.items() <= row.items() for row in _rows(folder)):
        return
    covered = method == "covered"
    if not covered and (rounds > 1 or taught):
        raise click.UsageError(f"only covered has rounds; leave --rounds and --taught out with {method}")
    if fraction == 1 and taught:
        raise click.UsageError("crops that have no label are taught; give a --fraction below 1")
    frames = ConvertedSet(folder / _SETS["train"])
    own = [f"labelled_fraction={fraction}", f"seed={seed}", f'dataset="{frames.skeleton.name}"', *_METHODS[method]]
    if without:
        own.append(f"joint.terms.{without}=0.0")
    if fraction == 1:
        # No crop is left without a label.
        own.append("joint.unlabelled_batch_size=0")
    at_once = [text for text in overrides if not (covered and text.startswith("labels."))]
    recipe = load_recipe(str(_RECIPE), (*own, *at_once))
    # More rounds go on where fewer ended.
    name = method if covered else label.replace(" ", "-")
    place = folder / "runs" / f"{name}-{fraction:g}-{seed}"
    _begin_as_others(recipe, place, folder / "runs")
    start = time.process_time()
    train(recipe, place, resume=True, data=folder / _SETS["train"])
    if covered:
        estimator = _learn_covered(recipe, overrides, place, folder / _SETS["train"], rounds, taught)
    else:
        estimator = keras.models.load_model(place / ESTIMATOR_FILE)
    row = {
        **facts,
        "error_mm": _test_error(folder, estimator),
        "frames": len(frames),
        "steps": {name: stage.steps for name, stage in recipe.schedule.items()},
        "cpu_seconds_of_last_start": round(time.process_time() - start),
    }
    with (folder / _RESULTS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    click.echo(json.dumps(row))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Markdown; the plot lies beside it.")
def report(folder: Path, output: Path) -> None:
    """Write the table and the plot."""
    errors = defaultdict(lambda: defaultdict(list))
    for row in _rows(folder):
        errors[row["method"]][row["fraction"]].append(row["error_mm"])
    fractions = sorted({fraction for by_fraction in errors.values() for fraction in by_fraction})
    lines = [
        "| method | " + " | ".join(f"{100 * fraction:g} %" for fraction in fractions) + " |",
        "|---|" + "---|" * len(fractions),
    ]
    for method, by_fraction in errors.items():
        cells = [_cell(by_fraction.get(fraction, [])) for fraction in fractions]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    with atomic_path(output) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _plot(errors, output.with_suffix(".png"))


def _learn_covered(
    recipe: Recipe, overrides: tuple[str, ...], place: Path, source: Path, rounds: int, taught: int
) -> keras.Model:
    """The stage labels on covered crops, again and again.

    What comes out of so many rounds labels all other crops once, for the taught ones. These do not label anew: views
    that a network has been taught to agree on tell it little more.
    """
    stage = load_recipe(str(_RECIPE), (*_METHODS["supervised"], *overrides)).schedule["labels"]
    _keep_record(stage, place / "labels.json")
    data = RunData.open(recipe, place, source, None)
    nets = CrossingNets(recipe.architecture, recipe.dataset, PRESETS[recipe.dataset].cube_mm, recipe.seed)
    compile_for(nets, recipe.schedule["posterior"])
    Checkpoint(checkpoint_path(place, "posterior")).restore(nets)
    seeds = range(recipe.seed, recipe.seed + rounds + taught)
    for number, seed in enumerate(seeds[:rounds], 1):
        _learn(nets, stage, place, f"labels{number}", [_labelled(recipe, data, stage.batch_size, seed)])
    if taught:
        frames, rest = data.unlabelled[0]
        poses = _pseudo_labels(nets.estimator, frames, rest, recipe.seed, place / f"taught{rounds}.npy")
    for number, seed in enumerate(seeds[rounds:], 1):
        count = stage.batch_size // _LABELLED_SHARE
        others = TaughtSource(frames, rest, poses, stage.batch_size - count, seed)
        sources = [CoveredSource(others, seed + 1), _labelled(recipe, data, count, seed)]
        _learn(nets, stage, place, f"taught{rounds}-{number}", sources)
    return nets.estimator


def _labelled(recipe: Recipe, data: RunData, count: int, seed: int) -> Source:
    return CoveredSource(LabelledSource(data.labelled, data.trained, count, seed, recipe.augmentation), seed)


def _pseudo_labels(
    estimator: keras.Model, frames: ConvertedSet, indices: np.ndarray, seed: int, path: Path
) -> np.ndarray:
    """`pseudo_labels`, kept for a run that goes on."""
    if not path.exists():
        with atomic_path(path) as temporary:
            np.save(temporary, pseudo_labels(estimator, frames, indices, seed))
    return np.load(path)


def _learn(nets: CrossingNets, stage: Stage, place: Path, name: str, sources: list[Source]) -> None:
    """Go on by a stage of these sources, or by what is left of it."""
    compile_for(nets, stage)
    checkpoint = Checkpoint(checkpoint_path(place, name))
    done = checkpoint.restore(nets)
    if done < stage.steps:
        curves = Curves(curves_path(place, name), done // stage.epoch_steps)
        learn(nets, stage, sources, done, [curves, checkpoint])


def _keep_record(stage: Stage, path: Path) -> None:
    """Write what a stage is beside its checkpoint, or see that it is the same."""
    record = json.dumps(asdict(stage))
    if not path.exists():
        with atomic_path(path) as temporary:
            temporary.write_text(record, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != record:
        raise click.ClickException(f"{path.parent}: holds a run of another stage labels; move it away")


def _begin_as_others(recipe: Recipe, place: Path, runs: Path) -> None:
    """Copy the checkpoints of stages with which another run began just as this one will, the longest such row."""
    if place.exists():
        return
    wanted = json.loads(json.dumps(recipe.to_dict()))
    shared, source = [], place
    for other in sorted(runs.glob("*/recipe.json")):
        begun = json.loads(other.read_text(encoding="utf-8"))["recipe"]
        same = []
        for name, stage in wanted["schedule"].items():
            if begun["schedule"].get(name) != stage or not checkpoint_path(other.parent, name).exists():
                break
            same.append(name)
        rest = wanted.keys() - {"schedule"}
        if all(begun.get(key) == wanted[key] for key in rest) and len(same) > len(shared):
            shared, source = same, other.parent
    place.mkdir(parents=True)
    for name in shared:
        shutil.copyfile(checkpoint_path(source, name), checkpoint_path(place, name))
    if shared:
        shutil.copyfile(source / "recipe.json", place / "recipe.json")


def _synthetic_dataset(name: str, split: str, count: int, folder: Path) -> HandDataset:
    """Synthetic frames of the preset's own camera as a dataset whose images are drawn when they are read."""
    preset = PRESETS[name].own()
    labels = folder / f"{split}-labels.npy"
    if not labels.exists():
        joints = [draw_frame(preset, 0, index, split).joints[name] for index in range(count)]
        with atomic_path(labels) as temporary:
            np.save(temporary, np.stack(joints))
    return HandDataset(
        name=f"synthetic {name}",
        skeleton=SKELETONS[name],
        camera=preset.lenses[0].camera,
        folder=folder,
        names=[str(index) for index in range(count)],
        read_depth=lambda path: draw_frame(preset, 0, int(path.name), split).depth_mm,
        joints_xyz=np.load(labels)[:count],
        groups=[split] * count,
    )


def _test_error(folder: Path, estimator: keras.Model) -> float:
    tests = ConvertedSet(folder / _SETS["test"])
    distances = []
    for first in range(0, len(tests), 100):
        depth, pose = tests.crops(range(first, min(first + 100, len(tests))))
        distances.append(np.linalg.norm(estimator.predict_on_batch(depth)["pose"] - pose, axis=-1))
    return round(float(np.concatenate(distances).mean() * POSE_UNIT_MM), 3)


def _rows(folder: Path) -> list[dict]:
    path = folder / _RESULTS
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _cell(errors: list[float]) -> str:
    if len(errors) < 2:
        return f"{errors[0]:.2f} mm" if errors else ""
    return f"{np.mean(errors):.2f} mm ± {np.std(errors, ddof=1):.2f} ({len(errors)} seeds)"


def _plot(errors: dict[str, dict[float, list[float]]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.6 + 0.22 * len(errors)), layout="constrained")
    ax = figure.subplots()
    for method, by_fraction in errors.items():
        fractions = sorted(by_fraction)
        means = [np.mean(by_fraction[fraction]) for fraction in fractions]
        # Of one run nothing is known of how far others lie.
        spreads = [np.std(each, ddof=1) if len(each) > 1 else np.nan for each in map(by_fraction.get, fractions)]
        ax.errorbar([100 * fraction for fraction in fractions], means, spreads, fmt="o-", markersize=3, capsize=6)
        ax.plot([], "o-", markersize=3, color=ax.lines[-1].get_color(), label=method)
    shown = sorted({100 * fraction for by_fraction in errors.values() for fraction in by_fraction})
    # From zero, so that a flat curve looks flat.
    ax.set(xscale="log", xlabel="labelled crops (%)", ylabel="mean joint error (mm)", ylim=(0, None))
    ax.set_xticks(shown, [f"{each:g}" for each in shown])
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    figure.legend(loc="outside lower center", fontsize="small")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150)


def _tell(done: int, count: int) -> None:
    click.echo(f"{done} of {count}", err=True)


if __name__ == "__main__":
    main()
