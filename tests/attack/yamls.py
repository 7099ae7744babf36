"""Mutations of YAML files: config, plan and rules."""

from __future__ import annotations

import re

from attack.mutation import Kinds, text_kinds

KEY = re.compile(rb"^( *(?:- )?)(\w+):", re.M)
SCALAR = re.compile(rb"^( *(?:- )?(?!why:)\w+): +([^\s#{\[][^#\n]*?)( *(?:#.*)?)$", re.M)
REASON = re.compile(rb"^( *why): +([^#\n]*)$", re.M)
NUMBER = re.compile(rb"(?<=: )-?\d+(\.\d+)?(?=[ ,}\n])")
OPTIONAL = "every key may be left out and has a default, which the manifest shows"


def yaml_kinds() -> Kinds:
    """Return what can be done to a YAML file."""
    kinds = text_kinds()
    cut = kinds.kinds.pop("cut within a line")

    @kinds.add("cut within a line", OPTIONAL)
    def _(rng, content):
        return cut.change(rng, content)

    key_kinds(kinds)
    value_kinds(kinds)
    form_kinds(kinds)
    return kinds


def key_kinds(kinds: Kinds) -> None:
    def change_key(name, edit):
        def change(rng, content):
            found = rng.choice(list(KEY.finditer(content)))
            new = edit(rng, found[2])
            return None if new is None else content[: found.start(2)] + new + content[found.end(2) :]

        kinds.add(name)(change)

    change_key("key misspelt", lambda rng, key: key[:-1] + b"x" if len(key) > 2 else None)
    change_key("key of another case", lambda rng, key: key.upper())
    change_key("key of another script", lambda rng, key: key.replace(b"e", "е".encode()).replace(b"a", "а".encode()))
    change_key("key with a dash", lambda rng, key: key.replace(b"_", b"-"))
    change_key("key quoted with blanks", lambda rng, key: b'"' + key + b' "')

    @kinds.add("key twice")
    def _(rng, content):
        found = rng.choice(list(SCALAR.finditer(content)))
        line = found[1].replace(b"- ", b"  ") + b": " + rng.choice([found[2], b"7", b"null"]) + b"\n"
        return content[: found.end() + 1] + line + content[found.end() + 1 :]

    @kinds.add("unknown key")
    def _(rng, content):
        return content + b"\nsurprise: 3\n"


def value_kinds(kinds: Kinds) -> None:
    def change_value(name, values, pattern=SCALAR, group=2, judgement=""):
        @kinds.add(name, judgement)
        def _(rng, content):
            places = list(pattern.finditer(content))
            if not places:
                return None
            found = rng.choice(places)
            return content[: found.start(group)] + rng.choice(values) + content[found.end(group) :]

    change_value(
        "value of another type", [b"[1, 2]", b"{a: b}", b"[]", b"{}", b"!!binary aGk=", b"[[[]]]", b"'7 or so'"]
    )
    change_value("number that is none", [b".nan", b".inf", b"-.inf", b"1e400", b"-1e30", b"0x1F", b"1:30"], NUMBER, 0)
    change_value("number as a text", [b"'7'", b'"1e3"', b"seven", b"1,000", b"5 days", b"1_000"], NUMBER, 0)
    change_value("truth for a number", [b"yes", b"true", b"off", b"on", b"no"], NUMBER, 0)
    change_value("number beyond all", [b"1" * 400, b"9" * 30, b"-5", b"1e300", b"1e29"], NUMBER, 0)
    change_value("date for a value", [b"2024-02-30", b"2024-01-01T00:00:00Z"])
    change_value("object of Python", [b"!!python/object/apply:os.getcwd []", b"!!python/name:os.system"])
    change_value("alias of nothing", [b"*nothing", b"<<: *x"])
    change_value("text with marks that cannot be seen", ["a\u200bb".encode(), "\u202etxt".encode(), b'"a\\0b"'])
    change_value(
        "another reason", [b"2024-02-30", b"-x", b"'7 or so'", b"no"], REASON, 2, "the reason of an entry is free text"
    )
    change_value("path that leads away", [b"../../../etc/passwd", b"/dev/zero", b"-x", b'"a\\nb"', b"no/such/file"])


def form_kinds(kinds: Kinds) -> None:
    @kinds.add("cut at a line's end", OPTIONAL)
    def _(rng, content):
        lines = content.splitlines(keepends=True)
        return b"".join(lines[: rng.randrange(1, len(lines))])

    @kinds.add("indented by tabs")
    def _(rng, content):
        return content.replace(b"\n  ", b"\n\t")

    @kinds.add("a line's indentation lost")
    def _(rng, content):
        places = [found for found in KEY.finditer(content) if found[1].startswith(b" ")]
        if not places:
            return None
        found = rng.choice(places)
        return content[: found.start(1)] + content[found.end(1) :]

    @kinds.add("two documents")
    def _(rng, content):
        return content + b"\n---\n" + content

    @kinds.add("aliases that multiply")
    def _(rng, content):
        bomb = [b"a0: &a0 [x,x,x,x,x,x,x,x,x]"]
        bomb += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]".encode() for n in range(1, 9)]
        return content + b"\n" + b"\n".join(bomb) + b"\n"

    @kinds.add("deeply nested")
    def _(rng, content):
        return content + b"\nsurprise: " + b"[" * 3000 + b"]" * 3000 + b"\n"

    @kinds.add("a list of all")
    def _(rng, content):
        return b"".join(
            b"- " + line if not line.startswith((b" ", b"#", b"\n")) else line
            for line in content.splitlines(keepends=True)
        )

    @kinds.add("JSON in its place")
    def _(rng, content):
        return b'{"a": 1}'
