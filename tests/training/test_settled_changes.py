"""A run may go on by another recipe as far as it has not done yet what differs."""

from dataclasses import asdict

import pytest

from cn_zoo.training.recipe import load_recipe
from cn_zoo.training.settled_changes import settled_changes

STAGES = 'stages=["pose_vae", "posterior", "generator"]'
#: Two checkpoints.
POSTERIOR = "posterior.samples=25600"


def _settled(folder, *changes, earlier=()):
    begun = asdict(load_recipe("msra", (STAGES, POSTERIOR, *earlier)))
    recipe = load_recipe("msra", (STAGES, POSTERIOR, *changes))
    return settled_changes(recipe, begun, asdict(recipe), folder)


@pytest.fixture
def run(tmp_path):
    """The second of its stages is half done."""
    for stage in ("pose_vae", "posterior"):
        (tmp_path / f"{stage}.weights.h5").touch()
    (tmp_path / "posterior.csv").write_text("epoch,loss\n0,1.0\n")
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        "generator.samples=64",
        'stages=["pose_vae", "posterior"]',
        'stages=["pose_vae", "posterior", "generator", "mapping"]',
        "posterior.learning_rate=1e-4",
        "posterior.clip_norm=0.5",
        "posterior.terms.latent=0.0",
        "finish.samples=100",
        'name="other"',
    ],
)
def test_what_is_to_come_may_change(run, change):
    assert _settled(run, change) == []


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ("pose_vae.learning_rate=1e-4", "pose_vae.learning_rate"),
        ("posterior.batch_size=32", "posterior.batch_size"),
        ('posterior.optimizer="adamw"', "posterior.optimizer"),
        ('stages=["posterior", "generator"]', "stages"),
        ('stages=["pose_vae"]', "stages"),
        ('stages=["pose_vae", "generator", "posterior"]', "stages"),
        ("seed=5", "seed"),
        ("poses=100", "poses"),
    ],
)
def test_what_has_had_its_effect_may_not(run, change, refused):
    assert _settled(run, change) == [refused]


def test_a_stage_that_is_done_is_settled(run):
    (run / "posterior.csv").write_text("epoch,loss\n0,1.0\n1,0.5\n")
    assert _settled(run, "posterior.learning_rate=1e-4") == ["posterior.learning_rate"]
    assert _settled(run, "generator.learning_rate=1e-4") == []


def test_in_a_finished_run_all_is_settled(run):
    (run / "preset.json").touch()
    assert _settled(run, "generator.samples=64", "finish.samples=100") == ["finish", "generator.samples"]
    assert _settled(run, 'stages=["pose_vae", "posterior", "generator", "mapping"]') == ["stages"]
    assert _settled(run) == []


def test_without_checkpoints_stages_may_all_be_others(tmp_path):
    assert _settled(tmp_path, 'stages=["generator"]', "posterior.samples=64") == []


def test_a_stage_with_a_checkpoint_settles_those_before_it(tmp_path):
    """Whatever has become of their checkpoints."""
    (tmp_path / "posterior.weights.h5").touch()
    assert _settled(tmp_path, "pose_vae.learning_rate=1e-4") == ["pose_vae.learning_rate"]
    assert _settled(tmp_path, 'stages=["pose_vae", "generator"]') == ["stages"]
