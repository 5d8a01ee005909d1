"""`sparknet serve`: the web page and the HTTP API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import json_option

if TYPE_CHECKING:
    from sparknet_assets.cli.session import Session


@click.command(
    epilog="""\b
Examples:
  sparknet serve
  sparknet serve --port 9000 --open
  sparknet serve --new-key
  SPARKNET_API_KEYS='[{"name": "ann", "key": "sha256:...", "scopes": ["write"]}]' \\
      sparknet serve --host 0.0.0.0

Documents that are uploaded are indexed by this server, unless --no-processing is given. Beyond
loopback, keys are needed; docs/api.md says more.
"""
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8484, show_default=True)
@click.option(
    "--prefix", default="", metavar="PATH", help="Path under which a proxy shows it, as /documents."
)
@click.option("--no-processing", is_flag=True, help="Take documents in, but let others index them.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option("--new-key", is_flag=True, help="Print a new key and what the settings keep of it.")
@json_option
@click.pass_obj
def serve(
    session: Session,
    host: str,
    port: int,
    prefix: str,
    no_processing: bool,
    open_page: bool,
    new_key: bool,
    as_json: bool,
) -> None:
    """Serves the web page and the HTTP API until Ctrl-C.

    With --json, the URL comes as one line of JSON once the server can be reached.
    """
    if new_key:
        _print_new_key(as_json)
        return
    from sparknet_assets.api.server import run

    processing = session.deployment.settings.serve_processing and not no_processing
    run(
        session.deployment,
        host,
        port,
        processing=processing,
        prefix=prefix,
        started=lambda url: _say(url, open_page, as_json),
    )


def _say(url: str, open_page: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"url": url}))
    else:
        click.echo(f"Serving on {url} (Ctrl-C ends it)")
    if open_page:
        click.launch(url)


def _print_new_key(as_json: bool) -> None:
    from sparknet_assets.api.keys import new_key

    key, kept = new_key()
    entry = {"name": "someone", "key": kept, "scopes": ["write"]}
    if as_json:
        click.echo(json.dumps({"key": key, "entry": entry}))
        return
    click.echo(f"Key, to be sent with requests and shown only now:\n  {key}\n")
    click.echo(f"For the server's settings:\n  SPARKNET_API_KEYS='{json.dumps([entry])}'")
