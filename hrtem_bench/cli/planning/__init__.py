"""Commands that say what a condition, or a choice of training conditions, does, without a network."""
