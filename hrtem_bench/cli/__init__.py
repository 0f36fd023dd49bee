"""The command line: parses, calls, prints; nothing else."""

from hrtem_bench.cli.app import application, main, run

__all__ = ["application", "main", "run"]
