"""The Hugging Face Hub: downloading a dataset's files, and its errors in one clear line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from hrtem_bench.errors import InputError, require

TIMEOUT = 5.0
"""Seconds to wait for the Hub before calling it unreachable."""


def download(repo: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """Download the files of a dataset repository that match patterns.

    Parameters
    ----------
    repo
        "organisation/name".
    revision
        A tag, branch or commit; the main branch by default.
    patterns
        Of file names.

    Returns
    -------
    Path
        The folder in the Hub's cache.

    Raises
    ------
    InputError
        If the Hub cannot be reached and the files are not in the cache, and if there is no such repository or revision.
    """
    hub = require("huggingface_hub", "data")
    with explained(f"the dataset {repo}", "there is no folder of that name either: check the name or the network"):
        return Path(
            hub.snapshot_download(
                repo,
                repo_type="dataset",
                revision=revision,
                allow_patterns=list(patterns),
                local_files_only=not reachable(),
            )
        )


def reachable() -> bool:
    """Whether the Hub answers within TIMEOUT. The library itself would go on trying for minutes."""
    hub = require("huggingface_hub", "data")
    try:
        hub.get_session().head(hub.constants.ENDPOINT, timeout=TIMEOUT)
    except Exception as error:
        if not _is_network(error) and not isinstance(error, hub.errors.OfflineModeIsEnabled):
            raise
        return False
    return True


@contextlib.contextmanager
def explained(what: str, advice: str) -> Iterator[None]:
    """An error of the Hub or the network as an InputError of one line; the library's messages are shortened."""
    errors = require("huggingface_hub.errors", "data")
    try:
        yield
    except InputError:
        raise
    except errors.HFValidationError as error:
        raise InputError(f"{what}: {str(error).splitlines()[0]}") from None
    except errors.RevisionNotFoundError:
        raise InputError(f"{what}: the Hub has no such revision of it") from None
    except errors.RepositoryNotFoundError:
        raise InputError(
            f"{what}: no such repository on the Hub, or it is private (log in with `hf auth login`); {advice}"
        ) from None
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in (401, 403):
            raise InputError(
                f"{what}: the Hub refuses the token ({status}): `hf auth login` with one that may do this"
            ) from None
        raise InputError(f"{what}: the Hub answers with error {status}; {advice}") from None
    except Exception as error:
        if not _is_network(error):
            raise
        raise InputError(f"{what}: the Hub cannot be reached ({type(error).__name__}); {advice}") from None


def _is_network(error: BaseException | None) -> bool:
    """Whether an error is one of the network; the library wraps some of them in other errors."""
    while error is not None:
        # The library's HTTP client has changed its package's name from release to release, not its prefix.
        if isinstance(error, OSError) or type(error).__module__.startswith("httpx"):
            return True
        error = error.__cause__
    return False
