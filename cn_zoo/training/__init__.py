"""Recipes, stages and runs."""

from cn_zoo.training.recipe import Recipe, list_recipes, load_recipe
from cn_zoo.training.routed_optimizer import RoutedOptimizer
from cn_zoo.training.run import train

__all__ = ["Recipe", "RoutedOptimizer", "list_recipes", "load_recipe", "train"]
