#!/usr/bin/env bash
# A stack for a user: scripts/deploy-user-stack.sh USER TENANT [DOMAIN] [--region CODE] [--template NAME] [--state DIRECTORY]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
exec "$venv/bin/innkeeper" deploy "$@"
