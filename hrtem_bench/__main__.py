"""`python -m hrtem_bench` is the command `hrtem-bench`."""

from hrtem_bench.cli import main

if __name__ == "__main__":
    main()
