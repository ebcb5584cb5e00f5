#!/bin/bash
# Looks at a report and at plots in a real browser (Debian's Chromium): light and dark, wide and narrow, and on paper.
# Not part of the test command: it needs `apt-get install chromium poppler-utils librsvg2-bin`.
#
#   swift build -c release && Tests/Scripts/browser.sh [FOLDER]
#
# FOLDER (default: a temporary one) gets the page, pictures and PDF; look at them. The script itself fails when something is missing, when the page
# names an address outside of itself or asks for one, when it is 2 MB or larger, or when a picture is empty.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
credence=${CREDENCE:-$root/.build/release/credence}
out=${1:-$(mktemp -d)}
mkdir -p "$out"
cd "$out"

"$credence" infer eight_schools-eight_schools_centered --centering as-written --seed 1 --quiet --output nuts.json --draws-output nuts-draws.json || [ $? = 3 ]
"$credence" infer eight-schools --method vi --seed 1 --quiet --output vi.json --draws-output vi-draws.json || [ $? = 3 ]
"$credence" report nuts.json nuts-draws.json --model eight_schools-eight_schools_centered -o nuts.html
"$credence" report vi.json vi-draws.json --model eight-schools -o vi.html
"$credence" report nuts.json -o result-alone.html
"$credence" report nuts-draws.json -o draws-alone.html
for kind in trace rank density forest pairs energy autocorrelation ess parallel; do "$credence" plot $kind nuts.json nuts-draws.json -o $kind.svg; done
"$credence" plot elbo vi.json -o elbo.svg
"$credence" graph eight_schools-eight_schools_centered -o graph.svg

shoot() { # page, picture, width, height, more flags
  local page=$1 picture=$2 size=$3,$4
  shift 4
  # Every request that leaves the page is sent to a host that does not exist, and is written to a log.
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=1 --host-resolver-rules="MAP * ~NOTFOUND" \
    --user-data-dir="$out/.profile" --window-size=$size --screenshot="$picture" "$@" "file://$out/$page" 2>> chromium.log
  [ -s "$picture" ] || { echo "$picture is empty"; exit 1; }
}

for page in nuts vi result-alone draws-alone; do
  size=$(stat -c %s $page.html)
  [ "$size" -lt 2000000 ] || { echo "$page.html has $size bytes"; exit 1; }
  if grep -nE 'https?:|src=|@import|url\(|<link' $page.html; then echo "$page.html names something outside of itself"; exit 1; fi
  xmllint --html --noout $page.html 2> /dev/null || true
  shoot $page.html $page-light-wide.png 1400 5200 --blink-settings=preferredColorScheme=1
  shoot $page.html $page-dark-wide.png 1400 5200 --blink-settings=preferredColorScheme=0
  # Headless windows are no narrower than 500 pixels: a frame makes the narrow screen.
  echo "<!DOCTYPE html><body style=\"margin:0\"><iframe src=\"$page.html\" style=\"width:400px;height:5200px;border:0\"></iframe></body>" > narrow.html
  shoot narrow.html $page-light-narrow.png 500 5200 --blink-settings=preferredColorScheme=1
  shoot narrow.html $page-dark-narrow.png 500 5200 --blink-settings=preferredColorScheme=0
  chromium --headless --no-sandbox --disable-gpu --user-data-dir="$out/.profile" --no-pdf-header-footer --print-to-pdf=$page.pdf "file://$out/$page.html" 2>> chromium.log
  [ -s $page.pdf ]
  # What the browser did load, as it tells itself.
  chromium --headless --no-sandbox --disable-gpu --user-data-dir="$out/.profile" --log-net-log="$out/net.json" --dump-dom "file://$out/$page.html" > /dev/null 2>> chromium.log
  if grep -oE '"url":"https?://[^"]*"' net.json | grep -vE 'google|gstatic|gvt1|chrome' ; then echo "$page.html asks for something"; exit 1; fi
done
for picture in *.svg; do
  shoot $picture ${picture%.svg}-light.png 1000 1400 --blink-settings=preferredColorScheme=1
  shoot $picture ${picture%.svg}-dark.png 1000 1400 --blink-settings=preferredColorScheme=0
  # A second reader of the format.
  rsvg-convert "$picture" -o ${picture%.svg}-rsvg.png
done
rm -rf .profile narrow.html net.json
echo "pages and pictures are in $out"
