"""Request bodies: checked as JSON, just like a record's value, and described for OpenAPI."""

from typing import Any, TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError

from lendstream.envelope import nul_problems
from lendstream.errors import from_pydantic, problem
from lendstream.events.base import Command

MAX_BODY = 1_048_576
B = TypeVar("B", bound=BaseModel)


async def parsed(request: Request, model: type[B]) -> B:
    """The body, checked as JSON against the model, just like a record's value.

    Raises HTTPException, as problem+json: 411 without a length, 413 over a megabyte, 422 with every reason.
    """
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal():
        raise HTTPException(411, "Send the body's Content-Length")
    if int(length) > MAX_BODY:
        raise HTTPException(413, f"The body is over {MAX_BODY} bytes")
    body = await request.body()
    # What partners submit is checked text by text, by their own rules, which tell of it with everything else.
    if issubclass(model, Command) and (findings := tuple(nul_problems(body))):
        raise HTTPException(422, problem(422, "The request is not valid", findings))
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        findings = from_pydantic(error).errors
        raise HTTPException(422, problem(422, "The request is not valid", findings)) from error


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of a body that `parsed` takes."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inlined(node: Any) -> Any:
        if isinstance(node, list):
            return [inlined(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            rest = {name: value for name, value in node.items() if name != "$ref"}
            return inlined(definitions[node["$ref"].rsplit("/", 1)[1]] | rest)
        return {name: inlined(value) for name, value in node.items()}

    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined(schema)}}}}
