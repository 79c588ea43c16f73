"""The templates and style sheets of the pages: ours in ``reports/``, a user's own copy first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from benchharness import declarations

if TYPE_CHECKING:
    from jinja2 import Environment


def template_environment() -> Environment:
    """Return where templates are found; all is escaped, an unknown name an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folders = [str(folder) for folder in declarations.folders("reports")]
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def source_of(environment: Environment, *names: str) -> Markup:
    """Return files as they are, one after the other: style sheets and scripts, which are ours."""
    assert environment.loader is not None
    sources = [environment.loader.get_source(environment, name)[0] for name in names]
    return Markup("\n".join(sources))  # noqa: S704 - the project's own files
