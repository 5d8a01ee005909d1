#!/bin/sh
# An OpenSearch with the k-NN plugin on loopback, fetched by Maven, for tests. Prints its URL.
# Usage: scripts/opensearch.sh start | stop
set -eu
cd "$(dirname "$0")/.."
folder="$PWD/.cache/opensearch"
pom="$PWD/scripts/opensearch/pom.xml"
heap="${OPENSEARCH_HEAP:-512m}"
wait_seconds=90

url() { # the address that the server wrote into its log
    sed -n 's/.*HttpServerTransport\] publish_address {\([^}]*\)}.*/http:\/\/\1/p' \
        "$folder/log" 2>/dev/null | tail -1
}

running() { # the process may have ended, and its number may be another's now
    pid="$(cat "$folder/pid" 2>/dev/null)" || return 1
    ps -p "$pid" -o args= 2>/dev/null | grep -q OpenSearchRunner
}

answers() {
    [ -n "$(url)" ] && python3 - "$(url)/_cluster/health" <<'PYTHON' 2>/dev/null
import json, sys, urllib.request
answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=5)
sys.exit(json.load(answer)["status"] not in ("green", "yellow"))
PYTHON
}

fetch() {
    wanted="$(cksum <"$pom")"
    [ "$(cat "$folder/fetched" 2>/dev/null)" = "$wanted" ] && return
    for command in mvn java unzip ps; do
        if ! command -v "$command" >/dev/null; then
            echo "No OpenSearch here: it needs $command (and Java 11 or newer, Maven, unzip)." >&2
            exit 3
        fi
    done
    rm -rf "$folder/lib" "$folder/plugin"
    mkdir -p "$folder/plugin"
    echo "Fetching OpenSearch by Maven" >&2
    if ! mvn --batch-mode --quiet -f "$pom" dependency:copy-dependencies \
        -DoutputDirectory="$folder/lib" >"$folder/maven.log" 2>&1; then
        echo "No OpenSearch here: Maven can't fetch it. The end of $folder/maven.log:" >&2
        grep ERROR "$folder/maven.log" | head -3 >&2
        exit 3
    fi
    unzip -qo "$folder"/lib/opensearch-knn-*.zip '*.jar' -d "$folder/plugin"
    echo "$wanted" >"$folder/fetched"
}

start() {
    mkdir -p "$folder"
    if running && answers; then
        url
        return
    fi
    stop
    fetch
    rm -rf "$folder/data" "$folder/log"
    # The runner takes the next free port after this one, up to 9299.
    nohup java "-Xms$heap" "-Xmx$heap" -cp "$folder/lib/*:$folder/plugin/*" \
        org.codelibs.opensearch.runner.OpenSearchRunner -basePath "$folder/data" -numOfNode 1 \
        -baseHttpPort 9250 -clusterName sparknet-tests \
        -pluginTypes org.opensearch.knn.plugin.KNNPlugin >"$folder/log" 2>&1 </dev/null &
    echo $! >"$folder/pid"
    for _ in $(seq "$wait_seconds"); do
        if ! running || answers; then
            break
        fi
        sleep 1
    done
    if ! answers; then
        echo "OpenSearch did not start; the end of $folder/log:" >&2
        tail -5 "$folder/log" >&2
        stop
        exit 1
    fi
    url
}

stop() {
    if running; then
        kill "$pid"
        for _ in $(seq 20); do
            running || break
            sleep 0.5
        done
        if running; then kill -9 "$pid"; fi
    fi
    rm -f "$folder/pid"
}

case "${1:-start}" in
start) start ;;
stop) stop ;;
*)
    echo "usage: $0 start | stop" >&2
    exit 2
    ;;
esac
