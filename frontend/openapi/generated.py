"""The parts of the document that the types of the code already say."""

from typing import Any

import msgspec

from frontend.option_values import OPTIONS
from pipeline.messages import RenditionName
from pipeline.records import Receipt

Json = dict[str, Any]
REF = "#/components/schemas/{name}"
MOMENTS = ("started_at", "finished_at")


def receipt_schemas() -> Json:
    """The schemas of a receipt and of all that is in it. Each field is always there, so it is required."""
    _, schemas = msgspec.json.schema_components((Receipt,), ref_template=REF)
    for schema in schemas.values():
        schema["required"] = list(schema["properties"])
        schema["additionalProperties"] = False
        schema["description"] = _first_sentences(schema["description"])
        for field in schema["properties"].values():
            field.pop("default", None)
    # A removed job keeps a receipt that is shown to nobody.
    schemas["Receipt"]["properties"]["status"] = {"enum": ["cancelled", "done", "failed"]}
    for name in MOMENTS:
        schemas["Receipt"]["properties"][name] = {"$ref": "#/components/schemas/Time"}
    return schemas


def with_option_types(schema: Json) -> Json:
    """The same schema of the options, each with the type that the server checks."""
    kinds = {"name": RenditionName} | {name: option.kind for name, option in OPTIONS.items()}
    described = schema["properties"]
    return schema | {"properties": {name: _type(kind) | described[name] for name, kind in kinds.items()}}


def option_parameters(schema: Json) -> Json:
    """The options as parameters of an address, each by its name."""
    return {
        name: {
            "name": name,
            "in": "query",
            "description": schema["properties"][name]["description"],
            "schema": {"$ref": f"#/components/schemas/RenditionOptions/properties/{name}"},
        }
        for name in OPTIONS
    }


def _type(kind: Any) -> Json:
    schema = msgspec.json.schema(kind)
    if "pattern" in schema:
        schema["pattern"] = schema["pattern"].replace(r"\Z", "$")  # as ECMAScript has it
    if "enum" in schema:
        schema |= {"type": "string"}
    return schema


def _first_sentences(docstring: str) -> str:
    return docstring.partition("\n\n")[0]
