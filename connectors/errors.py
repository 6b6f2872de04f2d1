"""The errors of a source: whose fault it is, whether to retry, and how to fix it."""


class SourceError(Exception):
    """An error of a source. `permanent`: retrying without a change cannot help."""

    permanent = False

    def __init__(self, source: str, message: str, fix: str = "") -> None:
        super().__init__(f"{source}: {message}" + (f" {fix}" if fix else ""))
        self.source, self.message, self.fix = source, message, fix


class CredentialError(SourceError):
    """The source rejected the token."""

    permanent = True


class ScopeError(SourceError):
    """The token is valid but lacks a permission. `scope` names what is missing."""

    permanent = True

    def __init__(self, source: str, scope: str, fix: str) -> None:
        super().__init__(source, f"the scope {scope} is missing.", fix)
        self.scope = scope


class RateLimited(SourceError):
    """Still rate limited after the client's own retries. `seconds` is the wait the source asked for, 0 if it gave none."""

    def __init__(self, source: str, seconds: float) -> None:
        wait = f"asks to wait {seconds:.0f} s" if seconds else "does not say for how long"
        super().__init__(source, f"rate limited; the source {wait}.", "The next pull continues.")
        self.seconds = seconds


class SourceUnavailable(SourceError):
    """No answer, or a 5xx."""


class Untrusted(SourceUnavailable):
    """No answer, and a second attempt would not help: an untrusted certificate, or no TLS."""

    permanent = True


class BadAnswer(SourceError):
    """An answer that is not what the vendor documents."""


class NotFound(BadAnswer):
    """The source reports that a named record does not exist: deleted, not visible, or never there."""


class Unexpected(SourceError):
    """An error not expected from any source: a bug of ours, or an unknown kind of answer."""

    def __init__(self, source: str, stream: str, error: Exception, record: str = "") -> None:
        where = f"after record {record}" if record else "before the first record"
        super().__init__(
            source,
            f"{stream}: stopped by an unexpected {type(error).__name__} {where}.",
            "The next pull continues there; if it stops again, report the traceback in the log.",
        )
        self.stream, self.error = stream, error

    def after(self, record: str) -> "Unexpected":
        """Return the same error, naming the last record that was read."""
        return Unexpected(self.source, self.stream, self.error, record)


class NotReachable(SourceError):
    """A configured channel, mailbox or the like that the account cannot see."""

    permanent = True
