"""The shapes of countries, served by ourselves: Plotly would fetch them from another server."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

FOLDER: Final = Path(__file__).parents[3] / "data" / "maps"
WORLD: Final = FOLDER / "world_110m.json"
"""Plotly asks for this name: its map of the world, 1:110 million."""
ADDRESS: Final = "maps/4/"
"""Relative, so that it also works below a path; with the version of the shapes, as browsers keep them for a year."""
MAP_CONFIG: Final = {"topojsonURL": ADDRESS, "scrollZoom": False}


def map_routes() -> list[Route]:
    async def world(_: Request) -> FileResponse:
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return FileResponse(WORLD, media_type="application/json", headers=headers)

    return [Route(f"/{ADDRESS}{WORLD.name}", world, methods=["GET"])]
