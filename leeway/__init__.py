"""How it is wired: settings, command line, Celery app and its tasks."""

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str

# What is loaded at the start stays; to look through it for garbage after each 700 objects is a tenth of a start.
gc.set_threshold(20_000, *gc.get_threshold()[1:])


def __getattr__(name: str) -> str:
    """The version, looked up when somebody asks: it takes longer than all that a health check does."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("leeway")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0"
