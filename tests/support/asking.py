"""Asking the web in memory and reading its problems."""

from __future__ import annotations

from typing import Any

import httpx

from bridge.service.ports import HallPort
from bridge.web.app import create_app

PROBLEM = "application/problem+json"


def client_of(hall: HallPort) -> httpx.AsyncClient:
    """A client of the hall's web; what our code throws is an answer 500."""
    transport = httpx.ASGITransport(app=create_app(hall), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


def check_problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body: dict[str, Any] = answer.json()
    assert body["type"] == kind
    assert body["status"] == status
    assert body["title"]
    assert body["instance"] == answer.request.url.path
    return body
