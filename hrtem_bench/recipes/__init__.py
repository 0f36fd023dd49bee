"""Recipes: what a dataset is to hold, down to the plan of each row.

Its public names are those of `hrtem_bench.dataset`.
"""
