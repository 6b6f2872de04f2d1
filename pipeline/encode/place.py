"""The folder for files cached between processes."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the user's cache folder; an unwritable path if the user has no home, as in a container with an arbitrary uid."""
    try:
        return platformdirs.user_cache_path("leeway")
    except RuntimeError:
        return Path(os.devnull) / "leeway"
