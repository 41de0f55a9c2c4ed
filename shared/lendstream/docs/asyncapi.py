"""The AsyncAPI 3.0 document of the whole platform: every topic, message, writer and reader."""

from typing import Any

from lendstream.docs import headers
from lendstream.docs.overview import kept
from lendstream.docs.schemas import component_schemas, path_of
from lendstream.events.base import Event
from lendstream.topics import DEAD_LETTER, SERVICES, TOPICS, Topic

Node = dict[str, Any]

_DESCRIPTION = (
    "The topics of the lending platform. Records are CloudEvents 1.0 in Kafka's binary mode: the attributes are "
    "headers, the value is the event as JSON, no value is a tombstone. Money is whole minor units (fen) beside an ISO "
    "4217 currency; rates are decimal strings; dates are ISO 8601; times are UTC. Readers ignore fields they do not "
    "know; a breaking change is a new topic version."
)
_BINDING_VERSION = "0.5.0"
_PARAMETERS: dict[str, Node] = {
    "partner": {"description": "The channel partner whose topic it is.", "examples": ["phone-shop"]},
    "service": {"description": "The service that could not handle the records.", "enum": list(SERVICES)},
}


def document() -> Node:
    """The document as plain data."""
    references, schemas = component_schemas("#/components/schemas/{model}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Lendstream",
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The platform's Kafka.",
                "variables": {"bootstrap": {"default": "127.0.0.1:9092", "description": "host:port of a broker."}},
            }
        },
        "channels": {topic.family: _channel(topic) for topic in TOPICS},
        "operations": dict(operation for topic in TOPICS for operation in _operations(topic)),
        "components": {
            "messages": {
                **{
                    _message_name(topic, event): _message(topic, event, references[path_of(topic, event)])
                    for topic in TOPICS
                    for event in topic.events
                },
                "dead-letter.DeadLetter": _dead_letter_message(),
                "dead-letter.Resolution": _resolution_message(),
            },
            "schemas": {
                **schemas,
                "CloudEventHeaders": headers.cloud_event(),
                "DeadLetterHeaders": headers.dead_letter(),
                "ResolutionHeaders": headers.resolution(),
            },
        },
    }


def _message_name(topic: Topic, event: type[Event]) -> str:
    return f"{topic.family.removeprefix('lending.').rpartition('.')[0]}.{event.__name__}"


def _messages_of(topic: Topic) -> dict[str, str]:
    """The names of a channel's messages, each with its name among the components."""
    if topic is DEAD_LETTER:
        return {name: f"dead-letter.{name}" for name in ("DeadLetter", "Resolution")}
    return {event.__name__: _message_name(topic, event) for event in topic.events}


def _channel(topic: Topic) -> Node:
    channel: Node = {
        "address": topic.name.replace("<", "{").replace(">", "}"),
        "title": topic.family,
        "description": f"{topic.purpose} Key: {topic.key}. Kept: {kept(topic)}. Personal data: {topic.personal_data}.",
        "messages": {name: {"$ref": f"#/components/messages/{ref}"} for name, ref in _messages_of(topic).items()},
    }
    if topic.parameter:
        channel["parameters"] = {topic.parameter: dict(_PARAMETERS[topic.parameter])}
    channel["bindings"] = {
        "kafka": {
            "partitions": topic.partitions,
            "topicConfiguration": {
                "cleanup.policy": [topic.config["cleanup.policy"]],
                "retention.ms": int(topic.config["retention.ms"]),
                "max.message.bytes": topic.max_message_bytes,
            },
            "bindingVersion": _BINDING_VERSION,
        }
    }
    channel["x-personal-data"] = topic.personal_data
    return channel


def _operations(topic: Topic) -> list[tuple[str, Node]]:
    parts = [(who.strip(), "send") for who in topic.owner.split(",")] + [(who, "receive") for who in topic.readers]
    return [
        (
            f"{who.replace(' ', '-')}.{action}.{topic.family}",
            {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic.family}"},
                "summary": f"{who.capitalize()} {'writes' if action == 'send' else 'reads'} {topic.name}.",
                "messages": [{"$ref": f"#/channels/{topic.family}/messages/{name}"} for name in _messages_of(topic)],
            },
        )
        for who, action in parts
    ]


def _message(topic: Topic, event: type[Event], payload: Node) -> Node:
    tombstone = " A record without a value is a tombstone: it erases the key." if topic.compacted else ""
    return {
        "name": event.__name__,
        "title": event.__name__,
        "summary": (event.__doc__ or "").split("\n", 1)[0] + tombstone,
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEventHeaders"},
                {
                    "type": "object",
                    "properties": {
                        "ce_type": {"const": event.__name__},
                        "ce_dataschema": {"const": f"lendstream:/schemas/{path_of(topic, event)}"},
                    },
                },
            ]
        },
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "payload": payload,
        "bindings": {"kafka": _key(f"The event's {topic.key}, as text.")},
    }


def _key(description: str) -> Node:
    return {"key": {"type": "string", "description": description}, "bindingVersion": _BINDING_VERSION}


def _dead_letter_message() -> Node:
    return {
        "name": "DeadLetter",
        "title": "DeadLetter",
        "summary": "A record that could not be handled: its original key, value and headers, and why.",
        "headers": {"$ref": "#/components/schemas/DeadLetterHeaders"},
        "payload": {"description": "The original value, whatever its bytes are."},
        "bindings": {"kafka": _key("The original record's key, as it was.")},
    }


def _resolution_message() -> Node:
    return {
        "name": "Resolution",
        "title": "Resolution",
        "summary": "What an operator did about a dead letter; the last record about an id is its state.",
        "headers": {"$ref": "#/components/schemas/ResolutionHeaders"},
        "payload": {"type": "null", "description": "No value."},
        "bindings": {"kafka": _key("The dead letter's key.")},
    }
