"""What pydantic complains of, in a person's words: file, line, key, and how it is written. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from provision.errors import SiteError
from provision.foreign import printable
from provision.yamldoc import YamlDocument

Model = TypeVar("Model", bound=BaseModel)
TRUTHS = ("true", "yes", "on", "false", "no", "off")
"""What YAML reads as true or false where it stands without quotes."""
NO_VALUE = "has no value; give it one, or leave the key out"
MOST_SHOWN = 60
"""Characters of a value that a message repeats."""


def validated(
    document: YamlDocument,
    data: Any,
    model: type[Model],
    forms: Mapping[str, str],
    more: Sequence[tuple[int, str]] = (),
) -> Model:
    """The data as a value of the model; SiteError with all that is wrong, in the order of the lines.

    Forms says what patterns mean; more is what the caller found wrong itself, each with its line.
    """
    found = [*document.twins, *more]
    value: Model | None = None
    wrong: list[dict[str, Any]] = []
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        wrong = [
            item
            for item in complaints(error)
            # The model as a whole says again what is said with a line.
            if item["loc"] or not (more or document.empty)
        ]
    found += [
        (document.line(item["loc"]), sentence(item, model, forms, _typed(document, item))) for item in wrong
    ]
    told = {item["loc"] for item in wrong}
    found += [
        (document.line(place), f"{_dotted(place)}: {NO_VALUE}")
        for place in document.empty
        if place not in told
    ]
    if value is None or found:
        found.sort(key=lambda one: one[0])
        lines = dict.fromkeys(f"{document.shown}:{line}: {printable(text)}" for line, text in found)
        raise SiteError("\n".join(lines), remedy=document.words.schema)
    return value


def _typed(document: YamlDocument, item: Mapping[str, Any]) -> str | None:
    """A wrong value as it was typed; a wrong key is the complaint's own input."""
    return None if item["of_key"] else document.written(item["loc"])


def sentence(
    error: Mapping[str, Any], model: type[BaseModel], forms: Mapping[str, str], written: str | None = None
) -> str:
    """One complaint of pydantic's in a person's words, on one line.

    Forms says what patterns mean; written is the value as it was typed, where that is known.
    """
    location, value = error["loc"], error["input"]
    message = str(error["msg"]).removeprefix("Value error, ")
    wrong = _Wrong(
        key=str(location[-1]) if location else "",
        value=value,
        typed=(str(value) if written is None else written)[:MOST_SHOWN],
        context=error.get("ctx", {}),
        beside=tuple(_fields_at(model, location)),
        below=tuple(_fields_at(model, (*location, ""))),
        message=f"{message[:1].lower()}{message[1:]}",
    )
    form = forms.get(str(wrong.context.get("pattern")))
    said = _SAID.get(error["type"], _as_it_is)(wrong) if form is None else f"is not {form}"
    return printable(f"{_dotted(location) or '(top)'}: {said}")


def _dotted(place: Sequence[int | str]) -> str:
    return ".".join(str(step) for step in place)


@dataclass(frozen=True)
class _Wrong:
    """One complaint: the value as it was read and as it was typed, and the keys beside and below it."""

    key: str
    value: Any
    typed: str
    context: Mapping[str, Any]
    beside: tuple[str, ...]
    below: tuple[str, ...]
    message: str

    @property
    def read_as(self) -> str:
        return _read_as(self.value)


def _as_it_is(wrong: _Wrong) -> str:
    return wrong.message


