"""Facts of the OpenAPI document: title, version, description, servers and security schemes."""

from __future__ import annotations

from typing import Any

API_TITLE = "Gentrace API"
"""Title of the document."""

API_VERSION = "0.4.0"
"""Version of the document."""

API_DESCRIPTION = (
    "Stores runs of LLM pipelines: what each step was given, what it answered and how long it took."
)
"""Description of the document."""

SECURITY_SCHEMES: dict[str, dict[str, str]] = {
    "bearerAuth": {
        "type": "http",
        "scheme": "bearer",
        "description": "The API key, sent as `Authorization: Bearer KEY`.",
    }
}
"""The security schemes of the document."""

SERVERS: tuple[dict[str, Any], ...] = (
    {"url": "https://gentrace.ai/api/v1", "description": "The hosted Gentrace API."},
)
"""The servers of the document."""
