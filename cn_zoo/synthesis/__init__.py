"""Synthetic depth images of hands: a hand to shape and pose, scenes around it, depth sensors, labels."""
