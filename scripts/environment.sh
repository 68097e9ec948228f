# Sourced by the scripts that need Python: makes .venv/ when scripts/requirements.lock has changed since it was made.
# Sets `root` and `venv`. All it says goes to stderr, so that a script's own output stays a program's to read.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"

_python() { # the first Python that is new enough
  local found
  for found in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if "$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$found"
      return
    fi
  done
  echo "Python 3.11 or newer is needed, and ${PYTHON:-python3} is not; install it, or name one: PYTHON=/path/to/python3 $0" >&2
  return 1
}

_stamp() { # what .venv/ must have been made from: the lock's hash, the place, and what pyproject.toml says of scripts
  "$1" - "$root" <<'PYTHON'
import hashlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
lock, project = ((root / name).read_bytes() for name in ("scripts/requirements.lock", "pyproject.toml"))
scripts = project.partition(b"[project.scripts]")[2].partition(b"\n[")[0]
print(hashlib.sha256(lock).hexdigest(), hashlib.sha256(scripts).hexdigest(), root)
PYTHON
}

_environment() {
  local python stamp
  python="$(_python)"
  stamp="$(_stamp "$python")"
  if [[ -x "$venv/bin/python" && "$(cat "$venv/made-from" 2>/dev/null)" == "$stamp" ]] && "$venv/bin/python" -c '' 2>/dev/null; then
    return
  fi
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "$python cannot make a virtual environment: its venv module is missing. On Debian: apt-get install python3-venv" >&2
    return 1
  fi
  echo "Making .venv/ from scripts/requirements.lock; the first time takes a minute or two …" >&2
  rm -f "$venv/made-from"
  [[ -x "$venv/bin/pip" ]] && "$venv/bin/pip" --version >/dev/null 2>&1 || rm -rf "$venv" # broken, or moved: its scripts name its place
  [[ -d "$venv" ]] || "$python" -m venv "$venv" >&2
  local pip=("$venv/bin/python" -m pip --disable-pip-version-check --no-input)
  "${pip[@]}" install --quiet --require-hashes -r "$root/scripts/requirements.lock" >&2
  "${pip[@]}" install --quiet --no-deps --no-build-isolation -e "$root" >&2
  echo "$stamp" >"$venv/made-from"
}

_environment
