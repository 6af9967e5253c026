"""The JSON schema of the hall file, with the keys of every driver."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from bridge.cli.hallfile import LATER_DRIVERS
from devices.site import Site
from drivers.registry import driver_names, find_driver

Schema = dict[str, Any]


def hall_schema() -> Schema:
    """For editors: completion and errors while a hall file is written."""
    schema = Site.model_json_schema()
    definitions: Schema = schema.setdefault("$defs", {})
    entry = definitions.pop("DeviceEntry")
    names = driver_names()
    variants = [_variant(entry, name, definitions) for name in names]
    later = sorted(LATER_DRIVERS - set(names))
    if later:
        variants.append(_later(entry, later))
    definitions["DeviceEntry"] = {
        "description": entry.get("description", ""),
        "type": "object",
        "required": ["id", "driver"],
        "oneOf": variants,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "halld hall file",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def schema_text() -> str:
    """The schema as it stands in config/hall.schema.json."""
    return json.dumps(hall_schema(), ensure_ascii=False, indent=2) + "\n"


def _variant(entry: Schema, name: str, definitions: Schema) -> Schema:
    driver = find_driver(name)
    own = _own_schema(driver.parameters_model, name, definitions)
    return {
        "title": f"driver {name}",
        "description": (driver.__doc__ or "").strip().splitlines()[0],
        "type": "object",
        "properties": {
            **entry["properties"],
            **own.get("properties", {}),
            "driver": {"const": name},
        },
        "required": sorted({"id", "driver", *own.get("required", [])}),
        "additionalProperties": False,
    }


def _own_schema(model: type[BaseModel], driver: str, definitions: Schema) -> Schema:
    schema = model.model_json_schema(ref_template=f"#/$defs/{driver}.{{model}}")
    for name, definition in schema.pop("$defs", {}).items():
        definitions[f"{driver}.{name}"] = definition
    return schema


def _later(entry: Schema, names: list[str]) -> Schema:
    return {
        "title": "drivers of a later version; such a device stays offline",
        "type": "object",
        "properties": {**entry["properties"], "driver": {"enum": names}},
        "required": ["driver", "id"],
    }
