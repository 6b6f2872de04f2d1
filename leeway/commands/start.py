"""The commands of the first hour: the demo, the first files, and whether everything a run needs is there."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from leeway.console import out, print_rows, the_app

commands = typer.Typer()


@commands.command()
def demo(
    database: Annotated[
        str | None, typer.Option(help="Database address; else a fresh SQLite file in the output folder.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for summary.json, the alert, the digest and the chart.")] = Path(
        "demo-out"
    ),
    today: Annotated[
        str | None, typer.Option(help="Last day of the simulated half year (2026-07-14); else today.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another half year of the same company.")] = 7,
    serve: Annotated[bool, typer.Option("--serve", help="Leave the page up afterwards, and print a way in.")] = False,
) -> None:
    """The whole job on a simulated company: pull over HTTP, match, shares, drift, one alert in Slack. No account needed."""
    from leeway.demo import run_demo, there

    try:
        day = date.fromisoformat(today) if today else None
    except ValueError:
        raise typer.BadParameter(f"{today!r} is no date like 2026-07-14.", param_hint="--today") from None
    if not serve:
        run_demo(output, database, day, seed, out)
        return
    from functools import partial

    from web.serve import serve as serve_page

    show, before = partial(serve_page, standing=True), there(output, database)
    if before is None:
        run_demo(output, database, day, seed, out, show)
    else:
        out.print(f"Showing the company of {output}, as it was left; without --serve the demo runs anew.", markup=False)
        show(before, out)


@commands.command()
def init(folder: Annotated[Path, typer.Argument(help="Where to write; existing files are kept.")] = Path()) -> None:
    """Write leeway.toml and okrs.yaml, commented and ready to edit."""
    from importlib.resources import files

    folder.mkdir(parents=True, exist_ok=True)
    for name in ("leeway.toml", "okrs.yaml"):
        target = folder / name
        if target.exists():
            out.print(f"{target} is there already and was kept.")
            continue
        target.write_text(files("leeway").joinpath("templates", name).read_text(encoding="utf-8"), encoding="utf-8")
        target.chmod(0o600)  # it will hold tokens
        out.print(f"{target} written.")
    settings = "" if folder == Path() else f"--config {folder / 'leeway.toml'} "
    out.print(
        f"Next: edit both, then `leeway {settings}check` and `leeway {settings}okrs load {folder / 'okrs.yaml'}`."
    )


@commands.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Try everything a run needs: settings, database, model, each source's token, scopes, projects and channels."""
    from leeway.check import check_all

    print_rows(check_all(the_app()), as_json)
