"""How it is wired: settings, command line, Celery app and its tasks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str


def __getattr__(name: str) -> str:
    """The version, looked up when somebody asks: it takes longer than all that a health check does."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("leeway")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0"
