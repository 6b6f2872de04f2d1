"""The errors of a source: whose fault it is, whether to try again, and how to fix it."""


class SourceError(Exception):
    """Something the source did. `permanent` says whether trying again without a change can help."""

    permanent = False

    def __init__(self, source: str, message: str, fix: str = "") -> None:
        super().__init__(f"{source}: {message}" + (f" {fix}" if fix else ""))
        self.source, self.message, self.fix = source, message, fix


class CredentialError(SourceError):
    """The source does not accept the token."""

    permanent = True


class ScopeError(SourceError):
    """The token is good but may not do this. `scope` names what is missing."""

    permanent = True

    def __init__(self, source: str, scope: str, fix: str) -> None:
        super().__init__(source, f"the scope {scope} is missing.", fix)
        self.scope = scope


class RateLimited(SourceError):
    """Still limited after the client's own retries. `seconds` is what the source asked us to wait, 0 where it does not say."""

    def __init__(self, source: str, seconds: float) -> None:
        wait = f"asks to wait {seconds:.0f} s" if seconds else "does not say for how long"
        super().__init__(source, f"rate limited; the source {wait}.", "The next pull continues.")
        self.seconds = seconds


class SourceUnavailable(SourceError):
    """No answer, or a 5xx."""


class Untrusted(SourceUnavailable):
    """No answer, and none that a second attempt would bring: a certificate that is not trusted, or no TLS spoken."""

    permanent = True


class BadAnswer(SourceError):
    """An answer that is not what the vendor documents."""


class NotFound(BadAnswer):
    """The source says that what it was asked for by name is not there: deleted, out of sight, or never there."""


class Unexpected(SourceError):
    """An error that no source is known to make: a defect of ours, or an answer nobody has seen yet."""

    def __init__(self, source: str, stream: str, error: Exception, record: str = "") -> None:
        where = f"after record {record}" if record else "before the first record"
        super().__init__(
            source,
            f"{stream}: stopped by an unexpected {type(error).__name__} {where}.",
            "The next pull continues there; if it stops again, report the traceback that is in the log.",
        )
        self.stream, self.error = stream, error

    def after(self, record: str) -> "Unexpected":
        """The same, naming the last record that was read."""
        return Unexpected(self.source, self.stream, self.error, record)


class NotReachable(SourceError):
    """A channel, mailbox or the like that is configured but that the account cannot see."""

    permanent = True
