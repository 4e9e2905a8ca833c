#!/usr/bin/env bash
# Pinning the tzdata package of Python has no effect where the system has time zone data of its own.
#
# Expectation: With tzdata 2026.6 in requirements.txt, zoneinfo uses the rules of 2026.
# Behaviour: zoneinfo searches the system's path first and reads the package only for a zone that it does not find there.
#   Here the files of tzdata 2025.2 represent a system that was last updated in 2025: Vancouver, Edmonton and Winnipeg,
#   which stay on summer time from 2026 on, are one hour off in December 2026 although tzdata 2026.6 is installed. With an
#   empty PYTHONTZPATH the package is used.
# Impact: The relay converts local times of a site with the rules of the Workers runtime. A Python receiver that shows them
#   in the zone of the site can show another hour than the front desk saw. Set PYTHONTZPATH to an empty value for the
#   receiver, or update its base image; a newer pin alone does nothing.
# Source: Python documentation, zoneinfo, "Data sources" and "Configuring the data sources".
# Needs: python 3.9 or newer with venv.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check tzdata==2026.6
venv/bin/pip install --quiet --disable-pip-version-check --target system tzdata==2025.2

cat > run.py <<'PY'
import sys
from datetime import datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

for zone in ("America/Vancouver", "America/Edmonton", "America/Winnipeg", "Australia/Perth"):
    shown = datetime.fromisoformat("2026-12-01T18:00:00+00:00").astimezone(ZoneInfo(zone))
    print(f"{sys.argv[1]}, package {version('tzdata')}: {zone} {shown:%H:%M%z}")
PY

cat > expected <<'TEXT'
system of 2025, package 2026.6: America/Vancouver 10:00-0800
system of 2025, package 2026.6: America/Edmonton 11:00-0700
system of 2025, package 2026.6: America/Winnipeg 12:00-0600
system of 2025, package 2026.6: Australia/Perth 02:00+0800
no system data, package 2026.6: America/Vancouver 11:00-0700
no system data, package 2026.6: America/Edmonton 12:00-0600
no system data, package 2026.6: America/Winnipeg 13:00-0500
no system data, package 2026.6: Australia/Perth 02:00+0800
TEXT

venv/bin/python --version
{
  PYTHONTZPATH="$dir/system/tzdata/zoneinfo" venv/bin/python run.py 'system of 2025'
  PYTHONTZPATH='' venv/bin/python run.py 'no system data'
} | tee seen
diff expected seen || { echo 'CHANGED: zoneinfo takes its rules from elsewhere' >&2; exit 1; }
