#!/usr/bin/env bash
# Ticks off what a running platform must do: `scripts/test-integration.sh [--state DIRECTORY]`. Exit code 1 when a tick fails.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
exec "$venv/bin/python" -m innkeeper.checks.integration "$@"
