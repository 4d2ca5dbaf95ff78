"""``cn-zoo sample``: pairs of pose and depth map out of the shared latent space."""

from __future__ import annotations

from pathlib import Path

import click

from cn_zoo.keras_backend import need_keras


@click.command()
@click.option("--model", required=True, help="A name of `cn-zoo models`, a path, or a URL; needs nets.keras.")
@click.option("--count", type=click.IntRange(1), default=8, show_default=True, help="Number of random hands.")
@click.option("--walk", type=click.IntRange(2), help="Steps from one hand to another, instead of random hands.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the random hands.")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="PNG file.")
def sample(model: str, count: int, walk: int | None, seed: int, output: Path) -> None:
    """Draw pairs of pose and depth map out of a model's shared latent space."""
    if walk and click.get_current_context().get_parameter_source("count") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--count and --walk exclude each other")
    if output.suffix != ".png":
        raise click.UsageError(f"--output: the picture is a .png file; received {output}")
    need_keras("cn-zoo sample")
    from keras.ops import convert_to_numpy

    from cn_zoo import CrossingNets
    from cn_zoo.drawing import draw_samples
    from cn_zoo.evaluation.round_trip import round_trip_error
    from cn_zoo.geometry import SKELETONS
    from cn_zoo.io.atomic import atomic_path
    from cn_zoo.training.latent_walk import sample_latents, walk_latents

    nets = CrossingNets.from_pretrained(model)
    latents = walk_latents(nets, walk, seed) if walk else sample_latents(nets, count, seed)
    hands = {name: convert_to_numpy(value) for name, value in nets.synthesize(latents).items()}
    with atomic_path(output) as temporary:
        draw_samples(hands["depth"], hands["pose"], SKELETONS[nets.skeleton], nets.cube_mm).save(temporary, "PNG")
    error = round_trip_error(nets, hands["depth"], hands["pose"])
    click.echo(f"poses estimated from the generated depth maps are {error:.1f} mm from their own", err=True)
    click.echo(output)
