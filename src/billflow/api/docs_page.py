"""The page at /docs, which runs no scripts but files of ours: none stands in the page itself."""

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response

PATH = "/docs"
_STATIC = "/static-offline-docs"
_START = f"{PATH}/start.js"

_PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{_STATIC}/swagger-ui.css">
<link rel="icon" href="{_STATIC}/favicon.png">
<title>billflow</title>
</head>
<body>
<div id="swagger-ui"></div>
<script src="{_STATIC}/swagger-ui-bundle.js"></script>
<script src="{_START}"></script>
</body>
</html>
"""
_SCRIPT = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
});
"""


def install(app: FastAPI) -> None:
    """Serve the page and what starts it."""

    @app.get(PATH, include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(_PAGE)

    @app.get(_START, include_in_schema=False)
    async def start() -> Response:
        return Response(_SCRIPT, media_type="text/javascript")
