"""How it is wired: settings, command line, Celery app and its tasks."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("leeway")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0"