def _unknown(wrong: _Wrong) -> str:
    near = difflib.get_close_matches(wrong.key, wrong.beside, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"valid here: {', '.join(wrong.beside)}"
    return f"unknown key; {hint}"


def _no_text(wrong: _Wrong) -> str:
    if isinstance(wrong.value, list | dict):
        return f"must be one text, not {wrong.read_as}"
    return f'YAML reads {wrong.typed} as {wrong.read_as}; write it in quotes: "{wrong.typed}"'


def _no_mapping(wrong: _Wrong) -> str:
    if isinstance(wrong.value, str) and "name" in wrong.below:
        return f"is a plain text; write it as a machine: {_as_machine(wrong.value)}"
    return f"must be a mapping with keys of {', '.join(wrong.below)}; it is {wrong.read_as}"


def _no_list(wrong: _Wrong) -> str:
    if not isinstance(wrong.value, str):
        return f"must be a list; it is {wrong.read_as}"
    item = _as_machine(wrong.value) if "name" in wrong.below else wrong.typed
    return f"must be a list; write it as [{item}]"


def _unless_empty(say: Callable[[_Wrong], str]) -> Callable[[_Wrong], str]:
    """A key without a value has one mistake, whatever its type."""
    return lambda wrong: NO_VALUE if wrong.value is None else say(wrong)


def _whole(wrong: _Wrong) -> str:
    if isinstance(wrong.value, str) and re.fullmatch(r"0|[1-9][0-9]*", wrong.value):
        return f"is the text {wrong.typed!r}; write it without quotes: {wrong.typed}"
    return f"must be a whole number, not {wrong.typed!r}"


def _truth(wrong: _Wrong) -> str:
    if isinstance(wrong.value, str) and wrong.value.lower() in TRUTHS:
        return f"is the text {wrong.typed!r}; write true or false, without quotes"
    return f"must be true or false, not {wrong.typed!r}"


_SAID: Mapping[str, Callable[[_Wrong], str]] = {
    "extra_forbidden": _unknown,
    "missing": lambda _: "is required",
    "invalid_key": lambda wrong: f"is a key that YAML reads as {wrong.read_as}; write it in quotes",
    "string_type": _unless_empty(_no_text),
    "model_type": _unless_empty(_no_mapping),
    "dict_type": _unless_empty(lambda wrong: f"must be a mapping, `key: value`; it is {wrong.read_as}"),
    "tuple_type": _unless_empty(_no_list),
    "int_type": _unless_empty(_whole),
    "int_parsing": _whole,
    "int_from_float": _whole,
    "bool_type": _unless_empty(_truth),
    "bool_parsing": _truth,
    "string_too_long": lambda wrong: f"is longer than {wrong.context['max_length']} characters",
    "string_unicode": lambda _: "has bytes in it that are no text",
    "too_short": lambda wrong: f"is empty; the least is {wrong.context['min_length']}",
    "greater_than_equal": lambda wrong: f"is {wrong.typed}; the least is {wrong.context['ge']}",
    "less_than_equal": lambda wrong: f"is {wrong.typed}; the most is {wrong.context['le']}",
    "literal_error": _unless_empty(lambda wrong: f"must be {wrong.context['expected']}, not {wrong.typed!r}"),
}
"""What each kind of complaint is called; the rest is pydantic's wording."""


def _read_as(value: Any) -> str:
    """What YAML has made of something."""
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
    return kinds.get(type(value), "a text" if isinstance(value, str) else f"a {type(value).__name__}")


def _as_machine(text: str) -> str:
    """The form of `user@name` in a site file."""
    user, _, name = text[:MOST_SHOWN].rpartition("@")
    return f"{{name: {name}, ssh: {{user: {user}}}}}" if user else f"{{name: {name}}}"


def _fields_at(model: type[BaseModel], location: Sequence[int | str]) -> Iterable[str]:
    """Valid keys of the model that the location's parent is."""
    annotation: Any = model
    for step in location[:-1]:
        annotation = _below(annotation, step)
    current = _model_in(annotation)
    return () if current is None else [f.alias or n for n, f in current.model_fields.items()]


def _below(annotation: Any, step: int | str) -> Any:
    """The type of what stands at a key or a number of a value of that type; None where that is unknown."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return next((f.annotation for n, f in fields if step in (n, f.alias)), None)
    parts = get_args(annotation)
    if get_origin(annotation) in (dict, Mapping):
        return parts[1]
    if get_origin(annotation) in (tuple, list):
        return parts[0]
    return next((found for part in parts if (found := _below(part, step)) is not None), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None


def complaints(error: ValidationError) -> Iterator[dict[str, Any]]:
    """Pydantic's complaints, each at the place that a person wrote.

    A list whose items are all wrong counts as too short as well; that is no second complaint.
    """
    items: list[dict[str, Any]] = [dict(item) for item in error.errors(include_url=False)]
    places = [item["loc"] for item in items]
    for item, place in zip(items, places, strict=True):
        depth = len(place)
        if item["type"] == "too_short" and any(
            other[:depth] == place and len(other) > depth for other in places
        ):
            continue
        item["of_key"] = False
        if place[-1:] == ("[key]",) and item["type"] != "extra_forbidden":  # pydantic's mark of a wrong key
            item.update(loc=place[:-1], of_key=True)
        yield item
