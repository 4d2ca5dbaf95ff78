"""Released weights, their golden files and their cards: data, no code."""
