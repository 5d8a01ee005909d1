#!/bin/sh
# Makes the example documents, ingests them into a home of their own, and shows what was found.
# Three of them are meant to fail: one is locked with a password, one is damaged, one is empty.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
sparknet=.venv/bin/sparknet
SPARKNET_HOME="${SPARKNET_HOME:-data/demo}"
export SPARKNET_HOME

say() { printf '\n$ %s\n' "$*"; }

$python examples/make_examples.py
say sparknet ingest examples/documents
result="$(mktemp)"
trap 'rm -f "$result"' EXIT
# 1: a document failed, as some must. Anything else is an error of the command itself.
$sparknet ingest examples/documents || [ $? = 1 ]
$sparknet status --json >"$result"
$python scripts/check_demo.py "$result"

say sparknet status
$sparknet status
# The first answer comes from two reports, the second from a scanned letter.
for query in "why did Plover run aground" "when is the new landing stage built"; do
    say "sparknet search \"$query\" -k 2"
    $sparknet search "$query" -k 2
done
say "sparknet ask \"When will the new landing stage be built?\""
$sparknet ask "When will the new landing stage be built?"
say sparknet extract invoice-pdf
$sparknet extract invoice-pdf
echo "These documents on the web page:     SPARKNET_HOME=$SPARKNET_HOME make serve"
echo "These documents in the asset graph:  SPARKNET_HOME=$SPARKNET_HOME make dev"
echo "Your own documents:                  .venv/bin/sparknet ingest YOUR-FOLDER"
