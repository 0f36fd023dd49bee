"""The Hugging Face Hub: fetching a dataset's files, with one clear line when that cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hrtem_bench.errors import InputError, require

TIMEOUT = 5.0
"""Seconds to wait for the Hub before calling it unreachable."""


def download(repo: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """The folder, in the Hub's cache, of a dataset repository's files that match `patterns`.

    repo: "organisation/name". revision: a tag, branch or commit; the main branch by default. InputError when the
    Hub cannot be reached and the files are not in the cache, and when the repository or the revision is not there.
    """
    hub = require("huggingface_hub", "data")
    errors = require("huggingface_hub.errors", "data")
    try:
        return Path(
            hub.snapshot_download(
                repo,
                repo_type="dataset",
                revision=revision,
                allow_patterns=list(patterns),
                etag_timeout=TIMEOUT,
            )
        )
    except errors.HFValidationError as error:
        raise InputError(f"{repo!r} is neither a folder nor a Hub id: {str(error).splitlines()[0]}") from None
    except errors.RevisionNotFoundError:
        raise InputError(f"the dataset {repo} on the Hub has no revision {revision!r}") from None
    except errors.RepositoryNotFoundError:
        raise InputError(
            f"no dataset {repo!r}: there is no such folder, and no such repository on the Hub (or it is private: "
            "log in with `hf auth login`)"
        ) from None
    except Exception as error:
        if not _is_network(error):
            raise
        raise InputError(
            f"no folder {repo!r}, and the Hub cannot be reached for a repository of that name "
            f"({type(error).__name__}): check the path or the network"
        ) from None


def _is_network(error: Exception) -> bool:
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    # The library's HTTP client has changed its package's name from release to release, not its prefix.
    of_client = type(error).__module__.startswith("httpx")
    return of_client or isinstance(error, (HfHubHTTPError, OfflineModeIsEnabled, OSError))
