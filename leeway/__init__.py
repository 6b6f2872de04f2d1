"""The application: settings, command line, Celery app and its tasks."""

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str

# Modules loaded at startup stay; collecting garbage after every 700 objects costs a tenth of the startup time.
gc.set_threshold(20_000, *gc.get_threshold()[1:])


def __getattr__(name: str) -> str:
    """Return the version, looked up on demand: the lookup takes longer than a whole health check."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("leeway")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0"
