"""Generation: a recipe made into a folder of images, with its manifest and card.

Its public names are those of `hrtem_bench.dataset`.
"""
