#!/usr/bin/env bash
# Half a cent is rounded up in a browser, and to the even cent in JSONata, Python's Babel and Java.
#
# Expectation: 86.625 (99.00 less 12.5 %) is $86.63 everywhere: 0.625 is an exact binary number, and people learn "half up".
# Behaviour: Intl.NumberFormat rounds half away from zero: $86.63. JSONata's $round and $formatNumber, Babel's
#   format_currency and Java's currency format round half to even: 86.62. Java's String.format rounds the same number half
#   up: 86.63. All of them round 86.635 to 86.64, so a test with one amount proves nothing. Seen with jsonata 2.2.2, Babel
#   2.19.0, Node 20.20.2 and JDK 17.0.15; the last two are those of the machine.
# Impact: The relay passes amounts on as decimal text and does not round. A target with a `transform` and a receiver that
#   formats the same event can differ by a cent, and so do their totals. Agree on one rule and round in one place:
#   roundingMode "halfEven" in JavaScript, or RoundingMode.HALF_UP in Java.
# Source: ECMA-402, "NumberFormat", roundingMode (default "halfExpand"); JSONata documentation, $round; Java API,
#   java.text.DecimalFormat, "Rounding"; Babel API, format_currency.
# Needs: node 20 or newer, npm, python3 with venv, java 11 or newer.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund jsonata@2.2.2 >&2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check babel==2.19.0

cat > money.mjs <<'JS'
import jsonata from 'jsonata'

const style = { style: 'currency', currency: 'AUD' }
for (const amount of ['86.625', '86.635']) {
  const evaluate = (expression) => jsonata(expression).evaluate({ amount })
  console.log(`${amount} Intl.NumberFormat ${new Intl.NumberFormat('en-AU', style).format(amount)}`)
  const halfEven = new Intl.NumberFormat('en-AU', { ...style, roundingMode: 'halfEven' })
  console.log(`${amount} Intl.NumberFormat halfEven ${halfEven.format(amount)}`)
  console.log(`${amount} JSONata $round ${await evaluate('$round($number(amount), 2)')}`)
  console.log(`${amount} JSONata $formatNumber ${await evaluate('$formatNumber($number(amount), "0.00")')}`)
}
JS

cat > money.py <<'PY'
from decimal import Decimal
from babel.numbers import format_currency

for amount in ("86.625", "86.635"):
    print(f"{amount} Babel format_currency {format_currency(Decimal(amount), 'AUD', locale='en_AU')}")
PY

cat > Money.java <<'JAVA'
import java.math.BigDecimal;
import java.text.NumberFormat;
import java.util.Locale;

public class Money {
  public static void main(String[] none) {
    Locale australia = Locale.forLanguageTag("en-AU");
    for (String amount : new String[] {"86.625", "86.635"}) {
      BigDecimal exact = new BigDecimal(amount);
      System.out.println(amount + " Java NumberFormat " + NumberFormat.getCurrencyInstance(australia).format(exact));
      System.out.println(amount + " Java String.format " + String.format(australia, "$%.2f", exact));
    }
  }
}
JAVA

cat > expected <<'TEXT'
86.625 Intl.NumberFormat $86.63
86.625 Intl.NumberFormat halfEven $86.62
86.625 JSONata $round 86.62
86.625 JSONata $formatNumber 86.62
86.635 Intl.NumberFormat $86.64
86.635 Intl.NumberFormat halfEven $86.64
86.635 JSONata $round 86.64
86.635 JSONata $formatNumber 86.64
86.625 Babel format_currency $86.62
86.635 Babel format_currency $86.64
86.625 Java NumberFormat $86.62
86.625 Java String.format $86.63
86.635 Java NumberFormat $86.64
86.635 Java String.format $86.64
TEXT

echo "node $(node -p process.version), jsonata $(node -p "require('jsonata/package.json').version")," \
  "babel $(venv/bin/python -c 'import babel; print(babel.__version__)'), $(java -version 2>&1 | head -n 1)"
{ node money.mjs; venv/bin/python money.py; java Money.java; } | tee seen
diff expected seen || { echo 'CHANGED: one of them rounds in another way' >&2; exit 1; }
