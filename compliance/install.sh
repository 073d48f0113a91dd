#!/usr/bin/env bash
# Installs the Autobahn testsuite (wstest) into a private Python 2.7 environment, from PyPI only.
#
#   compliance/install.sh DEST_DIR        PYTHON27=/path/to/python2.7 chooses the interpreter
#
# Exit status: 0 installed (or installed before), 3 no Python 2.7 here, else what failed.
# What an older version of this script installed is installed anew.
set -euo pipefail
DEST=${1:?usage: install.sh DEST_DIR}
PYTHON27=${PYTHON27:-}
if [ -z "$PYTHON27" ]; then
  for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7.*/bin/python2.7 \
      "$(command -v python2.7 || true)"; do
    # A pyenv shim is executable even where no 2.7 stands behind it.
    if [ -x "$candidate" ] && "$candidate" -c '' 2>/dev/null; then PYTHON27=$candidate; break; fi
  done
fi
[ -n "$PYTHON27" ] || { echo "no python2.7 found (set PYTHON27=)" >&2; exit 3; }
if cmp -s "$0" "$DEST/installed"; then exit 0; fi
rm -rf "$DEST/env" "$DEST/tool" "$DEST/installed"
mkdir -p "$DEST"

# 1. A virtualenv for 2.7; the tool itself stays out of the interpreter's own packages.
"$PYTHON27" -m pip install -q --disable-pip-version-check --target "$DEST/tool" 'virtualenv==20.15.1'
PYTHONPATH="$DEST/tool" "$PYTHON27" -m virtualenv -q --no-periodic-update -p "$PYTHON27" "$DEST/env"
PIP=("$DEST/env/bin/pip" install -q --disable-pip-version-check)

# 2. What the suite needs, each the last version with a wheel for 2.7 or pure sources.
"${PIP[@]}" \
  'six==1.16.0' 'txaio==2.1.0' 'incremental==16.10.1' 'zope.interface==4.6.0' \
  'cryptography==3.3.2' 'pyOpenSSL==19.1.0' 'Twisted==19.10.0' \
  'markupsafe==1.1.1' 'jinja2==2.11.3' 'Werkzeug==1.0.1' 'klein==17.10.0' \
  'service_identity==18.1.0' 'unittest2==1.1.0' \
  'attrs==21.4.0' 'Automat==22.10.0' 'cffi==1.15.1' 'hyperlink==21.0.0' 'idna==2.10' \
  'PyHamcrest==1.10.1' 'pyasn1==0.5.1' 'pyasn1-modules==0.3.0' 'constantly==15.1.0'

# 3. The tester's own loops in C; without them it is slower, nothing else.
"${PIP[@]}" --no-deps 'wsaccel==0.6.2' || echo "wsaccel was not built: the tester will be slower" >&2

# 4. The suite, without its own pins: they ask for builds that 2.7 cannot do.
"${PIP[@]}" --no-deps 'autobahn==0.10.9' 'autobahntestsuite==25.10.1'

# 5. wstest, on this machine only: by itself it listens on every address. With WSTEST_SOCKET, the
#    number of a listening socket that it inherits, it takes that one, so that nobody has to guess a
#    free port or to wait until it listens.
cat > "$DEST/wstest.py" <<'PY'
import os
import socket
import sys
from twisted.internet.posixbase import PosixReactorBase

listen = PosixReactorBase.listenTCP


def listen_here(self, port, factory, backlog=50, interface=""):
    inherited = os.environ.get("WSTEST_SOCKET")
    if inherited:
        return self.adoptStreamPort(int(inherited), socket.AF_INET, factory)
    return listen(self, port, factory, backlog, interface or "127.0.0.1")


PosixReactorBase.listenTCP = listen_here
from autobahntestsuite.wstest import run

sys.exit(run())
PY

# 6. The names of all cases, which the suite itself does not print.
cat > "$DEST/cases.py" <<'PY'
from autobahntestsuite.case import Cases

for case in Cases:
    print(case.__name__[len("Case"):].replace("_", "."))
PY
"$DEST/env/bin/python" -W ignore "$DEST/cases.py" > "$DEST/cases.txt"
"$DEST/env/bin/python" -W ignore "$DEST/wstest.py" --autobahnversion >/dev/null
cp "$0" "$DEST/installed"
