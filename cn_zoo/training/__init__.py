"""Recipes, stages and runs."""

from cn_zoo.training.finetune import finetune
from cn_zoo.training.recipe import Recipe, list_recipes, load_recipe
from cn_zoo.training.run import train
from cn_zoo.training.stage import STAGES, Stage

__all__ = ["STAGES", "Recipe", "Stage", "finetune", "list_recipes", "load_recipe", "train"]
