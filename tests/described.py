"""
A check of real HTTP exchanges against an OpenAPI document: every answer has to be one that the document announces.

It knows JSON Schema by the ``jsonschema`` library and nothing of the studio.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

HOME: Final = "urn:document"


class Description:
    """An OpenAPI 3.1 document that judges; ``seen`` are (method, path as described, status) of what it has judged."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.seen: list[tuple[str, str, int]] = []
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(HOME, resource)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Give every operation: method, path, description."""
        for path, item in self.document["paths"].items():
            for method in item.keys() - {"parameters"}:
                yield method.upper(), path, item[method]

    def faults_of(self, value: Any, *pointer: str) -> list[str]:
        """Say what is wrong with a value by the schema at a place of the document."""
        where = "/".join(each.replace("~", "~0").replace("/", "~1") for each in pointer)
        validator = Draft202012Validator({"$ref": f"{HOME}#/{where}"}, registry=self._registry)
        return [f"{error.json_path}: {error.message:.200}" for error in validator.iter_errors(value)]

    def judge(self, method: str, path: str, status: int, media_type: str, body: Any) -> list[str]:
        """
        Say what is wrong with an answer.

        Args:
            method: of the request.
            path: without the query.
            status: of the answer.
            media_type: without parameters; "" where there is no body.
            body: the JSON value; anything else for another media type.

        """
        template = self._template(path)
        if template is None or method.lower() not in self.document["paths"][template]:
            return [f"{method} {path} is not described"]
        self.seen.append((method, template, status))
        responses = self.document["paths"][template][method.lower()]["responses"]
        if str(status) not in responses:
            return [f"{method} {template} does not announce {status}"]
        content = responses[str(status)].get("content", {})
        if media_type not in content and (media_type or content):
            return [f"{method} {template} {status}: {media_type!r} is none of {sorted(content)}"]
        if media_type != "application/json":
            return []
        pointer = ("paths", template, method.lower(), "responses", str(status), "content", media_type, "schema")
        return self.faults_of(body, *pointer)

    def _template(self, path: str) -> str | None:
        """Find the path that is meant; one without a variable goes before one with."""
        fitting = [
            template
            for template in self.document["paths"]
            if re.fullmatch("[^/]+".join(map(re.escape, re.split(r"\{\w+\}", template))), path)
        ]
        return min(fitting, key=lambda template: template.count("{"), default=None)
