"""Endpoints, as their modules tell them; built where they are added.

FastAPI builds each route twice: with its router, and again where that is included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from fastapi import FastAPI, Response

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_SHAPES: Final = ("response_model", "responses")
"""What only describes the answers of an endpoint that makes them itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    path: str
    endpoint: Callable[..., Any]
    how: dict[str, Any]

    @property
    def answers_itself(self) -> bool:
        return self.endpoint.__annotations__.get("return") in {"Response", Response}


class Routes:
    """The endpoints of one part; `tags` are those of the OpenAPI document."""

    def __init__(self, *, tags: Sequence[str] = ()) -> None:
        self._tags = list(tags)
        self._routes: list[_Route] = []

    def get(self, path: str, **how: Any) -> Callable[[Endpoint], Endpoint]:
        """Answer GET."""
        return self.api_route(path, methods=["GET"], **how)

    def head(self, path: str, **how: Any) -> Callable[[Endpoint], Endpoint]:
        """Answer HEAD."""
        return self.api_route(path, methods=["HEAD"], **how)

    def post(self, path: str, **how: Any) -> Callable[[Endpoint], Endpoint]:
        """Answer POST."""
        return self.api_route(path, methods=["POST"], **how)

    def api_route(self, path: str, **how: Any) -> Callable[[Endpoint], Endpoint]:
        """Answer some methods; `how` is what `FastAPI.api_route` takes."""

        def add(endpoint: Endpoint) -> Endpoint:
            self.add(path, endpoint, **how)
            return endpoint

        return add

    def add(self, path: str, endpoint: Callable[..., Any], **how: Any) -> None:
        """Answer with `endpoint`; `how` is what `FastAPI.add_api_route` takes."""
        self._routes.append(_Route(path=path, endpoint=endpoint, how=how))

    def include(self, other: Routes) -> None:
        """Take over the endpoints of a smaller part."""
        self._routes += other._routes

    def add_to(
        self, app: FastAPI, *, prefix: str = "", described: bool = False, **how: Any
    ) -> None:
        """Build the routes; the shapes of answers only for an app that describes."""
        for route in self._routes:
            own = {**how, **route.how, "tags": self._tags}
            if route.answers_itself and not described:
                own = {name: own[name] for name in own if name not in _SHAPES}
            app.add_api_route(prefix + route.path, route.endpoint, **own)
