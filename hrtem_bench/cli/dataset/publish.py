"""`hrtem-bench publish`."""

from __future__ import annotations

from typing import Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import bytes_text, print_table


def publish(
    data: options.DataFolder,
    repo: Annotated[str, typer.Option(help="Repository on the Hugging Face Hub, as organisation/name.")],
    tag: Annotated[str, typer.Option(help="Tag of this version: v and the dataset's version.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository a private one.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")] = False,
) -> None:
    """Upload a dataset to the Hugging Face Hub, as one commit and a tag. Log in with `hf auth login` first.

    Interrupted, the same command sends only what is not there yet.
    """
    from hrtem_bench.dataset import publish as upload

    sent = upload(data, repo, tag, dry_run=dry_run, private=private)
    print_table(f"{sent.repo} {sent.tag}", ("file", "size"), [(name, bytes_text(n)) for name, n in sent.files.items()])
    print(f"{'would send' if dry_run else 'sent'} {bytes_text(sent.bytes)} to {sent.url}")
