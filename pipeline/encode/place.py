"""Where what is made once is kept between processes."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """The user's cache folder; one that nobody can write where the user has no home, as in a container with a uid of its own."""
    try:
        return platformdirs.user_cache_path("leeway")
    except RuntimeError:
        return Path(os.devnull) / "leeway"
