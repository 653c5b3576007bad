"""The directive `command-line`: the commands of `bioplastic` and their options, as it has them."""

from typing import Any

import typer
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from bioplastic.cli import app as program

NAME = "bioplastic"


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class CommandLine(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        group = typer.main.get_command(program)
        context = group.make_context(NAME, [], resilient_parsing=True)
        return [
            self.section(name, group.resolve_command(context, [name])[1], context)
            for name in group.list_commands(context)
        ]

    def section(self, name: str, command: Any, parent: Any) -> nodes.section:
        full = f"{NAME} {name}"
        context = type(parent)(command, info_name=name, parent=parent)
        made = nodes.section(ids=[nodes.make_id(full)])
        made += nodes.title(text=full)
        made += nodes.literal_block(text=" ".join([full, *command.collect_usage_pieces(context)]))
        for paragraph in (command.help or "").split("\n\n"):
            made += nodes.paragraph(text=" ".join(paragraph.split()))
        records = [param.get_help_record(context) for param in command.get_params(context)]
        made += nodes.definition_list("", *(item(*record) for record in records if record))
        self.state.document.note_explicit_target(made)
        return made


def item(term: str, told: str) -> nodes.definition_list_item:
    return nodes.definition_list_item(
        "",
        nodes.term("", "", nodes.literal(text=term)),
        nodes.definition("", nodes.paragraph(text=told)),
    )
