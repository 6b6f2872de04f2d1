"""The places of the page: company, teams, objectives, key results, streams, weeks, findings, steps, search."""

from fastapi import FastAPI

from web.drawing import Drawing
from web.findings import Findings
from web.frame import Frame
from web.objectives import Objectives
from web.scopes import Scopes
from web.steps import Steps
from web.work import Work


def add_places(web: FastAPI, frame: Frame) -> None:
    """Add the routes that show something."""
    drawing = Drawing(web, frame)
    for place in (Scopes, Objectives, Work, Findings, Steps):
        place(web, frame, drawing)
