#!/usr/bin/env bash
# Three libraries normalize the same e-mail address differently, and one of them merges different addresses.
#
# Expectation: Normalizing an address trims it and converts it to lower case, so that it can serve as a key.
# Behaviour: validator.js 13.15.35 (also behind express-validator's normalizeEmail) converts to lower case, removes dots and
#   "+…" for Gmail, "+…" for Outlook and iCloud and "-…" for Yahoo, and changes googlemail.com to gmail.com. email-validator
#   2.4.0 for Python (behind Pydantic's EmailStr) and Django's normalize_email (5.2.19) only convert the domain: "Ana@" and
#   "ana@" remain different.
# Impact: The relay joins contacts by the whole address in any case and removes nothing. A receiver that looks members up by
#   a normalized address finds nobody, or finds somebody else: two members who share a mailbox by "+". Use `personid` or the
#   vendor's id as the key, and the address only for writing to people.
# Source: RFC 5321, section 2.4 (only the domain is case-insensitive); validator.js README, normalizeEmail; email-validator
#   README, "Normalization"; Django documentation, BaseUserManager.normalize_email.
# Needs: node, npm, python 3.10 or newer with venv.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund validator@13.15.35 >&2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check email-validator==2.4.0 django==5.2.19

addresses=(Ana.Silva@Example.com Ana.Silva+kids@GoogleMail.com Ana+kids@Outlook.com Ana-kids@Yahoo.com)

cat > run.js <<'JS'
const { normalizeEmail } = require('validator')

for (const address of process.argv.slice(2)) console.log(`${address} validator.js ${normalizeEmail(address)}`)
JS

cat > run.py <<'PY'
import sys
import django
from django.conf import settings
from email_validator import validate_email

settings.configure(INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"])
django.setup()
from django.contrib.auth.models import BaseUserManager

for address in sys.argv[1:]:
    print(address, "email-validator", validate_email(address, check_deliverability=False).normalized)
    print(address, "Django", BaseUserManager.normalize_email(address))
PY

cat > expected <<'TEXT'
Ana.Silva@Example.com validator.js ana.silva@example.com
Ana.Silva+kids@GoogleMail.com validator.js anasilva@gmail.com
Ana+kids@Outlook.com validator.js ana@outlook.com
Ana-kids@Yahoo.com validator.js ana@yahoo.com
Ana.Silva@Example.com email-validator Ana.Silva@example.com
Ana.Silva@Example.com Django Ana.Silva@example.com
Ana.Silva+kids@GoogleMail.com email-validator Ana.Silva+kids@googlemail.com
Ana.Silva+kids@GoogleMail.com Django Ana.Silva+kids@googlemail.com
Ana+kids@Outlook.com email-validator Ana+kids@outlook.com
Ana+kids@Outlook.com Django Ana+kids@outlook.com
Ana-kids@Yahoo.com email-validator Ana-kids@yahoo.com
Ana-kids@Yahoo.com Django Ana-kids@yahoo.com
TEXT

echo "validator 13.15.35, email-validator 2.4.0, Django $(venv/bin/python -c 'import django; print(django.__version__)')"
{ node run.js "${addresses[@]}"; venv/bin/python run.py "${addresses[@]}"; } | tee seen
diff expected seen || { echo 'CHANGED: one of them normalizes in another way' >&2; exit 1; }
