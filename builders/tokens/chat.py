"""Chat templates: what a tokenizer puts around the messages of a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from medsmith.builders.tokens.reference import Reference, library
from medsmith.schema.errors import UserError

Messages = Sequence[Mapping[str, str]]


class Chat(Protocol):
    """Counts a whole conversation, with all that the template adds."""

    def count(self, messages: Messages, reference: Reference) -> int:
        """Return the tokens of `messages` (`role`, `content`) under the template."""

    def constant(self, roles: Sequence[str], reference: Reference) -> int | None:
        """Return the tokens that the template adds to the messages' own, stripped at both ends.

        None where the sum is not known to be exact: text of the template may merge with theirs.
        """


@dataclass(frozen=True)
class Llama3Chat:
    """Llama 3's dialogue, put together from tokens: no message merges with what is around it.

    `<|begin_of_text|>`, then for each message `<|start_header_id|>`, its role,
    `<|end_header_id|>`, an empty line, its stripped content and `<|eot_id|>`.
    """

    def count(self, messages: Messages, reference: Reference) -> int:
        """Return the tokens of `messages`."""
        roles = [message["role"] for message in messages]
        contents = [message["content"].strip() for message in messages]
        return self.constant(roles, reference) + sum(reference.count(contents))

    def constant(self, roles: Sequence[str], reference: Reference) -> int:
        """Return the tokens around the contents."""
        (empty_line,) = reference.count(["\n\n"])
        return 1 + sum(3 + empty_line + tokens for tokens in reference.count(list(roles)))


@dataclass(frozen=True)
class JinjaChat:
    """A template in Jinja, as `chat_template` in a `tokenizer_config.json`.

    `special` are the names that the template may use: `bos_token`, `eos_token` and the like.
    """

    template: str
    special: Mapping[str, str]

    def render(self, messages: Messages) -> str:
        """Return the conversation as text, with special tokens by name."""
        render = library("transformers.utils.chat_template_utils").render_jinja_template
        try:
            (text,), _ = render(
                conversations=[[dict(message) for message in messages]],
                chat_template=self.template,
                **self.special,
            )
        except Exception as error:  # a template may raise whatever it likes
            raise UserError(
                f"The tokenizer's chat template refuses a conversation of "
                f"{', '.join(message['role'] for message in messages)}: {error}",
                "Its counts leave the template out when it is removed from tokenizer_config.json.",
            ) from None
        return str(text)

    def count(self, messages: Messages, reference: Reference) -> int:
        """Return the tokens of the rendered conversation."""
        return reference.count_special(self.render(messages))

    def constant(self, roles: Sequence[str], reference: Reference) -> int | None:
        """Return None: what a template does to a message is not known."""
        del roles, reference
        return None


def from_config(config: Mapping[str, Any], template: str | None = None) -> JinjaChat | None:
    """Return the chat of a `tokenizer_config.json`; `template` (a file of its own) goes first."""
    found = template or config.get("chat_template")
    if isinstance(found, list):  # several, by name
        named = {entry.get("name"): entry.get("template") for entry in found}
        found = named.get("default")
    if not isinstance(found, str):
        return None
    special = {}
    for key, value in config.items():
        content = value.get("content") if isinstance(value, Mapping) else value
        if key.endswith("_token") and isinstance(content, str):
            special[key] = content
    return JinjaChat(found, special)
